"""`./dev demo [--mail PATH] [--keep]`. Exit status 0: everything that was delivered is where it belongs."""

import argparse
import asyncio
import re
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from devtools.demo import report
from devtools.demo.checking import check
from devtools.demo.office import furnish
from devtools.demo.story import Step, Story
from devtools.exchange_simulator.mail_sources import messages
from devtools.exchange_simulator.simulator import ExchangeSimulator
from devtools.stack import NeverHappened, Refused, Stack, StackError
from devtools.stack.interrupts import Interrupted, run

_LOG_LINES = 15
_PIPE_WIDTH = 120
_LIKE_MAIL = re.compile(rb"From |[!-9;-~]+[ \t]*:")


def main() -> int:
    arguments = _parser().parse_args()
    out = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    try:
        mail = None if arguments.mail is None else _read(arguments.mail)
        return run(_demo(out, mail, keep=arguments.keep))
    except (MailError, StackError) as error:
        out.print(f"[red]{escape(str(error))}[/red]", highlight=False)
        return 1
    except Interrupted:
        out.print("Stopped; everything that was started has ended.")
        return 130


class MailError(Exception):
    """`--mail` names nothing that could be imported; the text says why."""


def _read(path: Path) -> list[bytes]:
    try:
        found = list(messages(path))
    except FileNotFoundError:
        raise MailError(f"--mail {path}: there is no such file or folder.") from None
    except OSError as error:
        raise MailError(f"--mail {path}: {error.strerror}.") from error
    if not found or (path.is_file() and path.suffix != ".eml" and not _LIKE_MAIL.match(found[0])):
        raise MailError(f"--mail {path}: no message in it. Give a Maildir, an mbox file or a folder of .eml files.")
    return found


async def _demo(out: Console, mail: list[bytes] | None, *, keep: bool) -> int:
    started = time.monotonic()
    exchange = ExchangeSimulator()
    with out.status("starting Azurite, the simulated Exchange and the functions") as progress:
        async with Stack(exchange) as stack:
            up = Step("Azurite, the simulated Exchange and the functions started", time.monotonic() - started)
            progress.update("mail is put into the mailboxes")
            office = furnish(exchange, mail)
            story = Story(stack, office, progress.update, [up])
            status = await _told(out, story)
            if keep:
                progress.stop()
                with suppress(asyncio.CancelledError):  # Ctrl-C is how this ends
                    await _keep(out, stack)
                progress.start()
            progress.update("stopping")
    return status


async def _told(out: Console, story: Story) -> int:
    """Run the story and print its result; the exit status."""
    try:
        findings = await story.run()
    except (NeverHappened, Refused, httpx.HTTPError) as reason:
        out.print(
            f"[red]The demo did not come to its end.[/red] {escape(str(reason) or repr(reason))}", highlight=False
        )
        await _explain(out, story)
        return 1
    report.show(out, story.stack, story.office, findings, story.steps)
    return 1 if findings.problems else 0


async def _explain(out: Console, story: Story) -> None:
    """What is known of why: the comparison, the status of each operator and the end of the functions' log."""
    try:
        findings = await check(story.stack.application, story.office, story.stack.exchange)
        out.print(*findings.problems[:20], sep="\n", markup=False)
        for holding in findings.holdings:
            out.print(f"{holding.operator}: {holding.status}", markup=False)
    except Exception as error:  # noqa: BLE001 - this is the explanation of another failure
        out.print(f"Nor could the application be asked: {error}", markup=False)
    out.print(
        "The last lines of the functions' log:",
        *story.stack.host.log.splitlines()[-_LOG_LINES:],
        sep="\n",
        markup=False,
    )


async def _keep(out: Console, stack: Stack) -> None:
    url = stack.host.url
    out.print("Everything stays up until Ctrl-C:")
    out.print(f"  API                {url}/api/operators/alice/emails")
    out.print(f"  documentation      {url}/api/docs")
    out.print(f"  Exchange (EWS)     {stack.exchange.url}")
    out.print(f"  its control API    {stack.exchange.control}")
    await asyncio.Event().wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev demo", description="The main job from end to end, in a minute.")
    parser.add_argument(
        "--mail", type=Path, metavar="PATH", help="a Maildir, an mbox file or a folder of .eml files to import"
    )
    parser.add_argument("--keep", action="store_true", help="stay up afterwards, until Ctrl-C")
    return parser


if __name__ == "__main__":
    sys.exit(main())

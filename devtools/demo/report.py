"""What the demo prints: the way of the data, what the application holds, what is missing and why, and the times."""

from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from devtools.demo.checking import Findings, Holding
from devtools.demo.office import SPREAD, Office
from devtools.demo.story import Step
from devtools.stack import Stack
from devtools.stack.application import Document

_NEWEST, _LAST = 6, 6


def show(out: Console, stack: Stack, office: Office, findings: Findings, steps: list[Step]) -> None:
    """Print the whole result."""
    out.print(_flow(stack, findings))
    for holding in findings.holdings:
        out.print(_holding(holding))
    out.print(_feed(findings.of("alice")))
    out.print(_absent(findings))
    out.print(_times(steps))
    if office.from_files:
        out.print(
            f"[dim]The {office.from_files} messages from files are of any age: each was delivered with a received time of "
            f"its own within the last {SPREAD.days} days, in the order of the files, so that all are in the window. "
            "`sent_at` is what the message says.[/dim]\n"
        )
    out.print(_verdict(office, findings))


def _flow(stack: Stack, findings: Findings) -> RenderableType:
    exchange = stack.exchange
    asked = exchange.requests.operations
    posts = sum(one.posts for one in exchange.subscriptions())
    requests = ", ".join(f"{name} {count}" for name, count in asked.most_common())
    emails = sum(len(holding.emails) for holding in findings.holdings)
    entries = sum(len(holding.changes) for holding in findings.holdings)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for row in (
        ("Exchange", "SendNotification ▶ push_listener", f"{posts} notifications: “something changed”, nothing more"),
        ("", "▼ queue ▶ queue_collections", "one worker at a time brings one mailbox up to date"),
        ("Exchange", "◀ EWS ▶ queue_collections", f"{asked.total()} requests: {requests}"),
        ("Azurite", "◀ tables, blobs", f"{emails} emails and {entries} entries of the feed, written page by page"),
        ("CRM", "◀ JSON ◀ http_api", f"{stack.host.url}/api"),
    ):
        table.add_row(*row)
    return Panel(table, title="The way of a mail from Exchange to the CRM", title_align="left")


def _holding(holding: Holding) -> RenderableType:
    status = holding.status
    head = f"[bold]{holding.operator.capitalize()}[/bold]: {status['state']} – {status['reason']}"
    if not holding.emails:
        return f"{head}. The application holds nothing.\n"
    table = Table(title=f"{head}; {len(holding.emails)} emails, the newest:", title_justify="left", expand=True)
    table.add_column("received", no_wrap=True)
    table.add_column("from", ratio=3)
    table.add_column("subject", ratio=5)
    table.add_column("marks", ratio=2)
    table.add_column("attachments", ratio=3)
    for email in holding.emails[:_NEWEST]:
        table.add_row(
            _time(email["received_at"]),
            _plain(_person(email["from"])),
            _plain(email["subject"]),
            _plain(_marks(email)),
            _plain(", ".join(f"{file['name']} ({_size(file['size'])})" for file in email["attachments"])),
        )
    return Group(table, "")


def _size(count: int) -> str:
    return f"{count} B" if count < 1024 else f"{count / 1024:.0f} KiB"


def _person(who: Document | None) -> str:
    return "–" if who is None else who["name"] or who["address"]


def _marks(email: Document) -> str:
    marks = [email["type"].replace("_", " ")] if email["type"] != "message" else []
    marks += ["read"] if email["is_read"] else []
    marks += [email["gone"]] if email["gone"] else []
    return ", ".join(marks)


def _feed(holding: Holding) -> RenderableType:
    table = Table(title="The change feed of Alice, its last entries:", title_justify="left", title_style="bold")
    for name in ("at", "type", "item", "subject now"):
        table.add_column(name)
    for change in holding.changes[-_LAST:]:
        item = change["item"] or {"subject": "(not held any more)"}
        table.add_row(_time(change["at"]), change["type"], change["item_id"][:13] + "…", _plain(item["subject"]))
    return Group(table, "")


def _absent(findings: Findings) -> RenderableType:
    table = Table(title="Not in the application, and why:", title_justify="left", title_style="bold", show_header=False)
    for one in findings.skipped:
        table.add_row("skipped", f"{one.operator}, received {one.received:%m-%d %H:%M:%S}", one.expected.value)
    for holding in findings.holdings:
        for failure in holding.failures:
            which = f"{holding.operator}: {failure['subject'] or '(no subject)'} ({failure['code']})"
            table.add_row("item failure", _plain(which), _plain(_reason(failure)))
    return Group(table, "")


def _reason(failure: Document) -> str:
    return f"{failure['cause']} {failure['remedy']} Exchange says: {failure['detail']}"


def _times(steps: list[Step]) -> RenderableType:
    table = Table(title="How long it took:", title_justify="left", title_style="bold", show_header=False)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    for step in steps:
        table.add_row(step.what, f"{step.seconds:.2f} s")
    return Group(table, "")


def _verdict(office: Office, findings: Findings) -> RenderableType:
    if findings.problems:
        lines = "\n".join(f"• {problem}" for problem in findings.problems)
        return Panel(_plain(lines), title="Something is wrong", title_align="left", border_style="red")
    counts = (
        f"Messages delivered: {len(office.delivered)}. Readable: {findings.readable}. Skipped, as the settings say: "
        f"{len(findings.skipped)}. Named as an item failure: {len(findings.damaged)}. Charlie is not switched on: his "
        f"{len(office.of('charlie'))} was not even looked at. The feed says `created` once for every email."
    )
    return Panel(counts, title="Everything is where it belongs", title_align="left", border_style="green")


def _time(text: str | None) -> str:
    return "–" if text is None else f"{datetime.fromisoformat(text):%m-%d %H:%M:%S}"


def _plain(text: str) -> Text:
    """Text of a mail: no markup, no control characters."""
    return Text("".join(character if character.isprintable() else "·" for character in text), overflow="ellipsis")

"""`python -m devtools.exchange_simulator`: the simulator as a process, until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from devtools.exchange_simulator.mail_sources import messages
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER, ExchangeSimulator
from devtools.exchange_simulator.versions import PRODUCTS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="exchange_simulator", description="A simulated Exchange server, loopback only."
    )
    parser.add_argument("--port", type=int, default=7080)
    parser.add_argument("--tls-cert", type=Path, help="PEM file; with --tls-key the server speaks HTTPS")
    parser.add_argument("--tls-key", type=Path)
    parser.add_argument("--mailbox", action="append", default=[], metavar="ADDRESS")
    parser.add_argument("--mail", type=Path, help="Maildir, mbox or folder of .eml files for the first mailbox")
    parser.add_argument(
        "--user", action="append", default=[], metavar="NAME:PASSWORD", help=f"default {DEFAULT_USER}:…"
    )
    parser.add_argument("--version", choices=list(PRODUCTS), default="Exchange2016")
    parser.add_argument("--seconds-per-minute", type=float, default=60.0, help="how long a minute of push lasts")
    return parser.parse_args()


def _context(arguments: argparse.Namespace) -> ssl.SSLContext | None:
    if arguments.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(arguments.tls_cert, arguments.tls_key)
    return context


def _deliver(exchange: ExchangeSimulator, mailbox: str, path: Path) -> None:
    """Deliver all messages, a second apart, the last of them now."""
    found = list(messages(path))
    now = datetime.now(UTC)
    for number, raw in enumerate(found):
        exchange.deliver(mailbox, raw, received=now - timedelta(seconds=len(found) - number))


async def main() -> None:
    """Serve until told to stop."""
    arguments = _arguments()
    users = dict(one.split(":", 1) for one in arguments.user) or {DEFAULT_USER: DEFAULT_PASSWORD}
    mailboxes = arguments.mailbox or ["alice@contoso.example", "bob@contoso.example", "charlie@contoso.example"]
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    async with ExchangeSimulator(
        port=arguments.port,
        tls=_context(arguments),
        version=arguments.version,
        mailboxes=mailboxes,
        users=users,
        seconds_per_minute=arguments.seconds_per_minute,
    ) as exchange:
        if arguments.mail:
            _deliver(exchange, mailboxes[0], arguments.mail)
        print(f"ready {exchange.url}", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main())

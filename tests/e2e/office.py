"""What the end-to-end tests see: an office with its parts, and people with a mailbox and an operator each."""

import asyncio
import os
import pty
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from devtools.exchange_simulator.fault_injection import Fault
from devtools.exchange_simulator.push import Subscription
from devtools.exchange_simulator.simulator import ExchangeSimulator
from devtools.stack import Application, Stack, until
from devtools.stack.application import Document
from shared.adapters.secrets import EnvironmentSecrets
from tests.e2e.forwarder import Forwarder

CUSTOMER = "Dana <dana@customer.example>"
LIMIT = timedelta(seconds=20)
_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Office:
    """The parts, the lines that can be cut, and the secrets that the functions read while they run."""

    stack: Stack
    tables: Forwarder
    cable: Forwarder
    secrets: EnvironmentSecrets

    @property
    def application(self) -> Application:
        """The HTTP interface."""
        return self.stack.application

    @property
    def exchange(self) -> ExchangeSimulator:
        """The simulated Exchange of the connection `default`."""
        return self.stack.exchange


async def exsync(office: Office, *words: str) -> tuple[int, str, str]:
    """Run the command; its exit status, what it printed, and what it complained of."""
    return await exsync_of(office.stack, *words)


async def exsync_of(stack: Stack, *words: str) -> tuple[int, str, str]:
    """The same against the app of any stack."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "--url", f"{stack.host.url}/api", *words),
        cwd=_PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def exsync_at_terminal(stack: Stack, *words: str, asks: str, answer: str) -> tuple[int, str, str, str]:
    """Run the command where a person sits: the exit status, what was asked up to `asks`, what was printed after the answer,
    and what was complained of."""
    terminal, keyboard = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "--url", f"{stack.host.url}/api", *words),
        cwd=_PROJECT,
        stdin=keyboard,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    asked = await process.stderr.readuntil(asks.encode())
    os.write(terminal, f"{answer}\n".encode())
    out, err = await process.communicate()
    os.close(terminal)
    os.close(keyboard)
    assert process.returncode is not None
    return process.returncode, asked.decode(), out.decode(), err.decode()


def message(subject: str, *, text: str = "Hello", message_id: str | None = None, **fields: str) -> EmailMessage:
    """A mail of the customer's. `message_id` "" leaves the header out."""
    mail = EmailMessage()
    mail["From"] = fields.pop("author", CUSTOMER)
    mail["To"] = fields.pop("to", "alice@contoso.example")
    mail["Subject"] = subject
    if message_id != "":
        mail["Message-ID"] = (
            message_id or f"<{subject.replace(' ', '.')}.{datetime.now(UTC).timestamp()}@customer.example>"
        )
    for name, value in fields.items():
        mail[name.replace("_", "-").title()] = value
    mail.set_content(text)
    return mail


@dataclass(slots=True)
class Person:
    """A mailbox in the simulated Exchange that `connection` leads to, and its operator in the application."""

    office: Office
    operator: str
    mailbox: str
    exchange: ExchangeSimulator
    connection: str = "default"
    put: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    # In Exchange

    def gets(self, subject: str, *, folder: str = "inbox", days_ago: float = 0, **facts: Any) -> str:
        """A message arrives; its ItemId."""
        return self.gets_raw(message(subject, **facts).as_bytes(), folder=folder, days_ago=days_ago)

    def gets_raw(self, raw: bytes, *, folder: str = "inbox", days_ago: float = 0) -> str:
        """A message arrives as these bytes."""
        received = datetime.now(UTC) - timedelta(days=days_ago)
        return self.exchange.deliver(self.mailbox, raw, folder=folder, received=received)

    def fault(self, kind: str, operation: str | None = None, *, count: int | None = 1, **more: Any) -> Fault:
        """Something goes wrong in Exchange, for this mailbox only."""
        return self.exchange.inject(Fault(kind, operation=operation, mailbox=self.mailbox, count=count, **more))

    async def until_taken(self, fault: Fault) -> None:
        """Wait until a fault with a count has met all its requests, or is under way with the last."""

        async def waits() -> bool:
            return fault in self.exchange.faults.waiting

        await until(waits, lambda waiting: not waiting, what=f"{fault.kind} of {fault.operation}", within=LIMIT)

    def subscriptions(self) -> list[Subscription]:
        """The live push subscriptions to this mailbox."""
        return [one for one in self.exchange.subscriptions() if one.mailbox.address == self.mailbox]

    def asked(self, operation: str) -> int:
        """How many items, or requests without items, Exchange was asked for of this mailbox."""
        entries = self.exchange.requests.entries
        return sum(max(one.inputs, 1) for one in entries if (one.mailbox, one.operation) == (self.mailbox, operation))

    # In the application

    @property
    def application(self) -> Application:
        """The HTTP interface."""
        return self.office.application

    async def switch_on(self, *, until_live: bool = True, **more: Any) -> None:
        """Put the operator with `email_sync`, and wait until the window is there and push is live."""
        self.more = {"connection": self.connection, **more}
        self.put = True
        await self.application.put_operator(self.operator, self.mailbox, **self.more)
        if until_live:
            await self.until_live()

    async def switch_off(self, *, items: str = "keep") -> None:
        """Put the operator without `email_sync`."""
        await self.application.put_operator(self.operator, self.mailbox, email_sync=False, items=items, **self.more)

    async def status(self) -> Document:
        """The status of the email."""
        return await self.application.status(self.operator)

    async def until_status(self, holds: Callable[[Document], Any], what: str) -> Document:
        """Wait for a status."""
        return await until(self.status, holds, what=f"{self.operator}: {what}", within=LIMIT)

    async def until_live(self) -> Document:
        """Wait until the folders are complete and push is live."""
        return await self.until_status(lambda status: status["state"] == "live", "live")

    async def until_quiet(self) -> Document:
        """Wait until push is live, no sync is asked for and none is under way."""

        def quiet(status: Document) -> bool:
            return status["state"] == "live" and status["asked_at"] is None and not status["syncing"]

        return await self.until_status(quiet, "quiet")

    async def until_failing(self, code: str) -> Document:
        """Wait until status names this failure; the failure."""
        status = await self.until_status(lambda status: (status["failure"] or {}).get("code") == code, code)
        assert status["state"] == "failing"
        failure: Document = status["failure"]
        assert failure["cause"], failure
        assert failure["remedy"], failure
        return failure

    async def until_mended(self) -> None:
        """Ask for a sync, so that nobody waits out a pause, and wait until nothing fails any more."""
        await self.application.sync(self.operator)
        await self.until_status(lambda status: status["failure"] is None and status["state"] != "failing", "mended")

    async def until_failed(self, times: int) -> None:
        """Ask for a sync again and again, which fails, until it did so many times."""

        async def ask_again() -> Document:
            await self.application.sync(self.operator)
            return await self.status()

        await until(
            ask_again,
            lambda status: status["failure"]["count"] >= times,
            what=f"{self.operator}: {times} failures",
            within=LIMIT,
            every=1,
        )

    async def until_emails(
        self, holds: Callable[[list[Document]], Any], what: str, *, within: timedelta = LIMIT
    ) -> list[Document]:
        """Wait for the list of emails; with their bodies."""

        async def listed() -> list[Document]:
            return await self.application.emails(self.operator, with_body=True)

        return await until(listed, holds, what=f"{self.operator}: {what}", within=within)

    async def until_subjects(self, *subjects: str, within: timedelta = LIMIT) -> list[Document]:
        """Wait until exactly these subjects are held and in their folders; the emails in the order of `subjects`."""

        def as_wanted(emails: list[Document]) -> bool:
            return Counter(email["subject"] for email in emails if not email["gone"]) == Counter(subjects)

        emails = await self.until_emails(as_wanted, f"exactly {', '.join(subjects) or 'nothing'}", within=within)
        places = {subject: place for place, subject in enumerate(subjects)}
        return sorted((email for email in emails if not email["gone"]), key=lambda email: places[email["subject"]])

    async def until_email(self, item_id: str, holds: Callable[[Document], Any], what: str) -> Document:
        """Wait for a state of one email."""

        async def read() -> Document:
            return await self.application.email(self.operator, item_id)

        return await until(read, holds, what=f"{self.operator}: {what}", within=LIMIT)

    async def attachment(self, email: Document, file: Document) -> bytes:
        """An attachment's content."""
        return await self.application.attachment(self.operator, email["item_id"], file["n"])

    async def until_unsubscribed(self) -> None:
        """Wait until Exchange was told that its subscription is not wanted any more."""

        async def live() -> int:
            return len(self.subscriptions())

        await until(live, lambda count: count == 0, what=f"{self.operator}: no subscription", within=LIMIT)

    async def changes(self, item_id: str) -> list[str]:
        """The types of the feed's entries for one item, in order."""
        entries, _ = await self.application.changes(self.operator)
        return [entry["type"] for entry in entries if entry["item_id"] == item_id]

    async def check_feed(self) -> None:
        """The feed, played from its beginning, gives what the list has: no gap, no double."""
        entries, emails = await self._feed_and_list()
        held: set[str] = set()
        for entry in entries:
            name = entry["item_id"]
            assert (entry["type"] == "created") == (name not in held), f"{self.operator}: {entry['type']} of {name}"
            held.add(name)
            if entry["type"] in ("left", "deleted") and entry["item"] is None:
                held.discard(name)
        assert held == emails
        assert len({entry["cursor"] for entry in entries}) == len(entries)

    async def _feed_and_list(self) -> tuple[list[Document], set[str]]:
        """Both as of one moment: nothing has come to the feed while the list was read, though a sync may be under way."""
        entries, end = await self.application.changes(self.operator)
        while True:
            emails = {email["item_id"] for email in await self.application.emails(self.operator)}
            more, end = await self.application.changes(self.operator, after=end)
            if not more:
                return entries, emails
            entries += more


def names(emails: list[Document]) -> list[str]:
    """The subjects."""
    return [email["subject"] for email in emails]


def path_of(url: str) -> str:
    """The path and query of a URL."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")

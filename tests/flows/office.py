"""Alice's office on the memory twins (or on other storage): her mailbox, our application, and a clock that we move.

`Office.check` is the oracle: what the application holds is exactly what the mailbox's watched folders hold, each item
once, and the change feed tells the same story without gap or double.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from shared.adapters.memory.blobs import MemoryBlobs
from shared.adapters.memory.exchange import MemoryExchange
from shared.adapters.memory.queues import MemoryQueues
from shared.adapters.memory.rows import MemoryRows
from shared.adapters.memory.secrets import MemorySecrets
from shared.flows.documents import fetch, unpack
from shared.flows.email.stored import FEED, ITEM, every
from shared.flows.head import read_head
from shared.flows.operators import put_operator
from shared.flows.settings_document import ANY_VERSION, patch_settings
from shared.flows.sync_collection import sync_collection
from shared.model.collection import Head
from shared.model.email import Attachment, Email, Participant
from shared.model.keys import collection_key
from shared.model.operator import Kind, Operator
from shared.ports import Blobs, Exchange, Queues, Row, Rows, World

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALICE = "alice@contoso.example"


class Office:
    """One operator, Alice, with one mailbox and email switched on."""

    def __init__(self, *, rows: Rows | None = None, blobs: Blobs | None = None, clock: datetime = NOON) -> None:
        self.now = clock
        self.exchange = MemoryExchange()
        self.box = self.exchange.add_mailbox(ALICE)
        self.rows = rows or MemoryRows()
        self.blobs = blobs or MemoryBlobs(lambda: self.now)
        self.queues = MemoryQueues(lambda: self.now)
        self._names = count(1)
        self._subjects = count(1)
        self.key = ""

    def world(
        self,
        *,
        rows: Rows | None = None,
        blobs: Blobs | None = None,
        queues: Queues | None = None,
        exchange: Exchange | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> World:
        """The ports for one worker; a test wraps the one that it wants to break."""
        return World(
            rows or self.rows,
            blobs or self.blobs,
            queues or self.queues,
            MemorySecrets({"default-username": "svc", "default-password": "x", "listener-key": "k" * 32}),
            exchange or self.exchange,
            now or (lambda: self.now),
            lambda: f"{next(self._names):016d}",
        )

    async def open(self, **email: Any) -> "Office":
        """Configure the connection and switch Alice's email on."""
        connection = {"url": "https://mail.contoso.example/EWS/Exchange.asmx", "version": "Exchange2016"}
        document = {
            "connections": {"default": {**connection, "authentication": "basic", "batch_size": 100}},
            "notifications": {"mode": "poll"},
            "email": {"enabled": True, **email},
        }
        await patch_settings(self.world(), document, version=ANY_VERSION, secret="x")
        operator, _ = await put_operator(self.world(), Operator("alice", ALICE, "", email_sync=True))
        self.key = collection_key(operator.mailbox_key, Kind.EMAIL)
        return self

    async def configure(self, patch: dict[str, Any]) -> None:
        """Change settings."""
        await patch_settings(self.world(), patch, version=ANY_VERSION, secret="x")

    def deliver(self, subject: str = "", *, folder: str = "inbox", age: timedelta | None = None, **facts: Any) -> str:
        """A mail arrives, `age` ago (now, where not given); its ItemId."""
        number = next(self._subjects)
        moment = self.now - (age or timedelta(0))
        email = Email(
            "",
            "",
            "",
            subject=subject or f"mail {number}",
            from_=Participant("Bob", "bob@fabrikam.example"),
            to=(Participant("Alice", ALICE),),
            received=moment,
            sent=moment - timedelta(seconds=2),
            text=f"text of {number}",
            internet_message_id=f"<{number}@fabrikam.example>",
            size=1000 + number,
        )
        contents = facts.pop("contents", ())
        return self.box.deliver(replace(email, **facts), folder=folder, contents=contents)

    async def sync(self, world: World | None = None, *, budget: timedelta = timedelta(minutes=4)) -> str:
        """One call of the worker; its outcome."""
        return await sync_collection(world or self.world(), "alice", Kind.EMAIL, budget=budget)

    async def settle(self) -> None:
        """Run the worker until it says done, moving the clock over leases and pauses."""
        outcome = ""
        for _ in range(40):
            outcome = await self.sync()
            if outcome == "done":
                return
            self.now += timedelta(minutes=16)
        raise AssertionError(f"the sync does not come to an end: {outcome}; {(await self.head()).trouble}")

    async def head(self) -> Head:
        """The collection's head as stored."""
        found = await read_head(self.rows, self.blobs, self.key)
        assert found is not None
        return found[0]

    async def stored(self) -> list[Row]:
        """Item rows of finished pages."""
        page = (await self.head()).page
        rows = [row async for row in every(self.rows, self.key, ITEM)]
        return [row for row in rows if int(str(row.values["born"])) <= page]

    async def facts(self, row: Row) -> dict[str, Any]:
        """The documents and columns of an item as one."""
        facts = await fetch(self.blobs, row.values, "facts")
        body = await fetch(self.blobs, row.values, "body")
        files = await fetch(self.blobs, row.values, "files") or []
        return {**row.values, **facts, **body, "files": files, "item_id": row.key[len(ITEM) :]}

    async def feed(self) -> list[tuple[str, str]]:
        """(type, item_id) of all entries of finished pages, in order."""
        page = (await self.head()).page
        entries = []
        async for row in every(self.rows, self.key, FEED):
            if int(row.key.split("-")[1]) <= page:
                entries += [(change, item) for change, item, _ in unpack(row.values["changes"])]  # type: ignore[arg-type]
        return entries

    def expected(self) -> dict[str, Email]:
        """What the watched folders hold: Inbox with its mail subfolders, and Sent Items."""
        inbox = self.box.distinguished["inbox"]
        watched = {inbox, self.box.distinguished["sentitems"], *(folder.id for folder in self.box.below(inbox))}
        return {name: item.email for name, item in self.box.items.items() if item.email.folder_id in watched}

    async def check(self) -> None:
        """Compare the application with the mailbox. Holds whenever a sync has ended with nothing left to do."""
        rows = await self.stored()
        present = {str(row.values["exchange_id"]): row for row in rows if not row.values.get("gone")}
        start = (await self.head()).window_from
        assert start is not None
        expected = {name: email for name, email in self.expected().items() if email.received and email.received >= start}
        assert sorted(present) == sorted(expected)
        assert len([row for row in rows if not row.values.get("gone")]) == len(expected), "an item is held twice"
        for name, email in expected.items():
            facts = await self.facts(present[name])
            assert facts["subject"] == email.subject
            assert facts["is_read"] == email.is_read
            assert facts["folder_id"] == email.folder_id
            assert facts["categories"] == list(email.categories)
            assert [file["name"] for file in facts["files"]] == [each.name for each in email.attachments]
        await self._check_feed({row.key[len(ITEM) :] for row in present.values()})
        await self._check_index(present)

    async def _check_feed(self, present: set[str]) -> None:
        alive: set[str] = set()
        ever: set[str] = set()
        for change, item in await self.feed():
            if change == "created":
                assert item not in ever, f"{item} was created twice"
                alive.add(item)
                ever.add(item)
            elif change == "updated":
                assert item in ever, f"{item} was updated before it was created"
                alive.add(item)
            else:
                assert item in alive, f"{item} went twice"
                alive.discard(item)
        assert alive == present

    async def _check_index(self, present: dict[str, Row]) -> None:
        ids = [row async for row in every(self.rows, self.key, "x-")]
        assert {str(row.values["item_id"]) for row in ids} == {row.key[len(ITEM) :] for row in present.values()}
        assert len(ids) == len(present), "two ids name the same item"
        assert not [row async for row in every(self.rows, self.key, "l-")], "something is still leaving"
        assert (await self.head()).items == len(await self.stored())


def attachment(name: str, size: int) -> Attachment:
    """An attachment's description for `deliver`."""
    return Attachment("", name, content_type="application/octet-stream", size=size)

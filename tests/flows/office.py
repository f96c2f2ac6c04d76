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
from shared.adapters.memory.certificates import MemoryCertificates
from shared.adapters.memory.exchange import MemoryExchange
from shared.adapters.memory.network import MemoryNetwork
from shared.adapters.memory.queues import MemoryQueues
from shared.adapters.memory.rows import MemoryRows
from shared.adapters.memory.secrets import MemorySecrets
from shared.adapters.memory.smtp import MemorySmtp
from shared.flows.audit import Entry, recorded
from shared.flows.documents import fetch, unpack
from shared.flows.email.stored import FAILING, FEED, ITEM, every
from shared.flows.head import read_head
from shared.flows.operators import put_operator
from shared.flows.settings_document import ANY_VERSION, patch_settings
from shared.flows.sync_collection import sync_collection
from shared.model.collection import Head
from shared.model.email import Attachment, Email, Participant
from shared.model.keys import collection_key, shard_of
from shared.model.operator import Kind, Operator
from shared.ports import Blobs, Exchange, Queues, Row, Rows, World

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALICE = "alice@contoso.example"


class Office:
    """One operator, Alice, with one mailbox and email switched on."""

    def __init__(
        self, *, rows: Rows | None = None, blobs: Blobs | None = None, clock: datetime = NOON, mint: str = "0000"
    ) -> None:
        """`mint`: four characters that begin every new name, so that many offices share one storage."""
        self.now = clock
        self.mint = mint
        self.exchange = MemoryExchange()
        self.box = self.exchange.add_mailbox(ALICE)
        self.rows = rows or MemoryRows()
        self.blobs = blobs or MemoryBlobs(lambda: self.now)
        self.queues = MemoryQueues(lambda: self.now)
        self.secrets = MemorySecrets({"default-username": "svc", "default-password": "x", "listener-key": "k" * 32})
        self.certificates = MemoryCertificates()
        self.network = MemoryNetwork()
        self.smtp = MemorySmtp()
        self._names = count(1)
        self._subjects = count(1)
        self._told = 0
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
            self.secrets,
            exchange or self.exchange,
            now or (lambda: self.now),
            lambda: f"{self.mint}{next(self._names):012d}",
            self.certificates,
            self.network,
            self.smtp,
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

    async def held(self) -> dict[str, dict[str, Any]]:
        """What the application shows by subject, of what is not gone."""
        rows = [await self.facts(row) for row in await self.stored() if not row.values.get("gone")]
        return {facts["subject"]: facts for facts in rows}

    async def gone(self) -> dict[str, str]:
        """What the application keeps though it is gone, by subject: `left` or `deleted`."""
        rows = [await self.facts(row) for row in await self.stored() if row.values.get("gone")]
        return {facts["subject"]: facts["gone"] for facts in rows}

    async def news(self) -> list[str]:
        """The types of the feed's entries since this was last asked."""
        feed = [change for change, _ in await self.feed()]
        self._told, new = len(feed), feed[self._told :]
        return new

    async def failures(self) -> list[dict[str, Any]]:
        """The items that could not be read."""
        return [dict(row.values) async for row in every(self.rows, self.key, FAILING)]

    async def contents(self, subject: str) -> list[bytes | None]:
        """The stored contents of an item's attachments."""
        return [await self.blobs.get(file["blob"]) for file in (await self.held())[subject]["files"]]

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

    def without_search_key(self, item_id: str) -> str:
        """Take an item's search key away, as some servers give none; the ItemId."""
        item = self.box.items[item_id]
        self.box.items[item_id] = replace(item, email=replace(item.email, search_key=""))
        return item_id

    def watched(self) -> set[str]:
        """The folders that are watched by default: Inbox and Sent Items with their subfolders."""
        tops = [self.box.distinguished[name] for name in ("inbox", "sentitems")]
        return {*tops, *(folder.id for top in tops for folder in self.box.below(top))}

    def expected(self, start: datetime) -> dict[str, Email]:
        """What the application must hold: what is in the watched folders and the window, and is not to be skipped."""
        watched, sent = self.watched(), self.box.distinguished["sentitems"]
        found = {name: item.email for name, item in self.box.items.items() if item.email.folder_id in watched}
        times = {name: email.sent if email.folder_id == sent else email.received for name, email in found.items()}
        return {
            name: email
            for name, email in found.items()
            if (moment := times[name]) is not None and moment >= start and _is_kept(email)
        }

    async def check(self) -> None:
        """Compare the application with the mailbox. Holds whenever a sync has ended with nothing left to do."""
        rows = await self.stored()
        present = {str(row.values["exchange_id"]): row for row in rows if not row.values.get("gone")}
        start = (await self.head()).window_from
        assert start is not None
        expected = self.expected(start)
        assert sorted(present) == sorted(expected)
        assert len([row for row in rows if not row.values.get("gone")]) == len(expected), "an item is held twice"
        for name, email in expected.items():
            await self._check_item(await self.facts(present[name]), email)
        gone = {row.key[len(ITEM) :] for row in rows if row.values.get("gone")}
        await self._check_feed({row.key[len(ITEM) :] for row in present.values()}, gone)
        await self._check_index(present)

    async def _check_item(self, facts: dict[str, Any], email: Email) -> None:
        assert facts["subject"] == email.subject
        assert facts["text"] == email.text
        assert facts["is_read"] == email.is_read
        assert facts["folder_id"] == email.folder_id
        assert facts["categories"] == list(email.categories)
        assert [file["name"] for file in facts["files"]] == [each.name for each in email.attachments]
        contents = [await self.blobs.get(file["blob"]) for file in facts["files"] if file["blob"]]
        assert None not in contents, "an attachment's blob is gone"

    async def _check_feed(self, present: set[str], gone: set[str]) -> None:
        """Play the feed as an application would: every entry fits what it holds, and at its end it holds the same."""
        held: dict[str, str] = {}
        for change, item in await self.feed():
            if change == "created":
                assert held.get(item) not in ("here", "gone" if item in gone else ""), f"{item} was created twice"
                held[item] = "here"
            elif change == "updated":
                assert item in held, f"{item} was updated before it was created"
                held[item] = "here"
            else:
                # What is kept though it is gone may be taken out later, for another reason.
                again = change == "deleted" and item not in gone
                assert held.get(item) == "here" or (again and item in held), f"{item} went twice"
                held[item] = "gone"
        assert {item for item, where in held.items() if where == "here"} == present

    async def _check_index(self, present: dict[str, Row]) -> None:
        ids = [row async for row in every(self.rows, self.key, "x-")]
        assert {str(row.values["item_id"]) for row in ids} == {row.key[len(ITEM) :] for row in present.values()}
        assert len(ids) == len(present), "two ids name the same item"
        assert not [row async for row in every(self.rows, self.key, "l-")], "something is still leaving"
        assert (await self.head()).items == len(await self.stored())
        await self.check_failing()
        listed = await self.listed_items()
        assert (listed["count"] if listed else 0) == len(await self.failures()), (
            "the list of failures says another number"
        )

    async def check_failing(self) -> None:
        """The head knows how many items fail. Holds at any time, whoever died and wherever."""
        found = await read_head(self.rows, self.blobs, self.key)
        assert (found[0].failing if found else 0) == len(await self.failures())

    async def listed_items(self) -> dict[str, Any] | None:
        """What the list of failures says of the items that fail."""
        mailbox_key = self.key.partition("-")[0]
        row = await self.rows.get("failures", f"open-{shard_of(mailbox_key):02d}", f"{mailbox_key}-email_items")
        return None if row is None else dict(row.values)


def _is_kept(email: Email) -> bool:
    return email.sensitivity not in ("private", "confidential") and "No CRM" not in email.categories


async def note(world: World, *, by: str, action: str, target: str, detail: dict[str, Any] | None = None) -> None:
    """Something that was done, in the audit."""
    async with recorded(world, Entry(by, action, target, detail or {})):
        pass


def attachment(name: str, size: int) -> Attachment:
    """An attachment's description for `deliver`."""
    return Attachment("", name, content_type="application/octet-stream", size=size)

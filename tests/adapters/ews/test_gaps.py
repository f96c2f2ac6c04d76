"""Servers other than Microsoft's lack this and that: a plainer way leads to the same end, is told once, and is no loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from devtools.exchange_simulator import ExchangeSimulator, Fault
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.errors import Permanent, Reconfigure, Transient
from shared.model.email import Email
from shared.model.exchange import FoundItems
from tests.adapters.ews.world import ALICE, SAMPLES, Clock, exchange_at, http

NOW = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
FOLDERS = http("200 OK", (SAMPLES / "find_folder.xml").read_bytes()).replace(b"Connection: close\r\n", b"")
SOMEBODY_ELSES = http("200 OK", (SAMPLES / "fault_server_busy.xml").read_bytes()).replace(b"Connection: close\r\n", b"")
WINDOW_GAPS = [
    ("is_greater_than_or_equal",),
    ("restrictions",),
    ("sort_order",),
    ("restrictions", "sort_order"),
]


@asynccontextmanager
async def office(*gaps: str, count: int = 0) -> AsyncIterator[tuple[ExchangeSimulator, EwsExchange, Clock]]:
    clock = Clock()
    async with (
        ExchangeSimulator(mailboxes=[ALICE.address], gaps=gaps) as simulator,
        exchange_at(Connection("default", simulator.url), now=clock) as exchange,
    ):
        for number in range(count):
            # Delivered neither oldest nor newest first.
            hours = number * 7 % count
            raw = f"Message-ID: <m{hours}@customer.example>\r\nSubject: {hours}\r\n\r\nx".encode()
            simulator.deliver(ALICE.address, raw, received=NOW - timedelta(hours=hours))
        yield simulator, exchange, clock


async def window(exchange: EwsExchange, inbox: str, *, hours: int, until: datetime | None = None) -> list[str]:
    """All pages of a window as the flow asks for them, by subject."""
    subjects: list[str] = []
    page = FoundItems((), 0, 0, False)
    while not page.is_last:
        page = await exchange.find_items(
            ALICE, inbox, since=NOW - timedelta(hours=hours), until=until, offset=page.next_offset, limit=4
        )
        subjects += [stub.subject for stub in page.items]
    return subjects


@pytest.mark.parametrize("gaps", WINDOW_GAPS)
async def test_the_window_is_had_without_what_the_server_refuses(gaps: tuple[str, ...]) -> None:
    async with office(*gaps, count=20) as (simulator, exchange, _):
        inbox = simulator.folder_id(ALICE.address, "inbox")
        assert await window(exchange, inbox, hours=9) == [str(hours) for hours in range(10)]
        later = await window(exchange, inbox, hours=9, until=NOW - timedelta(hours=5))
        assert later == [str(hours) for hours in range(5, 10)]
        assert len(exchange.server(ALICE).notes) == (2 if len(gaps) == 2 else 1)


async def test_a_refused_restriction_is_asked_for_once_a_day() -> None:
    async with office("restrictions", count=3) as (simulator, exchange, clock):
        inbox = simulator.folder_id(ALICE.address, "inbox")
        asked = []
        for pause in (0, 1, 22, 2):
            clock.advance(timedelta(hours=pause))
            await exchange.find_items(ALICE, inbox, since=NOW - timedelta(hours=1))
            asked.append(exchange.counts["FindItem"])
        assert [later - earlier for earlier, later in pairwise([0, *asked])] == [2, 1, 1, 2]


async def test_a_server_that_refuses_every_way_is_no_endless_story() -> None:
    async with office() as (simulator, exchange, _):
        inbox = simulator.folder_id(ALICE.address, "inbox")
        simulator.inject(Fault("error", code="ErrorInvalidOperation", operation="FindItem", count=None))
        with pytest.raises(Permanent, match="operation-not-supported"):
            await exchange.find_items(ALICE, inbox, since=NOW)
        assert exchange.counts["FindItem"] == 4
        assert exchange.server(ALICE).notes == ()


@pytest.mark.parametrize("gap", ["extended_restrictions", "restrictions"])
async def test_a_mail_is_located_by_listing_where_it_cannot_be_searched(gap: str) -> None:
    async with office(gap, count=5) as (simulator, exchange, _):
        inbox = simulator.folder_id(ALICE.address, "inbox")
        row = simulator.items(ALICE.address)[0]
        (email,) = await exchange.get_emails(ALICE, [row.id])
        assert isinstance(email, Email)
        by_key = await exchange.locate(ALICE, [inbox], search_keys=[email.search_key], message_ids=[])
        by_name = await exchange.locate(ALICE, [inbox], search_keys=[], message_ids=[email.internet_message_id])
        assert [item.id for item in by_key] == [item.id for item in by_name] == [row.id]
        assert "cannot search by identity" in exchange.server(ALICE).notes[-1]


@pytest.mark.parametrize("gaps", [("restrictions",), ("sort_order",), ("restrictions", "sort_order")])
async def test_a_subject_is_found_by_listing_where_it_cannot_be_searched(gaps: tuple[str, ...]) -> None:
    async with office(*gaps, count=12) as (simulator, exchange, _):
        folders = [simulator.folder_id(ALICE.address, name) for name in ("inbox", "sentitems")]
        found = await exchange.find_by_subject(ALICE, folders, "1", whole=False, limit=2)
        assert [(item.received, item.folder_id) for item in found] == [
            (NOW - timedelta(hours=hours), folders[0]) for hours in (1, 10)
        ]
        whole = await exchange.find_by_subject(ALICE, folders, "1", whole=True, limit=2)
        assert [item.received for item in whole] == [NOW - timedelta(hours=1)]


async def test_a_property_that_the_server_does_not_give_is_left_out_from_then_on() -> None:
    async with office("conversation_id", count=3) as (simulator, exchange, _):
        ids = [row.id for row in simulator.items(ALICE.address)]
        emails = await exchange.get_emails(ALICE, ids)
        assert [(type(each), each.id) for each in emails] == [(Email, item_id) for item_id in ids]
        assert isinstance(emails[0], Email) and emails[0].subject and not emails[0].conversation_id
        assert exchange.counts["GetItem"] == 2
        await exchange.get_emails(ALICE, ids)
        assert exchange.counts["GetItem"] == 3
        assert exchange.server(ALICE).notes == (
            "the server does not give item:ConversationId: what they hold stays empty",
        )


async def test_a_folder_sync_that_is_not_supported_is_asked_for_once_a_day() -> None:
    async with office("sync_hierarchy") as (_, exchange, clock):
        for _ in range(3):
            with pytest.raises(Permanent, match="operation-not-supported"):
                await exchange.sync_folder_hierarchy(ALICE, None)
        assert exchange.counts["SyncFolderHierarchy"] == 1
        clock.advance(timedelta(hours=25))
        with pytest.raises(Permanent, match="operation-not-supported"):
            await exchange.sync_folder_hierarchy(ALICE, None)
        assert exchange.counts["SyncFolderHierarchy"] == 2
        assert await exchange.find_folders(ALICE)


async def test_a_subscription_without_watermark_and_one_that_is_refused() -> None:
    async with office("watermarks") as (simulator, exchange, _):
        inbox = simulator.folder_id(ALICE.address, "inbox")
        made = await exchange.subscribe(ALICE, [inbox], url="http://127.0.0.1:9/nobody", frequency_minutes=30)
        assert made.id and not made.watermark
    async with office("subscribe") as (simulator, exchange, _):
        inbox = simulator.folder_id(ALICE.address, "inbox")
        with pytest.raises(Permanent, match="operation-not-supported"):
            await exchange.subscribe(ALICE, [inbox], url="http://127.0.0.1:9/nobody", frequency_minutes=30)


async def test_plain_answers_odd_dates_and_faults_without_detail_or_status() -> None:
    async with office("gzip", "fault_detail", "fault_status_200", "nine_digits", "version_info", count=2) as (
        simulator,
        exchange,
        _,
    ):
        rows = simulator.items(ALICE.address)
        emails = await exchange.get_emails(ALICE, [row.id for row in rows])
        assert all(isinstance(email, Email) and email.received is not None for email in emails)
        assert exchange.server(ALICE).build is None
        simulator.inject(Fault("fault", code="ErrorImpersonateUserDenied"))
        with pytest.raises(Reconfigure, match="impersonation-denied"):
            await exchange.find_folders(ALICE)


class Chatterbox:
    """Keeps connections open, and says its answers to the first request of a connection all at once."""

    def __init__(self, *first: bytes, echo: bool = False) -> None:
        self._first = first
        self._echo = echo
        self.connections = 0
        self.requests: list[bytes] = []
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Chatterbox"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1")
        async with server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/EWS/Exchange.asmx"
            yield self
            server.close_clients()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        answers = self._first if self.connections == 1 else (FOLDERS,)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
                self.requests.append(head + await reader.readexactly(int(fields[b"content-length"])))
                for answer in answers:
                    mark = b"client-request-id: " + fields[b"client-request-id"] + b"\r\n" if self._echo else b""
                    writer.write(answer.replace(b"\r\n", b"\r\n" + mark, 1))
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()


async def test_a_second_answer_that_nobody_asked_for_is_never_taken_for_the_next_one() -> None:
    async with Chatterbox(FOLDERS + SOMEBODY_ELSES).running() as server:
        async with exchange_at(Connection("default", server.url)) as exchange:
            first = await exchange.find_folders(ALICE)
            assert await exchange.find_folders(ALICE) == first
        assert (server.connections, len(server.requests)) == (2, 2)


async def test_an_answer_that_names_an_earlier_request_is_thrown_away_and_the_request_repeated() -> None:
    class Late(Chatterbox):
        """Gives the first request's answer once more, in the place of the second one's."""

        async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            number = self.connections
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
                    await reader.readexactly(int(fields[b"content-length"]))
                    self.requests.append(head)
                    name = b"request-1" if number == 1 else fields[b"client-request-id"]
                    writer.write(FOLDERS.replace(b"\r\n", b"\r\nclient-request-id: " + name + b"\r\n", 1))
                    await writer.drain()
            except asyncio.IncompleteReadError:
                writer.close()

    async with Late().running() as server, exchange_at(Connection("default", server.url)) as exchange:
        first = await exchange.find_folders(ALICE)
        assert await exchange.find_folders(ALICE) == first
        assert (server.connections, len(server.requests)) == (2, 3)


async def test_a_subscribe_whose_answer_was_another_ones_is_not_repeated() -> None:
    async with Chatterbox(FOLDERS).running() as server, exchange_at(Connection("default", server.url)) as exchange:
        with pytest.raises((Reconfigure, Transient)):
            await exchange.subscribe(ALICE, ["F1"], url="http://127.0.0.1:9/nobody", frequency_minutes=30)
        assert len(server.requests) == 1

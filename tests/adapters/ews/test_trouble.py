"""What goes wrong on the way to Exchange has a name, and is repeated only where that is safe and of use."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from devtools.exchange_simulator import ExchangeSimulator, Fault
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.errors import Permanent, Reconfigure, SyncError, Transient
from shared.model.email import Email
from tests.adapters.ews.world import ALICE, BOB, CHARLIE, SAMPLES, Clock, ToldServer, exchange_at, http

MAIL = b"Message-ID: <m1@customer.example>\r\nFrom: bob@customer.example\r\nSubject: hello\r\n\r\nText"
FOLDERS = (SAMPLES / "find_folder.xml").read_bytes()
RECYCLING = (SAMPLES / "page_recycling.html").read_bytes()
LOGIN = (SAMPLES / "page_login.html").read_bytes()
BUSY = (SAMPLES / "fault_server_busy.xml").read_bytes()

ANSWERS = {
    "a page for people": (http("200 OK", LOGIN), Reconfigure, "url-wrong"),
    "nonsense": (http("200 OK", b"hello"), Reconfigure, "not-exchange"),
    "nothing": (http("200 OK"), Transient, "answer-truncated"),
    "half an answer": (http("200 OK", FOLDERS[:-30]), Transient, "answer-truncated"),
    "broken compression": (http("200 OK", b"hello", "Content-Encoding: gzip"), Transient, "answer-malformed"),
    "a worker that starts anew": (http("500 Internal Server Error", RECYCLING), Transient, "exchange-unavailable"),
    "another error page": (http("500 Internal Server Error", LOGIN), Transient, "exchange-unavailable"),
    "a long pause": (http("500 Internal Server Error", BUSY), Transient, "exchange-busy"),
    "a hiccup": (
        http("302 Found", b"", "Location: /ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx"),
        Transient,
        "exchange-unavailable",
    ),
    "a login elsewhere": (http("302 Found", b"", "Location: https://login.example/"), Reconfigure, "redirected"),
    "a wrong address": (http("404 Not Found"), Reconfigure, "url-wrong"),
    "a blocked application": (http("403 Forbidden"), Reconfigure, "access-blocked"),
    "a blocked account": (http("456 Blocked"), Reconfigure, "account-blocked"),
    "a request too large": (http("413 Too Large"), Permanent, "request-too-large"),
    "an overloaded front end": (http("503 Service Unavailable"), Transient, "exchange-busy"),
    "a gateway": (http("502 Bad Gateway"), Transient, "exchange-unavailable"),
    "no http": (b"hello\r\n\r\n", Transient, "connection-lost"),
    "a closed connection": (b"", Transient, "connection-lost"),
    "an unknown mailbox": (
        http("500 Error", b"", "X-CasErrorCode: EmailAddressNotFound"),
        Reconfigure,
        "mailbox-unknown",
    ),
}


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[ExchangeSimulator]:
    async with ExchangeSimulator(mailboxes=[ALICE.address, BOB.address]) as running:
        yield running


@pytest_asyncio.fixture
async def exchange(simulator: ExchangeSimulator) -> AsyncIterator[EwsExchange]:
    async with exchange_at(Connection("default", simulator.url)) as adapter:
        yield adapter


@pytest.mark.parametrize("name", ANSWERS)
async def test_each_answer_that_is_none_has_its_name(name: str) -> None:
    answer, kind, code = ANSWERS[name]
    async with ToldServer([answer]).running() as server, exchange_at(Connection("default", server.url)) as exchange:
        with pytest.raises(SyncError) as raised:
            await exchange.find_folders(ALICE)
    assert (type(raised.value), raised.value.code) == (kind, code)
    assert "client-request-id=request-" in raised.value.request_id


async def test_a_broken_read_is_repeated_twice_and_no_more() -> None:
    async with ToldServer([b""]).running() as server, exchange_at(Connection("default", server.url)) as exchange:
        with pytest.raises(Transient, match="connection-lost"):
            await exchange.find_folders(ALICE)
        assert len(server.requests) == exchange.counts["FindFolder"] == 3


async def test_a_subscribe_is_never_repeated_in_silence(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    inbox = simulator.folder_id(ALICE.address, "inbox")
    simulator.inject(Fault("reset_after", operation="Subscribe"))
    with pytest.raises(Transient, match="connection-lost"):
        await exchange.subscribe(ALICE, [inbox], url="http://127.0.0.1:9/nobody", frequency_minutes=30)
    assert exchange.counts["Subscribe"] == 1


@pytest.mark.parametrize(
    "fault", ["reset_before", "reset_after", "reset_middle", "server_busy", "item_busy", "unavailable"]
)
async def test_passing_trouble_is_waited_out(simulator: ExchangeSimulator, exchange: EwsExchange, fault: str) -> None:
    item_id = simulator.deliver(ALICE.address, MAIL)
    simulator.inject(Fault(fault, back_off_ms=50, retry_after=0))
    (email,) = await exchange.get_emails(ALICE, [item_id])
    assert isinstance(email, Email)
    assert exchange.counts["GetItem"] == 2


@pytest.mark.parametrize("fault", ["illegal_characters", "unknown_elements", "nine_digits"])
async def test_odd_answers_are_read(simulator: ExchangeSimulator, exchange: EwsExchange, fault: str) -> None:
    item_id = simulator.deliver(ALICE.address, MAIL)
    simulator.inject(Fault(fault))
    (email,) = await exchange.get_emails(ALICE, [item_id])
    assert isinstance(email, Email)
    assert (email.subject, email.received is None) == ("hello", False)


async def test_a_long_pause_is_for_that_mailbox_alone_and_costs_no_request(simulator: ExchangeSimulator) -> None:
    clock = Clock()
    async with exchange_at(Connection("default", simulator.url), now=clock) as exchange:
        simulator.inject(Fault("server_busy", back_off_ms=60_000))
        for _ in range(2):
            with pytest.raises(Transient, match="exchange-busy") as raised:
                await exchange.find_folders(ALICE)
            assert raised.value.retry_after is not None
            assert timedelta(seconds=50) < raised.value.retry_after <= timedelta(seconds=60)
        assert exchange.counts["FindFolder"] == 1
        assert await exchange.find_folders(BOB)
        clock.advance(timedelta(seconds=61))
        assert await exchange.find_folders(ALICE)


async def test_a_server_that_stays_busy_is_not_stormed(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    simulator.inject(Fault("server_busy", back_off_ms=10, count=None))
    with pytest.raises(Transient, match="exchange-busy"):
        await exchange.find_folders(ALICE)
    assert exchange.counts["FindFolder"] == 3


async def test_retry_after_is_handed_on(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    simulator.inject(Fault("unavailable", retry_after=120))
    with pytest.raises(Transient) as raised:
        await exchange.find_folders(ALICE)
    assert raised.value.retry_after == timedelta(seconds=120)


async def test_a_fault_without_detail_keeps_its_code(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    simulator.inject(Fault("fault", code="ErrorMailboxStoreUnavailable", detail=False))
    with pytest.raises(Transient, match="exchange-unavailable"):
        await exchange.find_folders(ALICE)


async def test_what_concerns_the_mailbox_is_no_failure_of_an_item(
    simulator: ExchangeSimulator, exchange: EwsExchange
) -> None:
    item_id = simulator.deliver(ALICE.address, MAIL)
    simulator.inject(Fault("error", code="ErrorMailboxMoveInProgress", operation="GetItem"))
    with pytest.raises(Transient, match="mailbox-moving") as raised:
        await exchange.get_emails(ALICE, [item_id])
    assert raised.value.retry_after == timedelta(minutes=5)


async def test_an_unknown_mailbox_is_named(exchange: EwsExchange) -> None:
    with pytest.raises(Reconfigure, match="mailbox-unknown"):
        await exchange.find_folders(CHARLIE)


async def test_an_alias_is_replaced_by_the_primary_address_that_the_server_names(
    simulator: ExchangeSimulator, exchange: EwsExchange
) -> None:
    simulator.add_mailbox(CHARLIE.address, aliases=["chuck@contoso.example"])
    chuck = type(ALICE)("chuck@contoso.example")
    assert await exchange.find_folders(chuck) == await exchange.find_folders(CHARLIE)
    tries = exchange.counts["FindFolder"]
    await exchange.find_folders(chuck)
    assert exchange.counts["FindFolder"] == tries + 1
    assert exchange.server(chuck).notes == (
        f"chuck@contoso.example is not the mailbox's primary address: set the operator's mailbox to {CHARLIE.address}",
    )
    assert exchange.server(CHARLIE).notes == ()


@pytest.mark.parametrize("address", ["", "a b@contoso.example", "alice@contoso.example\r\nX-Evil: 1"])
async def test_what_is_no_address_is_not_sent(exchange: EwsExchange, address: str) -> None:
    with pytest.raises(Reconfigure, match="mailbox-address-invalid"):
        await exchange.find_folders(type(ALICE)(address))
    assert not exchange.counts


async def test_an_older_server_is_asked_in_its_own_version_from_then_on() -> None:
    async with (
        ExchangeSimulator(mailboxes=[ALICE.address], version="Exchange2013") as simulator,
        exchange_at(Connection("default", simulator.url, version="ExchangeSE")) as exchange,
    ):
        assert await exchange.find_folders(ALICE)
        tries = exchange.counts["FindFolder"]
        assert tries > 1
        assert await exchange.find_folders(ALICE)
        assert exchange.counts["FindFolder"] == tries + 1


async def test_text_is_made_of_html_for_a_server_of_2010() -> None:
    raw = b"Subject: hello\r\nContent-Type: text/html\r\n\r\n<p>one</p><p>two</p>"
    async with (
        ExchangeSimulator(mailboxes=[ALICE.address], version="Exchange2010") as simulator,
        exchange_at(Connection("default", simulator.url, version="Exchange2010")) as exchange,
    ):
        (email,) = await exchange.get_emails(ALICE, [simulator.deliver(ALICE.address, raw)])
    assert isinstance(email, Email)
    assert email.html is not None and "<p>one</p>" in email.html
    assert email.text == "one\n\ntwo"


async def test_each_request_is_marked_for_the_server_and_its_administrator() -> None:
    async with (
        ToldServer([http("200 OK", FOLDERS)]).running() as server,
        exchange_at(Connection("default", server.url)) as exchange,
    ):
        await exchange.find_folders(ALICE)
        await exchange.find_folders(ALICE)
    head = server.requests[0].split(b"\r\n\r\n")[0].lower()
    for line in (
        b"x-anchormailbox: alice@contoso.example",
        b"client-request-id: request-1",
        b"return-client-request-id: true",
        b"accept-encoding: gzip, deflate",
        b'soapaction: "http://schemas.microsoft.com/exchange/services/2006/messages/findfolder"',
        b"user-agent: exchangecrmsync",
        b"content-type: text/xml; charset=utf-8",
    ):
        assert line in head
    assert b"client-request-id: request-2" in server.requests[1].lower()


async def test_nobody_there_is_named() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with exchange_at(Connection("default", f"http://127.0.0.1:{port}/")) as exchange:
        with pytest.raises(Transient, match="connection-refused"):
            await exchange.find_folders(ALICE)
    async with exchange_at(Connection("default", "https://exchange.invalid/EWS/Exchange.asmx")) as exchange:
        with pytest.raises(Transient, match="dns-failed"):
            await exchange.find_folders(ALICE)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://exchange.contoso.example/EWS/Exchange.asmx", "url-insecure"),
        ("https//exchange.contoso.example/EWS/Exchange.asmx", "url-invalid"),
        ("https://", "url-invalid"),
        ("http://[", "url-invalid"),
        ("auto", "url-invalid"),
        ("", "url-invalid"),
    ],
)
async def test_a_url_that_cannot_be_right_is_refused_before_anything_is_sent(url: str, code: str) -> None:
    async with exchange_at(Connection("default", url)) as exchange:
        with pytest.raises(Reconfigure, match=code):
            await exchange.find_folders(ALICE)
        assert not exchange.counts


async def test_a_large_attachment_streams(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    size = 100_000_000
    (email,) = await exchange.get_emails(ALICE, [simulator.deliver_large(ALICE.address, size)])
    assert isinstance(email, Email)
    lengths = [len(block) async for block in exchange.attachment(ALICE, email.attachments[0].id)]
    assert sum(lengths) == size
    assert max(lengths) <= 1 << 16

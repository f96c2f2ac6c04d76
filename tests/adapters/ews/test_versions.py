"""Each product is asked in its own version, with nothing that the version lacks; what was learned is kept for a day."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.versions import PRODUCTS
from shared.adapters.ews.connection import Connection, OAuth
from shared.adapters.ews.exchange import EwsExchange
from shared.model.email import Email
from tests.adapters.ews.world import ALICE, Clock, exchange_at

NOW = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
CLIENT = "00000000-0000-0000-0000-00000000c11e"
MAIL = (
    b"Message-ID: <m1@customer.example>\r\nSubject: hello\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>one</p>\r\n"
    b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--b--\r\n"
)


@asynccontextmanager
async def answering(product: str, *, setting: str = "") -> AsyncIterator[tuple[ExchangeSimulator, EwsExchange, Clock]]:
    clock = Clock()
    async with ExchangeSimulator(mailboxes=[ALICE.address], version=product) as simulator:
        connection = Connection("default", simulator.url, version=setting or product)
        secrets = {"default-username": "service@contoso.example", "default-password": "secret"}
        if connection.version == "Exchange365":
            oauth = OAuth(CLIENT, simulator.token_endpoint, "https://outlook.office365.com/.default")
            connection = Connection(
                "default", simulator.url, version="Exchange365", authentication="oauth", oauth=oauth
            )
            secrets = {"default-client-secret": "client-secret"}
        async with exchange_at(connection, secrets=secrets, now=clock) as exchange:
            yield simulator, exchange, clock


@pytest.mark.parametrize("product", PRODUCTS)
async def test_every_operation_is_taken_by_every_product(product: str) -> None:
    async with answering(product) as (simulator, exchange, _):
        item_id = simulator.deliver(ALICE.address, MAIL, received=NOW)
        folders = await exchange.distinguished_folders(ALICE, ["inbox", "sentitems", "deleteditems", "drafts"])
        inbox = folders["inbox"].id
        assert await exchange.find_folders(ALICE)
        assert (await exchange.sync_folder_hierarchy(ALICE, None)).changed
        assert (await exchange.find_items(ALICE, inbox, since=NOW - timedelta(days=1), until=NOW)).items
        assert (await exchange.sync_folder_items(ALICE, inbox, None, limit=512)).created
        (email,) = await exchange.get_emails(ALICE, [item_id])
        assert isinstance(email, Email)
        assert (email.subject, email.text) == ("hello", "one")
        assert await exchange.existing(ALICE, [item_id]) == {item_id}
        located = await exchange.locate(ALICE, [inbox], search_keys=[email.search_key], message_ids=["<m@x>"])
        assert [item.id for item in located] == [item_id]
        attachment = exchange.attachment(ALICE, email.attachments[0].id)
        assert b"".join([block async for block in attachment]).strip() == b"file"
        assert b"Subject: hello" in b"".join([block async for block in exchange.mime(ALICE, item_id)])
        assert await exchange.subscribe(ALICE, [inbox], url="http://127.0.0.1:9/nobody", frequency_minutes=30)
        assert await exchange.resolve(ALICE, ALICE.address)
        codes = {entry.code for entry in simulator.requests.entries if entry.operation}
        assert codes == {"NoError"}
        server = exchange.server(ALICE)
        assert server.build is not None and server.build.product == product
        assert len(server.notes) == (1 if product == "Exchange365" else 0)


async def test_a_version_that_was_refused_is_tried_again_after_a_day_and_told_meanwhile() -> None:
    async with answering("Exchange2013", setting="ExchangeSE") as (_, exchange, clock):
        asked = []
        for hours in (0, 23, 2):
            clock.advance(timedelta(hours=hours))
            before = exchange.counts["FindFolder"]
            await exchange.find_folders(ALICE)
            asked.append(exchange.counts["FindFolder"] - before)
        assert asked == [3, 1, 3]
        assert exchange.server(ALICE).notes == (
            "connections.default.version is ExchangeSE, but the server is Exchange2013 (15.0.1497): set it to that",
            "the server does not take Exchange2016, so it is asked as Exchange2013_SP1",
        )


async def test_a_setting_that_is_older_than_the_server_is_a_note_and_no_error() -> None:
    async with answering("Exchange2016", setting="Exchange2010") as (_, exchange, _):
        assert await exchange.find_folders(ALICE)
        assert str(exchange.server(ALICE)) == "server 15.1.2507 (Exchange2016)"
        (note,) = exchange.server(ALICE).notes
        assert note.startswith("connections.default.version is Exchange2010, but the server is Exchange2016")

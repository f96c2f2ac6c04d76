"""The same story on every product and on servers with gaps: window, drain, changes, a move, a deletion, through the flows."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.gaps import GAPS
from devtools.exchange_simulator.simulator import DEFAULT_CLIENT, DEFAULT_CLIENT_SECRET
from shared.adapters.ews.connection import Connection, OAuth
from shared.adapters.ews.exchange import EwsExchange
from shared.flows.keep_subscription import keep_subscription
from shared.flows.operators import find_operator
from shared.flows.status import operator_status
from shared.ports import World
from tests.adapters.ews.world import ALICE, SIGN_IN, exchange_at
from tests.flows.office import Office

SERVERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Exchange 2010": ("Exchange2010", ()),
    "Exchange 2013": ("Exchange2013", ()),
    "Exchange 2016": ("Exchange2016", ()),
    "no search by time": ("Exchange2013", ("is_greater_than_or_equal", "extended_restrictions")),
    "no restrictions, no order": ("Exchange2010", ("restrictions", "sort_order")),
    "everything missing": (
        "Exchange2013",
        tuple(name for name in GAPS if name not in ("is_greater_than_or_equal", "extended_restrictions")),
    ),
}


def mail(subject: str) -> bytes:
    return f"Message-ID: <{subject}@customer.example>\r\nSubject: {subject}\r\n\r\ntext".encode()


class Story:
    """Alice's mailbox on a simulated server, and our application on memory storage."""

    def __init__(self, simulator: ExchangeSimulator, exchange: EwsExchange, office: Office) -> None:
        self.simulator, self.exchange, self.office = simulator, exchange, office

    def world(self) -> World:
        return self.office.world(exchange=self.exchange)

    def deliver(self, subject: str, *, days: float = 0.0, folder: str = "inbox") -> str:
        received = datetime.now(UTC) - timedelta(days=days)
        return self.simulator.deliver(ALICE.address, mail(subject), received=received, folder=folder)

    async def sync(self) -> None:
        self.office.now = datetime.now(UTC)
        outcome = await self.office.sync(self.world())
        assert outcome == "done", (await self.office.head()).trouble

    async def status(self) -> dict[str, Any]:
        operator = await find_operator(self.office.rows, "alice")
        assert operator is not None
        status: dict[str, Any] = (await operator_status(self.world(), operator))["kinds"]["email"]
        return status


@asynccontextmanager
async def story_on(name: str) -> AsyncIterator[Story]:
    product, gaps = SERVERS[name]
    async with (
        ExchangeSimulator(mailboxes=[ALICE.address], version=product, gaps=gaps) as simulator,
        exchange_at(Connection("default", simulator.url, version=product, batch_size=3)) as exchange,
    ):
        yield Story(simulator, exchange, await Office(clock=datetime.now(UTC)).open())


async def follow(story: Story) -> None:
    """Window, drain, and then an arrival, a read mark, a deletion, a move out of the watched folders and one within."""
    office, simulator = story.office, story.simulator
    ids = {f"mail {number}": story.deliver(f"mail {number}", days=number / 3) for number in range(9)}
    story.deliver("long ago", days=30)
    await story.sync()
    assert set(await office.held()) == set(ids)
    story.deliver("new")
    simulator.flag(ALICE.address, ids["mail 0"], read=True)
    simulator.delete(ALICE.address, ids["mail 1"], how="hard")
    simulator.add_folder(ALICE.address, "Elsewhere")
    simulator.move(ALICE.address, ids["mail 2"], "Elsewhere")
    simulator.move(ALICE.address, ids["mail 3"], simulator.add_folder(ALICE.address, "Below", parent="inbox"))
    await story.sync()
    held = await office.held()
    assert set(held) == (set(ids) | {"new"}) - {"mail 1", "mail 2"}
    assert held["mail 0"]["is_read"]
    assert held["mail 3"]["folder_id"] == simulator.folder_id(ALICE.address, "Below")
    assert await office.gone() == {"mail 1": "deleted", "mail 2": "left"}
    assert await office.failures() == []


@pytest.mark.parametrize("name", SERVERS)
async def test_a_mailbox_is_kept_in_step_whatever_its_server_lacks(name: str) -> None:
    async with story_on(name) as story:
        await follow(story)


@asynccontextmanager
async def signed_in(authentication: str, product: str) -> AsyncIterator[Story]:
    """Over TLS with a certificate of a private authority; the server takes this one way to sign in."""
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    own = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.configure_cert(context)
    simulator = ExchangeSimulator(
        tls=context,
        certificate=ssl.PEM_cert_to_DER_cert(own.cert_chain_pems[0].bytes().decode()),
        extended_protection="require" if authentication == "ntlm" else "none",
        mailboxes=[ALICE.address],
        version=product,
        authentication=["bearer" if authentication == "oauth" else authentication],
    )
    secrets = {**SIGN_IN, "default-client-secret": DEFAULT_CLIENT_SECRET}
    secrets["exchange-trust"] = authority.cert_pem.bytes().decode()
    async with simulator:
        oauth = OAuth(DEFAULT_CLIENT, simulator.token_endpoint, "https://outlook.office365.com/.default")
        connection = Connection("default", simulator.url, product, authentication, oauth, batch_size=3)
        async with exchange_at(connection, secrets=secrets) as exchange:
            yield Story(simulator, exchange, await Office(clock=datetime.now(UTC)).open())


@pytest.mark.parametrize("product", ["Exchange2010", "Exchange2013", "Exchange2016"])
@pytest.mark.parametrize("authentication", ["basic", "ntlm", "oauth"])
async def test_it_is_kept_in_step_by_each_way_to_sign_in_over_tls_of_a_private_authority(
    authentication: str, product: str
) -> None:
    async with signed_in(authentication, product) as story:
        await follow(story)
        signed = story.exchange.counts.pop("NTLM handshake", 0)
        assert (signed > 0) == (authentication == "ntlm")
        assert signed <= 4 < story.exchange.counts.total()


async def test_what_a_server_lacks_is_told_once_and_not_asked_for_again() -> None:
    async with story_on("everything missing") as story:
        for number in range(3):
            story.deliver(f"mail {number}")
            await story.sync()
        refused = [entry.operation for entry in story.simulator.requests.entries if entry.code != "NoError"]
        assert sorted(set(refused)) == ["FindItem", "GetItem", "SyncFolderHierarchy"]
        assert refused.count("SyncFolderHierarchy") == refused.count("GetItem") == 1
        assert refused.count("FindItem") <= 3
        notes = (await story.status())["notes"]
        assert len(notes) == len(set(notes)) == 4
        assert any("search by time" in note for note in notes)


async def test_a_server_without_push_is_polled_and_asked_for_push_once_a_day() -> None:
    async with story_on("everything missing") as story:
        office = story.office
        await office.configure(
            {"notifications": {"mode": "push", "url": "https://sync.contoso.example/api/ews/notifications"}}
        )
        await story.sync()
        for hours in (0, 1, 22, 2):
            office.now += timedelta(hours=hours)
            world = replace(story.world(), now=lambda: office.now)
            again = await keep_subscription(world, "alice")
            assert again is not None and again > office.now
        assert story.exchange.counts["Subscribe"] == 2
        status = await story.status()
        assert status["state"] == "polling"
        assert sum("refuses push" in note for note in status["notes"]) == 1

"""A hybrid organisation of two simulated Exchanges, and whole syncs by what Autodiscover says, through the real adapter."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.autodiscover import Told
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.adapters.memory.secrets import MemorySecrets
from shared.flows.discover import discover
from shared.flows.operators import get_operator, put_operator
from shared.flows.settings_document import read_settings
from shared.model.autodiscover import Way
from shared.ports import World
from tests.flows.office import ALICE, Office

MAIL = b"From: bob@fabrikam.example\r\nTo: alice@contoso.example\r\nSubject: %s\r\n\r\nText"
PLACES = ("default", "cloud")


@pytest_asyncio.fixture
async def here() -> AsyncIterator[ExchangeSimulator]:
    async with ExchangeSimulator(mailboxes=[ALICE], version="Exchange2019") as simulator:
        yield simulator


@pytest_asyncio.fixture
async def cloud() -> AsyncIterator[ExchangeSimulator]:
    async with ExchangeSimulator(version="Exchange365") as simulator:
        yield simulator


@asynccontextmanager
async def synchronised(settings: dict[str, dict[str, Any]], connection: str) -> AsyncIterator[tuple[Office, World]]:
    """Alice's office with these connections, over the EWS adapter; and its world."""
    office = Office(clock=datetime.now(UTC))
    secrets = {f"{each}-{kind}": text for each in PLACES for kind, text in _SIGN_IN.items()}
    await office.open()
    await office.configure({"connections": None})
    await office.configure({"connections": settings})
    configuration, _ = await read_settings(office.rows)
    connections = [Connection(each.name, each.url, each.version) for each in configuration.connections.values()]
    names = (f"request-{number}" for number in range(10_000))
    exchange = EwsExchange(connections, MemorySecrets(secrets), now=lambda: office.now, new_id=lambda: next(names))
    alice = await get_operator(office.rows, "alice")
    await put_operator(office.world(), replace(alice, connection=connection))
    try:
        yield office, office.world(exchange=exchange)
    finally:
        await exchange.aclose()


_SIGN_IN = {"username": DEFAULT_USER, "password": DEFAULT_PASSWORD}


async def subjects(office: Office, world: World) -> list[str]:
    assert await office.sync(world) == "done", (await office.head()).trouble
    rows = [row for row in await office.stored() if not row.values.get("gone")]
    return sorted([(await office.facts(row))["subject"] for row in rows])


async def test_a_whole_sync_needs_no_url(here: ExchangeSimulator) -> None:
    here.deliver(ALICE, MAIL % b"Offer")
    settings = {"default": {"url": "auto", "autodiscover_url": here.origin}}
    async with synchronised(settings, "default") as (office, world):
        assert await subjects(office, world) == ["Offer"]
        here.deliver(ALICE, MAIL % b"Order")
        assert await subjects(office, world) == ["Offer", "Order"]
    assert len(here.autodiscover.asked) == 1


async def test_the_old_server_names_the_cloud_s_address_and_the_cloud_the_mailbox(
    here: ExchangeSimulator, cloud: ExchangeSimulator
) -> None:
    here.remove_mailbox(ALICE)
    here.autodiscover.tell(ALICE, Told(redirect_address="alice@cloud.contoso.example"))
    cloud.add_mailbox(ALICE, aliases=["alice@cloud.contoso.example"])
    cloud.deliver(ALICE, MAIL % b"Offer")
    settings = {
        "default": {"url": here.url, "autodiscover_url": here.origin},
        "cloud": {"url": cloud.url, "autodiscover_url": cloud.origin},
    }
    async with synchronised(settings, "auto") as (office, world):
        assert await subjects(office, world) == ["Offer"]
    assert here.requests.operations["SyncFolderItems"] == 0


async def test_two_mailboxes_of_one_domain_are_each_found_where_they_are(
    here: ExchangeSimulator, cloud: ExchangeSimulator
) -> None:
    bob = "bob@contoso.example"
    cloud.add_mailbox(bob)
    here.autodiscover.tell(bob, Told(redirect_url=f"{cloud.origin}/autodiscover/autodiscover.svc"))
    here.autodiscover.ways = {"soap", "pox"}
    settings = {
        "default": {"url": here.url, "autodiscover_url": here.origin},
        "cloud": {"url": cloud.url},
    }
    async with synchronised(settings, "auto") as (office, world):
        configuration, _ = await read_settings(office.rows)
        connections = tuple(configuration.connections.values())
        places = [await discover(world, address, connections) for address in (ALICE, bob)]
    assert [each.connection.name for each in places if each.connection] == ["default", "cloud"]
    assert [each.outcome for each in places[1].steps[1:]] == [
        f"redirects to {cloud.origin}/autodiscover/autodiscover.svc",
        f"EWS is at {cloud.url}",
    ]


async def test_a_foreign_host_sees_no_credentials_even_where_it_asks_for_them(
    here: ExchangeSimulator, cloud: ExchangeSimulator
) -> None:
    foreign = cloud.origin.replace("127.0.0.1", "localhost")
    here.remove_mailbox(ALICE)
    here.autodiscover.ways = {"soap"}
    here.autodiscover.tell(ALICE, Told(redirect_url=f"{foreign}/autodiscover/autodiscover.svc"))
    settings = {"default": {"url": here.url, "autodiscover_url": here.origin}}
    async with synchronised(settings, "auto") as (office, world):
        configuration, _ = await read_settings(office.rows)
        found = await discover(world, ALICE, tuple(configuration.connections.values()))
    assert found.untrusted[0] == "localhost"
    assert [each.attempt.way for each in found.steps if foreign in each.attempt.url] == [Way.JSON]
    assert [(each.way, each.signed) for each in cloud.autodiscover.asked] == [("json", False)]

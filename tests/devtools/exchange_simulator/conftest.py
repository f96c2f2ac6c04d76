"""A fresh organisation for every test: Alice, Bob who shares, and Charlie who must see nothing."""

from collections.abc import AsyncGenerator

import httpx
import pytest
import pytest_asyncio
from lxml import etree

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.listener import Listener
from tests.devtools.exchange_simulator.talk import ALICE, BOB, CHARLIE, Talk, load_schema


@pytest.fixture(scope="session")
def optional_schema() -> etree.XMLSchema | None:
    return load_schema()


@pytest.fixture
def schema(optional_schema: etree.XMLSchema | None) -> etree.XMLSchema:
    if optional_schema is None:
        pytest.skip("../shared/ews-schema is not there")
    return optional_schema


@pytest_asyncio.fixture(scope="session")
async def client() -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


@pytest_asyncio.fixture
async def exchange() -> AsyncGenerator[ExchangeSimulator]:
    async with ExchangeSimulator(mailboxes=[ALICE, BOB, CHARLIE], seconds_per_minute=0.02) as exchange:
        yield exchange


@pytest.fixture
def talk(exchange: ExchangeSimulator, client: httpx.AsyncClient, optional_schema: etree.XMLSchema | None) -> Talk:
    return Talk(exchange, client, optional_schema)


@pytest_asyncio.fixture
async def listener() -> AsyncGenerator[Listener]:
    async with Listener() as listener:
        yield listener

"""A simulator with the mailboxes of Alice and Bob."""

from collections.abc import AsyncIterator

import pytest_asyncio

from devtools.exchange_simulator import ExchangeSimulator
from tests.adapters.ews.world import ALICE, BOB


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[ExchangeSimulator]:
    async with ExchangeSimulator(mailboxes=[ALICE.address, BOB.address]) as running:
        yield running

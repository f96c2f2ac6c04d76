"""The simulator over HTTP on loopback, in a thread of its own because exchangelib blocks, and accounts by impersonation.

Alice owns, Bob shares, Charlie must see nothing.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import exchangelib
import pytest

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER

ALICE, BOB, CHARLIE = "alice@contoso.example", "bob@contoso.example", "charlie@contoso.example"
OpenAccount = Callable[[str], Any]


@pytest.fixture
def exchange() -> Iterator[ExchangeSimulator]:
    """A running organisation; its verbs may be called from the test because nothing else runs meanwhile."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulator")
    thread.start()
    simulator = ExchangeSimulator(mailboxes=[ALICE, BOB, CHARLIE], seconds_per_minute=0.5)
    try:
        asyncio.run_coroutine_threadsafe(simulator.start(), loop).result(timeout=30)
        yield simulator
        asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result(timeout=30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=30)
        loop.close()


@pytest.fixture
def open_account(exchange: ExchangeSimulator) -> Iterator[OpenAccount]:
    """Open a mailbox as exchangelib documents it for a service account; it finds out the server's version itself."""
    opened: list[Any] = []

    def account(address: str) -> Any:
        configuration = exchangelib.Configuration(
            service_endpoint=exchange.url,
            credentials=exchangelib.Credentials(DEFAULT_USER, DEFAULT_PASSWORD),
            auth_type=exchangelib.BASIC,
            max_connections=4,  # an open stream holds one, and accounts share them
        )
        found = exchangelib.Account(
            address,
            config=configuration,
            autodiscover=False,
            access_type=exchangelib.IMPERSONATION,
            default_timezone=exchangelib.UTC,
        )
        opened.append(found)
        return found

    yield account
    for one in opened:
        one.protocol.close()


@pytest.fixture
def alice(open_account: OpenAccount) -> Any:
    return open_account(ALICE)


@pytest.fixture
def bob(open_account: OpenAccount) -> Any:
    return open_account(BOB)

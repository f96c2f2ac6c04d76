"""The simulator over HTTP on loopback, in a thread of its own because its clients block: exchangelib and DavMail.

Alice owns, Bob shares, Charlie must see nothing.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import exchangelib
import pytest

from devtools.davmail import DavMail, why_missing
from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER
from tests.interop.davmail_gateway import Gateway, Person

ALICE, BOB, CHARLIE = "alice@contoso.example", "bob@contoso.example", "charlie@contoso.example"
OpenAccount = Callable[[str], Any]
OpenOwnAccount = Callable[[Person], Any]


@contextmanager
def running(simulator: ExchangeSimulator) -> Iterator[ExchangeSimulator]:
    """A running organisation; its verbs may be called from the test because nothing else runs meanwhile."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulator")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(simulator.start(), loop).result(timeout=30)
        yield simulator
        asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result(timeout=30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=30)
        loop.close()


@pytest.fixture
def exchange() -> Iterator[ExchangeSimulator]:
    with running(ExchangeSimulator(mailboxes=[ALICE, BOB, CHARLIE], seconds_per_minute=0.5)) as simulator:
        yield simulator


@pytest.fixture
def open_own_account(gateway: Gateway) -> Iterator[OpenOwnAccount]:
    """Open the mailbox of somebody who uses DavMail with exchangelib too, with their own password."""
    opened: list[Any] = []

    def account(person: Person) -> Any:
        configuration = exchangelib.Configuration(
            service_endpoint=gateway.exchange.url,
            credentials=exchangelib.Credentials(person.address, person.password),
            auth_type=exchangelib.BASIC,
        )
        found = exchangelib.Account(
            person.address, config=configuration, autodiscover=False, default_timezone=exchangelib.UTC
        )
        opened.append(found)
        return found

    yield account
    for one in opened:
        one.protocol.close()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """DavMail before an organisation of its own; one for all tests, because Java starts slowly."""
    missing = why_missing()
    if missing:
        pytest.skip(missing)
    with (
        running(ExchangeSimulator(users={})) as simulator,
        DavMail(simulator.url, tmp_path_factory.mktemp("davmail")) as davmail,
    ):
        yield Gateway(simulator, davmail.ports)


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

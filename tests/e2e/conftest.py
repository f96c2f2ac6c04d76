"""One stack for all of tests/e2e: Azurite, the simulator and the functions in a process of their own, over real HTTP.

Every test has operators and mailboxes of its own. After it, the feed of each must tell the same as the list.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Any, Protocol

import pytest
import pytest_asyncio

from devtools.azurite import Azurite, Ports
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER, ExchangeSimulator
from devtools.stack import Stack
from shared.adapters.secrets import EnvironmentSecrets
from tests.e2e.forwarder import Forwarder
from tests.e2e.office import Office, Person, exsync
from tests.e2e.recoveries import Stories, begun
from tests.e2e.servers import AUTHORITY, PRODUCTS, SIGN_INS, Server, server, tell

_LOG_LINES = 40
_SECONDS_PER_MINUTE = 6.0
"""How long Exchange takes a minute for: it repeats a notification that was not taken after half of one."""
_numbers = count(1)
_offices: list[Office] = []
type Configured = Callable[..., AbstractAsyncContextManager[None]]


class People(Protocol):
    """Makes a person with a mailbox, on one of the servers or else on the connection `default`."""

    def __call__(self, name: str, at: Server | None = None) -> Person: ...


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows the end of the functions' log."""
    report = yield
    if report.failed and _offices:
        report.sections.append(("the functions' log", _log(_offices[-1])))
    return report


def _log(office: Office) -> str:
    """The end of the log, without the calls that tests make while they wait."""
    lines = office.stack.host.log.splitlines()
    return "\n".join([line for line in lines if "http_api (GET" not in line][-_LOG_LINES:])


def _is_slow(item: pytest.Item) -> bool:
    return item.path.name in ("test_sign_in_trouble.py", "test_slow_recoveries.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow recoveries are looked at last."""
    items.sort(key=_is_slow)


@pytest_asyncio.fixture(scope="session", autouse=True)
async def stories(request: pytest.FixtureRequest) -> AsyncGenerator[Stories]:
    """The slow recoveries, begun before the first test where they are among the tests."""
    if not any(map(_is_slow, request.session.items)):
        yield {}
        return
    async with begun() as tasks:
        yield tasks


@pytest_asyncio.fixture(scope="session")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Office]:
    """The stack, with lines that can be cut: to table storage, and to Exchange by the connection `cable`."""
    azurite = Azurite(ports=Ports.free())
    exchange = ExchangeSimulator(seconds_per_minute=_SECONDS_PER_MINUTE)
    secrets = tmp_path_factory.mktemp("secrets")
    async with Forwarder(azurite.ports.table) as tables, Forwarder(0) as cable:
        connection = azurite.connection_string.replace(f":{azurite.ports.table}/", f":{tables.port}/")
        settings = {"AzureWebJobsStorage": connection, "EXSYNC_SECRETS_FOLDER": str(secrets)}
        for name in ("CABLE", "LATER"):
            settings[f"EXSYNC_SECRET_{name}_USERNAME"] = DEFAULT_USER
            settings[f"EXSYNC_SECRET_{name}_PASSWORD"] = DEFAULT_PASSWORD
        async with Stack(exchange, azurite=azurite, settings=settings) as stack:
            cable.upstream_port = int(exchange.origin.rpartition(":")[2])
            await stack.configure(
                connections={
                    "cable": _connection(exchange.url.replace(exchange.origin, f"http://127.0.0.1:{cable.port}"))
                }
            )
            _offices.append(Office(stack, tables, cable, EnvironmentSecrets({}, secrets)))
            yield _offices[-1]


def _connection(url: str) -> dict[str, Any]:
    return {"url": url, "version": "Exchange2016", "authentication": "basic"}


@pytest_asyncio.fixture(scope="session")
async def servers(office: Office, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[dict[str, Server]]:
    """Each product with each way to sign in, known to the app under its name, its authority trusted."""
    made = {
        f"{sign_in}-{product.removeprefix('Exchange')}": (sign_in, product)
        for sign_in in SIGN_INS
        for product in PRODUCTS
    }
    running = {
        name: server(name, sign_in, product=product, seconds_per_minute=_SECONDS_PER_MINUTE)
        for name, (sign_in, product) in made.items()
    }
    authority = tmp_path_factory.mktemp("authority") / "ca.cer"
    authority.write_text(AUTHORITY.pem)
    async with AsyncExitStack() as started:
        for each in running.values():
            await started.enter_async_context(each.exchange)
        status, _, complaint = await exsync(office, "trust", "add", str(authority))
        assert status == 0, complaint
        await tell(office, [(running[name], product) for name, (_, product) in made.items()])
        yield running


@pytest_asyncio.fixture
async def people(office: Office) -> AsyncIterator[People]:
    """Makes people; afterwards their feeds are checked and they are switched off."""
    made: list[Person] = []

    def make(name: str, at: Server | None = None) -> Person:
        number = next(_numbers)
        exchange, connection = (at.exchange, at.name) if at else (office.exchange, "default")
        person = Person(office, f"{name}-{number}", f"{name}-{number}@contoso.example", exchange, connection)
        exchange.add_mailbox(person.mailbox)
        made.append(person)
        return person

    yield make
    office.exchange.clear_faults()
    office.exchange.allow_impersonation(DEFAULT_USER, None)
    for person in made:
        if person.put:
            await person.switch_off()
    await asyncio.gather(*(person.check_feed() for person in made if person.put))


@pytest.fixture
def alice(people: People) -> Person:
    """Owns the mailbox."""
    return people("alice")


@pytest.fixture
def bob(people: People) -> Person:
    """Shares mail with Alice."""
    return people("bob")


@pytest.fixture
def configured(office: Office) -> Configured:
    """`async with configured(email={"on_delete": "remove"}):` – settings that go back to what they were afterwards."""

    @asynccontextmanager
    async def change(**parts: dict[str, Any]) -> AsyncIterator[None]:
        before = await office.application.settings()
        former = {name: {key: before.get(name, {}).get(key) for key in part} for name, part in parts.items()}
        await office.application.configure(parts)
        try:
            yield
        finally:
            await office.application.configure(former)

    return change

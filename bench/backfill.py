"""The whole path of an initial window: from Exchange over real HTTP into real tables and blobs, and what it asks of both."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.exchange_process import PASSWORD, USER, ExchangeProcess
from bench.results import Result, Target
from devtools.azurite import Azurite
from shared.adapters.blobs import StorageBlobs
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.adapters.memory.certificates import MemoryCertificates
from shared.adapters.memory.network import MemoryNetwork
from shared.adapters.memory.secrets import MemorySecrets
from shared.adapters.memory.smtp import MemorySmtp
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.adapters.tables import TableRows
from shared.flows.operators import put_operator
from shared.flows.settings_document import ANY_VERSION, patch_settings
from shared.flows.sync_collection import sync_collection
from shared.model.keys import mailbox_key
from shared.model.operator import Kind, Operator
from shared.ports import World
from shared.settings import StorageSettings

MAILS = 1000
BATCH_SIZE = 100
BUDGET = timedelta(minutes=4)


def measure(*, quick: bool) -> list[Result]:
    """Requests and calls per 1,000 mails, and mails a second; the median of three runs, of one with `quick`."""
    return asyncio.run(_measure(rounds=1 if quick else 3))


async def _measure(rounds: int) -> list[Result]:
    addresses = [f"alice{number}@contoso.example" for number in range(rounds)]
    with ExchangeProcess(*addresses) as exchange, Azurite() as azurite:
        for address in addresses:
            exchange.fill(address, MAILS, size=10_000, days=2)
        async with real_world(exchange.url, azurite) as real:
            runs = [await _backfill(real, address) for address in addresses]
    return _results(sorted(runs, key=lambda run: run.seconds)[len(runs) // 2])


@dataclass(frozen=True, slots=True)
class _Real:
    """The world with its adapters, whose counts tell what was asked."""

    world: World
    exchange: EwsExchange
    rows: TableRows
    blobs: StorageBlobs
    queues: StorageQueues

    def counts(self) -> dict[str, int]:
        counts = {f"EWS: {name}": count for name, count in self.exchange.counts.items()}
        for part, counter in (("tables", self.rows), ("blobs", self.blobs), ("queues", self.queues)):
            counts |= {f"{part}: {name}": count for name, count in counter.counts.items()}
        return counts


@dataclass(frozen=True, slots=True)
class _Run:
    seconds: float
    cpu: float
    counts: dict[str, int]


@asynccontextmanager
async def real_world(url: str, azurite: Azurite) -> AsyncIterator[_Real]:
    """Our adapters on this Exchange and this storage, with email on, as compose would build them."""
    connection = Connection("default", url, batch_size=BATCH_SIZE)
    vault = MemorySecrets({"default-username": USER, "default-password": PASSWORD})
    account = StorageAccount(StorageSettings(connection_string=azurite.connection_string))
    exchange = EwsExchange([connection], vault, now=_now, new_id=_new_id)
    rows, blobs, queues = TableRows(account), StorageBlobs(account), StorageQueues(account)
    world = World(
        rows, blobs, queues, vault, exchange, _now, _new_id, MemoryCertificates(), MemoryNetwork(), MemorySmtp()
    )
    try:
        for storage in (rows, blobs, queues):
            await storage.ensure()
        await patch_settings(world, _settings(url), version=ANY_VERSION)
        yield _Real(world, exchange, rows, blobs, queues)
    finally:
        await exchange.aclose()
        await account.close()


async def _backfill(real: _Real, address: str) -> _Run:
    operator = Operator(address.partition("@")[0], address, "", email_sync=True)
    await put_operator(real.world, operator)
    before = real.counts()
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = await sync_collection(real.world, operator.id, Kind.EMAIL, budget=BUDGET)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if outcome != "done":
        raise RuntimeError(f"the sync ended with {outcome!r}")
    after = real.counts()
    return _Run(wall, cpu, {name: count - before.get(name, 0) for name, count in after.items()})


def _results(run: _Run) -> list[Result]:
    counts = {name: count for name, count in run.counts.items() if count}
    requests = sum(count for name, count in counts.items() if name.startswith("EWS: "))
    transactions, rows = counts.pop("tables: transactions", 0), counts.pop("tables: writes", 0)
    others = [Result(name, count, "per 1,000") for name, count in sorted(counts.items())]
    return [
        Result("EWS requests", requests, "per 1,000", Target(at_most=25)),
        Result("table transactions", transactions, "per 1,000", Target(at_most=40), note=f"of {rows:,} rows"),
        *others,
        Result("mails from Exchange into storage", MAILS / run.seconds, "mails/s"),
        Result("CPU of our side per 1,000 mails", run.cpu, "s"),
    ]


def _settings(url: str) -> dict[str, object]:
    connection = {"url": url, "version": "Exchange2016", "authentication": "basic", "batch_size": BATCH_SIZE}
    return {"connections": {"default": connection}, "notifications": {"mode": "poll"}, "email": {"enabled": True}}


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return mailbox_key(secrets.token_bytes(10))

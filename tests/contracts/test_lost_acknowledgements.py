"""What storage that cannot be heard or reached does to each port: an answer lost on a real connection is Unclear."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from devtools.azurite import Azurite, Ports
from shared.adapters.blobs import StorageBlobs
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.adapters.tables import TableRows
from shared.errors import Conflict, Transient, Unclear
from shared.ports import COLLECTIONS_QUEUE, Delete, Insert, Merge, Replace, Touch, Upsert, Write
from shared.settings import StorageSettings
from tests.contracts.lossy_proxy import Fault, LossyProxy

TABLE = "collections"


@pytest_asyncio.fixture
async def proxy(azurite: Azurite) -> AsyncGenerator[LossyProxy]:
    async with LossyProxy(azurite.ports.table) as running:
        yield running


@pytest_asyncio.fixture
async def rows(azurite: Azurite, proxy: LossyProxy) -> AsyncGenerator[TableRows]:
    """Tables through the proxy, over a connection that is open already: where a hidden retry would happen."""
    through = azurite.connection_string.replace(f":{azurite.ports.table}/", f":{proxy.port}/")
    account = StorageAccount(StorageSettings(connection_string=through))
    rows = TableRows(account)
    await rows.transact(TABLE, f"warm-{uuid4().hex}", [Insert("up", {})])
    proxy.requests.clear()
    yield rows
    await account.close()


@pytest.fixture
def partition() -> str:
    return uuid4().hex


WRITES: dict[str, Callable[[str], Write]] = {
    "insert": lambda _: Insert("new", {"step": 2}),
    "upsert": lambda _: Upsert("head", {"step": 2}),
    "touch": lambda _: Touch("head", {"step": 2}),
    "merge": lambda etag: Merge("head", {"step": 2}, etag),
    "replace": lambda etag: Replace("head", {"step": 2}, etag),
    "delete": lambda etag: Delete("head", etag),
}


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.ANSWER_BUSY])
@pytest.mark.parametrize("kind", WRITES)
async def test_a_lost_answer_is_unclear_and_the_write_was_sent_once(
    rows: TableRows, proxy: LossyProxy, partition: str, kind: str, fault: Fault
) -> None:
    (etag,) = await rows.transact(TABLE, partition, [Insert("head", {"step": 1})])
    before = await rows.query(TABLE, partition)
    proxy.requests.clear()
    proxy.faults.append(fault)
    with pytest.raises(Unclear):
        await rows.transact(TABLE, partition, [WRITES[kind](etag)])
    assert [line.split(" ")[0] for line in proxy.requests] == ["POST"]
    assert await rows.query(TABLE, partition) != before  # it did happen


async def test_a_lost_request_is_unclear_and_nothing_was_written(
    rows: TableRows, proxy: LossyProxy, partition: str
) -> None:
    proxy.faults.append(Fault.REQUEST_LOST)
    with pytest.raises(Unclear):
        await rows.transact(TABLE, partition, [Insert("a", {}), Insert("b", {})])
    assert len(proxy.requests) == 1
    assert (await rows.query(TABLE, partition)).rows == ()


async def test_a_read_whose_answer_was_lost_is_repeated(rows: TableRows, proxy: LossyProxy, partition: str) -> None:
    await rows.transact(TABLE, partition, [Insert("head", {"step": 1})])
    proxy.faults += [Fault.ANSWER_LOST]
    row = await rows.get(TABLE, partition, "head")
    assert row is not None
    proxy.faults += [Fault.ANSWER_LOST]
    assert [row.key for row in (await rows.query(TABLE, partition)).rows] == ["head"]


async def test_a_busy_server_says_when_to_come_back(rows: TableRows, proxy: LossyProxy, partition: str) -> None:
    proxy.faults += [Fault.ANSWER_BUSY] * 10
    with pytest.raises(Transient) as busy:
        await rows.get(TABLE, partition, "head")
    assert (busy.value.code, busy.value.retry_after) == ("storage-unavailable", timedelta(seconds=1))


CALLS: dict[str, Callable[[StorageAccount], Awaitable[object]]] = {
    "transact": lambda account: TableRows(account).transact(TABLE, "p", [Insert("k", {})]),
    "get a row": lambda account: TableRows(account).get(TABLE, "p", "k"),
    "query": lambda account: TableRows(account).query(TABLE, "p"),
    "send": lambda account: StorageQueues(account).send(COLLECTIONS_QUEUE, {}),
    "put": lambda account: StorageBlobs(account).put("name", b"content"),
    "get a blob": lambda account: StorageBlobs(account).get("name"),
    "delete a blob": lambda account: StorageBlobs(account).delete("name"),
    "list blobs": lambda account: _all(StorageBlobs(account)),
}


async def _all(blobs: StorageBlobs) -> list[object]:
    return [info async for info in blobs.names("")]


async def test_storage_that_refuses_connections_is_unavailable_to_every_call() -> None:
    nobody = Azurite(ports=Ports.free())
    account = StorageAccount(StorageSettings(connection_string=nobody.connection_string))
    outcomes = await asyncio.gather(*(call(account) for call in CALLS.values()), return_exceptions=True)
    await account.close()
    codes = {
        name: outcome.code if isinstance(outcome, Transient) else repr(outcome)
        for name, outcome in zip(CALLS, outcomes, strict=True)
    }
    assert codes == dict.fromkeys(CALLS, "storage-unavailable")


async def test_a_conflict_stays_a_conflict_through_the_proxy(rows: TableRows, partition: str) -> None:
    await rows.transact(TABLE, partition, [Insert("head", {})])
    with pytest.raises(Conflict):
        await rows.transact(TABLE, partition, [Insert("head", {})])

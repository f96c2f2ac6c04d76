"""Invented histories of transactions on memory and on Azurite side by side: the same answers, the same rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from devtools.azurite import Azurite
from shared.adapters.memory.rows import MemoryRows
from shared.adapters.storage import StorageAccount
from shared.adapters.tables import TableRows
from shared.errors import Conflict
from shared.ports import Delete, Insert, Merge, Replace, Rows, Touch, Upsert, Write

TABLE = "collections"
KEYS = ("feed-1", "head", "item-1")
STALE = "W/\"datetime'2026-01-01T00%3A00%3A00.0000000Z'\""

values = st.dictionaries(st.sampled_from(["a", "b"]), st.integers(-(2**63), 2**63 - 1), max_size=2)
# An etag is drawn as what it is at the time: the row's own, one it had once, or none.
etags = st.sampled_from(["own", STALE, ""])


def _write(key: str) -> st.SearchStrategy[Write]:
    return st.one_of(
        st.builds(Insert, st.just(key), values),
        st.builds(Upsert, st.just(key), values),
        st.builds(Touch, st.just(key), values),
        st.builds(Merge, st.just(key), values, etags),
        st.builds(Replace, st.just(key), values, st.sampled_from(["own", STALE])),
        st.builds(Delete, st.just(key), etags),
    )


transactions = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True).flatmap(
    lambda keys: st.tuples(*(_write(key) for key in keys))
)


async def _outcome(rows: Rows, partition: str, writes: Sequence[Write]) -> list[bool] | str:
    """Which writes gave an etag, or that there was a conflict."""
    owned = [await _with_own_etag(rows, partition, write) for write in writes]
    try:
        return [bool(etag) for etag in await rows.transact(TABLE, partition, owned)]
    except Conflict:
        return "conflict"


async def _with_own_etag(rows: Rows, partition: str, write: Write) -> Write:
    if not isinstance(write, Merge | Replace | Delete) or write.etag != "own":
        return write
    row = await rows.get(TABLE, partition, write.key)
    return replace(write, etag=STALE if row is None else row.etag)


async def _content(rows: Rows, partition: str) -> list[tuple[str, dict[str, Any]]]:
    page = await rows.query(TABLE, partition)
    return [(row.key, dict(row.values)) for row in page.rows]


@settings(max_examples=40, deadline=None)
@given(history=st.lists(transactions, min_size=1, max_size=6))
async def test_memory_behaves_as_azurite_does(
    azurite: Azurite, storage_account: StorageAccount, history: list[tuple[Write, ...]]
) -> None:
    partition, twins = uuid4().hex, (MemoryRows(), TableRows(storage_account))
    for writes in history:
        outcomes = [await _outcome(rows, partition, writes) for rows in twins]
        assert outcomes[0] == outcomes[1]
    contents = [await _content(rows, partition) for rows in twins]
    assert contents[0] == contents[1]

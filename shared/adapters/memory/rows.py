"""Rows in memory: the twin of `shared/adapters/tables.py`, with the same atomicity, etags, limits and errors.

It lives as long as the object does; a test that "restarts" a worker keeps it.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.adapters.row_limits import check_key, check_table, check_transaction, in_utc
from shared.errors import Conflict
from shared.ports import Delete, Insert, Merge, Replace, Row, RowPage, Touch, Value, Write

type _Partition = dict[str, Row]


class MemoryRows:
    """The port `Rows`. `counts` tells gets, queries, transactions and writes since the start."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._partitions: defaultdict[tuple[str, str], _Partition] = defaultdict(dict)
        self._written = 0

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        """Read one row."""
        check_table(table)
        check_key(partition)
        check_key(key)
        self.counts["gets"] += 1
        await asyncio.sleep(0)  # as storage would, let other workers in
        return self._partitions[table, partition].get(key)

    async def query(
        self,
        table: str,
        partition: str,
        *,
        first: str = "",
        before: str = "",
        after: str = "",
        limit: int = 1000,
        columns: Sequence[str] = (),
        at_most: tuple[str, datetime] | None = None,
        at_least: tuple[str, datetime] | None = None,
    ) -> RowPage:
        """Rows of a partition in key order, as the port says."""
        check_table(table)
        check_key(partition)
        if not 1 <= limit <= 1000:
            raise ValueError(f"limit {limit}: 1 to 1000")
        self.counts["queries"] += 1
        await asyncio.sleep(0)
        found = [
            row
            for key, row in sorted(self._partitions[table, partition].items())
            if key >= first and key > after and (not before or key < before) and _is_within(row, at_most, at_least)
        ]
        page = tuple(_narrowed(row, columns) for row in found[:limit])
        return RowPage(page, page[-1].key if len(found) > limit else "")

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        """Apply all writes or none; raises Conflict when a condition failed."""
        check_transaction(table, partition, writes)
        self.counts["transactions"] += 1
        self.counts["writes"] += len(writes)
        await asyncio.sleep(0)
        rows = self._partitions[table, partition]
        for write in writes:
            _check_condition(rows.get(write.key), write)
        return tuple(self._apply(rows, write) for write in writes)

    def _apply(self, rows: _Partition, write: Write) -> str:
        if isinstance(write, Delete):
            rows.pop(write.key)
            return ""
        old: Mapping[str, Value] = rows[write.key].values if write.key in rows else {}
        kept = old if isinstance(write, Merge | Touch) else {}
        self._written += 1
        values = {**kept, **{name: in_utc(value) for name, value in write.values.items()}}
        rows[write.key] = Row(write.key, values, f'W/"{self._written}"')
        return rows[write.key].etag


def _check_condition(row: Row | None, write: Write) -> None:
    """Raise Conflict when the row is not as the write demands."""
    match write:
        case Insert():
            holds = row is None
        case Replace() | Merge() | Delete():
            # An empty etag demands only that the row is there; Replace always names one.
            holds = row is not None and (row.etag == write.etag or (not write.etag and not isinstance(write, Replace)))
        case _:
            holds = True
    if not holds:
        raise Conflict(f"{type(write).__name__} {write.key}")


def _is_within(row: Row, at_most: tuple[str, datetime] | None, at_least: tuple[str, datetime] | None) -> bool:
    upper = at_most is None or (isinstance(late := row.values.get(at_most[0]), datetime) and late <= at_most[1])
    lower = at_least is None or (isinstance(early := row.values.get(at_least[0]), datetime) and early >= at_least[1])
    return upper and lower


def _narrowed(row: Row, columns: Sequence[str]) -> Row:
    if not columns:
        return row
    return Row(row.key, {name: row.values[name] for name in columns if name in row.values}, row.etag)

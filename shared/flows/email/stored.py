"""What is held of a collection's items, and under which keys. The rows are described in docs/architecture.md.

`i-{item_id}` the item · `x-{hash of ItemId}` which item an ItemId names · `l-{item_id}` an item on its way out ·
`e-{hash of ItemId}` an item that could not be read · `f-{page}-{step}` the change feed ·
`o-{item_id}-{part}` a content that was fetched because somebody asked.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.flows.head import TABLE
from shared.flows.side_by_side import side_by_side
from shared.model.collection import StoredItem
from shared.model.keys import hashed, time_prefix
from shared.ports import Row, Rows, Value

ITEM, ID, LEAVING, FAILING, FEED, ON_DEMAND = "i-", "x-", "l-", "e-", "f-", "o-"
FACTS = (
    "born",
    "exchange_id",
    "change_key",
    "folder_id",
    "is_read",
    "moment",
    "search_key",
    "message_id",
    "size",
    "gone",
)
_AFTER_ALL = "~"
_RANGES = 12
_CLOSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Leaving:
    """An item whose Delete was read: gone for good, moved out, or about to turn up in another watched folder."""

    item: StoredItem
    since: datetime


def item_key(item_id: str) -> str:
    """The key of an item's row."""
    return ITEM + item_id


def id_key(exchange_id: str) -> str:
    """The key of the row that says which item an ItemId names."""
    return ID + hashed(exchange_id)


def failing_key(exchange_id: str) -> str:
    """The key of the row of an item that could not be read."""
    return FAILING + hashed(exchange_id)


def item_of(row: Row) -> StoredItem:
    """The facts of an item from its row."""
    facts: dict[str, Any] = {name: row.values[name] for name in FACTS if name in row.values}
    return StoredItem(**{"is_read": False, "moment": None, **facts}, item_id=row.key[len(ITEM) :], etag=row.etag)


def leaving_columns(leaving: Leaving) -> dict[str, Value]:
    """The columns of an `l-` row."""
    item = leaving.item
    columns = {name: getattr(item, name) for name in FACTS if getattr(item, name) is not None}
    return {**columns, "since": leaving.since}


def leaving_of(row: Row) -> Leaving:
    """An item on its way out from its `l-` row."""
    facts: dict[str, Any] = {name: row.values[name] for name in FACTS if name in row.values}
    since = row.values["since"]
    assert isinstance(since, datetime)
    return Leaving(StoredItem(**{"moment": None, **facts}, item_id=row.key[len(LEAVING) :]), since)


async def every(rows: Rows, key: str, prefix: str, columns: Sequence[str] = ()) -> AsyncIterator[Row]:
    """All rows whose key begins with `prefix`, in key order, page by page."""
    after = ""
    while True:
        page = await rows.query(TABLE, key, first=prefix, before=prefix + _AFTER_ALL, after=after, columns=columns)
        for row in page.rows:
            yield row
        after = page.next
        if not after:
            return


async def by_exchange_id(rows: Rows, key: str, ids: Iterable[str]) -> dict[str, StoredItem]:
    """The items that these ItemIds name, by ItemId; those not held are left out. Two point reads for each."""

    async def read(exchange_id: str) -> StoredItem | None:
        pointer = await rows.get(TABLE, key, id_key(exchange_id))
        if pointer is None:
            return None
        row = await rows.get(TABLE, key, item_key(str(pointer.values["item_id"])))
        return None if row is None else item_of(row)

    wanted = list(dict.fromkeys(ids))
    items = await side_by_side(read, wanted)
    return {exchange_id: item for exchange_id, item in zip(wanted, items, strict=True) if item is not None}


async def between(rows: Rows, key: str, newest: datetime | None, oldest: datetime | None) -> list[StoredItem]:
    """The items held whose time is in this range, both ends included. No time counts as the oldest of all."""
    return [item_of(row) async for row in _rows_between(rows, key, time_prefix(newest), time_prefix(oldest))]


async def at_times(rows: Rows, key: str, moments: Iterable[datetime | None]) -> list[StoredItem]:
    """The items held of exactly these times. A few range reads, or one over all where the times are many.

    Times close to each other, as when a mail was sent and received, are one range.
    """
    distinct = set(moments)
    ranges = _ranges(distinct)
    if len(ranges) > _RANGES:
        ranges = [(ranges[0][0], ranges[-1][1])]

    async def read(ends: tuple[str, str]) -> list[StoredItem]:
        found = _rows_between(rows, key, *ends)
        return [item_of(row) async for row in found if row.key[len(ITEM) :][: len(ends[0])] in wanted]

    wanted = {time_prefix(moment) for moment in distinct}
    return [item for part in await side_by_side(read, ranges) for item in part]


def _ranges(moments: Collection[datetime | None]) -> list[tuple[str, str]]:
    """The times as ranges of time prefixes, newest first; no time counts as the oldest of all."""
    known = sorted((moment for moment in moments if moment is not None), reverse=True)
    runs: list[list[datetime | None]] = []
    for moment in known:
        last = runs[-1][-1] if runs else None
        if last is not None and last - moment <= _CLOSE:
            runs[-1].append(moment)
        else:
            runs.append([moment])
    if None in moments:
        runs.append([None])
    return [(time_prefix(run[0]), time_prefix(run[-1])) for run in runs]


async def _rows_between(rows: Rows, key: str, first: str, last: str) -> AsyncIterator[Row]:
    after = ""
    while True:
        page = await rows.query(
            TABLE, key, first=ITEM + first, before=ITEM + last + _AFTER_ALL, after=after, columns=FACTS
        )
        for row in page.rows:
            yield row
        after = page.next
        if not after:
            return


def feed_key(page: int, step: int) -> str:
    """The key of one transaction's row of the change feed: in order of pages, then of transactions."""
    return f"{FEED}{page:012d}-{step:012d}"


def present(columns: Mapping[str, Value | None]) -> dict[str, Value]:
    """The columns that have a value."""
    return {name: value for name, value in columns.items() if value is not None and value != ""}

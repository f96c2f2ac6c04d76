"""Groups of failures in storage: table `alerts`, partition `open`, a row for each cause that is being told.

Behind them, under keys that begin with OVER, is when each cause was last over, to know what comes back. Partition `state`: how
far the look through the failures is, the daily summaries, and whether mail gets out.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from shared.errors import Conflict, Unclear
from shared.model.alerts import COMES_BACK_WITHIN, Group, What, is_ahead
from shared.model.causes import Cause
from shared.ports import Delete, Insert, Replace, Row, Rows, Upsert, Value, Write

TABLE = "alerts"
OPEN = "open"
OVER = "~"
"""Behind all names of causes."""
STATE = "state"
_LISTS = ("codes", "kinds", "operators", "request_ids", "told", "pending_to")
_FIELDS = frozenset(each.name for each in fields(Group)) - {"cause"}
_SEPARATOR = "\n"
"""What none of the entries holds: addresses, ids and names are single lines."""


async def open_groups(rows: Rows) -> dict[Cause, tuple[Group, str]]:
    """All groups with their etags. There are at most MOST_CAUSES."""
    found: dict[Cause, tuple[Group, str]] = {}
    after = ""
    while True:
        page = await rows.query(TABLE, OPEN, after=after, before=OVER)
        found |= {group.cause: (group, row.etag) for row in page.rows for group in [group_of(row)]}
        after = page.next
        if not after:
            return found


def group_of(row: Row) -> Group:
    """A group from its row. What another version of the app wrote beside it is left alone: alerts go on all the same."""
    values: dict[str, Any] = {name: value for name, value in row.values.items() if name in _FIELDS}
    for name in _LISTS:
        values[name] = tuple(filter(None, values.get(name, "").split(_SEPARATOR)))
    if "pending" in values:
        values["pending"] = What(values["pending"]) if values["pending"] in set(What) else None
    return Group(Cause(str(row.values["code"]), str(row.values["connection"])), **values)


def columns_of(group: Group) -> dict[str, Value]:
    """A group as columns; what is None is left out."""
    columns: dict[str, Value] = {"code": group.cause.code, "connection": group.cause.connection}
    for each in fields(group):
        value = getattr(group, each.name)
        if each.name in _LISTS:
            columns[each.name] = _SEPARATOR.join(value)
        elif each.name != "cause" and value is not None:
            columns[each.name] = value.value if isinstance(value, What) else value
    return columns


async def store(rows: Rows, group: Group, etag: str) -> str:
    """Write a group if it is still at `etag` (empty: new). Its new etag; empty where somebody else was faster."""
    columns = columns_of(group)
    key = group.cause.id
    return await attempt(rows, OPEN, Replace(key, columns, etag) if etag else Insert(key, columns))


async def close(rows: Rows, group: Group, etag: str, *, now: datetime) -> None:
    """Take a group out: it is over, and that was told."""
    over = Upsert(f"{OVER}{group.cause.id}", {"at": now, "times": group.times})
    await attempt(rows, OPEN, Delete(group.cause.id, etag), over)


async def times_lately(rows: Rows, cause: Cause, *, now: datetime) -> int:
    """How often a cause has been there lately, were it to begin now."""
    row = await rows.get(TABLE, OPEN, f"{OVER}{cause.id}")
    if row is None or not is_ahead(moment(row.values["at"]), now - COMES_BACK_WITHIN, at_most=COMES_BACK_WITHIN):
        return 1
    return int(str(row.values["times"])) + 1


async def read_state(rows: Rows, key: str) -> tuple[Mapping[str, Value], str]:
    """A row of the partition `state` and its etag; nothing where it is not there."""
    row = await rows.get(TABLE, STATE, key)
    return (row.values, row.etag) if row else ({}, "")


async def write_state(rows: Rows, key: str, values: Mapping[str, Value], etag: str) -> str:
    """Write such a row if it is still at `etag` (empty: new). Its new etag; empty where somebody else was faster."""
    return await attempt(rows, STATE, Replace(key, values, etag) if etag else Insert(key, values))


async def attempt(rows: Rows, partition: str, write: Write, *more: Write) -> str:
    """One conditional write, and what is written with it. A lost race is an ordinary answer; so is a lost acknowledgement: what
    is not known to be ours is left to the next look."""
    try:
        etag, *_ = await rows.transact(TABLE, partition, [write, *more])
    except (Conflict, Unclear):
        return ""
    return etag


def moment(value: Value | None) -> datetime | None:
    """A column that holds a time."""
    return value if isinstance(value, datetime) else None

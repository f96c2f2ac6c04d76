"""Groups of failures in storage: table `alerts`, partition `open`, a row for each cause that is being told.

Partition `state` beside it: how far the look through the failures is, the daily summaries, and whether mail gets out.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from shared.errors import Conflict, Unclear
from shared.model.alerts import Cause, Group, What
from shared.ports import Delete, Insert, Replace, Row, Rows, Value, Write

TABLE = "alerts"
OPEN = "open"
STATE = "state"
_LISTS = ("kinds", "operators", "request_ids", "told", "pending_to")
_SEPARATOR = "\n"
"""What none of the entries holds: addresses, ids and names are single lines."""


async def open_groups(rows: Rows) -> dict[Cause, tuple[Group, str]]:
    """All groups with their etags. There are at most MOST_CAUSES."""
    found: dict[Cause, tuple[Group, str]] = {}
    after = ""
    while True:
        page = await rows.query(TABLE, OPEN, after=after)
        found |= {group.cause: (group, row.etag) for row in page.rows for group in [group_of(row)]}
        after = page.next
        if not after:
            return found


def group_of(row: Row) -> Group:
    """A group from its row."""
    values: dict[str, Any] = dict(row.values)
    cause = Cause(values.pop("code"), values.pop("connection"))
    for name in _LISTS:
        values[name] = tuple(filter(None, values.get(name, "").split(_SEPARATOR)))
    if "pending" in values:
        values["pending"] = What(values["pending"])
    return Group(cause, **values)


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


async def close(rows: Rows, group: Group, etag: str) -> None:
    """Take a group out: it is over, and that was told."""
    await attempt(rows, OPEN, Delete(group.cause.id, etag))


async def read_state(rows: Rows, key: str) -> tuple[Mapping[str, Value], str]:
    """A row of the partition `state` and its etag; nothing where it is not there."""
    row = await rows.get(TABLE, STATE, key)
    return (row.values, row.etag) if row else ({}, "")


async def write_state(rows: Rows, key: str, values: Mapping[str, Value], etag: str) -> str:
    """Write such a row if it is still at `etag` (empty: new). Its new etag; empty where somebody else was faster."""
    return await attempt(rows, STATE, Replace(key, values, etag) if etag else Insert(key, values))


async def attempt(rows: Rows, partition: str, write: Write) -> str:
    """One conditional write. A lost race is an ordinary answer; so is a lost acknowledgement: what is not known to be ours is
    left to the next look."""
    try:
        (etag,) = await rows.transact(TABLE, partition, [write])
    except (Conflict, Unclear):
        return ""
    return etag


def moment(value: Value | None) -> datetime | None:
    """A column that holds a time."""
    return value if isinstance(value, datetime) else None

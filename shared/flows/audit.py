"""The audit: who did what, to whom, when, and how it ended. One row for each action, partitions by day, newest first.

An action's row is written before the action as `begun`, and completed after it: a row that stays `begun` means that
nobody knows how it ended. Never in it: secrets, content, values of settings.
"""

import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.errors import Invalid, SyncError, Transient, Unclear
from shared.flows.erase import erase
from shared.flows.reading import Listed
from shared.flows.receive_notification import write
from shared.flows.settings_document import settings_in_force
from shared.model.cursors import read_cursor, write_cursor
from shared.model.email import timestamp
from shared.model.keys import hashed, time_prefix
from shared.model.operator import Operator
from shared.ports import Insert, Merge, Row, Upsert, Value, World

log = logging.getLogger(__name__)
TABLE = "audit"
_LONGEST = 500
_ATTEMPTS = 3
_DAYS_AT_ONCE = 31
_ROWS_AT_ONCE = 1000
_BEFORE_ALL = "0"
BEGUN, DONE, REFUSED, FAILED = "begun", "done", "refused", "failed"
_SCOPE = "operator-"
"""What a pause's target begins with."""
_PARTS = re.compile("([/:])")
"""What a target's parts are separated by: a path's by `/`, a failure's (`alice:email`) by what no id has."""
_SWEPT = "swept"
"""The row that says from which day on there are entries; a partition of its own, which no day is called."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`action` is the route's name, or a write to Exchange, or a line of an import; `target` an operator's id, or names of
    settings."""

    by: str
    action: str
    target: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry is: its day and its key."""

    day: str
    key: str


async def open_entry(world: World, entry: Entry) -> Place:
    """Write an entry down before the action. Raises Transient and Unclear: then the action must not be done."""
    now = world.now()
    place = Place(now.astimezone(UTC).date().isoformat(), f"{time_prefix(now)}-{world.new_id()}")
    columns: dict[str, Value] = {
        "at": now,
        "by": entry.by,
        "action": entry.action,
        "target": entry.target[:_LONGEST].encode(errors="replace").decode(),  # a body may name what is no text
        "detail": json.dumps(entry.detail),
        "outcome": BEGUN,
    }
    await world.rows.transact(TABLE, place.day, [Insert(place.key, columns)])
    return place


async def close_entry(world: World, place: Place, outcome: str, code: str = "") -> None:
    """Say how the action ended, and the code of what went wrong. What was done is done: where this cannot be written the
    entry stays `begun`, and the log has it."""
    try:
        await world.rows.transact(TABLE, place.day, [Merge(place.key, {"outcome": outcome, "code": code})])
    except (SyncError, Unclear):
        log.exception("an audit entry stays incomplete: %s", place)


async def _opened(world: World, entry: Entry) -> Place:
    for _ in range(_ATTEMPTS):
        try:
            return await open_entry(world, entry)
        except Unclear:
            continue
    raise Transient("storage-unavailable", "the audit was not acknowledged")


@asynccontextmanager
async def recorded(world: World, entry: Entry) -> AsyncIterator[None]:
    """Around an action that is no call, a write to Exchange for example.

    Raises what storage does where it cannot be written down: then it must not be done. It is there twice, once as `begun`,
    where the first attempt was not acknowledged.
    """
    place = await _opened(world, entry)
    try:
        yield
    except SyncError as failure:
        await close_entry(world, place, REFUSED if isinstance(failure, Invalid) else FAILED, failure.code)
        raise
    await close_entry(world, place, DONE)


async def list_audit(
    world: World, *, day: str = "", operator_id: str = "", after: str = "", limit: int = 100
) -> Listed:
    """Entries, newest first; of one day or of all that are kept, of one operator or of all.

    A call looks at a month and at a thousand entries of others at most, so a page may be short or empty though there
    is `next`. Raises Invalid("request-malformed") and Invalid("cursor-invalid").
    """
    scope = f"{TABLE}/{day}/{operator_id}"
    oldest = _date(day) if day else await oldest_day(world)
    start, key = read_cursor(scope, after, parts=2) if after else (day or today(world).isoformat(), _BEFORE_ALL)
    search = _Search(world, operator_id, limit)
    current = _date(start)
    for _ in range(_DAYS_AT_ONCE):
        if current < oldest:
            return Listed(search.found, None)
        key = await search.look(current.isoformat(), key)
        if key:
            return Listed(search.found, write_cursor(scope, current.isoformat(), key))
        if current == oldest:
            return Listed(search.found, None)
        current, key = current - timedelta(days=1), _BEFORE_ALL
    return Listed(search.found, write_cursor(scope, current.isoformat(), key))


@dataclass(slots=True)
class _Search:
    """A page in the making."""

    world: World
    operator_id: str
    limit: int
    found: list[dict[str, Any]] = field(default_factory=list)
    looked_at: int = 0

    async def look(self, day: str, after: str) -> str:
        """Take what fits of a day; the key to go on after where the page is full or enough was looked at, else ""."""
        while True:
            page = await self.world.rows.query(TABLE, day, after=after, limit=self._room())
            for row in page.rows:
                self.looked_at += 1
                if not self.operator_id or self._is_about(str(row.values["target"])):
                    self.found.append(_document(row))
                if len(self.found) == self.limit:
                    return row.key
            after = page.next
            if not after or self.looked_at >= _ROWS_AT_ONCE:
                return after

    def _room(self) -> int:
        return _ROWS_AT_ONCE if self.operator_id else self.limit - len(self.found)

    def _is_about(self, target: str) -> bool:
        names = {self.operator_id, concealed(self.operator_id)}
        return not names.isdisjoint(part.removeprefix(_SCOPE) for part in _PARTS.split(target))


async def sweep_audit(world: World, keep: timedelta, *, deadline: datetime) -> bool:
    """Remove whole days that are older than `keep`, oldest first; False where the time did not suffice."""
    row = await world.rows.get(TABLE, _SWEPT, _SWEPT)
    day = _date(str(row.values["day"])) if row else today(world)  # before the first sweep there was nothing to sweep
    while day < today(world) - keep:
        async for _ in erase(world.rows, TABLE, day.isoformat()):
            if world.now() >= deadline:
                return False
        day += timedelta(days=1)
        await write(world.rows, TABLE, _SWEPT, Upsert(_SWEPT, {"day": day.isoformat()}))
    if row is None:
        await write(world.rows, TABLE, _SWEPT, Upsert(_SWEPT, {"day": day.isoformat()}))
    return True


def concealed(operator_id: str) -> str:
    """What stands for an operator who is to be forgotten: it tells nothing, and whoever knows the id finds it again."""
    return concealed_hash(hashed(operator_id))


def concealed_hash(hash_of_name: str) -> str:
    """The same, of whom only the hash is known."""
    return f"forgotten-{hash_of_name}"


async def conceal(world: World, day: date, operator: Operator) -> int:
    """Conceal an operator in the entries of a day, as whom something was done to and as who did it; in how many entries.
    Repeatable."""
    count, after = 0, ""
    while True:
        page = await world.rows.query(TABLE, day.isoformat(), after=after, columns=("by", "target", "detail"))
        for row in page.rows:
            if changed := _concealed_in(row, operator):
                await write(world.rows, TABLE, day.isoformat(), Merge(row.key, changed))
                count += 1
        after = page.next
        if not after:
            return count


def _concealed_in(row: Row, operator: Operator) -> dict[str, Value]:
    """The columns of an entry that name the operator, without the name."""

    def hidden(text: str) -> str:
        scope, name = (_SCOPE, text.removeprefix(_SCOPE)) if text.startswith(_SCOPE) else ("", text)
        return scope + concealed(operator.id) if is_named(operator, name) else text

    detail = json.loads(str(row.values["detail"]))
    without = {name: hidden(value) if isinstance(value, str) else value for name, value in detail.items()}
    columns: dict[str, Value] = {
        "by": hidden(str(row.values["by"])),
        "target": "".join(map(hidden, _PARTS.split(str(row.values["target"])))),
        "detail": json.dumps(without),
    }
    return {name: value for name, value in columns.items() if value != row.values[name]}


def is_named(operator: Operator, name: str) -> bool:
    """Whether this is the operator's name: the id, or the address, by which people sign in too."""
    return name == operator.id or name.lower() == operator.mailbox.lower() != ""


async def oldest_day(world: World) -> date:
    """The oldest day that may have entries."""
    row = await world.rows.get(TABLE, _SWEPT, _SWEPT)
    configuration = await settings_in_force(world)
    kept = today(world) - timedelta(days=configuration.retention.audit_days)
    return max(kept, _date(str(row.values["day"]))) if row else kept


def today(world: World) -> date:
    """The day whose entries are written now, in UTC."""
    return world.now().astimezone(UTC).date()


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("request-malformed", f'day: "{text[:20]}" is no date; write for example 2026-11-20') from error


def _document(row: Row) -> dict[str, Any]:
    values = row.values
    at = values["at"]
    texts = {name: values[name] for name in ("by", "action", "target", "outcome")}
    moment = timestamp(at) if isinstance(at, datetime) else None
    return {"at": moment, **texts, "code": values.get("code") or None, "detail": json.loads(str(values["detail"]))}

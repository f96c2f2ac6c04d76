"""All that fails just now, in pages and as sums, and another try of one of it. DESIGN 8.

The list goes through the shards in order, and through a shard by mailbox; a call asks storage a bounded number of times, so
that a page may be short, or empty, though there is more. What fails for a while stays at its place.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.errors import Invalid
from shared.flows.email.stored import FAILING
from shared.flows.failure_index import (
    SUBSCRIPTION,
    TABLE,
    close_failure,
    items_of,
    kind_of,
    now_wrong,
    partition_of,
    trouble_of,
)
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.head import read_head
from shared.flows.keep_subscription import subscribe_again
from shared.flows.operators import ask_for_sync, get_operator
from shared.flows.reading import Listed
from shared.flows.side_by_side import side_by_side
from shared.flows.status import explained, trouble_facts
from shared.flows.subscription_row import noted_trouble, read_subscription
from shared.model.cursors import read_cursor, write_cursor
from shared.model.email import timestamp
from shared.model.failures import Owner, failure
from shared.model.keys import SHARDS, collection_key, shard_of
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator
from shared.ports import Row, World

QUERIES = SHARDS + 8
"""How often one call asks storage for rows at most: each shard once, and some more where there is much."""
_ROWS = 1000
_CHECKED_AFTER = timedelta(hours=26)
"""A failing collection is tried at least every four hours, a suspended one once a day: an older row is doubtful."""
LISTED = (*AVAILABLE_KINDS, *map(items_of, AVAILABLE_KINDS), SUBSCRIPTION)
"""What of an operator may be in the list."""
_SCOPE, _SUMMARY = "failures", "failures/summary"
_GROUPED = ("code", "connection", "kind", "since", "operator_id")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which failures are asked for; what is empty does not matter. `kind` may be any of LISTED."""

    code: str = ""
    connection: str = ""
    kind: str = ""
    owner: Owner | None = None

    def passes(self, row: Row) -> bool:
        """Whether the row is one of them."""
        asked = {"code": self.code, "connection": self.connection, "kind": self.kind}
        is_meant = all(not wanted or row.values[name] == wanted for name, wanted in asked.items())
        return is_meant and (self.owner is None or failure(str(row.values["code"])).owner is self.owner)

    @property
    def is_for_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Filter()


async def list_open(world: World, wanted: Filter, *, limit: int = 100, after: str = "") -> Listed:
    """Failing collections and subscriptions of all operators. Raises Invalid("cursor-invalid")."""
    found: list[Row] = []
    place: tuple[int, str] | None = _place(_SCOPE, after)
    asked = 0
    while place is not None and len(found) < limit and asked < QUERIES:
        shard, key = place
        count = limit - len(found) if wanted.is_for_all else _ROWS
        page = await world.rows.query(TABLE, partition_of(shard), after=key, limit=count)
        asked += 1
        room = limit - len(found)
        passed = [row for row in page.rows if wanted.passes(row)]
        found += passed[:room]
        place = _next(shard, found[-1].key if len(passed) > room else page.next)
    rows = await side_by_side(lambda row: _checked(world, row), found)
    return Listed([document(row) for row in rows if row is not None], _cursor(_SCOPE, place))


async def open_of(world: World, operator: Operator, wanted: Filter) -> Listed:
    """The same of one operator: a point read for each thing that may fail."""
    partition = partition_of(shard_of(operator.mailbox_key))
    keys = [collection_key(operator.mailbox_key, what) for what in LISTED]
    rows = await side_by_side(lambda key: world.rows.get(TABLE, partition, key), keys)
    return Listed([document(row) for row in rows if row is not None and wanted.passes(row)], None)


async def sum_up(world: World, *, after: str = "") -> dict[str, Any]:
    """How many fail of which cause, by code, connection and kind: a part of the whole, to which `next` adds the rest."""
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    place: tuple[int, str] | None = _place(_SUMMARY, after)
    asked = 0
    while place is not None and asked < QUERIES:
        shard, key = place
        page = await world.rows.query(TABLE, partition_of(shard), after=key, limit=_ROWS, columns=_GROUPED)
        asked += 1
        for row in page.rows:
            _add(groups, row)
        place = _next(shard, page.next)
    items = [{**group, "since": timestamp(group["since"])} for group in groups.values()]
    return {"items": items, "next": _cursor(_SUMMARY, place)}


def _add(groups: dict[tuple[str, ...], dict[str, Any]], row: Row) -> None:
    code, connection, kind = (str(row.values[name]) for name in ("code", "connection", "kind"))
    since = row.values["since"]
    group = groups.setdefault((code, connection, kind), {"kind": kind, "connection": connection, **explained(code)})
    group["count"] = group.get("count", 0) + 1
    group["since"] = min(group.get("since", since), since)
    group.setdefault("operator_id", row.values["operator_id"])


def document(row: Row) -> dict[str, Any]:
    """An open failure as it is read over HTTP."""
    trouble = trouble_of(row)
    names = {name: row.values[name] for name in ("operator_id", "mailbox", "connection", "kind")}
    identity = failure_id(str(names["operator_id"]), str(names["kind"]))
    return {"id": identity, **names, **explained(trouble.code), **trouble_facts(trouble)}


def failure_id(operator_id: str, *parts: str) -> str:
    """The name of a failing collection or subscription, `alice:email`, of all its failing items, or of one of them."""
    return ":".join((operator_id, *parts))


async def retry(world: World, identity: str) -> tuple[Operator, Kind]:
    """Try again now, whatever the pause, what this id names; whose it is, and of which kind.

    Raises Invalid: "failure-unknown" where nothing of that id fails, "operator-unknown", "kind-off".
    """
    operator_id, _, rest = identity.partition(":")
    what, _, item = rest.partition(":")
    operator = await get_operator(world.rows, operator_id)
    if what == SUBSCRIPTION and not item:
        return await _retry_subscription(world, operator)
    if what not in LISTED or not await _fails(world, operator, what, item):
        raise _unknown(identity)
    kind = Kind(kind_of(what))
    await ask_for_sync(world, operator, [kind])
    return operator, kind


async def _retry_subscription(world: World, operator: Operator) -> tuple[Operator, Kind]:
    subscription, _ = await read_subscription(world.rows, operator.mailbox_key)
    if noted_trouble(subscription) is None:
        raise _unknown(failure_id(operator.id, SUBSCRIPTION))
    await subscribe_again(world, operator)
    return operator, next(kind for kind in AVAILABLE_KINDS)


async def _fails(world: World, operator: Operator, what: str, item: str) -> bool:
    if not item:
        return await _still_fails(world, operator.mailbox_key, what)
    is_name = what in AVAILABLE_KINDS and item.isascii() and item.isalnum()
    key = collection_key(operator.mailbox_key, what)
    return is_name and await world.rows.get(COLLECTIONS, key, FAILING + item) is not None


def _unknown(identity: str) -> Invalid:
    return Invalid("failure-unknown", f"nothing fails under the id {identity[:200]}")


async def _checked(world: World, row: Row) -> Row | None:
    """A row that nobody has refreshed for long is compared with the truth, and removed where that is well."""
    last = row.values["last"]
    assert isinstance(last, datetime)
    if world.now() - last < _CHECKED_AFTER:
        return row
    mailbox_key, _, what = row.key.partition("-")
    if await _still_fails(world, mailbox_key, what):
        return row
    await close_failure(world, mailbox_key, what)
    return None


async def _still_fails(world: World, mailbox_key: str, what: str) -> bool:
    if what == SUBSCRIPTION:
        subscription, _ = await read_subscription(world.rows, mailbox_key)
        return noted_trouble(subscription) is not None
    kind = kind_of(what)
    found = await read_head(world.rows, world.blobs, collection_key(mailbox_key, kind))
    if found is None:
        return False
    head, _ = found
    return now_wrong(head, world.now()) is not None if what == kind else bool(head.failing and head.failed_listed)


def _place(scope: str, after: str) -> tuple[int, str]:
    if not after:
        return 0, ""
    shard, key = read_cursor(scope, after, parts=2)
    if not shard.isascii() or not shard.isdigit() or int(shard) >= SHARDS:
        raise Invalid("cursor-invalid", "it is not one of ours")
    return int(shard), "" if key == _BEGINNING else key


def _next(shard: int, key: str) -> tuple[int, str] | None:
    """Where to go on: in the same shard after `key`, else at the beginning of the next; None after the last."""
    return (shard, key) if key else (shard + 1, "") if shard + 1 < SHARDS else None


def _cursor(scope: str, place: tuple[int, str] | None) -> str | None:
    return None if place is None else write_cursor(scope, place[0], place[1] or _BEGINNING)


_BEGINNING = "."
"""Stands for the place before a shard's first row: no key is so small."""

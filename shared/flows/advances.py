"""Which collections advanced: hints for an application that follows many and cannot ask for each one's feed. DESIGN 8.

Table `advances`, partition shard, one row per collection: written by the worker right after a pass that brought news.
The order is commit, then hint. Whoever dies in between leaves a head with more news than the row tells: the next pass,
at the latest the one of the queue's redelivery, finds that and tells it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import Invalid, Transient, Unclear
from shared.model.advances import OVERLAP, first_place, read_place, write_place
from shared.model.collection import Head
from shared.model.email import timestamp
from shared.model.keys import collection_key, shard_of
from shared.model.operator import Kind, Operator
from shared.ports import Row, Upsert, Value, World

TABLE = "advances"
_ATTEMPTS = 3
_SHARD_PAGES = 4
"""How many pages of shards one call reads: a quarter of the shards where nothing is new, never the whole table. A round in
which nothing is new takes four calls therefore."""


@dataclass(frozen=True, slots=True)
class Advances:
    """Hints, in no order. `next` continues, always; `more`: the round is not at its end, so ask again at once."""

    items: list[dict[str, Any]]
    next: str
    more: bool


def partition_of(mailbox_key: str) -> str:
    """The partition of a mailbox's rows."""
    return _partition(shard_of(mailbox_key))


async def tell_advance(world: World, operator: Operator, kind: Kind, head: Head, known: int) -> None:
    """Tell that a collection has news: where it has more than the `known` of before this pass, and where an earlier
    worker died before it could tell. Raises Transient when storage is down; then the queue brings the message again."""
    partition, key = partition_of(operator.mailbox_key), collection_key(operator.mailbox_key, kind)
    news = head.visible_news
    if news <= known and (not news or await _is_told(world, partition, key, news)):
        return
    columns: dict[str, Value] = {"operator_id": operator.id, "kind": kind.value, "page": news}
    for _ in range(_ATTEMPTS):
        try:
            await world.rows.transact(TABLE, partition, [Upsert(key, {**columns, "at": world.now()})])
        except Unclear:  # to tell it twice does no harm
            continue
        return
    raise Transient("storage-unavailable", "a hint was not acknowledged")


async def _is_told(world: World, partition: str, key: str, news: int) -> bool:
    row = await world.rows.get(TABLE, partition, key)
    return row is not None and int(str(row.values["page"])) >= news


async def list_advances(
    world: World, *, limit: int, after: str = "", shard: int | None = None, operators: Collection[str] | None = None
) -> Advances:
    """The collections that advanced after a cursor: without one all that ever did. `operators`: of these only.

    Raises Invalid("cursor-invalid").
    """
    now = world.now()
    place = read_place(after, shard) if after else first_place(shard)
    if place.since > now + OVERLAP:  # a clock that runs ahead a little does no harm
        raise Invalid("cursor-invalid", "it is of a time that is still to come; begin again without one")
    place = place.begin(now)
    found: list[Row] = []
    for _ in range(_SHARD_PAGES):
        page = await world.rows.query(
            TABLE,
            _partition(place.shard),
            after=place.key,
            limit=limit - len(found),
            at_least=("at", place.since),
        )
        found += [row for row in page.rows if operators is None or row.values["operator_id"] in operators]
        place = place.after(page.next)
        if place.begun is None or len(found) >= limit:
            break
    return Advances(list(map(_document, found)), write_place(place), more=place.begun is not None)


def _partition(shard: int) -> str:
    return f"{shard:02d}"


def _document(row: Row) -> dict[str, Any]:
    operator_id, kind, at = str(row.values["operator_id"]), str(row.values["kind"]), row.values["at"]
    assert isinstance(at, datetime)
    changes_url = f"/api/operators/{operator_id}/changes?kind={kind}"
    return {"operator_id": operator_id, "kind": kind, "at": timestamp(at), "changes_url": changes_url}

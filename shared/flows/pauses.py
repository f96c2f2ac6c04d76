"""Pause and resume, without a restart and without losing anything: wishes stay, and resuming wakes whoever has one.

Push subscriptions are kept alive meanwhile, so that after a short pause nobody has to be polled. The pauses are one small
partition, read together with the settings (`shared/compose.py`): no sync pays for a read of its own.
"""

import logging
from datetime import datetime, timedelta

from shared.errors import Invalid
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.head import WANTED
from shared.flows.operators import DUE, get_operator
from shared.flows.receive_notification import write
from shared.flows.side_by_side import side_by_side
from shared.model.keys import SHARDS, collection_key
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator
from shared.model.pauses import ALL, KIND, OPERATOR, Pause, Pauses
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, Delete, Row, Rows, Upsert, Value, World

log = logging.getLogger(__name__)
TABLE, PARTITION = "configuration", "pauses"
_MOST = 500
_LONGEST_REASON = 300
_FELT_EVERYWHERE = timedelta(seconds=5)
"""Longer than any process holds on to the pauses that it knows."""
_PAGE = 200
_AT_ONCE = 8


async def read_pauses(rows: Rows) -> Pauses:
    """All pauses in force."""
    page = await rows.query(TABLE, PARTITION, limit=1000)
    return Pauses({row.key: _pause(row) for row in page.rows})


async def pauses_in_force(world: World) -> Pauses:
    """Those that were read with the settings, where they were; else those that are stored."""
    return await read_pauses(world.rows) if world.pauses is None else world.pauses


async def pause(world: World, scope: str, *, reason: str, by: str) -> tuple[Pause, bool]:
    """Pause a scope; the pause, and whether it is new: else it has another reason now.

    Raises Invalid("pause-invalid") and Invalid("operator-unknown").
    """
    if not reason.strip() or len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise Invalid("pause-invalid", f"reason: say in one line of at most {_LONGEST_REASON} characters why")
    await _check(world, scope)
    known = (await read_pauses(world.rows)).by_scope
    if len(known) >= _MOST and scope not in known:
        raise Invalid("pause-invalid", f"{_MOST} scopes are paused already: pause the kind, or all")
    new = Pause(scope, reason.strip(), by, known[scope].at if scope in known else world.now())
    columns: dict[str, Value] = {"reason": new.reason, "by": new.by, "at": new.at}
    await write(world.rows, TABLE, PARTITION, Upsert(scope, columns))
    log.warning("paused: %s, by %s: %s", scope, by, new.reason)
    return new, scope not in known


async def resume(world: World, scope: str) -> None:
    """End a pause, and wake what waits. Raises Invalid("pause-unknown")."""
    known = (await read_pauses(world.rows)).by_scope.get(scope)
    if known is None:
        raise Invalid("pause-unknown", f"{scope[:140]} is not paused")
    # First the wake-up, then the end of the pause: who dies in between has woken somebody in vain, and repeats it.
    await _wake_later(world, known)
    await write(world.rows, TABLE, PARTITION, Delete(scope))
    log.warning("resumed: %s", scope)


async def wake_shard(world: World, kind: Kind, shard: int, after: str, *, budget: timedelta) -> None:
    """Enqueue the collections of a shard for which somebody waits; where the time ends the rest is enqueued anew."""

    deadline = world.now() + budget

    async def wake(row: Row) -> None:
        if await world.rows.get(COLLECTIONS, collection_key(row.key, kind), WANTED) is not None:
            await world.queues.send(
                COLLECTIONS_QUEUE, {"operator_id": str(row.values["operator_id"]), "kind": kind.value}
            )

    while True:
        page = await world.rows.query(DUE, f"{kind}-{shard:02d}", after=after, limit=_PAGE, columns=("operator_id",))
        await side_by_side(wake, page.rows, limit=_AT_ONCE)
        after = page.next
        if not after:
            return
        if world.now() >= deadline:
            await world.queues.send(SHARDS_QUEUE, _task(kind, shard, after))
            return


async def holds_back(world: World, operator: Operator, kind: Kind) -> bool:
    """Whether a pause holds the collection back just now. What asks nothing of Exchange, a removal, is done all the same."""
    if (await pauses_in_force(world)).of(operator.id, kind) is None:
        return False
    wanted = await world.rows.get(COLLECTIONS, collection_key(operator.mailbox_key, kind), WANTED)
    return wanted is None or not wanted.values.get("remove")


async def _wake_later(world: World, ended: Pause) -> None:
    if ended.operator_id is not None:
        for kind in AVAILABLE_KINDS:
            message = {"operator_id": ended.operator_id, "kind": kind.value}
            await world.queues.send(COLLECTIONS_QUEUE, message, delay=_FELT_EVERYWHERE)
        return
    for kind in AVAILABLE_KINDS if ended.kind is None else (Kind(ended.kind),):
        for shard in range(SHARDS):
            await world.queues.send(SHARDS_QUEUE, _task(kind, shard, ""), delay=_FELT_EVERYWHERE)


def _task(kind: Kind, shard: int, after: str) -> dict[str, str | int]:
    return {"task": "resume", "what": kind.value, "shard": shard, "after": after}


async def _check(world: World, scope: str) -> None:
    if scope == ALL or scope in {f"{KIND}{kind}" for kind in Kind}:
        return
    if not scope.startswith(OPERATOR):
        raise Invalid("pause-invalid", f'"{scope[:140]}" is no scope: write all, kind-email, or operator-ID')
    await get_operator(world.rows, scope.removeprefix(OPERATOR))


def _pause(row: Row) -> Pause:
    at = row.values["at"]
    assert isinstance(at, datetime)
    return Pause(row.key, str(row.values["reason"]), str(row.values["by"]), at)

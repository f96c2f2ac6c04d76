"""The doctor looks at storage, and at what goes on in it: tables, blobs, queues, its clock, timers, what was put aside."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from shared.errors import Permanent, Reconfigure
from shared.flows.checkup.running import Check
from shared.flows.keep_poison import TABLE as POISON
from shared.flows.side_by_side import side_by_side
from shared.flows.timers import TIMERS, timer_runs
from shared.model.checkup import Seen, TimerRun, compare_clocks
from shared.model.email import timestamp
from shared.ports import COLLECTIONS_QUEUE, QUEUES, SHARDS_QUEUE, TABLES, BlobInfo, Delete, Upsert, World

_PARTITION = "doctor"
_PREFIX = "doctor/"
_LATELY = timedelta(days=1)
_MOST_COUNTED = 100
_NOBODY = "exsync-doctor"
HARMLESS = {
    COLLECTIONS_QUEUE: {"operator_id": _NOBODY, "kind": "email"},
    SHARDS_QUEUE: {"task": "subscription", "operator_id": _NOBODY},
}
"""Messages for an operator that there is not: whoever got one would have nothing to do."""
_OLD = timedelta(minutes=10)
"""Longer than all workers together can be busy with what they have."""
_STALLED = timedelta(seconds=6)
"""The host looks into a queue every two seconds at least (host.json, maxPollingInterval)."""


def storage_checks(world: World) -> list[Check]:
    """The checks of storage itself."""
    late = "storage-unavailable"
    return [
        Check("tables", partial(_tables, world), late=late),
        Check("blobs", partial(_blobs, world), late=late),
        Check("queues", partial(_queues, world), late=late),
        Check("clock of storage", partial(_clock, world), ("blobs",), late=late),
    ]


def work_checks(world: World, *, stalled: timedelta = _STALLED) -> list[Check]:
    """The checks of what should go on all the time."""
    late = "storage-unavailable"
    return [
        Check("queues moving", partial(_moving, world, stalled), ("queues",), late=late),
        Check("put aside", partial(_put_aside, world), ("tables", "queues"), late=late),
        Check("timers", partial(_timers, world), ("tables",), late=late),
    ]


async def _tables(world: World) -> Seen:
    await side_by_side(partial(_table, world), TABLES, limit=4)
    return Seen("a row was written, read and deleted in each table")


async def _table(world: World, table: str) -> None:
    key = f"probe-{world.new_id()}"
    await world.rows.transact(table, _PARTITION, [Upsert(key, {"at": world.now()})])
    if await world.rows.get(table, _PARTITION, key) is None:
        raise Permanent("storage-refused", f"table {table}: a row was written, and is not there")
    await world.rows.transact(table, _PARTITION, [Delete(key)])


async def _blobs(world: World) -> Seen:
    async with _probe_blob(world):
        return Seen("a blob was written, read, listed and deleted")


async def _clock(world: World) -> Seen:
    async with _probe_blob(world) as blob:
        return Seen(compare_clocks("storage's clock", blob.modified, world.now()))


@asynccontextmanager
async def _probe_blob(world: World) -> AsyncIterator[BlobInfo]:
    """A blob that is there for as long as it is looked at."""
    name, content = f"{_PREFIX}{world.new_id()}", b"exsync doctor"
    await world.blobs.put(name, content)
    try:
        found = [blob async for blob in world.blobs.names(name)]
        if not found or await world.blobs.get(name) != content:
            raise Permanent("storage-refused", "a blob was written, and is not there")
        yield found[0]
    finally:
        await world.blobs.delete(name)


async def _queues(world: World) -> Seen:
    for queue in QUEUES:
        await world.queues.probe(queue, HARMLESS[queue])
    return Seen(f"{', '.join(QUEUES)}: a message was enqueued, found and taken out of each")


async def _moving(world: World, stalled: timedelta) -> Seen:
    return Seen("; ".join(await side_by_side(partial(_one_moving, world, stalled), QUEUES)))


async def _one_moving(world: World, stalled: timedelta, queue: str) -> str:
    """Whether somebody takes messages out. Age alone does not tell: one may have been sent hours ago, to be seen only now."""
    first = await world.queues.look(queue)
    if first.oldest_at is None:
        return f"{queue}: {first.count} messages, none of which waits"
    words = f"{queue}: {first.count} messages, the oldest that waits of {timestamp(first.oldest_at)}"
    if world.now() - first.oldest_at < _OLD:
        return words
    try:
        async with asyncio.timeout(stalled.total_seconds()):
            while set(first.visible) <= set((await world.queues.look(queue)).visible):  # noqa: ASYNC110 - storage calls nobody
                await asyncio.sleep(1)
    except TimeoutError:
        raise Reconfigure("queue-stalled", f"{words}; none was taken in {stalled.total_seconds():g} s") from None
    return words


async def _put_aside(world: World) -> Seen:
    """What failed for good lately, and what even the functions for that have not taken."""
    found = [words for queue in QUEUES if (words := await _aside(world, queue))]
    return (
        Seen("; ".join(found), "poison-message") if found else Seen("no message failed for good in the last 24 hours")
    )


async def _aside(world: World, queue: str) -> str:
    since = world.now() - _LATELY
    first = f"{int(since.timestamp() * 1000):014d}"
    rows = (await world.rows.query(POISON, queue, first=first, limit=_MOST_COUNTED, columns=("at",))).rows
    waiting = (await world.queues.look(f"{queue}-poison")).count
    if not rows and not waiting:
        return ""
    more = " or more" if len(rows) == _MOST_COUNTED else ""
    return f"{queue}: {len(rows)}{more} messages in the last 24 hours, {waiting} more not looked at yet"


async def _timers(world: World) -> Seen:
    runs = await timer_runs(world)
    late = [run for run in runs.values() if run.is_late(world.now())]
    if late:
        raise Reconfigure("timer-late", _words(late))
    never = [name for name in TIMERS if name not in runs]
    if never:
        return Seen(f"not yet: {', '.join(never)}", "timer-never-ran")
    return Seen(_words(list(runs.values())))


def _words(runs: Sequence[TimerRun]) -> str:
    return "; ".join(f"{run.name} ran last at {timestamp(run.at)}" for run in runs)

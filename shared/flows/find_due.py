"""Page through one shard of what is due, enqueue it, and note when to look again. DESIGN 4, step 3.

The rows of the index are hints: each is checked against the collection's head before anything is enqueued, and set
right. Nothing here looks at more than one shard.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from shared.flows.head import HEAD, small_head_of
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.keep_subscription import keep_subscription
from shared.flows.operators import DUE, SUBSCRIPTIONS, due_partition, find_operator
from shared.flows.pauses import pauses_in_force
from shared.flows.receive_notification import want, write
from shared.flows.settings_document import read_settings
from shared.flows.side_by_side import side_by_side
from shared.flows.subscription_row import read_subscription
from shared.model.configuration import Configuration
from shared.model.due import RETRY, circumstances, due_at, is_resting
from shared.model.keys import SHARDS, collection_key
from shared.model.operator import Kind, Operator
from shared.model.pauses import Pauses
from shared.model.subscription import is_live
from shared.ports import SHARDS_QUEUE, Delete, Row, Touch, World

type _Look = Callable[[Row], Awaitable[datetime | None]]
_AT_ONCE = 2
"""A safety net is in no hurry: a mail that arrives meanwhile should not have to wait behind it."""


async def enqueue_shards(world: World, what: str) -> None:
    """What a timer does: one message for each shard of this index (a kind, or SUBSCRIPTIONS) in which something is due.

    A few at a time: a timer has time, and what arrives meanwhile has not.
    """

    async def enqueue(shard: int) -> None:
        at_most = ("due_at", world.now())
        found = await world.rows.query(DUE, _partition(what, shard), limit=1, columns=("due_at",), at_most=at_most)
        if found.rows:
            await world.queues.send(SHARDS_QUEUE, {"task": "due", "what": what, "shard": shard})

    await side_by_side(enqueue, range(SHARDS), limit=_AT_ONCE)


def _partition(what: str, shard: int) -> str:
    return f"{what}-{shard:02d}"


async def work_through_shard(world: World, what: str, shard: int, *, budget: timedelta) -> None:
    """Look at everything in the shard that is due by now; what is left when the budget is spent is enqueued anew."""
    deadline = world.now() + budget
    configuration, _ = await read_settings(world.rows)
    pauses = await pauses_in_force(world)
    if what != SUBSCRIPTIONS and pauses.of_kind(Kind(what)):
        return  # all stay as they are, and are due once it ends
    look = _subscription(world) if what == SUBSCRIPTIONS else _collection(world, configuration, pauses, Kind(what))
    partition = _partition(what, shard)
    after = ""
    while True:
        page = await world.rows.query(DUE, partition, after=after, limit=200, at_most=("due_at", world.now()))
        await side_by_side(lambda row: _look_and_note(world, partition, row, look), page.rows, limit=_AT_ONCE)
        after = page.next
        if not after:
            return
        if world.now() >= deadline:
            await world.queues.send(SHARDS_QUEUE, {"task": "due", "what": what, "shard": shard})
            return


async def look_after_subscription(world: World, operator_id: str) -> None:
    """Look after one mailbox's subscription at once, and note when next."""
    operator = await find_operator(world.rows, operator_id)
    if operator is not None:
        again = await keep_subscription(world, operator_id)
        await _note(world, due_partition(SUBSCRIPTIONS, operator.mailbox_key), operator.mailbox_key, operator_id, again)


async def _look_and_note(world: World, partition: str, row: Row, look: _Look) -> None:
    again = await look(row)
    await _note(world, partition, row.key, str(row.values["operator_id"]), again, row.etag)


async def _note(
    world: World, partition: str, key: str, operator_id: str, again: datetime | None, etag: str = ""
) -> None:
    """Say when to look again, or take the row out, unless it was written since: then somebody wants it looked at."""
    if again is None:
        await write(world.rows, DUE, partition, Delete(key, etag))
    else:
        await write(world.rows, DUE, partition, Touch(key, {"due_at": again, "operator_id": operator_id}))


def _subscription(world: World) -> _Look:
    async def look(row: Row) -> datetime | None:
        return await keep_subscription(world, str(row.values["operator_id"]))

    return look


def _collection(world: World, configuration: Configuration, pauses: Pauses, kind: Kind) -> _Look:
    async def look(row: Row) -> datetime | None:
        """When to look again; None takes the row out of the index: the kind is off for this operator."""
        operator = await find_operator(world.rows, str(row.values["operator_id"]))
        if operator is None or not operator.flag(kind):
            return None
        if not configuration.email.enabled or pauses.of(operator.id, kind):
            return world.now() + RETRY
        due, resting = await _due(world, configuration, operator, kind)
        if due is not None and due > world.now():
            return due
        if not resting:
            await want(world, collection_key(operator.mailbox_key, kind), operator.id, kind)
        return world.now() + RETRY

    return look


async def _due(
    world: World, configuration: Configuration, operator: Operator, kind: Kind
) -> tuple[datetime | None, bool]:
    row = await world.rows.get(COLLECTIONS, collection_key(operator.mailbox_key, kind), HEAD)
    head = None if row is None else small_head_of(row)
    subscription, _ = await read_subscription(world.rows, operator.mailbox_key)
    sweep = timedelta(minutes=configuration.email.sweep_minutes)
    poll = timedelta(minutes=configuration.email.poll_minutes)
    live = is_live(subscription, world.now())
    resting = is_resting(head, world.now(), circumstances(configuration, operator))
    return due_at(head, live_push=live, sweep=sweep, poll=poll), resting

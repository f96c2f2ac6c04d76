"""Exchange says that something changed: note it, enqueue, answer. DESIGN 4, step 2.

Nothing in the body is trusted and nothing is read from Exchange: a notification is a hint which collections to look
at. The row `wanted` folds bursts. It is written at each notification, so that a worker under way notices, and enqueued
unless that was done less than FOLD ago.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

from shared.errors import Conflict, Transient, Unclear
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.head import WANTED
from shared.flows.hints import Where, folders_column, folders_of, widened
from shared.flows.subscription_row import KEY, TABLE, read_subscription
from shared.model.exchange import Notification
from shared.model.keys import collection_key, hashed
from shared.model.subscription import Subscription
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, Insert, Merge, Rows, Touch, Value, World, Write

FOLD = timedelta(seconds=20)
"""Shorter than the 30 s after which Exchange repeats what we did not answer (PROTOCOL 4.5): if we fail between noting
and enqueueing, the repetition is not folded away."""


_LONGEST_MARK = 1024


class Reply(Enum):
    """What Exchange is told."""

    OK = "OK"
    UNSUBSCRIBE = "Unsubscribe"


async def receive_notification(world: World, mailbox_key: str, notifications: tuple[Notification, ...]) -> Reply:
    """Act on one push for a mailbox whose listener key was found genuine. Raises Transient when storage is down:
    Exchange must be told to repeat."""
    subscription, row = await read_subscription(world.rows, mailbox_key)
    if subscription is None or row is None:
        return Reply.UNSUBSCRIBE
    ours = subscription.subscription_id
    known = [note for note in notifications if ours and note.subscription_id in (ours, "" if note.error else ours)]
    if not known and notifications:
        reply = await _unknown(world, mailbox_key, subscription, row.etag, notifications[-1])
        return reply or await receive_notification(world, mailbox_key, notifications)
    if any(note.error for note in known):
        await _lost(world, mailbox_key, subscription)
    elif known:
        await _heard(world, mailbox_key, subscription, known)
    return Reply.OK


async def _unknown(
    world: World, mailbox_key: str, subscription: Subscription, etag: str, note: Notification
) -> Reply | None:
    """Not the subscription we know. While a Subscribe is under way it may be the one whose answer is still to come; a
    probe's is noted too, and has done its work.

    None: the row was written meanwhile, with that answer perhaps. Look again, or its first heartbeat would be lost.
    """
    now = world.now()
    subscribing = subscription.subscribing_until is not None and subscription.subscribing_until > now
    probing = subscription.probing_until is not None and subscription.probing_until > now
    if not subscribing and not probing:
        return Reply.UNSUBSCRIBE
    early: dict[str, Value] = {
        "early_id": _short(note.subscription_id),
        "early_at": now,
        "early_watermark": _short(note.watermark),
    }
    if not await write(world.rows, TABLE, mailbox_key, Merge(KEY, early, etag)):
        return None
    if not subscribing:
        return Reply.UNSUBSCRIBE
    if not note.status_only:
        await _want(world, mailbox_key, subscription)
    return Reply.OK


async def _heard(world: World, mailbox_key: str, subscription: Subscription, known: list[Notification]) -> None:
    """Note the heartbeat; look at the collections unless it is a mere status event that continues the last one."""
    expected = subscription.watermark
    missed = any(note.previous_watermark and _short(note.previous_watermark) != expected for note in known[:1])
    latest = _short(next((note.watermark for note in reversed(known) if note.watermark), expected))
    beat = Merge(KEY, {"last_heard": world.now(), "watermark": latest})
    if missed or any(not note.status_only for note in known):
        where = None if missed else _where(known)
        await asyncio.gather(
            write(world.rows, TABLE, mailbox_key, beat), _want(world, mailbox_key, subscription, where)
        )
    else:
        await write(world.rows, TABLE, mailbox_key, beat)


async def _lost(world: World, mailbox_key: str, subscription: Subscription) -> None:
    """An error push: Exchange has deleted the subscription already. PROTOCOL 4.3."""
    await write(world.rows, TABLE, mailbox_key, Merge(KEY, {"subscription_id": "", "watermark": ""}))
    await world.queues.send(SHARDS_QUEUE, {"task": "subscription", "operator_id": subscription.operator_id})
    await _want(world, mailbox_key, subscription)


def _where(known: Sequence[Notification]) -> Where:
    """The folders in which something changed; None where it may be anywhere."""
    news = [note for note in known if not note.status_only]
    if any(note.folders_changed or not note.folder_ids for note in news):
        return None
    return frozenset[str]().union(*(note.folder_ids for note in news))


async def _want(world: World, mailbox_key: str, subscription: Subscription, where: Where = None) -> None:
    for kind in subscription.kinds.split():
        await want(world, collection_key(mailbox_key, kind), subscription.operator_id, kind, where)


def _short(mark: str) -> str:
    """What a body says, as it may be stored and compared: whoever sends a mebibyte has no column for it."""
    return mark if len(mark) <= _LONGEST_MARK else hashed(mark)


async def want(world: World, key: str, operator_id: str, kind: str, where: Where = None) -> None:
    """Ask for a sync of a collection; fold with a wish that was enqueued less than FOLD ago.

    `where`: the folders that need a look, None for all. A wish that is there already is widened by them.
    """
    now = world.now()
    message = {"operator_id": operator_id, "kind": kind}
    wish: dict[str, Value] = {"at": now, "enqueued_at": now}
    if await write(world.rows, COLLECTIONS, key, Insert(WANTED, wish | folders_column(where))):
        await world.queues.send(COLLECTIONS_QUEUE, message)
        return
    row = await world.rows.get(COLLECTIONS, key, WANTED)
    if row is not None:
        asked = row.values.get("enqueued_at")
        folds = isinstance(asked, datetime) and now - asked < FOLD
        wider = folders_column(widened(folders_of(row.values), where))
        # Only into this wish: a worker that served it meanwhile has seen nothing of what came since.
        if await write(world.rows, COLLECTIONS, key, Merge(WANTED, ({"at": now} if folds else wish) | wider, row.etag)):
            if not folds:
                await world.queues.send(COLLECTIONS_QUEUE, message)
            return
    await write(world.rows, COLLECTIONS, key, Touch(WANTED, wish | folders_column(None)))
    await world.queues.send(COLLECTIONS_QUEUE, message)


async def write(rows: Rows, table: str, partition: str, change: Write) -> bool:
    """One write that may be repeated. False for a row that is gone meanwhile, or changed where that was a condition; an
    unclear answer is the caller's to repeat."""
    try:
        await rows.transact(table, partition, [change])
        return True
    except Conflict:
        return False
    except Unclear as unclear:
        raise Transient("storage-unavailable", "a write was not acknowledged") from unclear

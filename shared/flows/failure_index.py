"""The list of what fails just now: a row for each collection and subscription in trouble, none for those that are well. A
collection with items that cannot be read has one more for these (`failing_items.py`).

The truth is the head, or the subscription's row; it says in `listed_at` that there may be a row here. That is stored before
the row is written and forgotten only after the row was removed, so that a crash leaves nothing behind for good, and a sync
without trouble costs nothing here. A row that nobody refreshed for a day is checked against the truth when it is read.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from shared.errors import Conflict, SyncError, Unclear
from shared.flows.settings_document import read_settings
from shared.flows.whereabouts import connection_of
from shared.model.collection import Head, Trouble
from shared.model.configuration import AUTO
from shared.model.keys import collection_key, shard_of
from shared.model.operator import Operator
from shared.ports import Delete, Row, Upsert, Value, World, Write

log = logging.getLogger(__name__)
TABLE = "failures"
SUBSCRIPTION = "subscription"
"""What fails beside the kinds: the push subscription of a mailbox."""
REFRESHED_EVERY = timedelta(minutes=5)
IDS_KEPT = 5
_ITEMS = "_items"
_LONGEST = 2000


def items_of(kind: str) -> str:
    """What stands in the list for the items of a kind that cannot be read."""
    return f"{kind}{_ITEMS}"


def kind_of(what: str) -> str:
    """The kind that something in the list is of, and the subscription's own name."""
    return what.removesuffix(_ITEMS)


def partition_of(shard: int) -> str:
    """Where a shard's open failures are."""
    return f"open-{shard:02d}"


def now_wrong(head: Head, now: datetime) -> Trouble | None:
    """What keeps a collection from going on by itself: its trouble, else a removal that the brake holds."""
    if head.trouble is not None or head.held is None:
        return head.trouble
    return Trouble("brake-held", head.held.reason, head.held.since, now)


def listing_time(
    before: Trouble | None, listed_at: datetime | None, new: Trouble | None, now: datetime
) -> datetime | None:
    """What is to be stored as `listed_at` with `new`: now, where its row is to be written, else what it was."""
    is_news = new is not None and (before is None or before.code != new.code)
    is_old = new is not None and (listed_at is None or now - listed_at >= REFRESHED_EVERY)
    return now if is_news or is_old else listed_at


def listing_time_after_success(head: Head, now: datetime) -> datetime | None:
    """The same for a head whose trouble is over: the brake may still hold something."""
    left = now_wrong(replace(head, trouble=None), now)
    return listing_time(now_wrong(head, now), head.listed_at, left, now)


def newest_ids(failure: SyncError, before: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of the last requests that failed, newest first."""
    return ((failure.request_id, *before) if failure.request_id else before)[:IDS_KEPT]


async def bring_in_line(world: World, operator: Operator, kind: str, before: Head, after: Head) -> None:
    """Write or remove a collection's row as its head says now, once that head is stored."""
    trouble = now_wrong(after, world.now())
    if trouble is None and before.listed_at is not None:
        await close_failure(world, operator.mailbox_key, kind)
    elif trouble is not None and after.listed_at != before.listed_at:
        await list_failure(world, operator, kind, trouble)


async def list_failure(world: World, operator: Operator, what: str, trouble: Trouble) -> bool:
    """Write the row of a failing collection, or subscription, whole, with the connection that leads to it; False where storage
    did not take it."""
    columns: dict[str, Value] = {
        "operator_id": operator.id,
        "mailbox": operator.mailbox,
        "connection": await _connection(world, operator),
        "kind": str(what),
        "code": trouble.code,
        "detail": trouble.detail[:_LONGEST],
        "exchange_code": trouble.exchange_code,
        "since": trouble.since,
        "last": trouble.last,
        "count": trouble.count,
        "request_ids": json.dumps(trouble.request_ids),
    }
    if trouble.shut_since is not None:
        columns["shut_since"] = trouble.shut_since
    return await _write(world, operator.mailbox_key, Upsert(collection_key(operator.mailbox_key, what), columns))


async def _connection(world: World, operator: Operator) -> str:
    """By name, also where Autodiscover has found it: many mailboxes on one dead server have one cause."""
    if operator.connection != AUTO:
        return operator.connection
    try:
        configuration = world.configuration or (await read_settings(world.rows))[0]
        return await connection_of(world, operator, configuration) or AUTO
    except SyncError:
        return AUTO  # storage is in trouble itself; the next refresh says it


async def close_failure(world: World, mailbox_key: str, what: str) -> bool:
    """Remove the row of what is well again; one that is gone already is no error. False where storage did not answer."""
    return await _write(world, mailbox_key, Delete(collection_key(mailbox_key, what)))


async def is_listed(world: World, mailbox_key: str, what: str) -> bool:
    """Whether something is in the list of failures."""
    key = collection_key(mailbox_key, what)
    return await world.rows.get(TABLE, partition_of(shard_of(mailbox_key)), key) is not None


async def _write(world: World, mailbox_key: str, write: Write) -> bool:
    """One write that must not make the sync itself fail: it is repeated with the next failure, or at the next sync."""
    try:
        await world.rows.transact(TABLE, partition_of(shard_of(mailbox_key)), [write])
    except Conflict:
        log.debug("%s is not in the list of failures", write.key)
    except (Unclear, SyncError) as wrong:
        log.warning("the list of failures may be behind for %s: %s", write.key, wrong)
        return False
    return True


def trouble_of(row: Row) -> Trouble:
    """What a row says of the failure."""
    values: Mapping[str, Value] = row.values
    since, last, count = values["since"], values["last"], values["count"]
    assert isinstance(since, datetime) and isinstance(last, datetime) and isinstance(count, int)
    return Trouble(
        str(values["code"]),
        str(values["detail"]),
        since,
        last,
        count,
        exchange_code=str(values["exchange_code"]),
        request_ids=tuple(json.loads(str(values["request_ids"]))),
    )

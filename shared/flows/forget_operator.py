"""Forget an operator: remove all that is held of one, stage by stage, so that any stage may be repeated after a crash.

Switched off first, so that nobody writes any more; the operator's own row goes last, so that until then everything can be
found. What is stored under the mailbox's key is looked for once more after the longest call of a function has ended.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.errors import Conflict, Invalid
from shared.flows import audit
from shared.flows.alert_round import SENDING
from shared.flows.alert_rows import open_groups, store
from shared.flows.claim import Claim
from shared.flows.email.stored import FEED, ITEM
from shared.flows.erase import erase
from shared.flows.failure_index import items_of
from shared.flows.forget_job import DONE, OPERATOR, STOPPED, WORKING, Job, job_id, read_job, write_job
from shared.flows.forgotten import PARTITION as FORGOTTEN
from shared.flows.head import HEAD, WANTED
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.mailbox_claims import give_mailbox_up
from shared.flows.operator_row import PARTITION as OPERATOR_ROWS
from shared.flows.operator_row import TABLE as OPERATORS
from shared.flows.operator_row import read_operator
from shared.flows.operators import DUE, SUBSCRIPTIONS, due_partition, find_operator, remove_operator
from shared.flows.pauses import PARTITION as PAUSES
from shared.flows.pauses import TABLE as CONFIGURATION
from shared.flows.receive_notification import write
from shared.flows.settings_history import ENTRY as HISTORY
from shared.flows.settings_history import PARTITION as SETTINGS
from shared.flows.subscription_row import KEY as SUBSCRIPTION
from shared.flows.whereabouts import PARTITION as WHEREABOUTS
from shared.model.alerts import is_ahead
from shared.model.collection import States, Tree
from shared.model.keys import collection_key, shard_of
from shared.model.operator import Kind, Operator
from shared.model.pauses import OPERATOR as PAUSED_OPERATOR
from shared.ports import QUEUES, SHARDS_QUEUE, Delete, Replace, World

log = logging.getLogger(__name__)
TASK = "forget-operator"
_BUSY = timedelta(seconds=20)
_CALLS_HAVE_ENDED = timedelta(minutes=11)
"""A function's call lasts ten minutes at most (`host.json`, functionTimeout)."""


async def forget_operator(world: World, operator_id: str, *, by: str) -> Job:
    """Switch the operator off and begin to forget it; asking again does no harm. Raises Invalid("operator-unknown")."""
    name = job_id(OPERATOR, operator_id)
    job, etag = await read_job(world.rows, name)
    operator = await find_operator(world.rows, operator_id)
    if operator is None and job is not None:
        return job
    if operator is None:
        raise Invalid("operator-unknown", f"there is no operator {operator_id}")
    await remove_operator(world, operator_id)
    if job is None or job.state != WORKING:
        job = Job(name, operator_id, world.new_id(), by, world.now(), operator.mailbox_key, stage=_STAGES[0][0])
        await write_job(world.rows, job, etag)
    await world.queues.send(SHARDS_QUEUE, {"task": TASK, "job": name})
    return job


async def go_on_forgetting(world: World, name: str, *, budget: timedelta) -> None:
    """Do what is left, stage by stage; where the time is spent, or a sync is still under way, another message goes on."""
    job, etag = await read_job(world.rows, name)
    if job is None or job.state == STOPPED or job.checked_at is not None:
        return
    work = _Work(world, job, etag, world.now() + budget)
    try:
        if job.state == DONE:
            await _check_again(work)
        else:
            await _work_through(work)
    except Conflict:
        log.debug("another worker goes on with %s", name)


@dataclass(slots=True)
class _Work:
    """A worker's hold on the job: `save` fails where another one has taken it over."""

    world: World
    job: Job
    etag: str
    deadline: datetime

    @property
    def is_out_of_time(self) -> bool:
        return self.world.now() >= self.deadline

    async def save(self, job: Job) -> None:
        self.etag = await write_job(self.world.rows, job, self.etag)
        self.job = job

    async def removed(self, **counts: int) -> None:
        """Count what was removed, as soon as it was."""
        await self.save(self.job.counting(**counts))

    async def come_again(self, delay: timedelta = timedelta(0)) -> None:
        await self.world.queues.send(SHARDS_QUEUE, {"task": TASK, "job": self.job.id}, delay=delay)


async def _work_through(work: _Work) -> None:
    names = [name for name, _ in _STAGES]
    for name, stage in _STAGES[names.index(work.job.stage) :]:
        operator = await find_operator(work.world.rows, work.job.subject)
        if operator is None:
            break  # its row went just before a crash
        if not operator.removed:  # it was put again meanwhile: that is somebody's will too, and newer
            await work.save(replace(work.job, state=STOPPED, subject="", done_at=work.world.now()))
            return
        if work.job.stage != name:
            await work.save(replace(work.job, stage=name, cursor=""))
        wait = await stage(work, operator)
        if wait is not None:
            await work.come_again(wait)
            return
    await work.save(replace(work.job, state=DONE, stage="", cursor="", subject="", done_at=work.world.now()))
    await work.come_again(_CALLS_HAVE_ENDED)


type _Stage = Callable[[_Work, Operator], Awaitable[timedelta | None]]
"""Does its part; None when that is done, else after what time to come again."""


async def _collections(work: _Work, operator: Operator) -> timedelta | None:
    """Everything of each kind: the head last, since as long as it is there nobody else can begin."""
    world = work.world
    for kind in Kind:
        key = collection_key(operator.mailbox_key, kind)
        if await world.rows.get(COLLECTIONS, key, HEAD) is not None:
            claim = Claim(world, key, world.new_id())
            if not await claim.take(world.now(), job=work.job.id):
                return _BUSY
            await claim.commit(intent=None, held=None, states=States(), tree=Tree())
        for first, before in (("", HEAD), (f"{HEAD}~", WANTED), ("", "")):
            async for rows in erase(world.rows, COLLECTIONS, key, first=first, before=before):
                await work.removed(**_sorted_by_what([row.key for row in rows]))
                if (
                    work.is_out_of_time and before
                ):  # what is left then are two rows, which taking the claim would write anew
                    return timedelta(0)
    return None


def _sorted_by_what(keys: list[str]) -> dict[str, int]:
    items = sum(key.startswith(ITEM) for key in keys)
    feed = sum(key.startswith(FEED) for key in keys)
    return {"items": items, "feed": feed, "other_rows": len(keys) - items - feed}


async def _blobs(work: _Work, operator: Operator) -> timedelta | None:
    count = 0
    async for blob in work.world.blobs.names(f"{operator.mailbox_key}/"):
        if count and work.is_out_of_time:
            await work.removed(blobs=count)
            return timedelta(0)
        await work.world.blobs.delete(blob.name)
        count += 1
    await work.removed(blobs=count)
    return None


async def _rows_by_mailbox(work: _Work, operator: Operator) -> timedelta | None:
    """Rows that are found by the mailbox's key: what is due, what fails, the subscription, where the mailbox is."""
    key, count = operator.mailbox_key, 0
    shard = f"{shard_of(key):02d}"
    places = [(DUE, due_partition(what, key), key) for what in (*Kind, SUBSCRIPTIONS)]
    places += [("failures", f"open-{shard}", f"{key}-{what}") for what in (*Kind, *map(items_of, Kind), "subscription")]
    places += [("advances", shard, collection_key(key, kind)) for kind in Kind]
    places += [("subscriptions", key, SUBSCRIPTION), (OPERATORS, WHEREABOUTS, key)]
    for table, partition, row in places:
        count += await write(work.world.rows, table, partition, Delete(row))
    await work.removed(other_rows=count)
    return None


async def _rows_by_name(work: _Work, operator: Operator) -> timedelta | None:
    await give_mailbox_up(work.world.rows, operator, since=work.world.now())
    paused = await write(work.world.rows, CONFIGURATION, PAUSES, Delete(PAUSED_OPERATOR + operator.id))
    await work.removed(other_rows=int(paused))
    for partition, first, before in ((PAUSES, "", ""), (FORGOTTEN, "", ""), (SETTINGS, HISTORY, f"{HISTORY}~")):
        await _conceal_signature(work.world, operator, partition, first, before)
    return None


async def _conceal_signature(world: World, operator: Operator, partition: str, first: str, before: str) -> None:
    """What the operator did as an administrator, and is still in force or in the history, stays without the name. A pause
    that somebody ends or takes over meanwhile is left to them."""
    after = ""
    while True:
        page = await world.rows.query(CONFIGURATION, partition, first=first, before=before, after=after)
        for row in page.rows:
            if audit.is_named(operator, str(row.values["by"])):
                unsigned = {**row.values, "by": audit.concealed(operator.id)}
                await write(world.rows, CONFIGURATION, partition, Replace(row.key, unsigned, row.etag))
        after = page.next
        if not after:
            return


async def _poison(work: _Work, operator: Operator) -> timedelta | None:
    """Messages that failed for good and name the operator."""
    for queue in QUEUES[(QUEUES.index(work.job.cursor) if work.job.cursor else 0) :]:
        after = ""
        while True:
            page = await work.world.rows.query("poison", queue, after=after, limit=200)
            about = [row.key for row in page.rows if _names(str(row.values["message"]), operator.id)]
            for key in about:
                await write(work.world.rows, "poison", queue, Delete(key))
            if about:
                await work.removed(other_rows=len(about))
            after = page.next
            if not after:
                break
        await work.save(replace(work.job, cursor=queue))
    return None


def _names(message: str, operator_id: str) -> bool:
    try:
        wish = json.loads(message)
    except ValueError:
        return False
    return isinstance(wish, dict) and wish.get("operator_id") == operator_id


async def _alerts(work: _Work, operator: Operator) -> timedelta | None:
    """What lasts, and is told of, names some of those whom it hits."""
    world = work.world
    for group, etag in (await open_groups(world.rows)).values():
        if operator.id not in group.operators:
            continue
        others = tuple(each for each in group.operators if each != operator.id)
        is_being_told = is_ahead(group.until, world.now(), at_most=SENDING)
        if is_being_told or not await store(world.rows, replace(group, operators=others, detail=""), etag):
            return _BUSY
    return None


async def _audit(work: _Work, operator: Operator) -> timedelta | None:
    """What was done to the operator stays on record, under a name that tells nothing."""
    oldest = await audit.oldest_day(work.world)
    day = date.fromisoformat(work.job.cursor) if work.job.cursor else audit.today(work.world)
    while day >= oldest:
        count = await audit.conceal(work.world, day, operator)
        day -= timedelta(days=1)
        if count or work.is_out_of_time:
            await work.save(replace(work.job.counting(audit_entries_concealed=count), cursor=day.isoformat()))
        if work.is_out_of_time:
            return timedelta(0)
    return None


async def _operator_row(work: _Work, operator: Operator) -> timedelta | None:
    """At the very end, and only as it was seen: removed."""
    _, row = await read_operator(work.world.rows, operator.id)
    if row is not None and row.values.get("removed"):
        await write(work.world.rows, OPERATORS, OPERATOR_ROWS, Delete(operator.id, row.etag))
        await work.removed(other_rows=1)
    return None


_STAGES: tuple[tuple[str, _Stage], ...] = (
    ("collections", _collections),
    ("blobs", _blobs),
    ("rows", _rows_by_mailbox),
    ("names", _rows_by_name),
    ("poison", _poison),
    ("alerts", _alerts),
    ("audit", _audit),
    ("operator", _operator_row),
)


async def _check_again(work: _Work) -> None:
    """Whoever was still at work when the collections were removed has ended: what it left goes too."""
    gone = Operator("", "", work.job.mailbox_key, removed=True)
    for stage in (_collections, _blobs, _rows_by_mailbox):
        wait = await stage(work, gone)
        if wait is not None:
            await work.come_again(wait)
            return
    await work.save(replace(work.job, mailbox_key="", checked_at=work.world.now()))

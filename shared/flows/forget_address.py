"""Forget a person outside: take every email out in which an address takes part, of all operators.

The address's fingerprint is first put on the list of the forgotten (`forgotten.py`), so that nothing of it is imported any
more; a collection is then held while its emails are looked through, so no sync with an older list can be under way. The
address itself is stored nowhere. The operators are cut into parts; each part is a message of the queue and a row, so parts
are done side by side and each goes on where it was.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.errors import Conflict, Invalid, LeaseLost
from shared.flows.documents import fetch
from shared.flows.email.hold import Busy, hold
from shared.flows.email.run import Run
from shared.flows.email.stored import FACTS, ITEM
from shared.flows.email.take_out import COLUMNS, take_out
from shared.flows.erase import erase
from shared.flows.forget_job import DONE, WORKING, Job, fingerprint_in, name_of, read_job, write_job
from shared.flows.forgotten import put_on_list
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.mailbox_claims import claimed_by
from shared.flows.operator_row import PARTITION, TABLE, operator_of
from shared.flows.receive_notification import write
from shared.flows.settings_document import count_change_of_forgotten
from shared.model.keys import hashed
from shared.model.operator import Operator
from shared.model.people import addresses_of, compared, everybody_of
from shared.model.setting_values import is_address
from shared.ports import SHARDS_QUEUE, Insert, Replace, Row, RowPage, Value, World

log = logging.getLogger(__name__)
CUT, PART, FINISH = "forget-cut", "forget-part", "forget-finish"
TASKS = (CUT, PART, FINISH)
_PARTS = "configuration"
_OPERATORS_IN_PART = 100
_SETTINGS_FELT = timedelta(seconds=5)
"""Longer than any worker works by settings that it read before (`shared/compose.py`)."""
_BUSY = timedelta(seconds=20)
_FIRST_LOOK, _LOOK_AGAIN = timedelta(seconds=2), timedelta(seconds=10)
"""When to see whether all parts are done: few are in no time, a hundred thousand operators take their time."""
_AT_ONCE = 300


async def forget_address(world: World, address: str, *, by: str) -> Job:
    """Keep the address out and begin to forget it; asked again while that is under way it tells of the same work.

    Raises Invalid("request-malformed") and Invalid("address-of-operator").
    """
    address = compared(address)
    if not is_address(address):
        raise Invalid("request-malformed", "address: write a mail address, for example dana@customer.example")
    if owners := await claimed_by(world.rows, address):
        raise Invalid("address-of-operator", f"the mailbox belongs to {', '.join(owners)}")
    name = name_of(address)
    await put_on_list(world.rows, fingerprint_in(name), by=by, at=world.now())
    await count_change_of_forgotten(world.rows)
    job, etag = await read_job(world.rows, name)
    if job is None or job.state != WORKING:
        job = Job(name, "", world.new_id(), by, world.now())
        await write_job(world.rows, job, etag)
    task = {"task": CUT, "job": name, "run": job.run, "after": "", "number": 0}
    await world.queues.send(SHARDS_QUEUE, task, delay=_SETTINGS_FELT)
    return job


async def removed_so_far(world: World, job: Job) -> Job:
    """The job with what its parts have removed by now."""
    if job.state != WORKING:
        return job
    total, _ = await _sum(world, job)
    return total


async def work_on_address(world: World, task: Mapping[str, Any], *, budget: timedelta) -> None:
    """Do what a message of TASKS asks for."""
    job, etag = await read_job(world.rows, task["job"])
    if job is None or job.run != task["run"] or job.state != WORKING:
        return
    work = _Work(world, job, world.now() + budget)
    try:
        match task["task"]:
            case "forget-cut":
                await _cut(work, task["after"], task["number"])
            case "forget-part":
                await _do_part(work, task["number"])
            case _:
                await _finish(work, task["number"], etag)
    except Conflict:
        log.debug("another worker does %s", task)


@dataclass(frozen=True, slots=True)
class _Work:
    world: World
    job: Job
    deadline: datetime

    @property
    def is_out_of_time(self) -> bool:
        return self.world.now() >= self.deadline

    async def ask(self, task: str, *, delay: timedelta = timedelta(0), **more: Any) -> None:
        message = {"task": task, "job": self.job.id, "run": self.job.run, **more}
        await self.world.queues.send(SHARDS_QUEUE, message, delay=delay)


async def _cut(work: _Work, after: str, number: int) -> None:
    """Cut the operators into parts, and have each worked on; at the end somebody waits for all of them."""
    while True:
        page = await work.world.rows.query(
            TABLE, PARTITION, after=after, limit=_OPERATORS_IN_PART, columns=("mailbox",)
        )
        if page.rows:
            last = await _put_part(work, number, after, page.rows[-1].key)
            await work.ask(PART, number=number)
            after, number = last, number + 1
        if not page.next:
            await work.ask(FINISH, number=number, delay=_FIRST_LOOK)
            return
        if work.is_out_of_time:
            await work.ask(CUT, after=after, number=number)
            return


async def _put_part(work: _Work, number: int, after: str, last: str) -> str:
    """The part's row; one that is there already, of a worker that died, decides where it ends."""
    columns: dict[str, Value] = {"after": after, "last": last, "place": "", "counts": "{}", "done": False}
    if await write(work.world.rows, _PARTS, _partition(work.job), Insert(_key(number), columns)):
        return last
    row = await work.world.rows.get(_PARTS, _partition(work.job), _key(number))
    return str(row.values["last"]) if row else last


async def _do_part(work: _Work, number: int) -> None:
    """Look through the collections of a part, from where it was left."""
    row = await work.world.rows.get(_PARTS, _partition(work.job), _key(number))
    if row is None or row.values["done"]:
        return
    part = _Part(work, row)
    while operator := await part.next_operator():
        try:
            is_done = await _forget_in(part, operator)
        except (Busy, LeaseLost):
            await work.ask(PART, number=number, delay=_BUSY)
            return
        if not is_done:
            await work.ask(PART, number=number)
            return
        await part.save(after=operator.id, place="", collections=1)
    await part.save(done=True)


class _Part:
    """A part's row in hand: saving fails where another worker has taken it over."""

    def __init__(self, work: _Work, row: Row) -> None:
        self.work = work
        self._row = row

    @property
    def place(self) -> str:
        """After which item to go on in the next operator's collection."""
        return str(self._row.values["place"])

    async def next_operator(self) -> Operator | None:
        """The next operator who was not looked at; also one who is removed, whose items may be kept."""
        after, last = str(self._row.values["after"]), str(self._row.values["last"])
        page = await self.work.world.rows.query(TABLE, PARTITION, after=after, before=f"{last}~", limit=1)
        found = [operator for operator in map(operator_of, page.rows) if operator.id <= last]
        return found[0] if found else None

    async def save(self, *, items: int = 0, collections: int = 0, **changes: Value) -> None:
        counts = json.loads(str(self._row.values["counts"]))
        more = {"items": items, "collections": collections}
        counts = {name: counts.get(name, 0) + number for name, number in more.items()}
        values = {**self._row.values, **changes, "counts": json.dumps(counts)}
        change = Replace(self._row.key, values, self._row.etag)
        [etag] = await self.work.world.rows.transact(_PARTS, _partition(self.work.job), [change])
        self._row = Row(self._row.key, values, etag)


async def _forget_in(part: _Part, operator: Operator) -> bool:
    """Take out what the address takes part in; False where the time is spent, and the rest is left."""
    work, fingerprint = part.work, fingerprint_in(part.work.job.id)
    async with hold(work.world, operator, deadline=work.deadline, job=work.job.id) as run:
        while run is not None:
            await run.keep_lease()
            page = await _items(run, part.place)
            found = [row for row in page.rows if await _takes_part(run, row, fingerprint)]
            await take_out(run, found)
            await part.save(place=page.next, items=len(found))
            if not page.next:
                return True
            if work.is_out_of_time:
                return False
    return True


async def _items(run: Run, after: str) -> RowPage:
    columns = (*FACTS, *COLUMNS)
    return await run.world.rows.query(
        COLLECTIONS, run.key, first=ITEM, before=f"{ITEM}~", after=after, limit=_AT_ONCE, columns=columns
    )


async def _takes_part(run: Run, row: Row, fingerprint: str) -> bool:
    """Whether the address is among those that the sync looks at (`reason_to_skip`)."""
    facts: dict[str, Any] = await fetch(run.world.blobs, row.values, "facts")
    return fingerprint in map(hashed, addresses_of(everybody_of(facts)))


async def _finish(work: _Work, parts: int, etag: str) -> None:
    """Once all parts are done, what they have counted is the report."""
    total, done = await _sum(work.world, work.job)
    if done < parts:
        await work.ask(FINISH, number=parts, delay=_LOOK_AGAIN)
        return
    now = work.world.now()
    await write_job(work.world.rows, replace(total, state=DONE, done_at=now, checked_at=now), etag)
    async for _ in erase(work.world.rows, _PARTS, _partition(work.job)):
        pass


async def _sum(world: World, job: Job) -> tuple[Job, int]:
    """What all parts have removed by now, and how many of them are done."""
    done, after = 0, ""
    while True:
        page = await world.rows.query(_PARTS, _partition(job), after=after, columns=("counts", "done"))
        for row in page.rows:
            job = job.counting(**json.loads(str(row.values["counts"])))
            done += bool(row.values["done"])
        after = page.next
        if not after:
            return job, done


def _partition(job: Job) -> str:
    return f"forget-{job.run}"


def _key(number: int) -> str:
    return f"{number:06d}"

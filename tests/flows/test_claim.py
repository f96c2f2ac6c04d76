"""One worker at a time, no wish lost, and pauses when Exchange fails: who holds a collection and for how long."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import LeaseLost, Reconfigure, SyncError, Transient, Unclear
from shared.flows.claim import LEASE, Claim
from shared.flows.head import HEAD, TABLE, WANTED
from shared.flows.operators import ask_for_sync, find_operator
from shared.flows.receive_notification import FOLD, want
from shared.flows.sync_collection import sync_collection
from shared.model.exchange import Mailbox
from shared.model.operator import Kind
from shared.ports import COLLECTIONS_QUEUE
from tests.flows.breaking import Hesitation, Interruption, guarded
from tests.flows.office import Office, attachment


async def opened() -> Office:
    office = Office()
    office.deliver("mail", age=timedelta(hours=1))
    await office.open()
    await office.settle()
    office.queues.receive(COLLECTIONS_QUEUE)
    return office


async def wish(office: Office) -> None:
    await want(office.world(), office.key, "alice", "email")


def failing(office: Office, error: SyncError, *, of: str = "sync_folder_items") -> Callable[[], None]:
    """Exchange fails from now on; what is returned mends it."""

    async def fail(operation: str, mailbox: Mailbox) -> None:
        if operation == of:
            raise error

    async def pass_by(operation: str, mailbox: Mailbox) -> None: ...

    office.exchange.before = fail
    return lambda: setattr(office.exchange, "before", pass_by)


async def sync_of(office: Office, operator_id: str, kind: Kind) -> str:
    return await sync_collection(office.world(), operator_id, kind, budget=timedelta(minutes=1))


class Late:
    """Holds a call back until it may go on."""

    def __init__(self) -> None:
        self.may = asyncio.Event()

    async def call(self, name: str, call: Callable[[], Any]) -> Any:
        await self.may.wait()
        return await call()


class Losing:
    """Loses the acknowledgement of the worker's transaction `at`, and then whatever else is named."""

    def __init__(self, at: int, *, done: bool, then: int = 0) -> None:
        self.at, self.done, self.then = at, done, then
        self.count = 0

    async def call(self, name: str, call: Callable[[], Any]) -> Any:
        if name == "transact":
            self.count += 1
            if self.count == self.at:
                if self.done:
                    await call()
                raise Unclear
        elif self.count >= self.at and self.then:
            self.then -= 1
            raise Transient("storage-unavailable")
        return await call()


async def test_a_busy_collection_is_left_to_the_worker_that_has_it() -> None:
    office = await opened()
    first = Claim(office.world(), office.key, "first")
    assert await first.take(office.now)
    assert await office.sync() == "busy"
    office.now += LEASE
    assert await office.sync() == "done"


async def test_a_worker_whose_lease_was_taken_over_writes_nothing_more() -> None:
    office = await opened()
    for _ in range(150):
        office.deliver()
    after: list[Any] = []

    async def overtake() -> None:
        office.now += LEASE
        assert await office.sync() == "done"
        after.extend(await office.stored())

    for step in range(2, 6):
        after.clear()
        for _ in range(90):
            office.deliver()
        interruption = Interruption(step, overtake)
        assert await office.sync(interruption.worker(office.world())) == "overtaken"
        assert await office.stored() == after
        await office.check()


async def test_a_claim_whose_acknowledgement_is_lost_holds_all_the_same() -> None:
    for done in (True, False):
        office = await opened()
        office.deliver("new")
        assert await office.sync(guarded(office.world(), Losing(1, done=done), frozenset({"transact"}))) == "done"
        await office.check()


async def test_a_transaction_that_nobody_could_read_about_does_not_keep_the_collection_locked() -> None:
    """The page is committed, its acknowledgement lost, and storage does not even say what became of it."""
    office = await opened()
    for _ in range(3):
        office.deliver()
    world = guarded(office.world(), Losing(2, done=True, then=1), frozenset({"transact", "get"}))
    assert await office.sync(world) == "failed"
    head = await office.head()
    assert head.trouble is not None and head.until is not None and head.until <= office.now
    office.now += timedelta(seconds=10)
    assert await office.sync() == "done"
    await office.check()


async def test_a_wish_that_comes_during_a_sync_leads_to_another_round() -> None:
    office = await opened()

    async def push() -> None:
        office.deliver("just arrived")
        await wish(office)

    total = Interruption(0, push)
    assert await office.sync(total.worker(office.world())) == "done"
    for step in range(1, total.steps + 1):
        office = await opened()
        outcome = await office.sync(Interruption(step, push).worker(office.world()))
        assert outcome == "done"
        assert "just arrived" in await office.held(), f"lost at step {step}"


async def test_a_stream_of_wishes_does_not_keep_a_worker_beyond_its_time() -> None:
    office = await opened()

    async def push(operation: str, mailbox: Mailbox) -> None:
        office.now += timedelta(seconds=30)
        await wish(office)

    office.exchange.before = push
    assert await office.sync() == "continued"


@pytest.mark.parametrize(
    "turns", [[first, second, third] for first in (0, 1, 2) for second in (0, 3) for third in (0, 5)]
)
async def test_no_wish_is_lost_between_its_reading_and_the_release(turns: list[int]) -> None:
    """Pushes and a worker side by side; whoever is enqueued runs, and nothing else does: no timer comes to help."""
    office = await opened()

    async def pushes() -> None:
        for number in range(6):
            office.deliver(f"push {number}")
            await want(Hesitation(turns).worker(office.world()), office.key, "alice", "email")
            for _ in range(7 * number + turns[0]):
                await asyncio.sleep(0)

    async def worker() -> None:
        while office.queues.receive(COLLECTIONS_QUEUE):
            await office.sync(Hesitation(turns[::-1]).worker(office.world()))

    pushing = asyncio.create_task(pushes())
    while not pushing.done():
        await worker()
        await asyncio.sleep(0)
    await worker()
    await office.check()
    assert len(await office.held()) == 7


async def test_a_wish_that_would_fold_is_not_lost_when_the_other_is_served_at_that_moment() -> None:
    """The listener has read that a sync was just asked for; before it notes its own wish, that sync is over."""
    for step in range(2, 12):
        office = await opened()
        await wish(office)
        office.queues.receive(COLLECTIONS_QUEUE)
        late = Late()
        tasks: list[asyncio.Task[None]] = []

        async def push(office: Office = office, late: Late = late, tasks: list[asyncio.Task[None]] = tasks) -> None:
            office.deliver("late")
            world = guarded(office.world(), late, frozenset({"transact"}))
            tasks.append(asyncio.create_task(want(world, office.key, "alice", "email")))
            for _ in range(9):
                await asyncio.sleep(0)

        await office.sync(Interruption(step, push).worker(office.world()))
        late.may.set()
        await asyncio.gather(*tasks)
        while office.queues.receive(COLLECTIONS_QUEUE):
            await office.sync()
        await office.check()


async def test_a_wish_folds_with_one_that_was_enqueued_just_before_but_not_with_a_served_one() -> None:
    office = await opened()
    await wish(office)
    office.now += FOLD / 2
    await wish(office)
    assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 1
    office.now += FOLD
    await wish(office)
    assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 1
    await office.sync()
    await wish(office)
    assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 1


async def test_a_wish_is_gone_once_it_was_served() -> None:
    office = await opened()
    await wish(office)
    await office.sync()
    assert await office.rows.get(TABLE, office.key, WANTED) is None


async def test_work_beyond_the_time_budget_is_put_down_and_enqueued_anew() -> None:
    office = await opened()
    for _ in range(300):
        office.deliver()
    assert await office.sync(budget=timedelta(0)) == "continued"
    assert office.queues.receive(COLLECTIONS_QUEUE) == [{"operator_id": "alice", "kind": "email"}]
    head = await office.head()
    assert head.until is not None and head.until <= office.now
    await office.settle()
    await office.check()


async def test_pauses_grow_to_fifteen_minutes_while_exchange_fails_and_end_with_its_recovery() -> None:
    office = await opened()
    mend = failing(office, Transient("exchange-unavailable", "503"))
    pauses = []
    for _ in range(9):
        begun = office.now
        assert await office.sync() == "failed"
        (visible,) = [office.queues.next_visible(COLLECTIONS_QUEUE)]
        assert visible is not None
        pauses.append((visible - begun).total_seconds())
        office.now = visible
        office.queues.receive(COLLECTIONS_QUEUE)
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 900, 900]
    trouble = (await office.head()).trouble
    assert trouble is not None and (trouble.code, trouble.count) == ("exchange-unavailable", 9)
    mend()
    office.deliver("meanwhile")
    assert await office.sync() == "done"
    assert (await office.head()).trouble is None
    await office.check()


async def test_a_pause_is_never_shorter_than_the_server_asks() -> None:
    office = await opened()
    failing(office, Transient("exchange-busy", retry_after=timedelta(minutes=5)))
    await office.sync()
    assert office.queues.next_visible(COLLECTIONS_QUEUE) == office.now + timedelta(minutes=5)
    assert (await office.head()).retry_at == office.now + timedelta(minutes=5)


async def test_a_paused_collection_is_not_disturbed_by_pushes_but_by_an_administrator() -> None:
    office = await opened()
    failing(office, Reconfigure("authentication-failed"))
    await office.sync()
    calls = office.exchange.counts.total()
    await wish(office)
    assert await office.sync() == "paused"
    assert office.exchange.counts.total() == calls, "nothing was asked of Exchange"
    operator = await find_operator(office.rows, "alice")
    assert operator is not None
    await ask_for_sync(office.world(), operator, [Kind.EMAIL])
    assert await office.sync() == "failed"
    assert await office.sync() == "paused", "asking once is asking once"


async def test_a_failure_keeps_the_wish_for_the_retry() -> None:
    office = await opened()
    mend = failing(office, Transient("exchange-timeout"))
    await wish(office)
    await office.sync()
    assert await office.rows.get(TABLE, office.key, WANTED) is not None
    mend()
    office.now += timedelta(minutes=1)
    await office.sync()
    assert await office.rows.get(TABLE, office.key, WANTED) is None


async def test_an_operator_who_is_switched_off_costs_nothing() -> None:
    office = await opened()
    calls = office.exchange.counts.total()
    await office.configure({"email": {"enabled": False}})
    assert await office.sync() == "off"
    assert office.exchange.counts.total() == calls


async def test_nobody_and_what_is_not_built_yet_are_unknown() -> None:
    office = await opened()
    row = await office.rows.get(TABLE, office.key, HEAD)
    assert await sync_of(office, "nobody", Kind.EMAIL) == "unknown"
    assert await sync_of(office, "alice", Kind.CALENDAR) == "unknown"
    assert await office.rows.get(TABLE, office.key, HEAD) == row


async def test_a_lease_is_extended_while_attachments_are_fetched() -> None:
    office = await opened()
    for number in range(20):
        office.deliver(attachments=(attachment("a.bin", 1),), contents=(bytes([number]),))
    rivals = []

    async def slow(operation: str, mailbox: Mailbox) -> None:
        if operation == "attachment":
            office.now += LEASE / 6
            rivals.append(await office.sync())

    office.exchange.before = slow
    assert await office.sync() == "done"
    assert set(rivals) == {"busy"}
    await office.check()


async def test_a_message_that_comes_again_takes_over_from_the_worker_that_failed_with_it() -> None:
    office = await opened()
    failed = Claim(office.world(), office.key, "a worker that failed")
    assert await failed.take(office.now, job="message 1")
    office.deliver("came meanwhile")

    async def attempt(job: str) -> str:
        return await sync_collection(office.world(), "alice", Kind.EMAIL, budget=timedelta(minutes=1), job=job)

    assert await attempt("message 2") == "busy"
    assert await attempt("message 1") == "done"
    await office.check()
    with pytest.raises(LeaseLost):
        await failed.commit()


async def test_a_claim_without_a_message_is_taken_over_by_nobody() -> None:
    office = await opened()
    assert await Claim(office.world(), office.key, "one").take(office.now)
    assert not await Claim(office.world(), office.key, "another").take(office.now)


async def test_a_busy_collection_is_its_holders_to_go_round_with_again() -> None:
    office = await opened()
    assert await Claim(office.world(), office.key, "a worker at work").take(office.now)
    assert await sync_of(office, "alice", Kind.EMAIL) == "busy"
    assert office.queues.next_visible(COLLECTIONS_QUEUE) is None

"""A pause counts at once, loses nothing, asks nothing of Exchange, and is recalled each day until somebody ends it."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Invalid
from shared.flows.daily import AUDIT, RECALL, begin_day, do_daily
from shared.flows.find_due import enqueue_shards, work_through_shard
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.head import WANTED
from shared.flows.keep_subscription import keep_subscription
from shared.flows.operators import DUE, get_operator, put_operator, remove_operator
from shared.flows.pauses import pause, read_pauses, resume, wake_shard
from shared.flows.receive_notification import want
from shared.flows.status import operator_status
from shared.flows.sync_collection import sync_collection
from shared.model.exchange import Mailbox
from shared.model.operator import Kind, Operator
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, Upsert
from tests.flows.office import Office

SCOPES = ("all", "kind-email", "operator-alice")
BUDGET = timedelta(minutes=4)


async def paused(office: Office, scope: str) -> None:
    await pause(office.world(), scope, reason="Exchange is patched", by="bob@contoso.example")


async def ask(office: Office) -> None:
    """A push arrives: a wish, and a message in the queue."""
    await want(office.world(), office.key, "alice", "email")


async def work(office: Office) -> list[str]:
    """What the functions do with everything that is enqueued; the outcomes of the syncs."""
    outcomes = []
    for _ in range(50):
        tasks, wishes = office.queues.receive(SHARDS_QUEUE), office.queues.receive(COLLECTIONS_QUEUE)
        if not tasks and not wishes:
            break
        for task in tasks:
            if task["task"] == "resume":
                await wake_shard(office.world(), Kind(task["what"]), task["shard"], task["after"], budget=BUDGET)
            if task["task"] == "due":
                await work_through_shard(office.world(), task["what"], task["shard"], budget=BUDGET)
        for wish in wishes:
            outcomes.append(
                await sync_collection(office.world(), wish["operator_id"], Kind(wish["kind"]), budget=BUDGET)
            )
    return outcomes


async def state(office: Office) -> str:
    operator = await get_operator(office.rows, "alice")
    found: str = (await operator_status(office.world(), operator))["kinds"]["email"]["state"]
    return found


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_paused_collection_asks_nothing_and_catches_up_when_it_is_resumed(scope: str) -> None:
    office = await Office().open()
    await office.settle()
    office.queues.receive(COLLECTIONS_QUEUE)
    await paused(office, scope)
    asked = office.exchange.counts.total()
    office.deliver("While it was paused")
    await ask(office)
    assert await work(office) == ["paused"]
    assert (office.exchange.counts.total(), await state(office)) == (asked, "paused")
    await resume(office.world(), scope)
    office.now += timedelta(seconds=10)
    assert "done" in await work(office)
    assert list(await office.held()) == ["While it was paused"]
    assert await state(office) == "polling"
    await office.check()


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_sync_that_was_cut_off_by_a_pause_goes_on_after_it(scope: str) -> None:
    office = Office()
    for number in range(700):
        office.deliver(age=timedelta(minutes=number))
    await office.open()
    office.queues.receive(COLLECTIONS_QUEUE)
    begun = False

    async def pause_then(operation: str, _: Mailbox) -> None:
        nonlocal begun
        office.now += timedelta(seconds=1)
        if operation == "get_emails" and not begun:
            begun = True
            await paused(office, scope)
            office.now += timedelta(seconds=20)

    office.exchange.before = pause_then
    assert await office.sync() == "continued"
    assert len(await office.stored()) < 700
    assert await work(office) == ["paused"]
    await resume(office.world(), scope)
    office.now += timedelta(seconds=10)
    assert "done" in await work(office)
    await office.check()


async def test_what_is_due_while_all_is_paused_is_due_right_after_it() -> None:
    office = await Office().open()
    await office.settle()
    office.queues.receive(COLLECTIONS_QUEUE)
    await paused(office, "kind-email")
    office.now += timedelta(hours=2)
    await enqueue_shards(office.world(), Kind.EMAIL)
    assert await work(office) == []
    await resume(office.world(), "kind-email")
    await enqueue_shards(office.world(), Kind.EMAIL)
    assert await work(office) == ["done"]


async def test_a_paused_operator_does_not_hold_up_another() -> None:
    office = await Office().open()
    await put_operator(office.world(), Operator("bob", "bob@contoso.example", "", email_sync=True))
    office.exchange.add_mailbox("bob@contoso.example")
    await paused(office, "operator-alice")
    assert sorted(await work(office)) == ["done", "paused"]


async def test_push_is_kept_alive_during_a_pause() -> None:
    office = await Office().open()
    await office.configure({"notifications": {"mode": "push", "url": "https://app.example/api/ews/notifications"}})
    await paused(office, "all")
    assert await keep_subscription(office.world(), "alice")
    assert office.exchange.counts["subscribe"] == 1


async def test_items_are_removed_though_the_operator_is_paused() -> None:
    office = await Office().open()
    office.deliver("Secret")
    await office.settle()
    await paused(office, "operator-alice")
    await remove_operator(office.world(), "alice", remove_items=True)
    await work(office)
    assert await office.held() == {}


async def test_the_inner_of_two_pauses_keeps_its_hold() -> None:
    office = await Office().open()
    await paused(office, "all")
    await paused(office, "operator-alice")
    await resume(office.world(), "all")
    office.now += timedelta(seconds=10)
    assert set(await work(office)) == {"paused"}


async def test_waking_works_in_steps_of_its_time() -> None:
    """Four hundred and fifty mailboxes in one shard, of which every other one has somebody who waits."""
    office = await Office().open()
    office.queues.receive(COLLECTIONS_QUEUE)
    office.queues.receive(SHARDS_QUEUE)
    for number in range(450):
        mailbox = f"mailbox{number:09d}"
        due = Upsert(mailbox, {"operator_id": f"bob-{number}", "due_at": office.now})
        await office.rows.transact(DUE, "email-07", [due])
        if number % 2:
            await office.rows.transact(COLLECTIONS, f"{mailbox}-email", [Upsert(WANTED, {"at": office.now})])
    tasks: list[dict[str, Any]] = [{"task": "resume", "what": "email", "shard": 7, "after": ""}]
    woken: list[str] = []
    steps = 0
    while tasks:
        for task in tasks:
            await wake_shard(office.world(), Kind.EMAIL, 7, task["after"], budget=timedelta(0))
            steps += 1
        tasks = office.queues.receive(SHARDS_QUEUE)
        woken += [wish["operator_id"] for wish in office.queues.receive(COLLECTIONS_QUEUE)]
    assert steps == 3
    assert woken == [f"bob-{number}" for number in range(450) if number % 2]


async def test_a_pause_is_recalled_once_a_day_until_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    office = await Office().open()
    await paused(office, "all")
    with caplog.at_level(logging.WARNING):
        recalled = []
        for _ in range(72):
            await begin_day(office.world())
            for task in office.queues.receive(SHARDS_QUEUE):
                if task["task"] in (RECALL, AUDIT):
                    await do_daily(office.world(), task, budget=BUDGET)
            office.now += timedelta(hours=1)
        recalled = [each.getMessage() for each in caplog.records if each.getMessage().startswith("pause-lasts")]
    assert len(recalled) == 2
    assert "all since 2026-11-20T12:00:00+00:00, by bob@contoso.example: Exchange is patched" in recalled[0]


async def test_a_healthy_sync_pays_no_read_for_pauses_that_came_with_the_settings() -> None:
    office = await Office().open()
    office.deliver("Old", age=timedelta(hours=1))
    await office.settle()
    world = replace(office.world(), pauses=await read_pauses(office.rows))
    before = office.rows.counts["queries"]  # type: ignore[attr-defined]
    office.deliver("New")
    await ask(office)
    assert await office.sync(world) == "done"
    with_pauses = office.rows.counts["queries"] - before  # type: ignore[attr-defined]
    before = office.rows.counts["queries"]  # type: ignore[attr-defined]
    office.deliver("Newer")
    await ask(office)
    assert await office.sync() == "done"
    assert office.rows.counts["queries"] - before == with_pauses + 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        ("all", ""),
        ("all", "two\nlines"),
        ("all", "x" * 301),
        ("everything", "why"),
        ("kind-mail", "why"),
        ("operator-nobody", "why"),
    ],
)
async def test_a_pause_that_makes_no_sense_is_refused(scope: str, reason: str) -> None:
    office = await Office().open()
    with pytest.raises(Invalid):
        await pause(office.world(), scope, reason=reason, by="bob")
    assert (await read_pauses(office.rows)).by_scope == {}


async def test_what_is_not_paused_cannot_be_resumed() -> None:
    office = await Office().open()
    with pytest.raises(Invalid, match="kind-email is not paused"):
        await resume(office.world(), "kind-email")

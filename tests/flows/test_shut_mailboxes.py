"""A mailbox that is shut to us is asked ever more seldom, and at once when something was done about it. PROTOCOL 13.1."""

import json
from datetime import timedelta

import pytest

from shared.errors import Reconfigure, Transient
from shared.flows.find_due import enqueue_shards, look_after_subscription, work_through_shard
from shared.flows.keep_subscription import keep_subscription
from shared.flows.operators import ask_for_sync, get_operator, put_operator
from shared.flows.receive_notification import want
from shared.flows.status import operator_status
from shared.flows.subscription_row import read_subscription
from shared.model.exchange import Mailbox
from shared.model.operator import Kind, Operator
from shared.model.subscription import Subscription, is_live
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE
from tests.flows.office import ALICE, NOON, Office

FOUR_HOURS = timedelta(hours=4)
ANOTHER = Operator("alice", ALICE, "", connection="second", email_sync=True)
CHANGED = {
    "email": {"sync_from_days": 9},
    "connections": {"second": {"url": "https://mail.contoso.example/EWS/Exchange.asmx", "version": "Exchange2016"}},
}


async def shut(code: str = "impersonation-denied", *, push: bool = False) -> Office:
    """Alice's office, with her mailbox shut to us."""
    office = await Office().open()
    if push:
        await office.configure({"notifications": {"mode": "push", "url": "https://app.example/api/ews/notifications"}})

    async def refuse(operation: str, mailbox: Mailbox) -> None:
        raise Reconfigure(code, "ErrorImpersonateUserDenied")

    office.exchange.before = refuse
    return office


async def reopened(office: Office) -> None:
    async def pass_by(operation: str, mailbox: Mailbox) -> None: ...

    office.exchange.before = pass_by


async def fail(office: Office, times: int) -> list[timedelta]:
    """Try as soon as the pause allows, so many times; the pauses. Then stand in the middle of the last one."""
    pauses = []
    for _ in range(times):
        assert await office.sync() == "failed"
        retry_at = (await office.head()).retry_at
        assert retry_at is not None
        pauses.append(retry_at - office.now)
        office.now = retry_at
    office.now -= pauses[-1] / 2
    office.queues.receive(COLLECTIONS_QUEUE)
    return pauses


async def subscription(office: Office) -> Subscription:
    found, _ = await read_subscription(office.rows, office.key.partition("-")[0])
    assert found is not None
    return found


async def enqueued_by_the_sweep(office: Office) -> int:
    await enqueue_shards(office.world(), Kind.EMAIL)
    for message in office.queues.receive(SHARDS_QUEUE):
        if message["task"] == "due":
            await work_through_shard(office.world(), Kind.EMAIL, message["shard"], budget=timedelta(minutes=1))
    return len(office.queues.receive(COLLECTIONS_QUEUE))


@pytest.mark.parametrize(
    ("code", "longest"),
    [("impersonation-denied", FOUR_HOURS), ("authentication-failed", timedelta(minutes=15))],
)
async def test_pauses_grow_to_hours_only_where_the_failure_is_this_mailboxs_own(code: str, longest: timedelta) -> None:
    office = await shut(code)
    pauses = await fail(office, 14)
    assert pauses[:7] == [timedelta(seconds=10 * 2**number) for number in range(7)]
    assert pauses[-2:] == [longest] * 2
    assert await office.sync() == "paused"
    assert await enqueued_by_the_sweep(office) == 0


async def test_a_sync_that_is_asked_for_does_not_wait() -> None:
    office = await shut()
    await fail(office, 14)
    await reopened(office)
    await ask_for_sync(office.world(), await get_operator(office.rows, "alice"), [Kind.EMAIL])
    assert await office.sync() == "done"
    assert (await office.head()).trouble is None


async def test_settings_that_changed_end_the_pause_once() -> None:
    office = await shut()
    await fail(office, 14)
    await office.configure(CHANGED)
    assert await enqueued_by_the_sweep(office) == 1
    assert await office.sync() == "failed"
    assert await office.sync() == "paused"
    await office.configure({"email": {"sync_from_days": 10}})
    await reopened(office)
    assert await office.sync() == "done"


async def test_an_operator_that_changed_is_tried_at_once() -> None:
    office = await shut()
    await office.configure(CHANGED)
    await fail(office, 14)
    await reopened(office)
    await put_operator(office.world(), ANOTHER)
    assert office.queues.receive(COLLECTIONS_QUEUE) == [{"operator_id": "alice", "kind": "email"}]
    assert await office.sync() == "done"


async def test_a_push_while_the_mailbox_is_read_again_is_not_kept_waiting_by_the_old_pause() -> None:
    office = await shut()
    await fail(office, 14)
    await office.configure(CHANGED)
    await reopened(office)
    asked: list[str] = []

    async def ask(operation: str, mailbox: Mailbox) -> None:
        if not asked:
            asked.append(operation)
            await want(office.world(), office.key, "alice", "email")

    office.exchange.after = ask
    assert await office.sync() == "done"
    assert asked


async def fail_to_subscribe(office: Office, times: int) -> list[timedelta]:
    pauses = []
    for _ in range(times):
        again = await keep_subscription(office.world(), "alice")
        assert again is not None
        pauses.append(again - office.now)
        office.now = again
    office.now -= pauses[-1] / 2
    return pauses


async def test_push_of_a_shut_mailbox_is_asked_for_as_seldom_and_begins_again_with_its_sync() -> None:
    office = await shut(push=True)
    assert (await fail_to_subscribe(office, 14))[-2:] == [FOUR_HOURS] * 2
    await office.sync()
    await reopened(office)
    await ask_for_sync(office.world(), await get_operator(office.rows, "alice"), [Kind.EMAIL])
    office.queues.receive(SHARDS_QUEUE)
    assert await office.sync() == "done"
    assert {"task": "subscription", "operator_id": "alice"} in office.queues.receive(SHARDS_QUEUE)
    await look_after_subscription(office.world(), "alice")
    assert is_live(await subscription(office), office.now)


async def test_push_alone_that_was_refused_is_asked_for_with_a_sync_that_somebody_asked_for() -> None:
    office = await shut(push=True)
    refuse = office.exchange.before
    await reopened(office)
    await office.settle()
    office.exchange.before = refuse
    await fail_to_subscribe(office, 14)
    await reopened(office)
    for asked in (False, True):
        if asked:
            await ask_for_sync(office.world(), await get_operator(office.rows, "alice"), [Kind.EMAIL])
        await office.settle()
        office.queues.receive(SHARDS_QUEUE)
        await look_after_subscription(office.world(), "alice")
        assert is_live(await subscription(office), office.now) is asked


@pytest.mark.parametrize("by", ["settings", "operator"])
async def test_push_is_asked_for_at_once_where_settings_or_operator_changed(by: str) -> None:
    office = await shut(push=True)
    await office.configure({"connections": CHANGED["connections"]})
    await fail_to_subscribe(office, 14)
    await reopened(office)
    if by == "settings":
        await office.configure({"email": CHANGED["email"]})
    else:
        await put_operator(office.world(), ANOTHER)
    await keep_subscription(office.world(), "alice")
    assert is_live(await subscription(office), office.now)


async def test_push_that_the_servers_fail_to_pass_on_becomes_the_administrators_matter() -> None:
    office = await shut("exchange-routing-failed", push=True)
    shown = []
    for _ in range(8):
        again = await keep_subscription(office.world(), "alice")
        assert again is not None and again - office.now <= timedelta(minutes=15)
        shown.append(json.loads((await subscription(office)).failure)["code"])
        office.now = again
    assert shown == ["exchange-routing-failed"] * 6 + ["exchange-routing-broken"] * 2


async def test_a_mailbox_that_stays_shut_is_suspended_probed_once_a_day_and_goes_on_by_itself() -> None:
    office = await shut()
    while await state(office) != "suspended":
        assert await office.sync() == "failed"
        office.now = (await office.head()).retry_at or office.now
        assert office.now < NOON + timedelta(days=16)
    assert office.now >= NOON + timedelta(days=14)
    assert set(await fail(office, 3)) == {timedelta(days=1)}
    office.now += timedelta(days=1)
    await reopened(office)
    office.deliver("After the holidays")
    assert await office.sync() == "done"
    assert (await state(office), list(await office.held())) == ("polling", ["After the holidays"])


async def test_another_failure_in_between_does_not_end_the_suspension() -> None:
    office = await shut()
    office.now += timedelta(minutes=1)
    await office.sync()
    office.now += timedelta(days=15)
    await office.sync()

    async def be_away(operation: str, mailbox: Mailbox) -> None:
        raise Transient("exchange-unreachable", "maintenance")

    office.exchange.before = be_away
    office.now += timedelta(days=1)
    assert await fail(office, 2) == [timedelta(days=1)] * 2
    assert await state(office) == "suspended"


async def test_what_may_be_the_servers_fault_suspends_nobody() -> None:
    office = await shut("authentication-failed")
    await office.sync()
    office.now += timedelta(days=30)
    await fail(office, 1)
    assert await state(office) == "failing"


async def test_a_suspended_mailbox_is_not_asked_for_push_more_often_either() -> None:
    office = await shut(push=True)
    await office.sync()
    office.now += timedelta(days=15)
    await office.sync()
    office.now += timedelta(days=1)
    again = await keep_subscription(office.world(), "alice")
    assert again == office.now + timedelta(days=1)


async def test_the_time_until_suspension_is_a_setting() -> None:
    office = await shut()
    await office.configure({"operators": {"suspend_after_days": 1}})
    await office.sync()
    office.now += timedelta(days=1)
    await office.sync()
    assert await state(office) == "suspended"


async def state(office: Office) -> str:
    operator = await get_operator(office.rows, "alice")
    found: str = (await operator_status(office.world(), operator))["kinds"]["email"]["state"]
    return found

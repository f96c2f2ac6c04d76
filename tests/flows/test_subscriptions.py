"""One living push subscription per mailbox, and a notification as a hint: noted, enqueued, answered. PROTOCOL 4."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Transient
from shared.flows.find_due import look_after_subscription
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.head import WANTED
from shared.flows.keep_subscription import keep_subscription
from shared.flows.operators import DUE, due_partition, put_operator
from shared.flows.receive_notification import FOLD, Reply, receive_notification
from shared.flows.subscription_row import read_subscription
from shared.model.exchange import Mailbox, Notification
from shared.model.operator import Operator
from shared.model.subscription import Subscription, is_live
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, Row, Touch, Value, Write
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import ALICE, Office

LISTENER = "https://app.example/api/ews/notifications"


async def opened(*, subscribed: bool = True) -> Office:
    office = Office()
    await office.open()
    await office.configure({"notifications": {"mode": "push", "url": LISTENER}})
    await office.settle()
    if subscribed:
        await keep_subscription(office.world(), "alice")
    office.queues.receive(COLLECTIONS_QUEUE)
    office.queues.receive(SHARDS_QUEUE)
    office.now += FOLD
    return office


def mailbox_key(office: Office) -> str:
    return office.key.partition("-")[0]


async def subscription(office: Office) -> Subscription:
    found, _ = await read_subscription(office.rows, mailbox_key(office))
    assert found is not None
    return found


async def push(office: Office, *notes: Notification) -> Reply:
    return await receive_notification(office.world(), mailbox_key(office), notes)


def event(number: int = 1, *, mark: str = "w2", before: str = "watermark/1") -> Notification:
    return Notification(f"subscription/{number}", before, mark)


def status(number: int = 1, *, mark: str = "w2", before: str = "watermark/1") -> Notification:
    return Notification(f"subscription/{number}", before, mark, status_only=True)


async def test_a_mailbox_is_subscribed_over_its_watched_folders_and_synchronised_after_that() -> None:
    office = await opened(subscribed=False)
    again = await keep_subscription(office.world(), "alice")
    (made,) = office.exchange.subscriptions.values()
    assert set(made.folder_ids) == office.watched()
    assert made.url.startswith(f"{LISTENER}/{mailbox_key(office)}.") and made.frequency_minutes == 30
    assert office.queues.receive(COLLECTIONS_QUEUE) == [{"operator_id": "alice", "kind": "email"}]
    assert again == office.now + timedelta(minutes=2)


async def test_a_push_is_noted_and_enqueued() -> None:
    office = await opened()
    assert await push(office, event()) is Reply.OK
    assert office.queues.receive(COLLECTIONS_QUEUE) == [{"operator_id": "alice", "kind": "email"}]
    found = await subscription(office)
    assert (found.last_heard, found.watermark) == (office.now, "w2")


async def test_a_status_event_is_a_heartbeat_and_nothing_else() -> None:
    office = await opened()
    assert await push(office, status()) is Reply.OK
    assert office.queues.receive(COLLECTIONS_QUEUE) == []
    assert (await subscription(office)).last_heard == office.now


async def test_a_status_event_that_does_not_continue_the_last_one_means_that_events_were_lost() -> None:
    office = await opened()
    await push(office, status(before="another"))
    assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 1
    assert (await subscription(office)).watermark == "w2"


async def test_a_burst_folds_into_one_message() -> None:
    office = await opened()
    for number in range(20):
        await push(office, event(mark=f"w{number}"))
    assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 1


async def test_what_exchange_repeats_after_we_failed_is_not_folded_away() -> None:
    """The wish was noted, the queue was down: 503. Exchange comes again after 30 seconds."""
    office = await opened()
    await office.rows.transact(COLLECTIONS, office.key, [Touch(WANTED, {"at": office.now, "enqueued_at": office.now})])
    office.now += timedelta(seconds=30)
    await push(office, event())
    assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 1


async def test_a_probe_is_heard_while_somebody_waits_for_it_and_ends_with_that() -> None:
    office = await opened(subscribed=False)
    probing: dict[str, Value] = {"operator_id": "alice", "probing_until": office.now + timedelta(minutes=1)}
    await office.rows.transact("subscriptions", mailbox_key(office), [Touch("subscription", probing)])
    assert await push(office, status(number=7)) is Reply.UNSUBSCRIBE
    found = await subscription(office)
    assert (found.early_id, found.early_at) == ("subscription/7", office.now)
    assert office.queues.receive(COLLECTIONS_QUEUE) == []
    office.now += timedelta(minutes=1)
    assert await push(office, status(number=8)) is Reply.UNSUBSCRIBE
    assert (await subscription(office)).early_id == "subscription/7"


async def test_a_subscribe_under_way_goes_before_a_probe() -> None:
    office = await opened(subscribed=False)
    until = office.now + timedelta(minutes=1)
    both: dict[str, Value] = {"operator_id": "alice", "probing_until": until, "subscribing_until": until}
    await office.rows.transact("subscriptions", mailbox_key(office), [Touch("subscription", both)])
    assert await push(office, status(number=7)) is Reply.OK


async def test_the_first_status_event_may_come_before_the_answer_to_subscribe() -> None:
    office = await opened(subscribed=False)
    heard = []

    async def early(operation: str, mailbox: Mailbox) -> None:
        if operation == "subscribe":
            heard.append(await push(office, status(mark="early")))

    office.exchange.after = early
    await keep_subscription(office.world(), "alice")
    assert heard == [Reply.OK]
    found = await subscription(office)
    assert (found.last_heard, found.watermark) == (office.now, "early")
    assert await push(office, status(before="early", mark="w3")) is Reply.OK


async def test_a_first_status_event_that_meets_the_answer_to_subscribe_is_heard_all_the_same() -> None:
    """The listener has read the row, then the answer is stored, and only then the listener writes."""
    office = await opened(subscribed=False)
    at_the_listener, stored = asyncio.Event(), asyncio.Event()

    class SlowRows(MemoryRows):
        async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
            at_the_listener.set()
            await stored.wait()
            return await office.rows.transact(table, partition, writes)

        async def get(self, table: str, partition: str, key: str) -> Row | None:
            return await office.rows.get(table, partition, key)

    notes = (status(mark="early"),)
    world = office.world(rows=SlowRows())
    replies: list[asyncio.Task[Reply]] = []

    async def first_status(operation: str, mailbox: Mailbox) -> None:
        if operation == "subscribe":
            replies.append(asyncio.create_task(receive_notification(world, mailbox_key(office), notes)))
            await at_the_listener.wait()

    office.exchange.after = first_status
    await keep_subscription(office.world(), "alice")
    stored.set()

    assert await replies[0] is Reply.OK
    found = await subscription(office)
    assert (found.subscription_id, found.last_heard, found.watermark) == ("subscription/1", office.now, "early")
    assert is_live(found, office.now)


async def test_an_unknown_subscription_is_ended_but_never_while_a_subscribe_is_under_way() -> None:
    office = await opened(subscribed=False)
    assert await push(office, event(77)) is Reply.UNSUBSCRIBE
    replies = []

    async def early(operation: str, mailbox: Mailbox) -> None:
        if operation == "subscribe":
            replies.append(await push(office, event(77)))

    office.exchange.before = early
    await keep_subscription(office.world(), "alice")
    assert replies == [Reply.OK]
    assert await push(office, event(77)) is Reply.UNSUBSCRIBE
    assert await push(office, event(1)) is Reply.OK


async def test_a_mailbox_without_a_subscription_ends_whatever_comes() -> None:
    office = await opened(subscribed=False)
    assert await push(office, event()) is Reply.UNSUBSCRIBE
    await keep_subscription(office.world(), "alice")
    await put_operator(office.world(), Operator("alice", ALICE, "", email_sync=False))
    await keep_subscription(office.world(), "alice")
    assert await push(office, event()) is Reply.UNSUBSCRIBE
    assert await push(office, Notification("")) is Reply.UNSUBSCRIBE


async def test_an_error_push_means_that_the_subscription_is_gone() -> None:
    for name in ("subscription/1", ""):
        office = await opened()
        assert await push(office, Notification(name, error="ErrorReadEventsFailed")) is Reply.OK
        assert not is_live(await subscription(office), office.now)
        assert office.queues.receive(SHARDS_QUEUE) == [{"task": "subscription", "operator_id": "alice"}]
        assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 1
        await look_after_subscription(office.world(), "alice")
        assert is_live(await subscription(office), office.now)
        assert len(office.exchange.subscriptions) == 2


async def test_a_subscription_that_was_never_heard_of_is_dead_after_two_minutes_and_retried_ever_more_slowly() -> None:
    office = await opened()
    waits = []
    for _ in range(10):
        office.now += timedelta(minutes=16)
        again = await keep_subscription(office.world(), "alice")
        assert again is not None
        waits.append((again - office.now).total_seconds() / 60)
    assert waits[0] == 2 and waits[-1] == 15 and waits == sorted(waits)


async def test_silence_for_twice_the_status_frequency_is_death() -> None:
    office = await opened()
    await push(office, status())
    office.now += timedelta(minutes=59)
    await keep_subscription(office.world(), "alice")
    assert len(office.exchange.subscriptions) == 1
    office.now += timedelta(minutes=1)
    await keep_subscription(office.world(), "alice")
    assert len(office.exchange.subscriptions) == 2
    assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 1, "whatever came in the gap is fetched"


async def test_the_subscription_follows_the_watched_folders() -> None:
    office = await opened()
    await push(office, status())
    folder = office.box.add_folder("Customers", parent="inbox")
    await office.settle()
    assert office.queues.receive(SHARDS_QUEUE) == [{"task": "subscription", "operator_id": "alice"}]
    await look_after_subscription(office.world(), "alice")
    assert folder in list(office.exchange.subscriptions.values())[-1].folder_ids
    await look_after_subscription(office.world(), "alice")
    assert len(office.exchange.subscriptions) == 2


async def test_the_subscription_follows_the_mailbox_to_another_connection() -> None:
    office = await opened()
    await push(office, status())
    connection = {"url": "https://new.contoso.example/EWS/Exchange.asmx", "version": "Exchange2016"}
    await office.configure({"connections": {"new": {**connection, "authentication": "basic"}}})
    await put_operator(office.world(), Operator("alice", ALICE, "", connection="new", email_sync=True))
    await look_after_subscription(office.world(), "alice")
    assert len(office.exchange.subscriptions) == 2


async def test_a_failure_is_noted_with_its_beginning_and_growing_pauses_and_the_mailbox_is_polled() -> None:
    office = await opened(subscribed=False)
    begun = office.now

    async def refuse(operation: str, mailbox: Mailbox) -> None:
        if operation == "subscribe":
            raise Transient("exchange-unavailable", "503")

    async def pass_by(operation: str, mailbox: Mailbox) -> None: ...

    office.exchange.before = refuse
    pauses = []
    for _ in range(4):
        again = await keep_subscription(office.world(), "alice")
        assert again is not None
        assert await keep_subscription(office.world(), "alice") == again, "nobody is asked during a pause"
        pauses.append((again - office.now).total_seconds())
        office.now = again
    assert pauses == [10, 20, 40, 80]
    failure = json.loads((await subscription(office)).failure)
    assert failure["code"] == "exchange-unavailable" and failure["since"] == f"{begun:%Y-%m-%dT%H:%M:%SZ}"
    office.exchange.before = pass_by
    await keep_subscription(office.world(), "alice")
    assert (await subscription(office)).failure == ""
    assert is_live(await subscription(office), office.now)


async def test_when_push_is_lost_and_cannot_be_had_again_the_mailbox_is_looked_at_at_once() -> None:
    office = await opened()
    await push(office, status())
    due = due_partition("email", mailbox_key(office))
    far = office.now + timedelta(minutes=60)
    await office.rows.transact(DUE, due, [Touch(mailbox_key(office), {"due_at": far, "operator_id": "alice"})])

    async def refuse(operation: str, mailbox: Mailbox) -> None:
        raise Transient("exchange-unavailable")

    office.exchange.before = refuse
    await push(office, Notification("subscription/1", error="ErrorReadEventsFailed"))
    office.now += timedelta(minutes=1)
    await keep_subscription(office.world(), "alice")
    row = await office.rows.get(DUE, due, mailbox_key(office))
    assert row is not None and row.values["due_at"] == office.now


async def test_a_worker_that_dies_while_subscribing_leaves_no_gap_and_no_second_life() -> None:
    for how in ("before", "after", "unclear", "undone"):
        for step in range(1, 8):
            office = await opened(subscribed=False)
            office.deliver("in the gap")
            fuse = Fuse(step, how)
            try:
                await keep_subscription(fuse.worker(office.world()), "alice")
            except Crash:
                office.now += timedelta(minutes=2)
            office.now += timedelta(minutes=2)
            await keep_subscription(office.world(), "alice")
            found = await subscription(office)
            assert is_live(found, office.now)
            assert found.subscription_id == list(office.exchange.subscriptions)[-1]
            assert office.queues.receive(COLLECTIONS_QUEUE), f"{how} {step}: nobody looks into the gap"


async def test_switching_to_polling_ends_the_subscription() -> None:
    office = await opened()
    await office.configure({"notifications": {"mode": "poll"}})
    again = await keep_subscription(office.world(), "alice")
    assert again is not None and again > office.now
    assert await push(office, event()) is Reply.UNSUBSCRIBE


async def test_without_url_or_key_the_failure_says_what_to_do() -> None:
    office = await opened(subscribed=False)
    await office.configure({"notifications": {"url": None}})
    await keep_subscription(office.world(), "alice")
    failure = json.loads((await subscription(office)).failure)
    assert failure["code"] == "push-url-invalid" and "notifications.mode" in failure["detail"]


async def test_an_operator_that_is_switched_off_while_subscribing_keeps_no_subscription() -> None:
    office = await opened(subscribed=False)

    async def switch_off(operation: str, mailbox: Mailbox) -> None:
        if operation == "subscribe":
            await put_operator(office.world(), Operator("alice", ALICE, ""))

    office.exchange.after = switch_off
    assert await keep_subscription(office.world(), "alice") is None
    assert (await subscription(office)).subscription_id == ""
    assert await push(office, event()) is Reply.UNSUBSCRIBE

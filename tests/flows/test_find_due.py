"""The timer is the truth: every collection comes round, whatever was lost, and no call looks at all mailboxes."""

from collections import Counter
from datetime import timedelta
from typing import Any

from shared.adapters.memory.rows import MemoryRows
from shared.flows.find_due import enqueue_shards, look_after_subscription, work_through_shard
from shared.flows.keep_poison import TABLE as POISON
from shared.flows.keep_poison import keep_poison
from shared.flows.operators import DUE, SUBSCRIPTIONS, due_partition, put_operator
from shared.model.due import RETRY, spread
from shared.model.keys import SHARDS, shard_of
from shared.model.operator import Operator
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, Touch, World
from tests.flows.breaking import Interruption
from tests.flows.office import ALICE, Office

FOUR_MINUTES = timedelta(minutes=4)


async def opened() -> Office:
    office = Office()
    await office.open()
    office.queues.receive(COLLECTIONS_QUEUE)
    office.queues.receive(SHARDS_QUEUE)
    return office


def mailbox_key(office: Office) -> str:
    return office.key.partition("-")[0]


async def sweep(office: Office, what: str = "email", *, world: World | None = None) -> list[dict[str, Any]]:
    """The timer and its shards; what they enqueued for the collections."""
    await enqueue_shards(office.world(), what)
    messages = [message for message in office.queues.receive(SHARDS_QUEUE) if message["task"] == "due"]
    for message in messages:
        await work_through_shard(world or office.world(), message["what"], message["shard"], budget=FOUR_MINUTES)
    return office.queues.receive(COLLECTIONS_QUEUE)


async def is_due(office: Office) -> None:
    """Let the timer look now, as it would in a few minutes."""
    partition = due_partition("email", mailbox_key(office))
    await office.rows.transact(DUE, partition, [Touch(mailbox_key(office), {"due_at": office.now})])


async def due_at(office: Office, what: str = "email") -> Any:
    row = await office.rows.get(DUE, due_partition(what, mailbox_key(office)), mailbox_key(office))
    return None if row is None else row.values["due_at"]


async def test_the_timer_enqueues_only_shards_in_which_something_is_due_and_looks_at_nothing_else() -> None:
    office = await opened()
    office.now += timedelta(minutes=5)
    assert isinstance(office.rows, MemoryRows)
    before = Counter(office.rows.counts)
    await enqueue_shards(office.world(), "email")
    shard = shard_of(mailbox_key(office))
    assert office.queues.receive(SHARDS_QUEUE) == [{"task": "due", "what": "email", "shard": shard}]
    assert office.rows.counts - before == Counter(queries=SHARDS), "one short look at each shard"
    await office.settle()
    await sweep(office)
    await enqueue_shards(office.world(), "email")
    assert office.queues.receive(SHARDS_QUEUE) == [], "nothing is due"


async def test_a_collection_that_was_never_synchronised_is_enqueued() -> None:
    office = await opened()
    office.now += timedelta(minutes=5)
    assert await sweep(office) == [{"operator_id": "alice", "kind": "email"}]
    assert await sweep(office) == [], "it was just enqueued"


async def test_without_push_a_collection_comes_round_every_five_minutes_and_its_row_is_set_right() -> None:
    office = await opened()
    office.now += timedelta(minutes=5)
    await office.settle()
    assert await sweep(office) == []
    assert await due_at(office) == office.now + timedelta(minutes=5)
    office.now += timedelta(minutes=5)
    assert len(await sweep(office)) == 1


async def test_with_live_push_a_collection_comes_round_every_hour() -> None:
    office = await opened()
    await office.configure({"notifications": {"mode": "push", "url": "https://app.example/n"}})
    await office.settle()
    await look_after_subscription(office.world(), "alice")
    office.queues.receive(COLLECTIONS_QUEUE)
    await is_due(office)
    assert await sweep(office) == []
    assert await due_at(office) == office.now + timedelta(minutes=60)


async def test_a_collection_that_rests_or_is_worked_on_goes_on_by_itself() -> None:
    office = await opened()
    office.exchange.mailboxes.clear()
    await office.sync()
    office.queues.receive(COLLECTIONS_QUEUE)
    office.now += timedelta(seconds=5)
    assert await sweep(office) == []
    office.now += timedelta(minutes=5)
    assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 1, "its own retry"
    assert len(await sweep(office)) == 1


async def test_who_is_switched_off_leaves_the_index_and_comes_back_with_the_flag() -> None:
    office = await opened()
    await put_operator(office.world(), Operator("alice", ALICE, "", email_sync=False))
    office.queues.receive(COLLECTIONS_QUEUE)  # what closes its failures
    office.now += timedelta(minutes=5)
    assert await sweep(office) == []
    assert await due_at(office) is None
    await put_operator(office.world(), Operator("alice", ALICE, "", email_sync=True))
    assert await due_at(office) == office.now + spread(mailbox_key(office))


async def test_who_is_switched_on_while_the_shard_is_looked_at_stays_in_the_index() -> None:
    office = await opened()
    await put_operator(office.world(), Operator("alice", ALICE, "", email_sync=False))
    office.now += timedelta(minutes=5)

    async def switch_on() -> None:
        await put_operator(office.world(), Operator("alice", ALICE, "", email_sync=True))

    await sweep(office, world=Interruption(1, switch_on).worker(office.world()))
    assert await due_at(office) is not None


async def test_while_email_is_off_for_all_nobody_is_lost() -> None:
    office = await opened()
    await office.configure({"email": {"enabled": False}})
    office.now += timedelta(minutes=5)
    assert await sweep(office) == []
    await office.configure({"email": {"enabled": True}})
    office.now += timedelta(minutes=5)
    assert len(await sweep(office)) == 1


async def test_a_shard_is_paged_through_and_what_does_not_fit_the_budget_goes_on() -> None:
    office = await opened()
    shard = shard_of(mailbox_key(office))
    for number in range(450):
        ghost = Touch(f"ghost{number:04d}", {"due_at": office.now, "operator_id": "nobody"})
        await office.rows.transact(DUE, f"email-{shard:02d}", [ghost])
    office.now += timedelta(minutes=5)
    await work_through_shard(office.world(), "email", shard, budget=timedelta(0))
    assert office.queues.receive(SHARDS_QUEUE) == [{"task": "due", "what": "email", "shard": shard}]
    await work_through_shard(office.world(), "email", shard, budget=FOUR_MINUTES)
    rows = await office.rows.query(DUE, f"email-{shard:02d}")
    assert [row.key for row in rows.rows] == [mailbox_key(office)]
    assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 1


async def test_subscriptions_are_looked_after_by_their_own_index() -> None:
    office = await opened()
    await office.configure({"notifications": {"mode": "push", "url": "https://app.example/n"}})
    await office.settle()
    office.now += timedelta(minutes=5)
    await sweep(office, SUBSCRIPTIONS)
    assert len(office.exchange.subscriptions) == 1
    assert await due_at(office, SUBSCRIPTIONS) == office.now + timedelta(minutes=2)


async def test_what_failed_for_good_is_kept_for_a_person_oldest_first() -> None:
    office = await opened()
    await keep_poison(office.world(), "collections", '{"operator_id": "alice", "kind": "email"}')
    office.now += timedelta(minutes=5)
    await keep_poison(office.world(), "collections", "not even JSON " + "x" * 100_000)
    rows = (await office.rows.query(POISON, "collections")).rows
    assert [str(row.values["message"])[:14] for row in rows] == ['{"operator_id"', "not even JSON "]


async def test_a_collection_whose_message_failed_for_good_is_looked_at_again_soon() -> None:
    office = await opened()
    await office.settle()
    await sweep(office)
    await keep_poison(office.world(), "collections", '{"operator_id": "alice", "kind": "email"}')
    assert await due_at(office, "email") == office.now + timedelta(minutes=5)


def test_many_that_are_switched_on_together_are_not_due_in_the_same_minute() -> None:
    minutes = Counter(int(spread(f"mailbox {number}") / timedelta(minutes=1)) for number in range(1000))
    assert set(minutes) == set(range(5)) and max(minutes.values()) < 260
    assert all(spread(f"mailbox {number}") < RETRY for number in range(1000))

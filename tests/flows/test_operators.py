"""Operators: put, moved, removed; one mailbox belongs to one operator; work is asked for; crashes heal at the next PUT."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import Invalid, Transient
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.head import WANTED
from shared.flows.operators import (
    DUE,
    SUBSCRIPTIONS,
    ask_for_sync,
    due_partition,
    find_operator,
    get_operator,
    list_operators,
    put_operator,
    release_brake,
    remove_operator,
)
from shared.model.due import spread
from shared.model.keys import collection_key
from shared.model.operator import Kind, Operator
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import Office

ALICE = Operator("alice", "alice@contoso.example", "", email_sync=True, time_zone="Europe/Berlin")
BOB = Operator("bob", "bob@contoso.example", "", email_sync=True)


async def test_an_operator_is_read_back_as_it_was_put() -> None:
    world = Office().world()
    stored, is_new = await put_operator(world, ALICE)
    assert is_new
    assert stored == replace(ALICE, mailbox_key=stored.mailbox_key)
    assert await get_operator(world.rows, "alice") == stored


async def test_a_second_put_replaces_the_whole_and_keeps_the_mailbox_key() -> None:
    world = Office().world()
    first, _ = await put_operator(world, ALICE)
    second, is_new = await put_operator(world, Operator("alice", "alice.smith@contoso.example", ""))
    assert not is_new
    assert second.mailbox_key == first.mailbox_key
    assert (second.email_sync, second.time_zone) == (False, "UTC")


async def test_switching_on_asks_for_a_sync_and_a_subscription() -> None:
    office = Office()
    stored, _ = await put_operator(office.world(), ALICE)
    assert office.queues.receive(COLLECTIONS_QUEUE) == [{"operator_id": "alice", "kind": "email"}]
    assert office.queues.receive(SHARDS_QUEUE) == [{"task": "subscription", "operator_id": "alice"}]
    for what in (Kind.EMAIL, SUBSCRIPTIONS):
        due = await office.rows.get(DUE, due_partition(what, stored.mailbox_key), stored.mailbox_key)
        assert due is not None
        assert due.values == {"due_at": office.now + spread(stored.mailbox_key), "operator_id": "alice"}
    assert await office.rows.get(COLLECTIONS, collection_key(stored.mailbox_key, "email"), WANTED)


async def test_the_same_put_again_wakes_nobody() -> None:
    office = Office()
    await put_operator(office.world(), ALICE)
    office.queues.receive(COLLECTIONS_QUEUE)
    office.queues.receive(SHARDS_QUEUE)
    await put_operator(office.world(), ALICE)
    await put_operator(office.world(), replace(ALICE, time_zone="UTC"))
    assert office.queues.receive(COLLECTIONS_QUEUE) == []
    assert office.queues.receive(SHARDS_QUEUE) == []


async def test_switching_off_ends_the_subscription_and_syncs_nothing() -> None:
    office = Office()
    await put_operator(office.world(), ALICE)
    office.queues.receive(COLLECTIONS_QUEUE)
    office.queues.receive(SHARDS_QUEUE)
    await put_operator(office.world(), replace(ALICE, email_sync=False))
    assert [await office.sync() for _ in office.queues.receive(COLLECTIONS_QUEUE)] == ["off"]
    assert office.queues.receive(SHARDS_QUEUE) == [{"task": "subscription", "operator_id": "alice"}]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (replace(ALICE, id="alice/../bob"), "operator_id"),
        (replace(ALICE, id="a" * 129), "operator_id"),
        (replace(ALICE, mailbox="alice"), "mailbox"),
        (replace(ALICE, mailbox="alice@contoso.example\n"), "mailbox"),
        (replace(ALICE, connection="Head Office"), "connection"),
        (replace(ALICE, time_zone="W. Europe Standard Time"), "time_zone"),
        (replace(ALICE, time_zone="../etc/passwd"), "time_zone"),
        (replace(ALICE, time_zone=""), "time_zone"),
    ],
)
async def test_an_operator_with_a_mistake_is_refused_and_not_written(operator: Operator, expected: str) -> None:
    world = Office().world()
    with pytest.raises(Invalid, match=f"operator-invalid: {expected}"):
        await put_operator(world, operator)
    assert (await list_operators(world.rows)).operators == ()


async def test_a_mailbox_belongs_to_one_operator_and_the_refusal_names_him() -> None:
    office = Office()
    await put_operator(office.world(), ALICE)
    office.now += timedelta(days=1)
    with pytest.raises(Invalid, match=r"mailbox-taken: .* belongs to operator alice"):
        await put_operator(office.world(), replace(BOB, mailbox="Alice@CONTOSO.example"))
    assert await find_operator(office.rows, "bob") is None


async def test_the_same_address_on_another_connection_is_another_mailbox() -> None:
    world = Office().world()
    await put_operator(world, ALICE)
    assert (await put_operator(world, replace(BOB, mailbox=ALICE.mailbox, connection="hybrid")))[1]


async def test_a_mailbox_that_was_given_up_can_be_taken() -> None:
    world = Office().world()
    await put_operator(world, ALICE)
    await put_operator(world, replace(ALICE, mailbox="alice.smith@contoso.example"))
    await put_operator(world, replace(BOB, mailbox=ALICE.mailbox))
    with pytest.raises(Invalid, match="mailbox-taken"):
        await put_operator(world, ALICE)


async def test_a_removed_operator_is_hidden_switched_off_and_frees_the_mailbox() -> None:
    world = Office().world()
    stored, _ = await put_operator(world, ALICE)
    await remove_operator(world, "alice")
    await remove_operator(world, "alice")
    with pytest.raises(Invalid, match="operator-unknown"):
        await get_operator(world.rows, "alice")
    kept = await get_operator(world.rows, "alice", removed=True)
    assert kept == replace(stored, email_sync=False, removed=True)
    assert (await list_operators(world.rows)).operators == ()
    await put_operator(world, replace(BOB, mailbox=ALICE.mailbox))


async def test_an_operator_that_comes_back_has_its_old_mailbox_key() -> None:
    world = Office().world()
    first, _ = await put_operator(world, ALICE)
    await remove_operator(world, "alice")
    second, is_new = await put_operator(world, ALICE)
    assert is_new
    assert second.mailbox_key == first.mailbox_key


async def test_removing_an_operator_that_never_was_is_refused() -> None:
    for unknown in ("charlie", "no/such"):
        with pytest.raises(Invalid, match="operator-unknown"):
            await remove_operator(Office().world(), unknown)


async def test_items_are_removed_when_that_is_asked_for_and_kept_otherwise() -> None:
    office = await Office().open()
    office.deliver()
    await office.settle()
    await put_operator(office.world(), replace(ALICE, email_sync=False))
    assert await office.sync() == "off"
    assert len(await office.stored()) == 1
    await remove_operator(office.world(), "alice", remove_items=True)
    assert await office.sync() == "off"
    assert await office.stored() == []


async def test_switching_on_again_takes_back_the_wish_to_remove() -> None:
    office = await Office().open()
    office.deliver()
    await office.settle()
    await put_operator(office.world(), replace(ALICE, email_sync=False), remove_items=True)
    await put_operator(office.world(), ALICE)
    await office.settle()
    await office.check()


async def test_a_sync_that_is_asked_for_wakes_the_collection_now() -> None:
    office = await Office().open()
    await office.settle()
    office.queues.receive(COLLECTIONS_QUEUE)
    await ask_for_sync(office.world(), await get_operator(office.rows, "alice"), [Kind.EMAIL])
    assert office.queues.receive(COLLECTIONS_QUEUE) == [{"operator_id": "alice", "kind": "email"}]
    wanted = await office.rows.get(COLLECTIONS, office.key, WANTED)
    assert wanted is not None
    assert wanted.values["force"] is True


async def test_no_sync_is_asked_for_while_a_switch_is_off() -> None:
    office = await Office().open()
    alice = await get_operator(office.rows, "alice")
    with pytest.raises(Invalid, match="kind-not-available"):
        await ask_for_sync(office.world(), alice, [Kind.EMAIL, Kind.CALENDAR])
    with pytest.raises(Invalid, match="kind-off: the operator's email_sync is false"):
        await ask_for_sync(office.world(), replace(alice, email_sync=False), [Kind.EMAIL])
    await office.configure({"email": {"enabled": False}})
    with pytest.raises(Invalid, match=r"kind-off: email\.enabled is false in the settings"):
        await ask_for_sync(office.world(), alice, [Kind.EMAIL])


async def test_a_brake_that_holds_nothing_cannot_be_released() -> None:
    office = await Office().open()
    await office.settle()
    with pytest.raises(Invalid, match="nothing-held"):
        await release_brake(office.world(), await get_operator(office.rows, "alice"), Kind.EMAIL)


async def test_operators_are_listed_in_pages_without_the_removed_ones() -> None:
    world = Office().world()
    for number in range(5):
        await put_operator(world, Operator(f"user{number}", f"user{number}@contoso.example", ""))
    await remove_operator(world, "user1")
    pages = [await list_operators(world.rows, limit=2)]
    while pages[-1].next:
        pages.append(await list_operators(world.rows, limit=2, after=pages[-1].next))
    names = [[operator.id for operator in page.operators] for page in pages]
    assert names == [["user0"], ["user2", "user3"], ["user4"]]


@pytest.mark.parametrize("how", ["before", "after", "unclear", "undone"])
@pytest.mark.parametrize("at", range(1, 12))
async def test_a_put_that_was_cut_off_anywhere_is_completed_by_the_next(how: str, at: int) -> None:
    office = Office()
    old, _ = await put_operator(office.world(), replace(ALICE, mailbox="old@contoso.example", email_sync=False))
    office.queues.receive(COLLECTIONS_QUEUE)
    office.queues.receive(SHARDS_QUEUE)
    try:
        await put_operator(Fuse(at, how).worker(office.world()), ALICE)
    except (Crash, Transient):
        await put_operator(office.world(), ALICE)
    stored = await get_operator(office.rows, "alice")
    assert stored == replace(ALICE, mailbox_key=old.mailbox_key)
    for what in (Kind.EMAIL, SUBSCRIPTIONS):
        assert await office.rows.get(DUE, due_partition(what, stored.mailbox_key), stored.mailbox_key)
    office.now += timedelta(minutes=2)
    with pytest.raises(Invalid, match="mailbox-taken"):
        await put_operator(office.world(), replace(BOB, mailbox=ALICE.mailbox))
    await put_operator(office.world(), replace(BOB, mailbox="old@contoso.example"))


async def test_a_claim_whose_operator_was_never_written_lapses() -> None:
    office = Office()
    with pytest.raises(Crash):
        await put_operator(Fuse(1, "after").worker(office.world()), ALICE)
    with pytest.raises(Invalid, match="mailbox-taken"):
        await put_operator(office.world(), replace(BOB, mailbox=ALICE.mailbox))
    office.now += timedelta(minutes=2)
    await put_operator(office.world(), replace(BOB, mailbox=ALICE.mailbox))

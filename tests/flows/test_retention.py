"""Email that is older than the retention leaves the application, whatever state its operator is in, and stays out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import Reconfigure
from shared.flows.advances import list_advances
from shared.flows.claim import Claim
from shared.flows.daily import begin_day, do_daily
from shared.flows.operators import get_operator, put_operator, remove_operator
from shared.flows.receive_notification import want
from shared.flows.retention import TASK as EMAIL
from shared.model.exchange import ItemFailure, Mailbox
from shared.model.operator import Operator
from shared.ports import SHARDS_QUEUE
from tests.flows.office import Office, attachment

BUDGET = timedelta(minutes=4)


async def furnished() -> Office:
    office = Office()
    file = attachment("old.bin", 5000)
    office.deliver("old", age=timedelta(days=40), attachments=(file,), contents=(b"x" * 5000,), has_attachments=True)
    office.deliver("older", age=timedelta(days=400))
    office.deliver("new", age=timedelta(days=10))
    await office.open(sync_from_days="all")
    await office.settle()
    await office.news()
    assert len(await office.held()) == 3
    return office


async def a_day(office: Office, *, budget: timedelta = BUDGET) -> int:
    """What the timer and the queue do in a day; how many messages of the retention that took."""
    await begin_day(office.world())
    taken = 0
    until = office.now + timedelta(hours=1)
    while (visible := office.queues.next_visible(SHARDS_QUEUE)) and visible < until:
        office.now = max(office.now, visible)
        for task in office.queues.receive(SHARDS_QUEUE):
            if task["task"] == EMAIL:
                await do_daily(office.world(), task, budget=budget)
                taken += 1
    return taken


async def test_by_default_email_is_kept_for_good() -> None:
    office = await furnished()
    await a_day(office)
    assert len(await office.held()) == 3


async def test_what_is_too_old_is_taken_out_with_a_feed_entry_and_its_contents() -> None:
    office = await furnished()
    await office.configure({"retention": {"email_days": 30}})
    await a_day(office)
    assert list(await office.held()) == ["new"]
    assert await office.news() == ["deleted", "deleted"]
    operator = await get_operator(office.rows, "alice")
    assert [blob async for blob in office.blobs.names(operator.mailbox_key)] == []


async def test_it_is_not_imported_again_nor_is_other_mail_of_that_age() -> None:
    office = await furnished()
    await office.configure({"retention": {"email_days": 30}})
    await a_day(office)
    office.deliver("found in an archive", age=timedelta(days=35))
    office.deliver("fresh")
    office.box.void_states()
    await want(office.world(), office.key, "alice", "email")
    await office.settle()
    assert sorted(await office.held()) == ["fresh", "new"]


async def test_a_new_operators_window_begins_at_the_retention() -> None:
    office = Office()
    office.deliver("old", age=timedelta(days=40))
    office.deliver("new", age=timedelta(days=10))
    await office.open(sync_from_days="all")
    await office.configure({"retention": {"email_days": 30}})
    await office.settle()
    assert list(await office.held()) == ["new"]


@pytest.mark.parametrize("how", ["off", "removed", "failing"])
async def test_whatever_state_the_operator_is_in(how: str) -> None:
    office = await furnished()
    await office.configure({"retention": {"email_days": 30}})
    if how == "off":
        await put_operator(office.world(), Operator("alice", "alice@contoso.example", "", email_sync=False))
    elif how == "removed":
        await remove_operator(office.world(), "alice")
    else:

        async def refuse(operation: str, mailbox: Mailbox) -> None:
            raise Reconfigure("impersonation-denied", "no")

        office.exchange.before = refuse
        await want(office.world(), office.key, "alice", "email")
        assert await office.sync() == "failed"
    await a_day(office)
    assert list(await office.held()) == ["new"]


async def test_what_has_no_time_is_never_too_old() -> None:
    office = Office()
    office.deliver("timeless", received=None, sent=None, created=None)
    await office.open(sync_from_days="all")
    await office.settle()
    held = list(await office.held())
    await office.configure({"retention": {"email_days": 30}})
    await a_day(office)
    assert list(await office.held()) == held == ["timeless"]


async def test_a_day_is_done_once_and_in_steps_of_its_time() -> None:
    office = await furnished()
    for number in range(250):
        await put_operator(office.world(), Operator(f"bob-{number}", f"bob-{number}@contoso.example", ""))
    await office.configure({"retention": {"email_days": 30}})
    assert await a_day(office, budget=timedelta(0)) >= 3
    assert list(await office.held()) == ["new"]
    assert await a_day(office) == 0
    office.now += timedelta(days=1)
    assert await a_day(office) == 1


async def test_one_who_has_very_much_is_done_in_steps_too() -> None:
    office = Office()
    for number in range(700):
        office.deliver(age=timedelta(days=40, minutes=number))
    office.deliver("new")
    await office.open(sync_from_days="all")
    await office.settle()
    await office.configure({"retention": {"email_days": 30}})
    assert await a_day(office, budget=timedelta(0)) == 3, "all operators, and this one twice more"
    assert list(await office.held()) == ["new"]


async def test_a_sync_under_way_is_waited_for() -> None:
    office = await furnished()
    await office.configure({"retention": {"email_days": 30}})
    sync = Claim(office.world(), office.key, "a worker")
    assert await sync.take(office.now)
    await sync.commit()
    await begin_day(office.world())
    for task in office.queues.receive(SHARDS_QUEUE):
        if task["task"] == EMAIL:
            await do_daily(office.world(), task, budget=BUDGET)
    assert len(await office.held()) == 3
    office.now += timedelta(minutes=5)
    await a_day(office)
    assert list(await office.held()) == ["new"]


async def test_failed_items_that_are_too_old_are_forgotten_with_their_subject() -> None:
    office = Office()
    name = office.deliver("broken", age=timedelta(days=20))
    office.box.failures[name] = ItemFailure(name, "item-corrupt", "ErrorCorruptData", "Data is corrupt.")
    await office.open(sync_from_days="all")
    await office.settle()
    assert [failed["subject"] for failed in await office.failures()] == ["broken"]
    await office.configure({"retention": {"email_days": 30}})
    await a_day(office)
    assert (len(await office.failures()), (await office.head()).failing) == (1, 1)
    office.now += timedelta(days=15)
    await a_day(office)
    assert (await office.failures(), (await office.head()).failing) == ([], 0)
    assert await office.listed_items() is not None
    await office.settle()
    assert await office.listed_items() is None


async def test_an_application_that_follows_hints_is_told_though_the_operator_is_off() -> None:
    office = await furnished()
    operator = await get_operator(office.rows, "alice")
    await put_operator(office.world(), replace(operator, email_sync=False))
    office.now += timedelta(minutes=5)
    cursor, _ = await followed(office, "")
    office.now += timedelta(minutes=5)
    cursor, told = await followed(office, cursor)
    assert told == []
    await office.configure({"retention": {"email_days": 30}})
    await a_day(office)
    assert (await followed(office, cursor))[1] == ["alice"]


async def followed(office: Office, cursor: str) -> tuple[str, list[str]]:
    """A round of hints: the cursor after it, and whom it told of."""
    told: list[str] = []
    while True:
        page = await list_advances(office.world(), limit=100, after=cursor)
        cursor, told = page.next, [*told, *(hint["operator_id"] for hint in page.items)]
        if not page.more:
            return cursor, told

"""When an operator is switched on, mail of the past days comes in, newest first; older mail stays where it is."""

from datetime import timedelta

from tests.flows.breaking import Crash, Fuse, Interruption
from tests.flows.office import NOON, Office


async def test_mail_of_the_window_comes_in_and_older_mail_does_not() -> None:
    office = Office()
    office.deliver("yesterday", age=timedelta(days=1))
    office.deliver("last week", age=timedelta(days=7))
    await office.open()
    await office.settle()
    assert set(await office.held()) == {"yesterday"}
    assert (await office.head()).window_from == NOON - timedelta(days=3)


async def test_the_newest_mail_is_there_before_the_rest_of_the_window() -> None:
    office = Office()
    for number in range(600):
        office.deliver(f"mail {number}", age=timedelta(minutes=number))
    await office.open()
    assert await office.sync(budget=timedelta(0)) == "continued"
    assert set(await office.held()) == {f"mail {number}" for number in range(250)}
    await office.settle()
    await office.check()


async def test_mail_that_comes_during_a_long_window_does_not_wait_for_the_rest_of_it() -> None:
    office = Office()
    for _ in range(600):
        office.deliver(age=timedelta(hours=1))
    await office.open()
    await office.sync(budget=timedelta(0))
    office.deliver("just now")
    await office.sync(budget=timedelta(0))
    assert "just now" in await office.held()


async def test_hundreds_of_mails_of_one_moment_do_not_hold_up_the_window() -> None:
    office = Office()
    for _ in range(700):
        office.deliver(age=timedelta(hours=1))
    await office.open()
    outcomes = [await office.sync(budget=timedelta(0)) for _ in range(12)]
    assert "done" in outcomes
    await office.check()


async def test_sent_items_go_by_the_time_they_were_sent() -> None:
    office = Office()
    moment = NOON - timedelta(days=3)
    office.deliver("late arrival", folder="sentitems", received=NOON, sent=moment - timedelta(hours=1))
    office.deliver("in time", folder="sentitems", received=NOON, sent=moment + timedelta(hours=1))
    await office.open()
    await office.settle()
    assert set(await office.held()) == {"in time"}


async def test_the_window_stays_where_it_was_when_time_goes_by() -> None:
    office = Office()
    office.deliver("two days old", age=timedelta(days=2))
    await office.open()
    await office.settle()
    office.now += timedelta(days=10)
    office.box.void_states()
    await office.settle()
    assert set(await office.held()) == {"two days old"}
    await office.check()


async def test_enlarging_the_window_moves_it_back_from_now_and_shrinking_does_nothing() -> None:
    office = Office()
    office.deliver("recent", age=timedelta(days=1))
    office.deliver("older", age=timedelta(days=8))
    office.deliver("oldest", age=timedelta(days=400))
    await office.open()
    await office.settle()
    await office.configure({"email": {"sync_from_days": 10}})
    await office.settle()
    assert set(await office.held()) == {"recent", "older"}
    await office.configure({"email": {"sync_from_days": 1}})
    await office.settle()
    assert (await office.head()).window_from == NOON - timedelta(days=10)
    await office.configure({"email": {"sync_from_days": "all"}})
    await office.settle()
    assert set(await office.held()) == {"recent", "older", "oldest"}
    await office.configure({"email": {"sync_from_days": 3}})
    await office.settle()
    await office.check()


async def test_enlarging_the_window_finds_an_item_again_that_is_filed_under_another_time() -> None:
    """A sent mail keeps its place in the list by its sent time, also in a folder that goes by received times."""
    office = Office()
    sent = office.deliver(folder="sentitems", sent=NOON - timedelta(minutes=5))
    await office.open()
    await office.settle()
    office.box.move(sent, "inbox")
    await office.settle()
    await office.configure({"email": {"sync_from_days": 10}})
    assert await office.sync() == "done"
    await office.check()


async def test_a_window_of_zero_days_begins_with_switching_on() -> None:
    office = Office()
    office.deliver("before", age=timedelta(minutes=1))
    await office.open(sync_from_days=0)
    await office.settle()
    office.now += timedelta(minutes=1)
    office.deliver("after")
    await office.settle()
    assert set(await office.held()) == {"after"}


async def test_changes_of_older_mail_are_ignored() -> None:
    office = Office()
    old = office.deliver("old", age=timedelta(days=30))
    await office.open()
    await office.settle()
    office.box.set_read(old)
    moved = office.box.move(old, "sentitems")
    await office.settle()
    office.box.edit(moved, lambda email: email)
    await office.settle()
    assert await office.held() == {}
    assert await office.feed() == []


async def test_mail_that_is_held_is_kept_up_to_date_whatever_its_age() -> None:
    office = Office()
    name = office.deliver("soon old", age=timedelta(days=2))
    await office.open()
    await office.settle()
    office.now += timedelta(days=90)
    office.box.set_read(name)
    customers = office.box.add_folder("Customers", parent="inbox")
    office.box.move(name, customers)
    await office.settle()
    assert (await office.held())["soon old"]["folder"] == "Inbox/Customers"
    await office.check()


async def test_a_mail_that_is_deleted_during_its_window_is_no_mail() -> None:
    office = Office()
    for number in range(300):
        office.deliver(f"mail {number}", age=timedelta(minutes=number))
    victim = office.deliver("short-lived", age=timedelta(minutes=1))
    await office.open()

    async def happen() -> None:
        office.box.delete(victim, for_good=True)

    await office.sync(Interruption(8, happen).worker(office.world()))
    await office.settle()
    assert "short-lived" not in await office.held()
    await office.check()


async def test_a_page_that_is_not_finished_is_hidden_from_lists_and_feed() -> None:
    office = Office()
    await office.open()
    await office.settle()
    for _ in range(90):
        office.deliver()
    whole = 0
    for step in range(1, 40):
        fuse = Fuse(step, "after")
        try:
            await office.sync(fuse.worker(office.world()))
        except Crash:
            office.now += timedelta(minutes=3)
        held, feed = len(await office.held()), len(await office.feed())
        assert held == feed and held in (0, 90)
        whole += held == 90
    assert whole
    await office.check()

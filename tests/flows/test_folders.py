"""Folders come, change their names and places, and go; and no bad answer makes the application forget its mail."""

from datetime import timedelta

import pytest

from shared.errors import Permanent, Resync
from shared.flows.operators import find_operator, release_brake
from shared.model.exchange import Mailbox
from shared.model.operator import Kind
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import Office


async def with_customers(mails: int = 2, **email: object) -> tuple[Office, str]:
    """A mailbox with a folder of its own below the Inbox, and one mail beside it."""
    office = Office()
    folder = office.box.add_folder("Customers", parent="inbox")
    for number in range(mails):
        office.deliver(f"customer {number}", folder=folder, age=timedelta(minutes=number))
    office.deliver("other")
    await office.open(**email)
    await office.settle()
    await office.news()
    return office, folder


async def release(office: Office) -> None:
    operator = await find_operator(office.rows, "alice")
    assert operator is not None
    await release_brake(office.world(), operator, Kind.EMAIL)


async def test_a_renamed_folder_has_its_new_path_and_keeps_its_items() -> None:
    office, folder = await with_customers()
    office.box.rename_folder(folder, "Clients")
    await office.settle()
    assert {known.path for known in (await office.head()).states.folders} == {"Inbox", "Inbox/Clients", "Sent Items"}
    assert await office.news() == []
    await office.check()


async def test_a_folder_moved_below_the_inbox_comes_in() -> None:
    office, _ = await with_customers()
    folder = office.box.add_folder("Projects")
    office.deliver("project", folder=folder)
    await office.settle()
    assert await office.news() == []
    office.box.move_folder(folder, "inbox")
    await office.settle()
    assert await office.news() == ["created"]
    await office.check()


async def test_the_items_of_a_folder_moved_out_have_left_and_those_of_a_deleted_one_are_deleted() -> None:
    office, folder = await with_customers()
    office.box.move_folder(folder, "msgfolderroot")
    await office.settle()
    assert await office.news() == ["left", "left"]
    await office.check()
    for for_good in (False, True):
        office, folder = await with_customers()
        office.box.delete_folder(folder, for_good=for_good)
        await office.settle()
        assert await office.news() == ["deleted", "deleted"]
        await office.check()


@pytest.mark.parametrize("step", range(1, 16))
async def test_a_folder_that_goes_and_comes_back_has_its_items_whatever_a_crash_left_half_done(step: int) -> None:
    office, folder = await with_customers()
    before = {facts["item_id"] for facts in (await office.held()).values()}
    office.box.delete_folder(folder)
    fuse = Fuse(step, "after")
    try:
        await office.sync(fuse.worker(office.world()))
    except Crash:
        office.now += timedelta(minutes=3)
    office.box.move_folder(folder, "inbox")
    await office.settle()
    assert {facts["item_id"] for facts in (await office.held()).values()} == before
    await office.check()


async def test_a_folder_with_many_items_that_vanishes_is_held_until_an_administrator_releases_it() -> None:
    office, folder = await with_customers(30)
    office.box.delete_folder(folder, for_good=True)
    await office.settle()
    held = (await office.head()).held
    assert held is not None and (held.count, held.of) == (30, 31)
    assert await office.news() == []
    assert len(await office.held()) == 31
    await office.settle()
    assert len(await office.held()) == 31
    await release(office)
    await office.settle()
    assert (await office.head()).held is None
    assert await office.news() == ["deleted"] * 30
    await office.check()


async def test_what_is_gone_and_kept_does_not_blunt_the_brake() -> None:
    office, folder = await with_customers(100)
    other = [name for name, item in office.box.items.items() if item.email.folder_id == folder]
    for name in other[:70]:
        office.box.delete(name)
    await office.settle()
    await office.news()
    office.box.delete_folder(folder, for_good=True)
    await office.settle()
    assert (await office.head()).held is not None
    assert await office.news() == []


async def test_the_brake_counts_what_all_folders_miss_together() -> None:
    office = Office()
    names = ["inbox", *(office.box.add_folder(f"Folder {number}", parent="inbox") for number in range(4))]
    for number in range(100):
        office.deliver(folder=names[number % 5])
    await office.open()
    await office.settle()
    await office.news()
    for name in list(office.box.items):
        office.box.delete(name, for_good=True)
    office.box.void_states()
    await office.settle()
    assert len(await office.held()) >= 66
    assert (await office.head()).held is not None


async def test_a_release_is_for_one_removal_and_not_for_the_next() -> None:
    office, folder = await with_customers(30)
    second = office.box.add_folder("Second", parent="inbox")
    for _ in range(40):
        office.deliver(folder=second)
    await office.settle()
    office.box.delete_folder(folder, for_good=True)
    await office.settle()
    await release(office)
    await office.settle()
    await office.news()
    office.box.delete_folder(second, for_good=True)
    await office.settle()
    assert await office.news() == []
    assert (await office.head()).held is not None


async def test_a_hold_ends_by_itself_when_the_folder_is_back() -> None:
    office, folder = await with_customers(30)
    office.box.delete_folder(folder)
    await office.settle()
    assert (await office.head()).held is not None
    office.box.move_folder(folder, "inbox")
    await office.settle()
    assert (await office.head()).held is None
    assert await office.news() == []
    await office.check()


@pytest.mark.parametrize("how", ["before", "after"])
async def test_a_hold_that_shrinks_forgets_nothing_when_the_worker_dies(how: str) -> None:
    for step in range(1, 40):
        office, folder = await with_customers(30)
        names = [name for name, item in office.box.items.items() if item.email.folder_id == folder]
        office.box.delete_folder(folder)
        await office.settle()
        office.box.move_folder(folder, "inbox")
        for name in names[:5]:
            office.box.delete(name, for_good=True)
        fuse = Fuse(step, how)
        try:
            await office.sync(fuse.worker(office.world()))
        except Crash:
            office.now += timedelta(minutes=3)
        await office.settle()
        await office.check()
        if not fuse.blown:
            return
    raise AssertionError("the sync has more steps than were tried")


async def test_an_empty_answer_never_means_that_everything_was_deleted() -> None:
    office, _ = await with_customers(5)
    office.box.empty_answers = True
    office.box.void_states()
    for _ in range(3):
        await office.sync()
        office.now += timedelta(minutes=16)
    assert len(await office.held()) == 6
    assert await office.news() == []
    office.box.empty_answers = False
    await office.settle()
    assert await office.news() == []
    await office.check()


async def test_an_empty_folder_list_never_means_that_the_folders_vanished() -> None:
    office, _ = await with_customers(2)

    async def void(operation: str, mailbox: Mailbox) -> None:
        if operation == "sync_folder_hierarchy" and not office.box.empty_answers:
            office.box.empty_answers = True
            raise Resync("sync-state-invalid")

    office.exchange.before = void
    assert await office.sync() == "failed"
    assert await office.news() == []
    assert len(await office.held()) == 3


async def test_a_void_sync_state_brings_nothing_twice_and_misses_nothing() -> None:
    office, folder = await with_customers()
    names = list(office.box.items)
    office.box.void_states()
    office.deliver("new")
    office.box.delete(names[0], for_good=True)
    office.box.set_read(names[1])
    office.box.move(names[2], folder)
    await office.settle()
    assert sorted(await office.news()) == ["created", "deleted", "updated", "updated"]
    await office.check()


async def test_a_server_that_cannot_sync_folders_is_asked_for_all_of_them() -> None:
    async def refuse(operation: str, mailbox: Mailbox) -> None:
        if operation == "sync_folder_hierarchy":
            raise Permanent("operation-not-supported")

    office = Office()
    office.exchange.before = refuse
    folder = office.box.add_folder("Customers", parent="inbox")
    office.deliver("customer", folder=folder)
    await office.open()
    await office.settle()
    await office.check()
    assert len((await office.head()).notes) == 1
    office.box.move_folder(folder, "msgfolderroot")
    await office.settle()
    assert len((await office.head()).notes) == 1
    assert await office.gone() == {"customer": "left"}
    await office.check()


async def test_a_folder_that_is_no_longer_wanted_has_its_items_leave_and_one_that_is_comes_in() -> None:
    office, _ = await with_customers()
    projects = office.box.add_folder("Projects")
    office.deliver("project", folder=projects)
    await office.configure({"email": {"exclude_folders": ["Inbox/Customers"], "folders": ["inbox", "Projects"]}})
    await office.settle()
    assert sorted(await office.news()) == ["created", "left", "left"]


async def test_a_folder_made_after_it_was_named_in_the_settings_comes_in() -> None:
    office, _ = await with_customers()
    await office.configure({"email": {"folders": ["inbox", "sentitems", "Projects", "drafts"]}})
    await office.settle()
    office.deliver("draft", folder="drafts")
    office.deliver("project", folder=office.box.add_folder("Projects"))
    await office.settle()
    assert await office.news() == ["created", "created"]


async def test_folders_that_change_while_we_look_are_looked_at_again() -> None:
    office, folder = await with_customers()
    calls = 0

    async def vanish(operation: str, mailbox: Mailbox) -> None:
        nonlocal calls
        calls += operation == "sync_folder_items"
        if calls == 1 and folder in office.box.folders:
            office.box.delete_folder(folder, for_good=True)

    office.exchange.before = vanish
    await office.settle()
    await office.check()

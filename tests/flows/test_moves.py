"""A mail keeps its identity wherever it goes, and two mails stay two, however alike they look."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.model.exchange import Mailbox
from tests.flows.breaking import Interruption
from tests.flows.office import NOON, Office


async def synchronised() -> Office:
    office = Office()
    office.deliver("mail", age=timedelta(hours=1))
    await office.open()
    await office.settle()
    assert await office.news() == ["created"]
    return office


def only(office: Office) -> str:
    (name,) = office.box.items
    return name


async def item_of(office: Office, subject: str = "mail") -> str:
    item: str = (await office.held())[subject]["item_id"]
    return item


@pytest.mark.parametrize(("source", "target"), [("inbox", "sentitems"), ("sentitems", "inbox")])
async def test_a_move_between_watched_folders_is_one_update_of_the_same_item(source: str, target: str) -> None:
    """Inbox is drained before Sent Items: one way the Delete is seen first, the other way the Create."""
    office = Office()
    name = office.deliver("mail", folder=source, age=timedelta(hours=1))
    await office.open()
    await office.settle()
    item = await item_of(office)
    await office.news()
    office.box.move(name, target)
    await office.settle()
    assert await office.news() == ["updated"]
    assert await item_of(office) == item
    await office.check()


async def test_a_move_out_and_back_is_the_same_item() -> None:
    office = await synchronised()
    item = await item_of(office)
    away = office.box.move(only(office), "junkemail")
    await office.settle()
    assert await office.news() == ["left"]
    assert await office.gone() == {"mail": "left"}
    office.box.move(away, "inbox")
    await office.settle()
    assert await office.news() == ["updated"]
    assert await item_of(office) == item
    await office.check()


async def test_a_move_out_and_back_between_two_syncs_is_no_departure() -> None:
    office = await synchronised()
    item = await item_of(office)
    office.box.move(office.box.move(only(office), "junkemail"), "inbox")
    await office.settle()
    assert set(await office.news()) <= {"updated"}
    assert await item_of(office) == item
    await office.check()


async def test_a_move_into_a_folder_that_is_made_during_the_sync_is_no_departure() -> None:
    office = await synchronised()
    item = await item_of(office)

    async def happen() -> None:
        office.box.move(only(office), office.box.add_folder("New", parent="inbox"))

    await office.sync(Interruption(3, happen).worker(office.world()))
    await office.settle()
    assert await office.news() == ["updated"]
    assert await item_of(office) == item


async def test_a_copy_is_a_second_item() -> None:
    office = await synchronised()
    office.box.copy(only(office), office.box.add_folder("Copies", parent="inbox"))
    await office.settle()
    assert await office.news() == ["created"]
    await office.check()


async def test_a_copy_takes_over_when_the_original_goes_and_the_original_may_come_back() -> None:
    office = Office()
    folder = office.box.add_folder("Customers", parent="inbox")
    name = office.deliver("mail", folder=folder)
    await office.open()
    await office.settle()
    office.box.delete_folder(folder)
    await office.settle()
    office.box.copy(name, "inbox")
    await office.settle()
    office.box.move_folder(folder, "inbox")
    await office.settle()
    await office.check()
    assert len(await office.stored()) == 2


async def test_a_mail_to_oneself_is_two_items_also_after_all_ids_have_changed() -> None:
    office = Office()
    name = office.deliver("to myself", age=timedelta(hours=1))
    office.box.deliver(office.box.items[name].email, folder="sentitems")
    await office.open()
    await office.settle()
    before = {row.values["folder_id"]: row.key for row in await office.stored()}
    assert len(before) == 2
    await office.news()
    office.box.renumber()
    office.box.void_states()
    await office.settle()
    assert {row.values["folder_id"]: row.key for row in await office.stored()} == before
    assert set(await office.news()) <= {"updated"}
    await office.check()


async def test_two_mails_with_the_same_message_id_are_two_items() -> None:
    office = Office()
    for _ in range(2):
        office.deliver(internet_message_id="<same@fabrikam.example>")
    office.deliver(internet_message_id="")
    await office.open()
    await office.settle()
    assert len(await office.stored()) == 3
    office.box.renumber()
    office.box.void_states()
    await office.settle()
    assert await office.news() == ["created"] * 3
    await office.check()


async def test_without_a_search_key_a_mail_is_known_by_message_id_time_and_size() -> None:
    office = Office()
    name = office.without_search_key(office.deliver("mail", folder="sentitems"))
    other = office.without_search_key(office.deliver("other", size=5))
    await office.open()
    await office.settle()
    await office.news()
    office.box.move(name, "inbox")
    office.box.move(other, "sentitems")
    await office.settle()
    assert await office.news() == ["updated", "updated"]
    await office.check()


async def test_without_any_identity_a_moved_mail_goes_and_comes_and_nothing_is_lost() -> None:
    office = Office()
    name = office.without_search_key(office.deliver("mail", internet_message_id=""))
    await office.open()
    await office.settle()
    await office.news()
    office.box.move(name, "sentitems")
    await office.settle()
    assert sorted(await office.news()) == ["created", "deleted"]
    assert (await office.held()).keys() == {"mail"}


async def test_a_mail_that_moves_with_a_new_subject_and_flag_is_one_update() -> None:
    office = await synchronised()
    moved = office.box.move(only(office), "sentitems")
    office.box.edit(moved, lambda email: replace(email, subject="better", is_read=True))
    await office.settle()
    assert await office.news() == ["updated"]
    await office.check()


async def test_new_ids_for_all_items_keep_every_item_and_tell_nothing() -> None:
    office = Office()
    for number in range(130):
        office.deliver(age=timedelta(minutes=number))
    await office.open()
    await office.settle()
    before = {row.key for row in await office.stored()}
    await office.news()
    office.box.renumber()
    office.box.void_states()
    await office.settle()
    assert {row.key for row in await office.stored()} == before
    assert set(await office.news()) <= {"updated"}
    assert (await office.head()).held is None
    await office.check()


async def test_many_mails_of_one_moment_are_told_apart() -> None:
    office = Office()
    for number in range(1100):
        office.deliver(f"{number}", received=NOON, sent=NOON, to=(), from_=None)
    await office.open()
    await office.settle()
    before = {facts["subject"]: facts["item_id"] for facts in (await office.held()).values()}
    office.box.renumber()
    office.box.void_states()
    await office.settle()
    assert {facts["subject"]: facts["item_id"] for facts in (await office.held()).values()} == before


async def test_the_twin_of_a_moved_mail_is_left_alone() -> None:
    """A mail to oneself: the Inbox copy is filed, the Sent copy stays what it is."""
    office = Office()
    name = office.deliver("to myself", folder="sentitems")
    inbox = office.box.deliver(office.box.items[name].email, folder="inbox")
    await office.open()
    await office.settle()
    before = {row.values["folder_id"]: row.key for row in await office.stored()}
    customers = office.box.add_folder("Customers", parent="inbox")
    office.box.move(inbox, customers)
    await office.settle()
    after = {row.values["folder_id"]: row.key for row in await office.stored()}
    assert after[office.box.distinguished["sentitems"]] == before[office.box.distinguished["sentitems"]]
    assert after[customers] == before[office.box.distinguished["inbox"]]


async def test_a_participant_without_an_address_does_no_harm() -> None:
    office = Office()
    office.deliver("nameless", from_=None, to=())
    await office.open(internal_domains=["contoso.example"])
    await office.settle()
    assert set(await office.held()) == {"nameless"}


async def test_a_mail_that_moves_behind_our_back_into_a_folder_already_read_is_no_departure() -> None:
    """Inbox was read, then the mail moves into it, then Sent Items tells of its Delete: only another look can say."""
    office = Office()
    name = office.deliver("mail", folder="sentitems")
    await office.open()
    await office.settle()
    await office.news()
    moves = [lambda: office.box.move(name, "inbox")]

    async def after(operation: str, mailbox: Mailbox) -> None:
        if operation == "sync_folder_items" and moves:
            moves.pop()()

    office.exchange.after = after
    assert await office.sync() == "done"
    assert await office.news() == ["updated"]
    await office.check()

"""The contract of `Exchange`, as flows rely on it. An adapter joins by giving `exchange` its mailbox and its port."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from shared.adapters.memory.exchange import MemoryExchange
from shared.adapters.memory.mailbox import MemoryMailbox
from shared.errors import Permanent, Reconfigure, Resync, SyncError, Transient
from shared.model.email import Attachment, AttachmentKind, Email
from shared.model.exchange import ItemChanges, ItemFailure, Mailbox
from shared.ports import Exchange

ALICE = Mailbox("alice@example.com")
MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)


class Office(NamedTuple):
    """The port, Alice's mailbox as she sees it, and the ids of her Inbox and her folder Projects."""

    port: Exchange
    box: MemoryMailbox
    inbox: str
    projects: str

    def deliver(self, subject: str, *, hours: int = 0, folder: str = "inbox") -> str:
        received = MORNING + timedelta(hours=hours)
        email = Email("", "", "", subject=subject, received=received, sent=received - timedelta(minutes=1))
        return self.box.deliver(replace(email, internet_message_id=f"<{subject}@example.com>"), folder=folder)

    async def sync(self, state: str | None, *, folder: str = "", limit: int = 512) -> ItemChanges:
        return await self.port.sync_folder_items(ALICE, folder or self.inbox, state, limit=limit)


@pytest.fixture(params=["memory"])
async def office(request: pytest.FixtureRequest) -> Office:
    exchange = MemoryExchange()
    box = exchange.add_mailbox(ALICE.address)
    return Office(exchange, box, box.folder_id("inbox"), box.add_folder("Projects", parent="inbox"))


def _subjects(emails: Sequence[Email | ItemFailure]) -> list[str]:
    return [each.subject if isinstance(each, Email) else each.code for each in emails]


async def _content(blocks: AsyncIterator[bytes]) -> bytes:
    return b"".join([block async for block in blocks])


async def _drained(office: Office, limit: int) -> tuple[list[str], ItemChanges]:
    changes = await office.sync(None, limit=limit)
    ids = [stub.id for stub in changes.created]
    while not changes.is_last:
        assert len(changes.created) <= limit
        changes = await office.sync(changes.state, limit=limit)
        ids += [stub.id for stub in changes.created]
    return ids, changes


async def test_well_known_folders_are_found_by_name(office: Office) -> None:
    found = await office.port.distinguished_folders(ALICE, ["inbox", "sentitems", "archiveinbox"])
    assert {name: (folder.distinguished, folder.id == office.inbox) for name, folder in found.items()} == {
        "inbox": ("inbox", True),
        "sentitems": ("sentitems", False),
    }


async def test_all_folders_below_the_root_are_listed(office: Office) -> None:
    (root,) = (await office.port.distinguished_folders(ALICE, ["msgfolderroot"])).values()
    folders = {folder.name: folder for folder in await office.port.find_folders(ALICE)}
    assert {"Inbox", "Sent Items", "Deleted Items", "Projects"} <= set(folders)
    assert folders["Projects"].parent_id == office.inbox
    assert folders["Inbox"].parent_id == root.id
    assert root.id not in {folder.id for folder in folders.values()}


async def test_the_folder_sync_tells_new_renamed_moved_and_removed_folders(office: Office) -> None:
    everything = await office.port.sync_folder_hierarchy(ALICE, None)
    assert {folder.id for folder in everything.changed} == {
        folder.id for folder in await office.port.find_folders(ALICE)
    }
    office.box.rename_folder(office.projects, "Old projects")
    made = office.box.add_folder("New")
    changes = await office.port.sync_folder_hierarchy(ALICE, everything.state)
    assert {folder.id: folder.name for folder in changes.changed} == {office.projects: "Old projects", made: "New"}
    office.box.delete_folder(office.projects)
    office.box.delete_folder(made, for_good=True)
    changes = await office.port.sync_folder_hierarchy(ALICE, changes.state)
    assert [folder.parent_id for folder in changes.changed] == [office.box.folder_id("deleteditems")]
    assert changes.deleted == (made,)


async def test_a_search_finds_a_span_of_time_newest_first_in_pages(office: Office) -> None:
    for hour in range(7):
        office.deliver(str(hour), hours=hour)
    first = await office.port.find_items(
        ALICE, office.inbox, since=MORNING + timedelta(hours=1), until=MORNING + timedelta(hours=5), limit=3
    )
    rest = await office.port.find_items(
        ALICE,
        office.inbox,
        since=MORNING + timedelta(hours=1),
        until=MORNING + timedelta(hours=5),
        offset=first.next_offset,
        limit=3,
    )
    ids = [stub.id for stub in (*first.items, *rest.items)]
    assert _subjects(await office.port.get_emails(ALICE, ids)) == ["5", "4", "3", "2", "1"]
    assert (first.is_last, rest.is_last, first.total) == (False, True, 5)


async def test_a_search_can_go_by_the_time_of_sending(office: Office) -> None:
    office.deliver("sent a minute before it was received")
    by_received = await office.port.find_items(ALICE, office.inbox, since=MORNING)
    by_sent = await office.port.find_items(ALICE, office.inbox, since=MORNING, by_sent=True)
    assert (len(by_received.items), len(by_sent.items)) == (1, 0)


async def test_a_first_sync_tells_everything_newest_first_in_pages(office: Office) -> None:
    expected = [office.deliver(str(hour), hours=hour) for hour in range(5)]
    office.deliver("elsewhere", folder=office.projects)
    ids, last = await _drained(office, limit=2)
    assert ids == expected[::-1]
    again = await office.sync(last.state)
    assert (again.created, again.updated, again.deleted, again.read, again.is_last) == ((), (), (), (), True)


async def test_changes_since_a_state_are_told_once_and_coalesced(office: Office) -> None:
    edited, read, deleted, both = (office.deliver(name) for name in ("edited", "read", "deleted", "both"))
    state = (await office.sync(None)).state
    office.box.edit(edited, lambda email: replace(email, categories=("red",)))
    office.box.edit(edited, lambda email: replace(email, categories=("blue",)))
    office.box.set_read(read)
    office.box.set_read(both)
    office.box.edit(both, lambda email: replace(email, subject="both, edited"))
    office.box.delete(deleted)
    passing = office.deliver("came and went")
    office.box.delete(passing, for_good=True)
    created = office.deliver("created")
    changes = await office.sync(state)
    assert [stub.id for stub in changes.created] == [created]
    assert {stub.id for stub in changes.updated} == {edited, both}
    assert [(stub.id, is_read) for stub, is_read in changes.read] == [(read, True)]
    assert changes.deleted == (deleted,)


async def test_the_same_state_gives_the_same_changes_again(office: Office) -> None:
    state = (await office.sync(None)).state
    office.deliver("new")
    assert (await office.sync(state)).created == (await office.sync(state)).created


async def test_a_page_of_changes_keeps_the_rest_for_the_next(office: Office) -> None:
    ids = [office.deliver(str(n), hours=n) for n in range(3)]
    state = (await office.sync(None)).state
    for item_id in ids:
        office.box.delete(item_id)
    new = office.deliver("new")
    first = await office.sync(state, limit=2)
    rest = await office.sync(first.state, limit=2)
    assert [stub.id for stub in first.created] == [new]
    assert (first.is_last, rest.is_last) == (False, True)
    assert sorted(first.deleted + rest.deleted) == sorted(ids)


async def test_a_move_is_a_delete_here_and_a_create_with_a_new_id_there(office: Office) -> None:
    old = office.deliver("moved")
    here, there = (await office.sync(None)).state, (await office.sync(None, folder=office.projects)).state
    new = office.box.move(old, office.projects)
    assert new != old
    assert (await office.sync(here)).deleted == (old,)
    assert [stub.id for stub in (await office.sync(there, folder=office.projects)).created] == [new]
    assert await office.port.existing(ALICE, [old, new]) == {new}


@pytest.mark.parametrize("state", ["", "nonsense"])
async def test_a_state_that_is_void_asks_for_a_resync(office: Office, state: str) -> None:
    for call in (office.sync(state), office.port.sync_folder_hierarchy(ALICE, state)):
        with pytest.raises(Resync) as void:
            await call
        assert void.value.code == "sync-state-invalid"


async def test_a_state_belongs_to_one_folder(office: Office) -> None:
    state = (await office.sync(None)).state
    with pytest.raises(Resync) as foreign:
        await office.sync(state, folder=office.projects)
    assert foreign.value.code == "sync-state-invalid"


async def test_a_folder_that_is_gone_asks_for_a_resync(office: Office) -> None:
    office.box.delete_folder(office.projects, for_good=True)
    for call in (
        office.sync(None, folder=office.projects),
        office.port.find_items(ALICE, office.projects, since=None),
    ):
        with pytest.raises(Resync) as gone:
            await call
        assert gone.value.code == "folder-gone"


async def test_emails_come_in_the_order_asked_for_with_failures_in_their_place(office: Office) -> None:
    one, two, three = (office.deliver(name) for name in ("one", "two", "three"))
    office.box.delete(two, for_good=True)
    office.box.failures[three] = ItemFailure(three, "item-corrupt", "ErrorCorruptData")
    emails = await office.port.get_emails(ALICE, [three, two, one])
    assert _subjects(emails) == ["item-corrupt", "item-gone", "one"]
    assert isinstance(emails[1], ItemFailure)
    assert (emails[1].id, emails[1].gone) == (two, True)


async def test_a_change_key_changes_with_each_change(office: Office) -> None:
    item_id = office.deliver("one")
    keys = [(await office.sync(None)).created[0].change_key]
    office.box.set_read(item_id)
    keys.append((await office.sync(None)).created[0].change_key)
    office.box.edit(item_id, lambda email: replace(email, subject="two"))
    keys.append((await office.sync(None)).created[0].change_key)
    assert len(set(keys)) == 3


async def test_items_are_located_by_search_key_or_message_id_in_the_folders_asked(office: Office) -> None:
    moved = office.box.move(office.deliver("one"), office.projects)
    other = office.deliver("two")
    office.deliver("three", folder="sentitems")
    (email,) = await office.port.get_emails(ALICE, [moved])
    assert isinstance(email, Email)
    found = await office.port.locate(
        ALICE,
        [office.inbox, office.projects],
        search_keys=[email.search_key],
        message_ids=["<two@example.com>", "<three@example.com>"],
    )
    assert {(each.id, each.folder_id) for each in found} == {(moved, office.projects), (other, office.inbox)}


async def test_the_newest_of_a_subject_are_found_in_the_folders_asked(office: Office) -> None:
    for hour, name in enumerate(("Offer", "offer 2", "no", "OFFER")):
        office.deliver(name, hours=hour)
    office.deliver("Offer", folder="sentitems", hours=9)

    async def found(subject: str, *, whole: bool, limit: int = 20) -> list[str]:
        folders = [office.inbox, office.projects]
        located = await office.port.find_by_subject(ALICE, folders, subject, whole=whole, limit=limit)
        assert {item.folder_id for item in located} == {office.inbox}
        return _subjects(await office.port.get_emails(ALICE, [item.id for item in located]))

    assert await found("offer", whole=False) == ["OFFER", "offer 2", "Offer"]
    assert await found("offer", whole=True) == ["OFFER", "Offer"]
    assert await found("offer", whole=False, limit=2) == ["OFFER", "offer 2"]


async def test_bodies_are_only_read_where_they_are_asked_for(office: Office) -> None:
    item_id = office.box.deliver(Email("", "", "", subject="one", text="text", html="<p>"))
    (email,) = await office.port.get_emails(ALICE, [item_id], bodies=False)
    assert isinstance(email, Email)
    assert (email.subject, email.text, email.html) == ("one", None, None)


async def test_an_attachment_streams_its_bytes_until_its_item_is_gone(office: Office) -> None:
    content = bytes(range(256)) * 1024
    listed = Attachment("", "a.bin", AttachmentKind.FILE, size=len(content))
    email = Email("", "", "", subject="with", received=MORNING, has_attachments=True, attachments=(listed, listed))
    item_id = office.box.deliver(email, contents=[b"first", content])
    (found,) = await office.port.get_emails(ALICE, [item_id])
    assert isinstance(found, Email)
    first, second = (each.id for each in found.attachments)
    assert await _content(office.port.attachment(ALICE, first)) == b"first"
    assert await _content(office.port.attachment(ALICE, second)) == content
    office.box.delete(item_id, for_good=True)
    with pytest.raises(Permanent) as gone:
        await _content(office.port.attachment(ALICE, first))
    assert gone.value.code == "item-gone"


async def test_mime_streams_until_the_item_is_gone(office: Office) -> None:
    item_id = office.deliver("one")
    assert b"Subject: one\r\n" in await _content(office.port.mime(ALICE, item_id))
    office.box.delete(item_id, for_good=True)
    with pytest.raises(Permanent) as gone:
        await _content(office.port.mime(ALICE, item_id))
    assert gone.value.code == "item-gone"


async def test_each_subscription_has_an_id_of_its_own(office: Office) -> None:
    ids = {
        (await office.port.subscribe(ALICE, [office.inbox], url="https://x/", frequency_minutes=30)).id
        for _ in range(2)
    }
    assert len(ids) == 2


async def test_an_address_resolves_to_its_mailbox(office: Office) -> None:
    assert [each.address for each in await office.port.resolve(ALICE, "Alice@Example.com")] == [ALICE.address]
    assert await office.port.resolve(ALICE, "nobody@example.com") == ()


async def test_a_mailbox_that_is_unknown_is_for_an_administrator(office: Office) -> None:
    with pytest.raises(SyncError) as unknown:
        await office.port.find_folders(Mailbox("nobody@example.com"))
    assert unknown.value.code == "mailbox-unknown"


async def test_renumbering_gives_every_item_a_new_id_and_keeps_its_identity(office: Office) -> None:
    old = office.deliver("one")
    state = (await office.sync(None)).state
    new = office.box.renumber()[old]
    changes = await office.sync(state)
    assert ([stub.id for stub in changes.created], changes.deleted) == ([new], (old,))
    office.box.void_states()
    with pytest.raises(Resync):
        await office.sync(changes.state)


async def test_empty_answers_tell_nothing_and_delete_nothing(office: Office) -> None:
    office.deliver("one")
    state = (await office.sync(None)).state
    office.box.empty_answers = True
    assert (await office.sync(None)).created == ()
    assert (await office.sync(state)).deleted == ()
    assert (await office.port.find_items(ALICE, office.inbox, since=None)).items == ()
    assert await office.port.find_folders(ALICE) == ()
    office.box.empty_answers = False
    assert len((await office.sync(None)).created) == 1


async def test_hooks_stop_a_call_before_or_after_it_was_done() -> None:
    exchange, seen = MemoryExchange(), []
    box = exchange.add_mailbox(ALICE.address)

    async def broken(operation: str, mailbox: Mailbox) -> None:
        seen.append((operation, mailbox))
        raise Transient("exchange-unavailable")

    async def subscribe() -> None:
        with pytest.raises(Transient):
            await exchange.subscribe(ALICE, [box.folder_id("inbox")], url="https://x/", frequency_minutes=30)

    exchange.before = broken
    await subscribe()
    assert exchange.subscriptions == {}
    exchange.before, exchange.after = exchange.after, broken
    await subscribe()
    assert len(exchange.subscriptions) == 1
    assert seen == [("subscribe", ALICE)] * 2
    assert exchange.counts["subscribe"] == 2


async def test_a_mail_is_sent_to_whom_it_names_and_kept_nowhere(office: Office) -> None:
    text = "From: Alice <alice@example.com>\r\nTo: alice@example.com\r\nSubject: It fails\r\nMessage-ID: <1@example.com>\r\n"
    await office.port.send_mail(ALICE, f"{text}\r\nIt fails.\r\n".encode())
    changes = await office.sync(None)
    (email,) = await office.port.get_emails(ALICE, [stub.id for stub in changes.created])
    assert isinstance(email, Email)
    assert (email.subject, email.internet_message_id, email.text) == ("It fails", "<1@example.com>", "It fails.\r\n")
    (sent,) = (await office.port.distinguished_folders(ALICE, ["sentitems"])).values()
    assert (await office.sync(None, folder=sent.id)).created == ()


async def test_nobody_sends_in_anothers_name(office: Office) -> None:
    with pytest.raises(Reconfigure, match="access-denied"):
        await office.port.send_mail(ALICE, b"From: bob@example.com\r\nTo: alice@example.com\r\n\r\nIt fails.\r\n")

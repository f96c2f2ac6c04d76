"""exchangelib 5 against the simulator: folders, synchronisation, and mail from draft to reply.

Where the client and PROTOCOL disagree, the test says who is right.
"""

from typing import Any

import exchangelib
import pytest
from exchangelib.errors import (
    ErrorDeleteDistinguishedFolder,
    ErrorFolderExists,
    ErrorIrresolvableConflict,
    ErrorItemNotFound,
    ErrorMissingRecipients,
    ErrorSendAsDenied,
    ErrorStaleObject,
)
from exchangelib.items import SEND_ONLY
from exchangelib.properties import AlternateId

from devtools.exchange_simulator import ExchangeSimulator
from tests.interop.conftest import ALICE, BOB, CHARLIE

FOREIGN = (
    b"From: Carla <carla@customer.example>\r\nTo: alice@contoso.example\r\nSubject: %s\r\n"
    b"Message-ID: <%s@customer.example>\r\n\r\nGood morning"
)


def deliver(exchange: ExchangeSimulator, *subjects: str) -> list[str]:
    return [exchange.deliver(ALICE, FOREIGN % (one.encode(), one.lower().encode())) for one in subjects]


def draft(account: Any, subject: str = "Offer", **more: Any) -> Any:
    given = {"body": "Good morning", "to_recipients": [BOB], **more}
    return exchangelib.Message(account=account, folder=account.drafts, subject=subject, **given)


def mail(account: Any, **more: Any) -> Any:
    """A message that is to be sent: exchangelib keeps the copy of `send_and_save` in the message's own folder."""
    written = draft(account, **more)
    written.folder = account.sent
    return written


def subjects(exchange: ExchangeSimulator, mailbox: str, folder: str = "inbox") -> list[str]:
    return [row.subject for row in exchange.items(mailbox, folder)]


# Folders


def test_the_folders_are_found_by_their_well_known_names(alice: Any) -> None:
    names = {folder.name for folder in alice.msg_folder_root.walk()}
    assert {"Inbox", "Sent Items", "Drafts", "Calendar", "Contacts", "Deleted Items"} <= names
    assert (alice.inbox.folder_class, alice.calendar.folder_class) == ("IPF.Note", "IPF.Appointment")


def test_a_folder_is_made_renamed_moved_emptied_and_deleted(exchange: ExchangeSimulator, alice: Any) -> None:
    folder = exchangelib.folders.Messages(parent=alice.inbox, name="Projects").save()
    assert exchange.folder_id(ALICE, "Inbox/Projects") == folder.id
    with pytest.raises(ErrorFolderExists):
        exchangelib.folders.Messages(parent=alice.inbox, name="projects").save()
    folder.name = "Clients"
    folder.save(update_fields=["name"])  # without it, exchangelib writes the permissions too, which are not simulated
    folder.move(alice.sent)
    assert exchange.folder_id(ALICE, "Sent Items/Clients") == folder.id
    exchange.deliver(ALICE, b"Subject: Kept\r\n\r\n", folder="Clients")
    folder.empty()
    assert (subjects(exchange, ALICE, "Clients"), subjects(exchange, ALICE, "deleteditems")) == ([], [])
    folder.delete()
    assert "Clients" not in {one.name for one in exchange.mailbox(ALICE).folders.values()}
    with pytest.raises(ErrorDeleteDistinguishedFolder):
        alice.inbox.delete()


# Synchronisation and reading


def test_sync_items_tells_every_change_once(exchange: ExchangeSimulator, alice: Any) -> None:
    first, second = deliver(exchange, "First", "Second")
    assert {(kind, item.id) for kind, item in alice.inbox.sync_items()} == {("create", first), ("create", second)}
    state = alice.inbox.item_sync_state
    assert list(alice.inbox.sync_items(sync_state=state)) == []
    exchange.flag(ALICE, first, read=True)
    exchange.delete(ALICE, second, how="hard")
    changes = list(alice.inbox.sync_items(sync_state=state))
    assert [(kind, item[0].id if kind == "read_flag_change" else item.id) for kind, item in changes] == [
        ("delete", second),
        ("read_flag_change", first),
    ]


def test_fetch_gives_the_items_in_the_order_of_the_ids(exchange: ExchangeSimulator, alice: Any) -> None:
    first, second = deliver(exchange, "First", "Second")
    exchange.delete(ALICE, second, how="hard")
    (third,) = deliver(exchange, "Third")
    found = list(alice.fetch([(third, None), (second, None), (first, None)]))
    assert isinstance(found[1], ErrorItemNotFound)
    assert [(one.subject, one.message_id, one.author.email_address) for one in (found[0], found[2])] == [
        ("Third", "<third@customer.example>", "carla@customer.example"),
        ("First", "<first@customer.example>", "carla@customer.example"),
    ]
    assert found[0].text_body == "Good morning"
    assert found[0].mime_content == FOREIGN % (b"Third", b"third")


def test_filter_and_order_by(exchange: ExchangeSimulator, alice: Any) -> None:
    deliver(exchange, "Offer one", "Invoice", "Offer two")
    found = alice.inbox.filter(subject__startswith="Offer").order_by("subject")
    assert [one.subject for one in found] == ["Offer one", "Offer two"]
    assert alice.inbox.filter(is_read=False).count() == 3


# Drafts


def test_a_saved_draft_is_what_was_written(exchange: ExchangeSimulator, alice: Any) -> None:
    written = draft(
        alice,
        body=exchangelib.HTMLBody("<p>Good &amp; early</p>"),
        cc_recipients=[exchangelib.Mailbox(name="Charlie", email_address=CHARLIE)],
        bcc_recipients=["carla@customer.example"],
        reply_to=[ALICE],
        categories=["Sales"],
        importance="High",
        sensitivity="Private",
        is_read_receipt_requested=True,
        in_reply_to="<before@customer.example>",
        references="<before@customer.example>",
        message_id="<own@contoso.example>",
    ).save()
    (found,) = alice.drafts.all()
    assert found.id == written.id
    assert found.is_draft
    assert found.body == "<p>Good &amp; early</p>"
    assert found.text_body == "Good & early"
    assert [one.email_address for one in found.to_recipients] == [BOB]
    assert [(one.name, one.email_address) for one in found.cc_recipients] == [("Charlie", CHARLIE)]
    assert [one.email_address for one in found.bcc_recipients] == ["carla@customer.example"]
    assert [one.email_address for one in found.reply_to] == [ALICE]
    assert (found.categories, found.importance, found.sensitivity) == (["Sales"], "High", "Private")
    assert (found.is_read_receipt_requested, found.message_id) == (True, "<own@contoso.example>")
    assert (found.in_reply_to, found.references) == ("<before@customer.example>", "<before@customer.example>")
    assert b"Subject: Offer" in found.mime_content
    assert subjects(exchange, BOB) == []


class SyncId(exchangelib.ExtendedProperty):  # type: ignore[misc]
    distinguished_property_set_id = "PublicStrings"
    property_name = "MySyncId"
    property_type = "String"


def test_an_own_property_is_written_read_searched_and_taken_away(alice: Any) -> None:
    exchangelib.Message.register("sync_id", SyncId)
    try:
        written = draft(alice, sync_id="42").save()
        draft(alice, subject="Another").save()
        assert [one.id for one in alice.drafts.filter(sync_id="42")] == [written.id]
        written.sync_id = None
        written.save(update_fields=["sync_id"])
        assert alice.drafts.get(id=written.id).sync_id is None
    finally:
        exchangelib.Message.deregister("sync_id")


def test_a_draft_from_mime_keeps_its_bytes(alice: Any) -> None:
    mime = FOREIGN % (b"Mime", b"mime")
    written = exchangelib.Message(account=alice, folder=alice.drafts, mime_content=mime).save()
    found = alice.drafts.get(id=written.id)
    assert (found.subject, found.mime_content) == ("Mime", mime)


# Updating


def test_save_changes_a_draft_as_a_whole_and_its_change_key(alice: Any) -> None:
    # Read back first: until exchangelib knows that it is a draft, it leaves the recipients out of `save`.
    written = alice.drafts.get(id=draft(alice).save().id)
    before = written.changekey
    written.subject, written.body, written.cc_recipients = "Better offer", "Good evening", [CHARLIE]
    written.save()
    found = alice.drafts.get(id=written.id)
    assert (found.subject, found.body) == ("Better offer", "Good evening")
    assert [one.email_address for one in found.cc_recipients] == [CHARLIE]
    assert before != written.changekey == found.changekey


def test_a_field_that_is_emptied_is_gone(alice: Any) -> None:
    written = draft(alice, categories=["Sales"], cc_recipients=[CHARLIE]).save()
    written.categories, written.cc_recipients = None, None
    written.save(update_fields=["categories", "cc_recipients"])
    found = alice.drafts.get(id=written.id)
    assert (found.categories, found.cc_recipients) == (None, None)


def test_received_mail_can_be_marked_but_its_message_stays(exchange: ExchangeSimulator, alice: Any) -> None:
    deliver(exchange, "Offer")
    (mail,) = alice.inbox.all()
    mail.is_read, mail.categories, mail.subject = True, ["Sales"], "My subject"
    mail.save(update_fields=["is_read", "categories", "subject"])
    (row,) = exchange.items(ALICE)
    assert (row.is_read, row.categories, row.subject) == (True, ("Sales",), "My subject")
    assert alice.inbox.get(id=mail.id).mime_content == FOREIGN % (b"Offer", b"offer")


def test_an_outdated_change_key_is_a_conflict_unless_one_overwrites(exchange: ExchangeSimulator, alice: Any) -> None:
    deliver(exchange, "Offer")
    (mail,) = alice.inbox.all()
    (other,) = alice.inbox.all()
    other.importance = "High"
    other.save(update_fields=["importance"])
    mail.subject = "Mine"
    with pytest.raises(ErrorIrresolvableConflict):
        mail.save(update_fields=["subject"])
    mail.save(update_fields=["subject"], conflict_resolution="AlwaysOverwrite")
    assert subjects(exchange, ALICE) == ["Mine"]


# Moving, copying, deleting


def test_a_move_gives_a_new_id_and_a_copy_another_item(exchange: ExchangeSimulator, alice: Any) -> None:
    (old,) = deliver(exchange, "Offer")
    (mail,) = alice.inbox.all()
    copied, _ = mail.copy(alice.junk)
    mail.move(alice.junk)
    assert mail.id not in (old, copied)
    assert [row.id for row in exchange.items(ALICE, "junkemail")] == [copied, mail.id]


def test_each_way_to_delete(exchange: ExchangeSimulator, alice: Any) -> None:
    deliver(exchange, "Trash", "Soft", "Hard")
    by_subject = {one.subject: one for one in alice.inbox.all()}
    by_subject["Trash"].move_to_trash()
    by_subject["Soft"].soft_delete()
    by_subject["Hard"].delete()
    assert subjects(exchange, ALICE) == []
    assert subjects(exchange, ALICE, "deleteditems") == ["Trash"]
    assert subjects(exchange, ALICE, "recoverableitemsdeletions") == ["Soft"]


# Sending


def test_sent_mail_arrives_and_a_copy_stays(exchange: ExchangeSimulator, alice: Any, bob: Any) -> None:
    mail(alice, bcc_recipients=[CHARLIE]).send_and_save()
    (sent,), (received,) = alice.sent.all(), bob.inbox.all()
    assert received.message_id == sent.message_id
    assert received.id != sent.id
    assert (received.is_read, received.is_draft, sent.is_read, sent.is_draft) == (False, False, True, False)
    assert (received.author.email_address, received.body.strip()) == (ALICE, "Good morning")
    assert [one.email_address for one in sent.bcc_recipients] == [CHARLIE]
    assert received.bcc_recipients is None
    assert b"charlie" not in received.mime_content.lower()
    assert subjects(exchange, CHARLIE) == ["Offer"]
    assert exchange.items(ALICE, "sentitems")[0].search_key == exchange.items(BOB)[0].search_key


def test_mail_to_the_outside_is_in_the_journal(exchange: ExchangeSimulator, alice: Any) -> None:
    mail(alice, to_recipients=["carla@customer.example", BOB]).send_and_save()
    (out,) = exchange.outgoing
    assert (out.sender, out.recipients) == (ALICE, ("carla@customer.example",))
    assert b"Subject: Offer" in out.raw
    assert subjects(exchange, BOB) == ["Offer"]


def test_send_without_saving_keeps_no_copy(exchange: ExchangeSimulator, alice: Any) -> None:
    alice.bulk_create(folder=None, items=[draft(alice)], message_disposition=SEND_ONLY)
    assert (subjects(exchange, ALICE, "sentitems"), subjects(exchange, BOB)) == ([], ["Offer"])


def test_a_draft_that_is_sent_leaves_the_drafts(exchange: ExchangeSimulator, alice: Any) -> None:
    written = draft(alice, categories=["Sales"]).save()
    written.send()
    assert subjects(exchange, ALICE, "drafts") == []
    (row,) = exchange.items(ALICE, "sentitems")
    assert (row.subject, row.categories) == ("Offer", ("Sales",))
    assert exchange.items(BOB)[0].categories == ()


def test_a_draft_is_not_sent_with_an_outdated_change_key(exchange: ExchangeSimulator, alice: Any) -> None:
    written = draft(alice).save()
    other = alice.drafts.get(id=written.id)
    other.subject = "Changed"
    other.save(update_fields=["subject"])
    with pytest.raises(ErrorStaleObject):
        written.send()
    assert subjects(exchange, BOB) == []


def test_mail_needs_recipients_and_an_author_who_may_send_it(alice: Any) -> None:
    with pytest.raises(ErrorMissingRecipients):
        mail(alice, to_recipients=[]).send_and_save()
    with pytest.raises(ErrorSendAsDenied):
        mail(alice, author=exchangelib.Mailbox(email_address=BOB)).send_and_save()


# Responding


def test_a_reply_quotes_threads_and_arrives(exchange: ExchangeSimulator, alice: Any, bob: Any) -> None:
    mail(alice, cc_recipients=[CHARLIE]).send_and_save()
    (received,) = bob.inbox.all()
    received.reply(subject="Re: Offer", body="Thank you")
    (answer,) = alice.inbox.all()
    assert (answer.subject, answer.in_reply_to) == ("Re: Offer", received.message_id)
    assert answer.references == received.message_id
    assert "Thank you" in answer.body
    assert "Good morning" in answer.body
    assert subjects(exchange, CHARLIE) == ["Offer"]
    # The two sides of the conversation agree on it: Alice's sent mail and Bob's answer have one id in her mailbox.
    (sent,) = alice.sent.all()
    assert answer.conversation_id == sent.conversation_id


def test_a_reply_to_all_goes_to_everybody_else(exchange: ExchangeSimulator, alice: Any, bob: Any) -> None:
    mail(alice, cc_recipients=[CHARLIE]).send_and_save()
    (received,) = bob.inbox.all()
    received.reply_all(subject="Re: Offer", body="Thank you")
    assert (subjects(exchange, ALICE), subjects(exchange, CHARLIE)) == (["Re: Offer"], ["Offer", "Re: Offer"])
    assert subjects(exchange, BOB) == ["Offer"]


def test_a_forward_keeps_the_attachments(exchange: ExchangeSimulator, alice: Any, open_account: Any) -> None:
    mail(alice, attachments=[exchangelib.FileAttachment(name="a.txt", content=b"one")]).send_and_save()
    (received,) = open_account(BOB).inbox.all()
    received.forward(subject="Fwd: Offer", body="See below", to_recipients=[CHARLIE])
    (forwarded,) = open_account(CHARLIE).inbox.all()
    assert [(one.name, one.content) for one in forwarded.attachments] == [("a.txt", b"one")]
    assert forwarded.in_reply_to == received.message_id


# Attachments


def test_files_are_attached_read_and_taken_off(alice: Any) -> None:
    written = draft(alice, attachments=[exchangelib.FileAttachment(name="a.txt", content=b"one")]).save()
    written.attach(exchangelib.FileAttachment(name="b.txt", content=b"two", content_type="text/plain"))
    written.attach(exchangelib.FileAttachment(name="c.txt", content=b"three"))
    found = alice.drafts.get(id=written.id)
    assert [(one.name, one.content) for one in found.attachments] == [
        ("a.txt", b"one"),
        ("b.txt", b"two"),
        ("c.txt", b"three"),
    ]
    last = found.attachments[2].attachment_id.id
    found.detach(found.attachments[:2])
    left = alice.drafts.get(id=written.id)
    assert [(one.attachment_id.id, one.content) for one in left.attachments] == [(last, b"three")]
    assert left.has_attachments


def test_a_message_is_attached_and_sent(alice: Any, bob: Any) -> None:
    inner = exchangelib.Message(subject="Inner", body="Inside", to_recipients=[ALICE])
    mail(alice, attachments=[exchangelib.ItemAttachment(name="Inner", item=inner)]).send_and_save()
    (received,) = bob.inbox.all()
    (attached,) = received.attachments
    assert (attached.item.subject, attached.item.body.strip()) == ("Inner", "Inside")


# Names and ids


def test_names_are_resolved(alice: Any) -> None:
    assert alice.version.api_version == "Exchange2016"  # without a version, exchangelib's resolve_names fails by itself
    (found,) = alice.protocol.resolve_names(["bob"])
    assert (found.email_address, found.name) == (BOB, "Bob")


@pytest.mark.parametrize("form", ["EwsLegacyId", "EntryId", "HexEntryId", "StoreId", "OwaId"])
def test_an_id_in_another_format_leads_back(exchange: ExchangeSimulator, alice: Any, form: str) -> None:
    (known,) = deliver(exchange, "Offer")
    assert alice.version.api_version == "Exchange2016"
    (other,) = alice.protocol.convert_ids([AlternateId(id=known, format="EwsId", mailbox=ALICE)], form)
    assert other.id != known
    (back,) = alice.protocol.convert_ids([AlternateId(id=other.id, format=form, mailbox=ALICE)], "EwsId")
    assert back.id == known

"""What each recorded answer says, whole or in pieces; the schema accepts those that claim to be Exchange's."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from shared.errors import Permanent, Reconfigure, Resync, SyncError, Transient
from shared.model.email import Attachment, AttachmentKind, Email, Participant
from shared.model.exchange import (
    Folder,
    FolderChanges,
    FoundItems,
    ItemChanges,
    ItemStub,
    Located,
    Resolved,
    Subscribed,
)
from shared.wire.ews import (
    find_folder,
    find_item,
    get_attachment,
    get_folder,
    get_item,
    resolve_names,
    subscribe,
    sync_folder_hierarchy,
    sync_folder_items,
)
from shared.wire.ews.faults import Refusal

SAMPLES = Path(__file__).parents[1] / "samples" / "ews"

TEN_FIFTEEN = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
TEN_FOURTEEN = datetime(2026, 11, 20, 10, 14, tzinfo=UTC)
ALICE = Participant("Alice Archer", "alice@example.com")
BOB = Participant("Bob Baker", "bob@example.com")
CHARLIE = Participant("Charlie Cook", "charlie@example.com")

PARSERS: dict[str, Callable[[], Any]] = {
    "get_item_emails.xml": get_item.emails,
    "get_item_mixed.xml": get_item.emails,
    "get_item_illegal_characters.xml": get_item.emails,
    "get_item_ids.xml": get_item.ids,
    "get_folder.xml": lambda: get_folder.Answer(["inbox", "archive", "sentitems"]),
    "find_folder.xml": find_folder.Answer,
    "find_item.xml": find_item.Answer,
    "find_item_located.xml": find_item.LocateAnswer,
    "sync_folder_items.xml": sync_folder_items.Answer,
    "sync_folder_items_nothing.xml": sync_folder_items.Answer,
    "sync_folder_hierarchy.xml": sync_folder_hierarchy.Answer,
    "subscribe.xml": subscribe.Answer,
    "subscribe_without_watermark.xml": subscribe.Answer,
    "resolve_names.xml": resolve_names.Answer,
    "resolve_names_several.xml": resolve_names.Answer,
    "resolve_names_nothing.xml": resolve_names.Answer,
}
STREAMS = {
    "get_attachment_file.xml": b"hello, world!",
    "get_attachment_item.xml": b"Subject: inner\r\n\r\n",
    "get_attachment_empty.xml": b"",
    "get_item_mime.xml": b"From: alice@example.com\r\nSubject: hi\r\n\r\nbody\r\n",
}
REFUSALS = {
    "get_attachment_gone.xml": (Permanent, "item-gone"),
    "sync_folder_items_invalid_state.xml": (Resync, "sync-state-invalid"),
    "fault_server_busy.xml": (Transient, "exchange-busy"),
    "fault_wrapped_busy.xml": (Transient, "exchange-busy"),
    "fault_without_detail.xml": (Permanent, "request-invalid"),
    "fault_of_soap.xml": (Permanent, "exchange-refused"),
    "fault_version_by_text.xml": (Reconfigure, "version-not-supported"),
    "fault_impersonate.xml": (Reconfigure, "impersonation-denied"),
    "fault_not_primary.xml": (Reconfigure, "mailbox-not-primary"),
    "empty_body.xml": (Reconfigure, "not-exchange"),
    "page_recycling.html": (Transient, "exchange-unavailable"),
    "page_login.html": (Reconfigure, "url-wrong"),
}
NOT_OF_THE_SCHEMA = {
    "get_item_illegal_characters.xml",
}


def facts(parser: Any, data: bytes, size: int = 1 << 16) -> Any:
    """What the parser makes of the data, fed in pieces of a size."""
    for start in range(0, len(data), size):
        parser.feed(data[start : start + size])
    return parser.close()


def content(data: bytes, size: int = 1 << 16) -> bytes:
    """The content that the stream parser hands on."""
    parser = get_attachment.Answer()
    blocks = [parser.feed(data[start : start + size]) for start in range(0, len(data), size)]
    return b"".join([*blocks, parser.close()])


def outcome(name: str, data: bytes, size: int) -> Any:
    """Facts or error, so that two ways of feeding can be compared."""
    try:
        return facts(PARSERS.get(name, sync_folder_items.Answer)(), data, size)
    except SyncError as wrong:
        return type(wrong), wrong.code, wrong.detail


def read(name: str) -> Any:
    return facts(PARSERS[name](), (SAMPLES / name).read_bytes())


def test_every_sample_is_read_by_some_test() -> None:
    names = {path.name for path in SAMPLES.iterdir() if not path.name.startswith("send_notification")}
    assert names == PARSERS.keys() | STREAMS.keys() | REFUSALS.keys()


@pytest.mark.parametrize("name", sorted((PARSERS.keys() | STREAMS.keys()) - NOT_OF_THE_SCHEMA))
def test_sample_is_valid(schema: etree.XMLSchema, name: str) -> None:
    body = etree.parse(SAMPLES / name).getroot()[-1]
    schema.assertValid(body[0])


def test_a_full_email() -> None:
    email, *_ = read("get_item_emails.xml")
    assert email == Email(
        id="AAMkAGI1A==",
        change_key="CQAAABYA",
        folder_id="AAMkInbox",
        subject="Offer & prices: 100 € für Zoë 🚀",
        sender=CHARLIE,
        from_=ALICE,
        to=(BOB, CHARLIE),
        cc=(Participant("Old Sender", "/O=EXAMPLE/OU=FIRST/CN=RECIPIENTS/CN=OLD"),),
        bcc=(ALICE,),
        reply_to=(CHARLIE,),
        received=TEN_FIFTEEN.replace(microsecond=123456),
        sent=TEN_FOURTEEN.replace(second=58),
        created=TEN_FIFTEEN.replace(second=1),
        text="Dear Bob,\r\n\r\n100 € it is.",
        html="<html><body><p>Dear Bob,</p>\r\n<p>100 &euro; it is.</p></body></html>",
        importance="high",
        categories=("Red category", "No CRM"),
        is_read=True,
        conversation_id="AAQkConv1",
        conversation_topic="Offer & prices",
        internet_message_id="<m1@example.com>",
        in_reply_to="<q1@example.com>",
        references="<q0@example.com> <q1@example.com>",
        has_attachments=True,
        attachments=(
            Attachment("AAMkAtt1", "offer.pdf", content_type="application/pdf", size=23456),
            Attachment(
                "AAMkAtt2",
                "logo.png",
                content_type="image/png",
                size=345,
                is_inline=True,
                content_id="logo@example.com",
            ),
            Attachment("AAMkAtt3", "Fwd: question", AttachmentKind.ITEM, size=9999),
            Attachment(
                "AAMkAtt4", "plan.docx", AttachmentKind.REFERENCE, size=120, url="https://files.example.com/plan.docx"
            ),
        ),
        size=34567,
        search_key="GxEZsq9eS0OJ0Y7G0tZx2Q==",
    )


def test_a_text_mail_has_no_html() -> None:
    _, plain, _, _ = read("get_item_emails.xml")
    assert (plain.text, plain.html) == ("only text", None)


def test_text_is_made_of_html_where_the_server_gives_none() -> None:
    _, _, invitation, _ = read("get_item_emails.xml")
    assert invitation.item_class == "IPM.Schedule.Meeting.Request"
    assert (invitation.text, invitation.html) == ("When?\nTuesday", "<p>When?<br>Tuesday</p>")


def test_encrypted_mail_keeps_its_headers_and_a_sentinel_is_no_time() -> None:
    *_, secret = read("get_item_emails.xml")
    assert (secret.subject, secret.item_class, secret.received) == ("Secret", "IPM.Note.SMIME", None)


def test_outcomes_keep_their_places() -> None:
    outcomes = read("get_item_mixed.xml")
    kinds = [outcome.exchange_code if isinstance(outcome, Refusal) else outcome.id for outcome in outcomes]
    assert kinds == [
        "ErrorItemNotFound",
        "AAMkAGI1B==",
        "ErrorItemCorrupt",
        "ErrorMimeContentConversionFailed",
        "ErrorServerBusy",
        "ErrorBatchProcessingStopped",
    ]


def test_only_what_xml_forbids_is_dropped() -> None:
    (email,) = read("get_item_illegal_characters.xml")
    assert email.subject == "abcdefgh€€€i&#x1F;jk"
    assert email.text == "li(ne\r\n\tend"
    assert email.is_read


def test_existence() -> None:
    found, gone = read("get_item_ids.xml")
    assert found == "I1"
    assert gone.exchange_code == "ErrorItemNotFound"


def test_folders_by_name() -> None:
    inbox, archive, sent = read("get_folder.xml")
    assert inbox == Folder("FI", "R", "Posteingang", "IPF.Note", "inbox")
    assert archive.exchange_code == "ErrorFolderNotFound"
    assert sent.distinguished == "sentitems"


def test_all_folders() -> None:
    page = read("find_folder.xml")
    assert page.is_last
    assert page.folders[1] == Folder("FC", "FI", "Customers & Co", "IPF.Note.Custom")
    assert [folder.id for folder in page.folders] == ["FI", "FC", "FK", "FX"]


def test_folder_changes() -> None:
    assert read("sync_folder_hierarchy.xml") == FolderChanges(
        changed=(Folder("FI", "R", "Inbox"), Folder("FP", "R", "Contacts", "IPF.Contact")),
        deleted=("FD",),
        state="H4sH",
        is_last=True,
    )


def test_item_changes() -> None:
    stub = ItemStub("I1", "CKI1", TEN_FIFTEEN, TEN_FOURTEEN, is_read=True, sensitivity="private", size=4321)
    assert read("sync_folder_items.xml") == ItemChanges(
        created=(stub, ItemStub("I2", "CKI2")),
        updated=(ItemStub("I3", "CKI3", TEN_FIFTEEN, TEN_FOURTEEN, is_read=False, sensitivity="private", size=4321),),
        deleted=("I5",),
        read=((ItemStub("I4", "CKI4", is_read=True), True),),
        state="H4sIAA+/==",
        is_last=False,
    )


def test_no_changes() -> None:
    assert read("sync_folder_items_nothing.xml") == ItemChanges((), (), (), (), "H4sB", True)


def test_a_page_of_items() -> None:
    page = read("find_item.xml")
    assert page == FoundItems(page.items, next_offset=2, total=7, is_last=False)
    assert [(stub.id, stub.is_read, stub.size) for stub in page.items] == [("I1", True, 4321), ("I2", False, 4321)]


def test_located_items_of_several_folders_one_of_which_is_gone() -> None:
    page = read("find_item_located.xml")
    assert page.items == (Located("I1", "F1", "<a@b>", "AAECI1=="), Located("I2", "F2", "<c@d>", "AAECI2=="))
    assert page.next_offset == 250


def test_a_subscription() -> None:
    assert read("subscribe.xml") == Subscribed("S1", "AQAAAJhX")
    assert read("subscribe_without_watermark.xml") == Subscribed("S1", "")


def test_names() -> None:
    alice = Resolved("alice@example.com", "Alice Archer", "Mailbox")
    assert read("resolve_names.xml") == (alice,)
    assert read("resolve_names_several.xml") == (alice, Resolved("alice2@example.com", "Alice Other", "Mailbox"))
    assert read("resolve_names_nothing.xml") == ()


@pytest.mark.parametrize(("name", "expected"), STREAMS.items())
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 1 << 16])
def test_content_is_decoded_whatever_the_pieces(name: str, expected: bytes, size: int) -> None:
    assert content((SAMPLES / name).read_bytes(), size) == expected


@pytest.mark.parametrize(("name", "expected"), REFUSALS.items())
def test_refusals_are_errors_with_a_code(name: str, expected: tuple[type[SyncError], str]) -> None:
    data = (SAMPLES / name).read_bytes()
    with pytest.raises(SyncError) as of_facts:
        facts(sync_folder_items.Answer(), data)
    with pytest.raises(SyncError) as of_content:
        content(data)
    assert (type(of_facts.value), of_facts.value.code) == expected or name == "get_attachment_gone.xml"
    assert (type(of_content.value), of_content.value.code) == expected


@pytest.mark.parametrize("name", sorted(PARSERS.keys() | REFUSALS.keys()))
@given(data=st.data())
def test_the_cuts_between_pieces_do_not_matter(name: str, data: st.DataObject) -> None:
    answer = (SAMPLES / name).read_bytes()
    size = data.draw(st.integers(1, 40) | st.integers(1, len(answer)))
    assert outcome(name, answer, size) == outcome(name, answer, len(answer))


@pytest.mark.parametrize("name", sorted(PARSERS.keys() - {"get_item_illegal_characters.xml"}))
@given(data=st.data())
def test_a_truncated_answer_is_transient(name: str, data: st.DataObject) -> None:
    answer = (SAMPLES / name).read_bytes().rstrip()
    length = data.draw(st.integers(0, len(answer) - 1))
    with pytest.raises(Transient) as raised:
        facts(PARSERS[name](), answer[:length])
    assert raised.value.code == "answer-truncated"


@pytest.mark.parametrize("name", ["get_item_emails.xml", "get_attachment_file.xml", "fault_server_busy.xml"])
@given(data=st.data())
def test_damaged_answers_give_only_errors_of_ours(name: str, data: st.DataObject) -> None:
    answer = bytearray((SAMPLES / name).read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(answer) - 1), max_size=5)):
        answer[place] = data.draw(st.integers(0, 255))
    for parser in (facts, lambda parser, damaged: content(damaged)):
        try:
            parser(get_item.emails(), bytes(answer))
        except SyncError as wrong:
            assert wrong.code


@given(junk=st.binary() | st.text().map(str.encode))
def test_arbitrary_bytes_give_only_errors_of_ours(junk: bytes) -> None:
    for make in PARSERS.values():
        with pytest.raises(SyncError):
            facts(make(), junk)
    with pytest.raises(SyncError):
        content(junk)

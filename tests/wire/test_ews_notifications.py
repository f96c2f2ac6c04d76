"""What Exchange pushes is read as a hint; what is no notification is refused and leaves nothing behind."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from shared.errors import Invalid
from shared.model.exchange import Notification
from shared.wire.ews import send_notification

SAMPLES = Path(__file__).parents[1] / "samples" / "ews"
STATUS = (SAMPLES / "send_notification_status.xml").read_bytes()
ENVELOPE = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%s</s:Body></s:Envelope>'

MALFORMED = {
    "nothing": b"",
    "white space": b" \r\n",
    "text": b"hello",
    "json": b'{"value": []}',
    "a page": (SAMPLES / "page_login.html").read_bytes(),
    "an unfinished envelope": STATUS[:-20],
    "a wrong nesting": ENVELOPE % b"<a><b></a></b>",
    "an undefined entity": ENVELOPE % b"<a>&nbsp;</a>",
    "an empty body": ENVELOPE % b"",
    "another operation": (SAMPLES / "subscribe.xml").read_bytes(),
    "a document type": b"<!DOCTYPE s:Envelope>" + ENVELOPE % b"",
    "an entity": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + ENVELOPE % b"<a>&b;</a>",
    "an outside entity": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + ENVELOPE % b"<a>&a;</a>",
    "a document type in another encoding": "<!DOCTYPE x><Envelope/>".encode("utf-16"),
    "a declared encoding": b'<?xml version="1.0" encoding="utf-7"?>+ADw-Envelope+AD4-',
    "a bottomless nesting": ENVELOPE % (b"<a>" * 100_000 + b"</a>" * 100_000),
    "a message that says nothing": ENVELOPE % b"<SendNotificationResponseMessage/>",
}


@pytest.mark.parametrize("name", ["send_notification_status.xml", "send_notification_events.xml"])
def test_sample_is_valid(schema: etree.XMLSchema, name: str) -> None:
    schema.assertValid(etree.parse(SAMPLES / name).getroot()[-1][0])


def test_a_status_event_is_a_sign_of_life() -> None:
    assert send_notification.parse(STATUS) == (Notification("S1", "W0", "W1", status_only=True),)


def test_events_name_the_folders_of_their_items_and_the_last_watermark() -> None:
    body = (SAMPLES / "send_notification_events.xml").read_bytes()
    assert send_notification.parse(body) == (
        Notification("S1", "W1", "W5", folder_ids=frozenset({"F1", "F2", "F3"}), status_only=False),
    )


def told(*events: tuple[str, str]) -> bytes:
    """A notification of these events: each its element's name and content."""
    shown = "".join(f"<t:{name}>{content}</t:{name}>" for name, content in events)
    return re.sub(rb"<t:StatusEvent>.*</t:StatusEvent>", shown.encode(), STATUS)


ITEM = '<t:ItemId Id="I1"/><t:ParentFolderId Id="F1"/>'
FOLDER = '<t:FolderId Id="F1"/><t:ParentFolderId Id="F0"/>'


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (told(("CreatedEvent", ITEM)), False),
        (told(("CreatedEvent", ITEM), ("ModifiedEvent", FOLDER)), False),
        (told(("ModifiedEvent", f"{FOLDER}<t:UnreadCount>3</t:UnreadCount>"), ("NewMailEvent", ITEM)), False),
        (told(("ModifiedEvent", FOLDER)), True),
        (told(("CreatedEvent", ITEM), ("ModifiedEvent", FOLDER.replace("F1", "F2"))), True),
        (told(("CreatedEvent", ITEM), ("CreatedEvent", FOLDER)), True),
        (told(("DeletedEvent", FOLDER)), True),
        (told(("MovedEvent", f"{FOLDER}<t:OldFolderId Id='F1'/><t:OldParentFolderId Id='F9'/>")), True),
        (told(("SomethingNewEvent", "")), True),
    ],
)
def test_a_folders_own_change_is_told_from_that_which_an_item_brings(body: bytes, changed: bool) -> None:
    """An item's change usually yields two events, the item's and its folder's (PROTOCOL 4.2). Only a folder's event that
    no item explains says that the folders are not what they were."""
    (notification,) = send_notification.parse(body)
    assert notification.folders_changed is changed


def test_an_error_push_names_the_lost_subscription() -> None:
    body = (SAMPLES / "send_notification_error.xml").read_bytes()
    assert send_notification.parse(body) == (Notification("S1", error="ErrorReadEventsFailed"),)


def test_characters_that_xml_forbids_do_no_harm() -> None:
    assert send_notification.parse(STATUS.replace(b"W1", b"W\x01&#x1F;1")) == send_notification.parse(STATUS)


@pytest.mark.parametrize("name", MALFORMED)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as raised:
        send_notification.parse(MALFORMED[name])
    assert raised.value.code == "notification-invalid"


@given(places=st.lists(st.tuples(st.integers(0, len(STATUS) - 1), st.integers(0, 255)), max_size=6))
def test_a_damaged_notification_is_read_or_refused(places: list[tuple[int, int]]) -> None:
    body = bytearray(STATUS)
    for place, value in places:
        body[place] = value
    try:
        assert send_notification.parse(bytes(body))
    except Invalid as refused:
        assert refused.code == "notification-invalid"


def test_invented_names_are_not_remembered() -> None:
    def resident_kibibytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4

    def read_bodies_with_new_names(bodies: int) -> None:
        for _ in range(bodies):
            names = b"".join(b"<e%s/>" % uuid4().hex.encode() for _ in range(1000))
            send_notification.parse(STATUS.replace(b"<m:Notification>", b"<m:Notification>" + names))

    read_bodies_with_new_names(20)
    before = resident_kibibytes()
    read_bodies_with_new_names(300)
    assert resident_kibibytes() - before < 8_000  # lxml would have kept 20,000

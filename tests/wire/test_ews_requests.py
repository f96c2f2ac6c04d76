"""Every request is what Microsoft's schema allows, in every optional form."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from shared.wire.ews import (
    create_item,
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
from shared.wire.ews.envelope import SOAP, TYPES, Header
from shared.wire.ews.send_notification import OK, UNSUBSCRIBE

NOW = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 10, 15, 0, 250_000, tzinfo=UTC)
HEADER = Header("Exchange2016", "alice@example.com")
OLD = Header("Exchange2010_SP2", "alice@example.com")
NASTY = "a<b>&\"c'\x00\x1f\ud800\uffff]]>é€"

REQUESTS = {
    "folders by name": get_folder.request(HEADER, ["inbox", "sentitems"]),
    "all folders": find_folder.request(HEADER),
    "more folders": find_folder.request(HEADER, offset=1000),
    "hierarchy from nothing": sync_folder_hierarchy.request(HEADER, None),
    "hierarchy since a state": sync_folder_hierarchy.request(HEADER, "H4s="),
    "items from nothing": sync_folder_items.request(HEADER, "F1", None, limit=512),
    "items since a state": sync_folder_items.request(HEADER, "F1", "H4s=", limit=1),
    "all items of a folder": find_item.request(HEADER, "F1", since=None),
    "items since": find_item.request(HEADER, "F1", since=NOW),
    "items until": find_item.request(HEADER, "F1", since=None, until=NOW),
    "items between, by sent": find_item.request(
        HEADER, "F1", since=NOW, until=LATER, by_sent=True, offset=250, limit=10
    ),
    "one search key": find_item.locate_request(HEADER, ["F1"], search_keys=["AAE="], message_ids=[]),
    "in the subject": find_item.subject_request(HEADER, ["F1", "F2"], "R&D <1>", whole=False, limit=20),
    "the whole subject": find_item.subject_request(HEADER, ["F1"], "Offer", whole=True, limit=20),
    "one message id": find_item.locate_request(HEADER, ["F1"], search_keys=[], message_ids=["<a@b>"]),
    "many identities": find_item.locate_request(
        HEADER, ["F1", "F2"], search_keys=["AAE="] * 30, message_ids=[NASTY] * 30, offset=250
    ),
    "emails": get_item.request(HEADER, ["I1", "I2"]),
    "emails of an old server": get_item.request(OLD, ["I1"]),
    "emails without bodies": get_item.request(HEADER, ["I1"], bodies=False),
    "existence": get_item.ids_request(HEADER, ["I1"]),
    "mime": get_item.mime_request(HEADER, "I1"),
    "attachment": get_attachment.request(HEADER, NASTY),
    "subscribe": subscribe.request(HEADER, ["F1", "F2"], url="https://x.example/a?b=1&c=2", frequency_minutes=30),
    "resolve": resolve_names.request(HEADER, NASTY),
    "send": create_item.send_request(HEADER, NASTY.encode("utf-8", "replace")),
}


def body_of(request: bytes) -> etree._Element:
    body = etree.fromstring(request).find(f"{{{SOAP}}}Body")
    assert body is not None
    assert len(body) == 1
    return body[0]


@pytest.mark.parametrize("name", REQUESTS)
def test_request_is_valid(schema: etree.XMLSchema, name: str) -> None:
    schema.assertValid(body_of(REQUESTS[name]))


@pytest.mark.parametrize("reply", [OK, UNSUBSCRIBE])
def test_reply_to_a_notification_is_valid(schema: etree.XMLSchema, reply: bytes) -> None:
    schema.assertValid(body_of(reply))


@pytest.mark.parametrize("name", REQUESTS)
def test_request_names_version_and_mailbox(schema: etree.XMLSchema, name: str) -> None:
    header = etree.fromstring(REQUESTS[name]).find(f"{{{SOAP}}}Header")
    assert header is not None
    version, impersonation = header
    assert version.get("Version") in ("Exchange2016", "Exchange2010_SP2")
    address = impersonation.find(f".//{{{TYPES}}}PrimarySmtpAddress")
    assert address is not None
    assert address.text == "alice@example.com"


def test_what_xml_cannot_carry_is_left_out() -> None:
    entry = body_of(REQUESTS["resolve"])[0]
    assert entry.text == "smtp:a<b>&\"c']]>é€"


def test_a_restriction_stays_within_the_nodes_that_exchange_allows() -> None:
    request = find_item.locate_request(HEADER, ["F1"], search_keys=["AAE="] * find_item.MOST_IDENTITIES, message_ids=[])
    restriction = next(part for part in body_of(request) if str(part.tag).endswith("Restriction"))
    assert len(list(restriction.iterdescendants())) <= 255


def test_text_body_is_asked_only_where_the_schema_has_it() -> None:
    assert b"item:TextBody" in REQUESTS["emails"]
    assert b"item:TextBody" not in REQUESTS["emails of an old server"]
    assert b"item:Body" not in REQUESTS["emails without bodies"]

"""One email out of a GetItem answer.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/message-ex15websvcsotherref
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.model.email import Attachment, AttachmentKind, Email
from shared.wire.ews.dates import read_time
from shared.wire.ews.envelope import TYPES
from shared.wire.ews.html_text import html_to_text
from shared.wire.ews.participants import read_participant, read_participants
from shared.wire.ews.reading import Element, child, number, truth

_ITEM_ID, _BODY, _TEXT_BODY = "item_id", "body", "text_body"
_NAMESPACE = len(f"{{{TYPES}}}")
_SEARCH_KEY_TAGS = frozenset({"0x300b", "0x300B", "0X300B"})


def read_email(item: Element) -> Email:
    """The email in an item element of any kind (Message, MeetingRequest …); what is not known is passed over."""
    values: dict[str, Any] = {_ITEM_ID: None, _BODY: None, _TEXT_BODY: None, "folder_id": ""}
    for part in item:
        if known := _BY_TAG.get(part.tag):
            name, read = known
            values[name] = read(part)
    item_id, body, text_body = values.pop(_ITEM_ID), values.pop(_BODY), values.pop(_TEXT_BODY)
    values["id"], values["change_key"] = ("", "") if item_id is None else item_id
    values["text"], values["html"] = _bodies(body, text_body)
    return Email(**values)


def _bodies(body: Element | None, text_body: Element | None) -> tuple[str | None, str | None]:
    """Text and HTML. With BodyType Best, Body is what is stored; servers before 2013 give no TextBody."""
    stored = None if body is None else body.text or ""
    plain = None if text_body is None else text_body.text or ""
    if body is None or body.get("BodyType") != "HTML":
        return (stored if plain is None else plain), None
    return (html_to_text(stored or "") if plain is None else plain), stored


def _text(part: Element) -> str:
    return part.text or ""


def _word(part: Element) -> str:
    return (part.text or "normal").strip().lower()


def _time(part: Element) -> datetime | None:
    return read_time(part.text)


def _truth(part: Element) -> bool:
    return truth(part.text)


def _number(part: Element) -> int:
    return number(part.text)


def _id(part: Element) -> str:
    return part.get("Id", "")


def _item_id(part: Element) -> tuple[str, str]:
    return part.get("Id", ""), part.get("ChangeKey", "")


def _itself(part: Element) -> Element:
    return part


def _attachments(part: Element) -> tuple[Attachment, ...]:
    return tuple([_attachment(attachment) for attachment in part])


def _attachment(part: Element) -> Attachment:
    attachment_id = child(part, "AttachmentId")
    given = {value.tag[_NAMESPACE:]: value.text or "" for value in part}.get
    return Attachment(
        id="" if attachment_id is None else attachment_id.get("Id", ""),
        name=given("Name", ""),
        kind=_KINDS.get(part.tag[_NAMESPACE:], AttachmentKind.FILE),
        content_type=given("ContentType", ""),
        size=number(given("Size")),
        is_inline=truth(given("IsInline")),
        content_id=given("ContentId", "").strip().strip("<>"),
        url=given("AttachLongPathName", ""),
    )


def _search_key(part: Element) -> str:
    if len(part) != 2 or part[0].get("PropertyTag") not in _SEARCH_KEY_TAGS:
        return ""
    return "".join((part[1].text or "").split())


_KINDS = {
    "FileAttachment": AttachmentKind.FILE,
    "ItemAttachment": AttachmentKind.ITEM,
    "ReferenceAttachment": AttachmentKind.REFERENCE,
}

_PROPERTIES: dict[str, tuple[str, Callable[[Element], Any]]] = {
    "ItemId": (_ITEM_ID, _item_id),
    "ParentFolderId": ("folder_id", _id),
    "Body": (_BODY, _itself),
    "TextBody": (_TEXT_BODY, _itself),
    "ItemClass": ("item_class", _text),
    "Subject": ("subject", _text),
    "Sensitivity": ("sensitivity", _word),
    "Attachments": ("attachments", _attachments),
    "DateTimeReceived": ("received", _time),
    "Size": ("size", _number),
    "Categories": ("categories", lambda part: tuple(category.text or "" for category in part)),
    "Importance": ("importance", _word),
    "InReplyTo": ("in_reply_to", _text),
    "IsDraft": ("is_draft", _truth),
    "DateTimeSent": ("sent", _time),
    "DateTimeCreated": ("created", _time),
    "HasAttachments": ("has_attachments", _truth),
    "ExtendedProperty": ("search_key", _search_key),
    "ConversationId": ("conversation_id", _id),
    "Sender": ("sender", read_participant),
    "ToRecipients": ("to", read_participants),
    "CcRecipients": ("cc", read_participants),
    "BccRecipients": ("bcc", read_participants),
    "ConversationTopic": ("conversation_topic", _text),
    "From": ("from_", read_participant),
    "InternetMessageId": ("internet_message_id", _text),
    "IsRead": ("is_read", _truth),
    "References": ("references", _text),
    "ReplyTo": ("reply_to", read_participants),
}

# Whole names here and not local ones, as everywhere else: cutting names off would be a tenth of the work on an email.
_BY_TAG = {f"{{{TYPES}}}{name}": known for name, known in _PROPERTIES.items()}

"""Attachments as ids name them and as clients write them (PROTOCOL 10)."""

import binascii
from base64 import b64decode
from functools import partial

from lxml import etree

from devtools.exchange_simulator.call import Call, elements
from devtools.exchange_simulator.editing import read_new
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mail import Attachment
from devtools.exchange_simulator.parsing import once
from devtools.exchange_simulator.rendering import place
from devtools.exchange_simulator.soap import Element, ItemError, T
from devtools.exchange_simulator.writable import truth_of

_LARGEST_KEY = 0xFFFFFF
_NESTING = 10


def attachment_at(item: Item, path: tuple[int, ...]) -> Attachment:
    """Follow the path through attached messages. Raises ItemError."""
    facts = item.facts()
    for step, wanted in enumerate(path):
        found = next((one for number, one in enumerate(facts.attachments) if place(one, number) == wanted), None)
        if found is None:
            break
        if step == len(path) - 1:
            return found
        if found.message is None:
            break
        facts = found.message.facts()
    raise ItemError("ErrorItemNotFound", "The attachment was not found.")


def read_attachment(call: Call, element: Element, *, depth: int = 1) -> Attachment:
    """Read a FileAttachment or an ItemAttachment; it gets a key that its mailbox never uses twice. Raises ItemError."""
    if depth > _NESTING:
        raise ItemError("ErrorAttachmentNestLevelLimitExceeded", "Attachments are nested too deeply.")
    if etree.QName(element).localname == "FileAttachment":
        return _file(call, element)
    if etree.QName(element).localname == "ItemAttachment":
        return _item(call, element, depth)
    raise ItemError("ErrorInvalidOperation", "Reference attachments are not simulated.")


def _file(call: Call, element: Element) -> Attachment:
    try:
        content = b64decode(element.findtext(T + "Content") or "", validate=False)
    except (binascii.Error, ValueError) as error:
        raise ItemError("ErrorInvalidValueForProperty", "The content is no base64.") from error
    photo, inline = element.find(T + "IsContactPhoto"), element.find(T + "IsInline")
    return Attachment(
        name=element.findtext(T + "Name") or "",
        content_type=element.findtext(T + "ContentType") or "application/octet-stream",
        size=len(content),
        blocks=partial(once, content),
        content_id=element.findtext(T + "ContentId") or "",
        content_location=element.findtext(T + "ContentLocation") or "",
        inline=inline is not None and truth_of(inline),
        key=call.mailbox.next_change() & _LARGEST_KEY,
        contact_photo=photo is not None and truth_of(photo),
    )


def _item(call: Call, element: Element, depth: int) -> Attachment:
    inner = next((one for one in elements(element) if _is_item(one)), None)
    if inner is None:
        raise ItemError("ErrorMissingItemForCreateItemAttachment", "The attachment has no item.")
    edit = read_new(inner, call.time_zone)
    inside = [read_attachment(call, one, depth=depth + 1) for one in elements(inner.find(T + "Attachments"))]
    if inside:
        edit.attach(inside)
    return Attachment(
        name=element.findtext(T + "Name") or "",
        content_type=element.findtext(T + "ContentType") or "message/rfc822",
        size=edit.content.size,
        blocks=edit.content.mime_blocks,
        message=edit.content,
        key=call.mailbox.next_change() & _LARGEST_KEY,
    )


def _is_item(element: Element) -> bool:
    return etree.QName(element).localname in ("Item", "Message", "CalendarItem", "Contact", "Task", "PostItem")

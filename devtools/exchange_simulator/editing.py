"""An item while a client writes it: what CreateItem, UpdateItem and CreateAttachment have in common (PROTOCOL 10).

What can be set on received mail beside the message becomes an override; anything else makes the content a written one.
"""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_bytes

from lxml import etree

from devtools.exchange_simulator import appointments, contacts, extended, mapi_names, writable
from devtools.exchange_simulator.attendees import attendees, inviting
from devtools.exchange_simulator.call import elements
from devtools.exchange_simulator.icalendar_reading import appointment
from devtools.exchange_simulator.items import Item, Overrides
from devtools.exchange_simulator.mail import Attachment, Content, MailFacts, StoredContent
from devtools.exchange_simulator.markup import attribute, moment
from devtools.exchange_simulator.parsing import read_message
from devtools.exchange_simulator.soap import Element, ItemError, T
from devtools.exchange_simulator.written import WrittenContent, keyed, settled

_CLASSES = {
    "Message": "IPM.Note",
    "PostItem": "IPM.Post",
    "Item": "IPM.Note",
    "Contact": "IPM.Contact",
    "CalendarItem": "IPM.Appointment",
}
_FLAG_OF_STATUS = {status: flag for flag, status in mapi_names.FLAG_STATUS.items()}
READ, UNSENT = 1, 8
"""Bits of PidTagMessageFlags."""


@dataclass(slots=True)
class Edit:
    """What an item will be. `is_read` and the times are None while nobody has said anything of them."""

    content: Content
    overrides: Overrides
    is_draft: bool
    is_read: bool | None = None
    received: datetime | None = None

    def facts(self) -> MailFacts:
        """Give the facts with the overrides in them."""
        return settled(self.content.facts(), dict(self.overrides))

    def write(self, facts: MailFacts) -> None:
        """Give the item these facts; from now on its content is a written one."""
        self.overrides = own_state(self.overrides)
        facts = replace(facts, attachments=keyed(facts.attachments))
        self.content = WrittenContent(facts, self.content.search_key)

    def set(self, one: writable.Writable, element: Element | None, *, append: bool = False) -> None:
        """Set, append to or (without an element) take away one property. Raises ItemError."""
        write = one.append if append else one.write
        if write is None:
            raise ItemError("ErrorInvalidPropertyAppend", path=shown_path(one.path))
        if not append and write(self.facts(), element) == self.facts():
            return
        if one.override and not isinstance(self.content, WrittenContent):
            value = getattr(write(MailFacts(), element), one.override)
            self.overrides[one.override] = value  # type: ignore[literal-required]
        elif one.drafts_only and not self.is_draft:
            raise ItemError("ErrorInvalidPropertyUpdateSentMessage", path=shown_path(one.path))
        else:
            self.write(write(self.facts(), element))

    def complete(self, time_zone: str) -> None:
        """Check what was written as a whole, once all of it is there; `time_zone` is the request's. Raises ItemError."""
        if self.facts().item_class.upper().startswith("IPM.APPOINTMENT"):
            facts = appointments.completed(self.facts(), time_zone)
            self.write(inviting(facts, attendees(facts)))

    def set_entry(self, path: str, index: str, value: Element | None) -> None:
        """Set or take away one entry of a contact's dictionary. Raises ItemError."""
        written, fits = ("", True) if value is None else contacts.entry_of(path, index, value)
        if not fits:
            raise ItemError("ErrorUpdatePropertyMismatch", "The entry is not that of the path.", path=shown_path(path))
        self.write(contacts.put_entry(self.facts(), path, index, written))

    def set_mime(self, element: Element) -> None:
        """Put a whole message in place of the draft's. Raises ItemError."""
        if not self.is_draft:
            raise ItemError("ErrorInvalidPropertyUpdateSentMessage", path=shown_path("item:MimeContent"))
        categories = self.facts().categories
        self.content, self.overrides = _of_mime(element, self.content.search_key), own_state(self.overrides)
        if categories:
            self.overrides["categories"] = categories

    def set_extended(self, path: Element, value: Element | None) -> None:
        """Set or take away an extended property: one of the item's own, or another name of an EWS property."""
        field = extended.read_field(path)
        given = None if value is None else extended.given_value(field, value)
        same = mapi_names.same_property(field.key, self.facts().item_class)
        if field.key == mapi_names.FLAG_STATUS_KEY:
            self.overrides["flag"] = _FLAG_OF_STATUS.get(str(given), "NotFlagged")
        elif same is None:
            own = dict(self.overrides.get("extended", {}))
            own.pop(field.key, None)
            self.overrides["extended"] = own if given is None else {**own, field.key: given}
        elif same.entry:
            written = mapi_names.entry_of(same, str(given or ""))
            self.write(contacts.put_entry(self.facts(), same.path, same.entry, written))
        else:
            element = None if given is None else mapi_names.element_of(same, given)
            self.set(writable.BY_PATH[same.path], element)

    def attach(self, attachments: Sequence[Attachment]) -> None:
        """Add attachments, which have their keys."""
        facts = self.facts()
        self.write(replace(facts, attachments=(*keyed(facts.attachments), *attachments)))


def own_state(overrides: Overrides) -> Overrides:
    """Give what an item has beside its facts: its flag and its extended properties."""
    kept = Overrides()
    if "flag" in overrides:
        kept["flag"] = overrides["flag"]
    if "extended" in overrides:
        kept["extended"] = overrides["extended"]
    return kept


def edit_of(item: Item) -> Edit:
    """Begin to change an item of a mailbox."""
    return Edit(item.content, Overrides(**item.set), item.is_draft)


def shown_path(path: str) -> str:
    """Write the path that a MessageXml names."""
    return f'<t:FieldURI FieldURI="{attribute(path)}"/>'


def read_new(element: Element, time_zone: str) -> Edit:
    """Read an item element of CreateItem or of an ItemAttachment, but for its attachments. Raises ItemError."""
    kind = etree.QName(element).localname
    if kind not in _CLASSES:
        raise ItemError("ErrorInvalidOperation", f"Creating a {kind} is not simulated.")
    mime = element.find(T + "MimeContent")
    facts = MailFacts(item_class=_CLASSES[kind])
    key = token_bytes(16)
    if mime is None or kind == "CalendarItem":
        content: Content = WrittenContent(facts if mime is None else appointment(mime.text or ""), key)
    else:
        content = _of_mime(mime, key)
    edit = Edit(content, Overrides(), is_draft=True)
    for one in elements(element):
        _read_child(edit, kind, one)
    _flagged(edit)
    edit.complete(time_zone)
    return edit


def _of_mime(mime: Element, search_key: bytes) -> Content:
    try:
        return StoredContent(b64decode(mime.text or "", validate=False), search_key, read_message)
    except (binascii.Error, ValueError) as error:
        raise ItemError("ErrorMimeContentInvalidBase64String") from error


def _read_child(edit: Edit, kind: str, one: Element) -> None:
    name = etree.QName(one).localname
    if name in ("MimeContent", "Attachments"):
        return
    if name == "ExtendedProperty":
        edit.set_extended(elements(one)[0], one)
    elif name == "IsRead":
        edit.is_read = writable.truth_of(one)
    elif name == "Flag":
        edit.overrides["flag"] = one.findtext(T + "FlagStatus") or "NotFlagged"
    else:
        known = writable.of_element(kind, name)
        if known is None:
            raise ItemError("ErrorInvalidPropertySet", f"{name} cannot be set.")
        edit.set(known, one)


def _flagged(edit: Edit) -> None:
    """Obey what importing clients set: message flags, times of delivery and submission (PROTOCOL 9).

    They are the item's own state from then on, not stored properties.
    """
    own = edit.overrides.get("extended", {})
    flags, arrived, sent = (str(own.pop(tag, "")) for tag in ("0x0e07", "0x0e06", "0x0039"))
    try:
        if flags:
            edit.is_draft = bool(int(flags) & UNSENT)
            edit.is_read = edit.is_read or bool(int(flags) & READ)
        if arrived:
            edit.received = moment(arrived)
        if sent and isinstance(edit.content, WrittenContent):
            edit.write(replace(edit.facts(), sent=moment(sent)))
    except ValueError as error:
        raise ItemError("ErrorInvalidValueForProperty", "An extended property has no value of its type.") from error

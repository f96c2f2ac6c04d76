"""The properties that a client may write: one table of paths, and what each says of an item's facts.

Sources: Types.xsd (ItemType, MessageType), PROTOCOL 9 and 10. What is not here is read-only.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from devtools.exchange_simulator import appointments, contacts, kept_elements, markup
from devtools.exchange_simulator.mail import Address, MailFacts
from devtools.exchange_simulator.soap import Element, T

Write = Callable[[MailFacts, Element | None], MailFacts]
_DEFAULTS = MailFacts()


@dataclass(frozen=True, slots=True)
class Writable:
    """One property. `write` sets it, or takes it away when there is no element.

    `override` names what can be set on received mail without touching the message; `drafts_only` is what cannot be
    changed in a message that was sent or received (ErrorInvalidPropertyUpdateSentMessage).
    """

    path: str
    element: str
    write: Write
    append: Write | None = None
    override: str = ""
    drafts_only: bool = False


def _fact(
    path: str,
    name: str,
    read: Callable[[Element], Any],
    *,
    append: bool = False,
    override: bool = False,
    drafts_only: bool = False,
) -> Writable:
    """A property that is one of the facts; those that are lists can be appended to."""

    def write(facts: MailFacts, element: Element | None) -> MailFacts:
        return replace(facts, **{name: getattr(_DEFAULTS, name) if element is None else read(element)})

    def added(facts: MailFacts, element: Element | None) -> MailFacts:
        return facts if element is None else replace(facts, **{name: getattr(facts, name) + read(element)})

    element = path.partition(":")[2]
    return Writable(path, element, write, added if append else None, name if override else "", drafts_only)


def kept(path: str, default: str = "") -> Writable:
    """A property that is kept as the element that was written; its default need not be kept."""

    def write(facts: MailFacts, element: Element | None) -> MailFacts:
        rest = {name: value for name, value in facts.properties.items() if name != path}
        plain = element is None or (default and text_of(element) == default)
        return replace(facts, properties=rest if plain or element is None else {**rest, path: as_written(element)})

    return Writable(path, path.partition(":")[2], write)


def kept_truth(path: str) -> Writable:
    """A boolean that is kept while it is true; false is what an item without it shows."""
    name = path.partition(":")[2]

    def write(facts: MailFacts, element: Element | None) -> MailFacts:
        rest = {key: value for key, value in facts.properties.items() if key != path}
        true = element is not None and truth_of(element)
        return replace(facts, properties={**rest, path: f"<t:{name}>true</t:{name}>"} if true else rest)

    return Writable(path, name, write)


def as_written(element: Element) -> str:
    """Write an element of a request the way answers are written: prefix `t`, no declarations, no white space between."""
    name = etree.QName(element).localname
    attributes = "".join(f' {key!s}="{markup.attribute(str(value))}"' for key, value in element.attrib.items())
    children = [one for one in element if isinstance(one.tag, str)]
    inside = "".join(as_written(one) for one in children) if children else markup.text(element.text or "")
    return f"<t:{name}{attributes}>{inside}</t:{name}>"


def text_of(element: Element) -> str:
    """Give an element's text."""
    return element.text or ""


def truth_of(element: Element) -> bool:
    """Read an xs:boolean."""
    return (element.text or "").strip() in ("true", "1")


def _strings(element: Element) -> tuple[str, ...]:
    return tuple(one.text or "" for one in element.findall(T + "String"))


def address_of(mailbox: Element) -> Address:
    """Read a t:Mailbox."""
    return Address((mailbox.findtext(T + "Name") or "").strip(), (mailbox.findtext(T + "EmailAddress") or "").strip())


def people_of(element: Element) -> tuple[Address, ...]:
    """Read a list of t:Mailbox."""
    return tuple(address_of(one) for one in element.iter(T + "Mailbox"))


def _person(element: Element) -> Address | None:
    return next(iter(people_of(element)), None)


def _body(facts: MailFacts, element: Element | None) -> MailFacts:
    if element is None:
        return replace(facts, text=None, html=None)
    if element.get("BodyType") == "HTML":
        return replace(facts, html=element.text or "", text=None)
    return replace(facts, text=element.text or "", html=None)


def _longer_body(facts: MailFacts, element: Element | None) -> MailFacts:
    added = "" if element is None else element.text or ""
    if facts.html is not None:
        return replace(facts, html=facts.html + added)
    return replace(facts, text=(facts.text or "") + added)


_ITEM = (
    _fact("item:ItemClass", "item_class", text_of, override=True),
    _fact("item:Subject", "subject", text_of, override=True),
    _fact("item:Sensitivity", "sensitivity", text_of, override=True),
    Writable("item:Body", "Body", _body, _longer_body, drafts_only=True),
    _fact("item:Categories", "categories", _strings, override=True),
    _fact("item:Importance", "importance", text_of, override=True),
    _fact("item:InReplyTo", "in_reply_to", text_of),
    kept("item:ReminderDueBy"),
    kept_truth("item:ReminderIsSet"),
    kept("item:ReminderMinutesBeforeStart", "0"),
    kept("item:Culture"),
)
_MESSAGE = (
    _fact("message:Sender", "sender", _person, drafts_only=True),
    _fact("message:ToRecipients", "to", people_of, append=True, drafts_only=True),
    _fact("message:CcRecipients", "cc", people_of, append=True, drafts_only=True),
    _fact("message:BccRecipients", "bcc", people_of, append=True, drafts_only=True),
    _fact("message:IsReadReceiptRequested", "read_receipt", truth_of, drafts_only=True),
    _fact("message:IsDeliveryReceiptRequested", "delivery_receipt", truth_of, drafts_only=True),
    _fact("message:From", "from_", _person, drafts_only=True),
    _fact("message:InternetMessageId", "message_id", text_of, drafts_only=True),
    kept_truth("message:IsResponseRequested"),
    _fact("message:References", "references", text_of),
    _fact("message:ReplyTo", "reply_to", people_of, append=True, drafts_only=True),
)


def _collection(name: str) -> Writable:
    def write(facts: MailFacts, element: Element | None) -> MailFacts:
        return facts if element is None else contacts.read_collection(facts, name, element)

    return Writable("", name, write)


_WHOLE = (*contacts.DICTIONARIES, "PhysicalAddresses")
_CONTACT = (
    *(kept(f"contacts:{name}") for name in contacts.ORDER if name not in {*_WHOLE, *contacts.COMPUTED}),
    *(_collection(name) for name in _WHOLE),
)
_TRUTHS = {"IsAllDayEvent", "IsResponseRequested"}


def _kept_list(name: str) -> Writable:
    """A list of attendees, which can be appended to."""
    whole = kept(f"calendar:{name}")

    def added(facts: MailFacts, element: Element | None) -> MailFacts:
        there = kept_elements.inside(facts, name)
        if element is None or there is None:
            return whole.write(facts, element) if there is None else facts
        there.extend(element)
        return whole.write(facts, there)

    return replace(whole, append=added)


def _of_calendar(name: str) -> Writable:
    if name in appointments.ATTENDEES:
        return _kept_list(name)
    return kept_truth(f"calendar:{name}") if name in _TRUTHS else kept(f"calendar:{name}")


_CALENDAR = tuple(_of_calendar(name) for name in appointments.ORDER if name not in appointments.COMPUTED)
_OF_KIND = {"Message": _MESSAGE, "CalendarItem": _CALENDAR, "Contact": _CONTACT}
BY_PATH = {one.path: one for one in (*_ITEM, *(one for kind in _OF_KIND.values() for one in kind)) if one.path}
"""Paths that UpdateItem takes; a dictionary of a contact has none as a whole (PROTOCOL 12)."""


def of_element(kind: str, element: str) -> Writable | None:
    """Find the property that a child of an item element of this kind writes; None when it is read-only."""
    return next((one for one in (*_ITEM, *_OF_KIND.get(kind, ())) if one.element == element), None)

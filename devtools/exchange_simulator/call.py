"""One authenticated request on its way through an operation, and how its ids become folders and items.

The codes are those of wsr/responsecode as PROTOCOL 8 and 13.1 give them.
"""

from dataclasses import dataclass, field

from lxml import etree

from devtools.exchange_simulator.directory import Directory
from devtools.exchange_simulator.fault_injection import Plan
from devtools.exchange_simulator.identifiers import Identifier, MalformedId, read_id
from devtools.exchange_simulator.items import Folder, Item
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.push import PushHub
from devtools.exchange_simulator.series import occurrence
from devtools.exchange_simulator.soap import Element, ItemError, T
from devtools.exchange_simulator.versions import Product
from devtools.exchange_simulator.watching import Watches


@dataclass(slots=True)
class Call:
    """What an operation gets: the request's body and who it is for."""

    operation: str
    body: Element
    version: str
    mailbox: Mailbox
    directory: Directory
    product: Product
    push: PushHub
    watches: Watches
    plan: Plan = field(default_factory=Plan)
    gaps: frozenset[str] = frozenset()
    time_zone: str = "UTC"

    @property
    def names_only(self) -> bool:
        """The 2010 product gives names instead of addresses in Find answers."""
        return self.product.build[0] == 14


def elements(parent: Element | None) -> list[Element]:
    """Give the child elements, without comments."""
    return [] if parent is None else [one for one in parent if isinstance(one.tag, str)]


def folder_of(call: Call, element: Element, *, missing: str = "ErrorFolderNotFound") -> Folder:
    """Find the folder that a FolderId or DistinguishedFolderId names. Raises ItemError."""
    value = element.get("Id") or ""
    if etree.QName(element).localname == "DistinguishedFolderId":
        _check_mailbox(call, element)
        found = call.mailbox.distinguished.get(value)
        if found is None or found.number not in call.mailbox.folders:
            raise ItemError(missing, f"The distinguished folder {value!r} was not found.")
        return found
    known = _identifier(value)
    if known.kind != "folder":
        raise ItemError("ErrorCannotUseItemIdForFolderId")
    folder = call.mailbox.folders.get(known.number) if known.mailbox == call.mailbox.guid else None
    if folder is None:
        raise ItemError(missing, "The specified folder could not be found in the store.")
    return folder


def _check_mailbox(call: Call, element: Element) -> None:
    address = element.findtext(f"{T}Mailbox/{T}EmailAddress")
    if address is None or call.directory.get(address) is call.mailbox:
        return
    if call.directory.get(address) is None:
        raise ItemError("ErrorNonExistentMailbox", f"No mailbox with the address {address!r} exists.")
    raise ItemError("ErrorAccessDenied", "Access to another mailbox is denied.")


def item_of(call: Call, element: Element, *, element_name: str = "ItemId") -> Item:
    """Find the item that an ItemId (or what else the operation calls it) names. Raises ItemError."""
    if etree.QName(element).localname != element_name:
        raise ItemError("ErrorCalendarCannotUseIdForOccurrenceId")
    item, index = _named_item(call, element)
    if index:
        raise ItemError("ErrorCalendarCannotUseIdForOccurrenceId", "An occurrence of a series stands for itself here.")
    return item


def shown_item_of(call: Call, element: Element) -> Item:
    """Find what is to be read: an item, an occurrence by its id or index, or an occurrence's master. Raises ItemError."""
    kind = etree.QName(element).localname
    if kind == "RecurringMasterItemId":
        return found_item(call, _identifier(element.get("OccurrenceId") or ""))
    if kind == "OccurrenceItemId":
        master = found_item(call, _identifier(element.get("RecurringMasterId") or ""))
        return occurrence(master, int(element.get("InstanceIndex") or "0"))
    item, index = _named_item(call, element)
    return occurrence(item, index) if index else item


def _named_item(call: Call, element: Element) -> tuple[Item, int]:
    """Give the stored item of an id, and the index when the id is that of an occurrence."""
    known = _identifier(element.get("Id") or "")
    if known.kind != "item":
        wrong = "ErrorCannotUseFolderIdForItemId" if known.kind == "folder" else "ErrorInvalidId"
        raise ItemError(wrong)
    return found_item(call, known), known.path[0] if known.path else 0


def found_item(call: Call, known: Identifier) -> Item:
    """Find the item of an id that was read. Raises ItemError for one that is gone or somebody else's."""
    item = call.mailbox.items.get(known.number) if known.mailbox == call.mailbox.guid else None
    if item is None:
        raise ItemError("ErrorItemNotFound", "The specified object was not found in the store.")
    code = call.plan.code_of(item)
    if code:
        raise ItemError(code, "The item cannot be given.")
    return item


def _identifier(value: str) -> Identifier:
    if not value:
        raise ItemError("ErrorInvalidIdEmpty")
    if len(value) > 512:
        raise ItemError("ErrorInvalidIdMalformed", "The id is too long.")
    try:
        return read_id(value)
    except MalformedId as error:
        raise ItemError("ErrorInvalidIdMalformed", "The id is malformed.") from error


def attachment_identifier(value: str) -> Identifier:
    """Read an AttachmentId. Raises ItemError."""
    try:
        known = _identifier(value)
    except ItemError as error:
        raise ItemError("ErrorInvalidAttachmentId", "The attachment id is malformed.") from error
    if known.kind != "attachment" or not known.path:
        raise ItemError("ErrorInvalidAttachmentId")
    return known

"""Extended (MAPI) properties: which an ExtendedFieldURI names, and what an item or folder has under it (PROTOCOL 7.2)."""

from base64 import b64encode
from dataclasses import dataclass

from devtools.exchange_simulator.items import Folder, Item
from devtools.exchange_simulator.mail import MailFacts
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.mapi_names import FLAG_STATUS, Same, kept_text, same_property
from devtools.exchange_simulator.markup import attribute, moment, stamp, text
from devtools.exchange_simulator.rendering import FIND_LIMIT, Rendering, body_text
from devtools.exchange_simulator.soap import Element, ItemError, T

Value = str | tuple[str, ...] | None
_RECURRING = "Appointment/33315"
"""PidLidRecurring (MS-OXOCAL 2.2.1.12)."""
_INSTANCE_TYPE = "PublicStrings/urn:schemas:calendar:instancetype"
_NAMES = ("DistinguishedPropertySetId", "PropertySetId", "PropertyTag", "PropertyName", "PropertyId", "PropertyType")


@dataclass(frozen=True, slots=True)
class ExtendedField:
    """`key` names the property in an item's own store; `written` is the element to echo."""

    key: str
    kind: str
    tag: int | None
    header: str
    written: str


def read_field(element: Element) -> ExtendedField:
    """Read an ExtendedFieldURI. Raises ItemError for mixes that name nothing (wsr/responsecode)."""
    found = {name: element.get(name) for name in _NAMES if element.get(name) is not None}
    echo = "".join(f' {name}="{attribute(value or "")}"' for name, value in found.items())
    written = f"<t:ExtendedFieldURI{echo}/>"
    kind = found.get("PropertyType") or ""
    sets = ("DistinguishedPropertySetId" in found) + ("PropertySetId" in found)
    if "PropertyTag" in found:
        if sets or "PropertyName" in found or "PropertyId" in found:
            raise ItemError("ErrorInvalidExtendedProperty", "A tag stands alone.", path=written)
        tag = int(found["PropertyTag"] or "0", 0)
        if tag >= 0x8000:
            raise ItemError("ErrorNoPropertyTagForCustomProperties", path=written)
        return ExtendedField(f"{tag:#06x}", kind, tag, "", written)
    if sets != 1 or ("PropertyName" in found) == ("PropertyId" in found):
        raise ItemError("ErrorInvalidExtendedProperty", "A name or an id stands with one set.", path=written)
    space = found.get("DistinguishedPropertySetId") or (found.get("PropertySetId") or "").lower()
    name = found.get("PropertyName") or found.get("PropertyId") or ""
    return ExtendedField(f"{space}/{name}", kind, None, name.lower() if space == "InternetHeaders" else "", written)


def item_value(view: Rendering, field: ExtendedField) -> Value:
    """Give the value as EWS writes it, or None when the item has no such property of that type."""
    own = view.item.extended.get(field.key)
    if own is not None:
        return own
    if field.header:
        return next((value for name, value in view.facts.headers if name.lower() == field.header), None)
    same = same_property(field.key, view.item.item_class)
    if same is not None:
        return _same(view, same)
    if field.key in (_RECURRING, _INSTANCE_TYPE) and view.item.item_class.upper().startswith("IPM.APPOINTMENT"):
        master = "calendar:Recurrence" in view.facts.properties
        return ("true" if master else "false") if field.key == _RECURRING else _instance_type(view, master=master)
    return _tagged(view, field) if field.tag is not None else None


def _instance_type(view: Rendering, *, master: bool) -> str:
    """Say what of a series an item is: nothing, its master, an occurrence or an exception."""
    if master:
        return "1"
    shown = view.facts.properties.get("calendar:CalendarItemType", "")
    return "3" if ">Exception<" in shown else "2" if ">Occurrence<" in shown else "0"


def _same(view: Rendering, same: Same) -> Value:
    match same.path:
        case "item:Subject":
            return view.item.subject or None
        case "item:ItemClass":
            return view.item.item_class
        case "item:Categories":
            return view.item.categories or None
        case "item:Body":
            return body_text(view.facts) or None
    return kept_text(view.facts, same)


def given_value(field: ExtendedField, element: Element) -> str | tuple[str, ...]:
    """Read the value or values that an element gives a property. Raises ItemError for what is no value of its type."""
    values = element.find(T + "Values")
    if values is not None:
        return tuple(one.text or "" for one in values.findall(T + "Value"))
    text_of = element.findtext(T + "Value") or ""
    try:
        return stamp(moment(text_of)) if field.kind == "SystemTime" else text_of
    except ValueError as error:
        raise ItemError("ErrorInvalidValueForProperty", "The value is no time.", path=field.written) from error


def _tagged(view: Rendering, field: ExtendedField) -> Value:
    facts, item = view.facts, view.item
    match (field.tag, field.kind):
        case (0x300B, "Binary"):
            return b64encode(item.search_key).decode() or None
        case (0x1035, "String"):
            return facts.message_id or None
        case (0x1039, "String"):
            return facts.references or None
        case (0x1042, "String"):
            return facts.in_reply_to or None
        case (0x007D, "String"):
            return _transport_headers(facts) or None
        case (0x0E08, "Integer"):
            return str(min(item.size, 2**31 - 1))
        case (0x3008, "SystemTime"):
            return stamp(item.modified)
        case (0x0E06, "SystemTime"):
            return stamp(item.received)
        case (0x0E07, "Integer"):
            return str((1 if item.is_read else 0) | (8 if item.is_draft else 0) | (16 if facts.has_attachments else 0))
        case (0x0039, "SystemTime"):
            return stamp(facts.sent or item.received)
        case (0x0E1B, "Boolean"):
            return "true" if facts.has_attachments else "false"
        case (0x3007, "SystemTime"):
            return stamp(item.created)
        case (0x1090, "Integer"):
            return FLAG_STATUS.get(item.flag)
        case (0x0E23, "Integer") if isinstance(item, Item):  # PidTagInternetArticleNumber: it only grows in a folder
            return str(item.number)
        case (0x0FF9, "Binary") if isinstance(item, Item):
            return item.id
    return None


def _transport_headers(facts: MailFacts) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in facts.headers)


def folder_value(folder: Folder, field: ExtendedField, mailbox: Mailbox) -> Value:
    """Give a folder's property: what says whether anything happened (PROTOCOL 4.6), its name, class and counts.

    Source: MS-OXPROPS (PidTagContainerClass, PidTagContentCount, PidTagContentUnreadCount, PidTagSubfolders).
    """
    match (field.tag, field.kind):
        case (0x670A, "SystemTime"):
            return stamp(folder.committed)
        case (0x670B, "Integer"):
            return str(folder.deleted_total)
        case (0x3001, "String"):
            return folder.name or None
        case (0x3613, "String"):
            return folder.folder_class or None
        case (0x3602, "Integer"):
            return str(len(folder.items))
        case (0x3603, "Integer"):
            return str(folder.unread)
        case (0x360A, "Boolean"):
            return "true" if mailbox.children(folder) else "false"
    return None


def written(field: ExtendedField, value: Value, *, brief: bool = False) -> str:
    """Write an ExtendedProperty; nothing when there is no value."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        inside = "".join(f"<t:Value>{text(one)}</t:Value>" for one in value)
        return f"<t:ExtendedProperty>{field.written}<t:Values>{inside}</t:Values></t:ExtendedProperty>"
    cut = value[:FIND_LIMIT] if brief and field.kind == "String" else value
    return f"<t:ExtendedProperty>{field.written}<t:Value>{text(cut)}</t:Value></t:ExtendedProperty>"

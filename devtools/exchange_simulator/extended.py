"""Extended (MAPI) properties: which an ExtendedFieldURI names, and what an item or folder has under it (PROTOCOL 7.2)."""

from base64 import b64encode
from dataclasses import dataclass

from devtools.exchange_simulator.items import Folder
from devtools.exchange_simulator.mail import MailFacts
from devtools.exchange_simulator.markup import attribute, stamp, text
from devtools.exchange_simulator.rendering import FIND_LIMIT, Rendering
from devtools.exchange_simulator.soap import Element, ItemError

Value = str | tuple[str, ...] | None
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
    return _tagged(view, field) if field.tag is not None else None


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
        case (0x0037, "String"):
            return item.subject or None
        case (0x001A, "String"):
            return item.item_class
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
    return None


def _transport_headers(facts: MailFacts) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in facts.headers)


def folder_value(folder: Folder, field: ExtendedField) -> Value:
    """Give the two folder properties that say whether anything happened (PROTOCOL 4.6)."""
    match (field.tag, field.kind):
        case (0x670A, "SystemTime"):
            return stamp(folder.committed)
        case (0x670B, "Integer"):
            return str(folder.deleted_total)
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

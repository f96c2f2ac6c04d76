"""UpdateItem: read flag, categories, subject, sensitivity, importance, own properties. Source: PROTOCOL 10."""

from collections.abc import Iterable

from lxml import etree

from devtools.exchange_simulator import extended
from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, item_of
from devtools.exchange_simulator.items import Item, Overrides
from devtools.exchange_simulator.properties import element_name
from devtools.exchange_simulator.shapes import ids_only, item_pieces
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece, T


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per change."""

    def one(change: Element) -> list[Piece]:
        target = elements(change)[0]
        item = item_of(call, target)
        if not call.body.get("MessageDisposition") and element_name(item.item_class) == "Message":
            raise ItemError("ErrorMessageDispositionRequired", "MessageDisposition is required for messages.")
        _check_key(call, item, target.get("ChangeKey"))
        overrides = Overrides()
        for update in elements(change.find(T + "Updates")):
            _apply(call, item, update, overrides)
        if overrides:
            call.mailbox.change(item, overrides)
        shown = item_pieces(item, call.mailbox, ids_only(call.version))
        return ["<m:Items>", *shown, "</m:Items><m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>"]

    return answered(call, elements(call.body.find(M + "ItemChanges")), one, empty="<m:Items/>")


def _check_key(call: Call, item: Item, key: str | None) -> None:
    resolution = call.body.get("ConflictResolution")
    if key is None and resolution != "AlwaysOverwrite":
        raise ItemError("ErrorChangeKeyRequiredForWriteOperations", "The change key is required.")
    if key is not None and key != item.change_key and resolution != "AlwaysOverwrite":
        raise ItemError("ErrorIrresolvableConflict", "The change key is not the current one.")


def _apply(call: Call, item: Item, update: Element, overrides: Overrides) -> None:
    kind = etree.QName(update).localname
    path, *values = elements(update)
    value = next(iter(elements(values[0])), None) if values else None
    if values and len(elements(values[0])) != 1:
        raise ItemError("ErrorIncorrectUpdatePropertyCount")
    if kind == "AppendToItemField":
        raise ItemError("ErrorInvalidPropertyAppend", path=_path(path))
    if etree.QName(path).localname == "ExtendedFieldURI":
        _set_extended(item, path, value, overrides)
        return
    text = (value.text or "") if value is not None else ""
    match path.get("FieldURI"):
        case "message:IsRead" if value is not None:
            call.mailbox.set_read(item, text in ("true", "1"))
        case "item:Categories":
            overrides["categories"] = tuple(one.text or "" for one in elements(value))
        case "item:Subject":
            overrides["subject"] = text
        case "item:Sensitivity" if value is not None:
            overrides["sensitivity"] = text
        case "item:Importance" if value is not None:
            overrides["importance"] = text
        case "item:Flag" if value is not None:
            overrides["flag"] = value.findtext(T + "FlagStatus") or "NotFlagged"
        case _:
            code = "ErrorInvalidPropertyDelete" if kind == "DeleteItemField" else "ErrorInvalidPropertySet"
            raise ItemError(code, path=_path(path))


def _set_extended(item: Item, path: Element, value: Element | None, overrides: Overrides) -> None:
    field = extended.read_field(path)
    own = dict(overrides.get("extended", item.extended))
    if value is None:
        own.pop(field.key, None)
    elif value.find(T + "Values") is not None:
        own[field.key] = tuple(one.text or "" for one in elements(value.find(T + "Values")))
    else:
        own[field.key] = value.findtext(T + "Value") or ""
    overrides["extended"] = own


def _path(path: Element) -> str:
    return f'<t:FieldURI FieldURI="{path.get("FieldURI") or ""}"/>' if path.get("FieldURI") else ""

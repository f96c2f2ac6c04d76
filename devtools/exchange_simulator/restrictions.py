"""Restrictions and sort orders of FindItem and FindFolder, compiled once per request to functions (PROTOCOL 6).

A property that an item does not have compares with nothing: only Not and IsNotEqualTo are true for it.
"""

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from typing import Any

from lxml import etree

from devtools.exchange_simulator import extended
from devtools.exchange_simulator.calendar_queries import calendar_value
from devtools.exchange_simulator.call import elements
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import attribute, moment
from devtools.exchange_simulator.rendering import Rendering, body_text
from devtools.exchange_simulator.soap import Element, ItemError

Value = Callable[[Any], Any]
Paths = Callable[[Element], tuple[type, Value]]
"""What a path is for what is searched: its type, and how an item or a folder has it. Raises ItemError."""
MOST_NODES = 255

_VALUES: dict[str, tuple[type, Value]] = {
    "item:ItemClass": (str, lambda item: item.item_class),
    "item:Subject": (str, lambda item: item.subject),
    "item:Body": (str, lambda item: body_text(item.facts())),
    "item:Sensitivity": (str, lambda item: item.sensitivity),
    "item:Importance": (str, lambda item: item.importance),
    "item:Categories": (tuple, lambda item: item.categories),
    "item:DateTimeReceived": (datetime, lambda item: item.received),
    "item:DateTimeSent": (datetime, lambda item: item.facts().sent or item.received),
    "item:DateTimeCreated": (datetime, lambda item: item.created),
    "item:LastModifiedTime": (datetime, lambda item: item.modified),
    "item:Size": (int, lambda item: item.size),
    "item:HasAttachments": (bool, lambda item: item.facts().has_attachments),
    "item:IsDraft": (bool, lambda item: item.is_draft),
    "item:InReplyTo": (str, lambda item: item.facts().in_reply_to),
    "item:DisplayTo": (str, lambda item: "; ".join(one.name or one.address for one in item.facts().to)),
    "item:DisplayCc": (str, lambda item: "; ".join(one.name or one.address for one in item.facts().cc)),
    "message:IsRead": (bool, lambda item: item.is_read),
    "message:InternetMessageId": (str, lambda item: item.facts().message_id),
    "message:References": (str, lambda item: item.facts().references),
    "message:ConversationTopic": (str, lambda item: item.facts().topic),
    "message:From": (str, lambda item: _person(item.facts().from_)),
    "message:Sender": (str, lambda item: _person(item.facts().sender)),
}
_FOLDER_VALUES: dict[str, tuple[type, Value]] = {
    "folder:DisplayName": (str, lambda folder: folder.name),
    "folder:FolderClass": (str, lambda folder: folder.folder_class),
    "folder:TotalCount": (int, lambda folder: len(folder.items)),
    "folder:UnreadCount": (int, lambda folder: folder.unread),
}
_RANKED = {"item:Importance": ("Low", "Normal", "High")}


def _person(one: Any) -> str:
    return f"{one.name} <{one.address}>" if one else ""


def item_paths(mailbox: Mailbox) -> Paths:
    """Give the paths of a mailbox's items."""
    return lambda path: _item_path(path, mailbox)


def folder_paths(mailbox: Mailbox) -> Paths:
    """Give the paths of a mailbox's folders."""
    return lambda path: _folder_path(path, mailbox)


def read_restriction[Searched](restriction: Element | None, paths: Paths) -> Callable[[Searched], bool] | None:
    """Compile a restriction; None without one. Raises ItemError."""
    if restriction is None:
        return None
    if sum(1 for _ in restriction.iter(tag=etree.Element)) > MOST_NODES:
        raise ItemError("ErrorRestrictionTooLong", "The restriction has more than 255 nodes.")
    return _expression(elements(restriction)[0], paths)


def _expression(element: Element, paths: Paths) -> Callable[[Any], bool]:
    kind = etree.QName(element).localname
    if kind in ("And", "Or"):
        tests = [_expression(one, paths) for one in elements(element)]
        if kind == "And":
            return lambda item: all(test(item) for test in tests)
        return lambda item: any(test(item) for test in tests)
    if kind == "Not":
        inner = _expression(elements(element)[0], paths)
        return lambda item: not inner(item)
    path, *operands = elements(element)
    wanted, value = paths(path)
    if kind == "Exists":
        return lambda item: value(item) not in (None, "", ())
    if kind == "Contains":
        return _contains(element, value, operands[0].get("Value") or "")
    if kind == "Excludes":
        mask = int(operands[0].get("Value") or "0", 0)
        return lambda item: not int(value(item) or 0) & mask
    return _comparison(kind, wanted, value, elements(operands[0])[0], paths)


def _item_path(path: Element, mailbox: Mailbox) -> tuple[type, Value]:
    if etree.QName(path).localname == "ExtendedFieldURI":
        field = extended.read_field(path)
        return _extended_type(field.kind), lambda item: _extended_value(item, mailbox, field)
    name = path.get("FieldURI") or ""
    return calendar_value(name, mailbox) or _named(name, _VALUES)


def _named(name: str, known: dict[str, tuple[type, Value]]) -> tuple[type, Value]:
    if name not in known:
        shown = f'<t:FieldURI FieldURI="{attribute(name)}"/>'
        raise ItemError("ErrorUnsupportedPathForQuery", f"{name} cannot be queried.", path=shown)
    return known[name]


def _folder_path(path: Element, mailbox: Mailbox) -> tuple[type, Value]:
    if etree.QName(path).localname == "ExtendedFieldURI":
        field = extended.read_field(path)
        wanted = _extended_type(field.kind)
        return wanted, lambda folder: _typed(wanted, extended.folder_value(folder, field, mailbox))
    return _named(path.get("FieldURI") or "", _FOLDER_VALUES)


def _extended_type(kind: str) -> type:
    known: dict[str, type] = {"Binary": bytes, "Boolean": bool, "SystemTime": datetime}
    return known.get(kind, int if kind in ("Integer", "Long", "Short") else str)


def _extended_value(item: Item, mailbox: Mailbox, field: extended.ExtendedField) -> Any:
    if field.tag == 0x300B:
        return item.search_key
    view = Rendering(item, item, item.facts(), mailbox, "Exchange2016")
    return _typed(_extended_type(field.kind), extended.item_value(view, field))


def _typed(wanted: type, found: extended.Value) -> Any:
    return _constant(wanted, found) if isinstance(found, str) else found


def _constant(wanted: type, value: str) -> Any:
    """Read a constant as the property's type. Raises ItemError."""
    try:
        if wanted is datetime:
            return moment(value)
        if wanted is bytes:
            return b64decode(value)
        if wanted is bool:
            return value.strip().lower() in ("true", "1")
        return int(value) if wanted is int else value
    except ValueError as error:
        raise ItemError("ErrorInvalidValueForProperty", f"{value!r} does not fit the property.") from error


def _comparison(kind: str, wanted: type, value: Value, operand: Element, paths: Paths) -> Callable[[Any], bool]:
    if etree.QName(operand).localname == "Constant":
        constant = _constant(wanted, operand.get("Value") or "")
        other: Value = lambda _: constant  # noqa: E731
    else:
        _, other = paths(operand)

    def test(item: Any) -> bool:
        left, right = _folded(value(item)), _folded(other(item))
        if left is None or right is None:
            return kind == "IsNotEqualTo" and left is not right
        if isinstance(left, tuple):
            return (right in left) == (kind != "IsNotEqualTo")
        return _COMPARED[kind](left, right)

    return test


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold()
    return tuple(one.casefold() for one in value) if isinstance(value, tuple) else value


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "IsEqualTo": lambda left, right: left == right,
    "IsNotEqualTo": lambda left, right: left != right,
    "IsGreaterThan": lambda left, right: left > right,
    "IsGreaterThanOrEqualTo": lambda left, right: left >= right,
    "IsLessThan": lambda left, right: left < right,
    "IsLessThanOrEqualTo": lambda left, right: left <= right,
}


def _contains(element: Element, value: Value, wanted: str) -> Callable[[Any], bool]:
    exact = element.get("ContainmentComparison", "Exact") == "Exact"
    wanted = wanted if exact else wanted.casefold()
    mode = element.get("ContainmentMode", "FullString")

    def test(item: Any) -> bool:
        found = value(item)
        texts = found if isinstance(found, tuple) else (str(found),) if found else ()
        return any(_within(mode, one if exact else one.casefold(), wanted) for one in texts)

    return test


def _within(mode: str, text: str, wanted: str) -> bool:
    match mode:
        case "FullString":
            return text == wanted
        case "Prefixed":
            return text.startswith(wanted)
        case "PrefixOnWords":
            return re.search(rf"(?<!\w){re.escape(wanted)}", text) is not None
        case "ExactPhrase":
            return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text) is not None
    return wanted in text


def read_order(order: Element | None, paths: Paths) -> Callable[[list[Item]], None]:
    """Compile a sort order to a function that sorts in place; without one, newest received first. Raises ItemError."""
    steps: list[tuple[Value, bool]] = []
    for one in elements(order):
        path = elements(one)[0]
        name = path.get("FieldURI") or ""
        _, value = paths(path)
        ranks = _RANKED.get(name)
        steps.append((_ranked(value, ranks) if ranks else value, one.get("Order") == "Descending"))
    steps = steps or [(lambda item: item.received, True)]

    def sort(items: list[Item]) -> None:
        items.sort(key=lambda item: item.number)
        for value, descending in reversed(steps):
            items.sort(key=_sort_key(value), reverse=descending)

    return sort


def _ranked(value: Value, ranks: tuple[str, ...]) -> Value:
    return lambda item: ranks.index(value(item))


def _sort_key(value: Value) -> Callable[[Item], Any]:
    def key(item: Item) -> Any:
        found = _folded(value(item))
        return (found is not None, found if found is not None else 0)

    return key

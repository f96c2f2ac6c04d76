"""UpdateItem: one property per change, against the current change key. Source: PROTOCOL 10, wsr/updateitem."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from lxml import etree

from devtools.exchange_simulator import contacts
from devtools.exchange_simulator.appointments import has_moved
from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, shown_item_of
from devtools.exchange_simulator.change_keys import check_key
from devtools.exchange_simulator.editing import Edit, edit_of, shown_path
from devtools.exchange_simulator.invitations import invitations
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.properties import element_name
from devtools.exchange_simulator.sending import submit
from devtools.exchange_simulator.series import keep
from devtools.exchange_simulator.shapes import ids_only, item_pieces
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece, T
from devtools.exchange_simulator.writable import BY_PATH, truth_of

_NO_CONFLICTS = "<m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>"


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per change. All updates of a change are made, or none."""

    def one(change: Element) -> list[Piece]:
        target = elements(change)[0]
        item = shown_item_of(call, target)
        disposition = call.body.get("MessageDisposition")
        if not disposition and element_name(item.item_class) == "Message":
            raise ItemError("ErrorMessageDispositionRequired", "MessageDisposition is required for messages.")
        _check_key(call, item, target.get("ChangeKey"))
        edit = edit_of(item)
        for update in elements(change.find(T + "Updates")):
            _apply(edit, update)
        if edit.content is not item.content:
            edit.complete(call.time_zone)
        is_appointment = element_name(item.item_class) == "CalendarItem"
        item = _keep_appointment(call, item, edit) if is_appointment else _keep(call, item, edit)
        if disposition in ("SendOnly", "SendAndSaveCopy") and item.is_draft:
            _send(call, item, disposition)
            return ["<m:Items/>", _NO_CONFLICTS]
        return ["<m:Items>", *item_pieces(item, call.mailbox, ids_only(call.version)), "</m:Items>", _NO_CONFLICTS]

    return answered(call, elements(call.body.find(M + "ItemChanges")), one, empty="<m:Items/>")


def _check_key(call: Call, item: Item, key: str | None) -> None:
    """Every outdated key is a conflict: which properties changed since is not remembered, so nothing is merged."""
    if call.body.get("ConflictResolution") == "AlwaysOverwrite":
        return
    check_key(call.mailbox, item, key, stale="ErrorIrresolvableConflict", required=True)


def _keep_appointment(call: Call, item: Item, edit: Edit) -> Item:
    """Store what became of a calendar item, and tell its attendees when that is asked for."""
    meetings = invitations(call, "SendMeetingInvitationsOrCancellations")
    before = item.facts()
    if edit.content is item.content:
        return _keep(call, item, edit)
    _discard_exceptions(edit, item)
    tells = meetings.concerns(before, edit.facts())
    if tells:
        edit.write(meetings.announced(edit.facts(), before))
    item = _keep(call, item, edit)
    if tells:
        meetings.invite(item.facts(), before)
    return item


def _discard_exceptions(edit: Edit, item: Item) -> None:
    """A series whose time or pattern changed begins anew (PROTOCOL 11.2)."""
    if edit.facts().exceptions and has_moved(edit.facts(), item.facts()):
        edit.write(replace(edit.facts(), exceptions={}))


def _keep(call: Call, item: Item, edit: Edit) -> Item:
    """Store what changed, and give the item as it now is; the reading mark is only on what is stored."""
    if edit.content is not item.content or edit.overrides != item.set:
        if item.instance:
            return keep(call.mailbox, item, edit.facts(), edit.overrides)
        call.mailbox.edit(item, edit.content, edit.overrides)
    if edit.is_read is not None and not item.instance:
        call.mailbox.set_read(item, edit.is_read)
    return item


def _send(call: Call, item: Item, disposition: str) -> None:
    """Send the draft that was changed; it goes, and a copy stays in Sent Items when it is wanted."""
    sent = submit(call.directory, call.mailbox, item.content, item.set)
    call.mailbox.delete(item, "hard")
    if disposition == "SendAndSaveCopy":
        where = call.mailbox.distinguished["sentitems"]
        now = datetime.now(UTC)
        call.mailbox.add(sent.content, where, received=now, read=True, overrides=sent.overrides or None)


def _apply(edit: Edit, update: Element) -> None:
    kind = etree.QName(update).localname
    path, *given = elements(update)
    value = _value(given[0]) if given else None
    if etree.QName(path).localname == "ExtendedFieldURI":
        if kind == "AppendToItemField":
            raise ItemError("ErrorInvalidPropertyAppend")
        edit.set_extended(path, value)
        return
    name = path.get("FieldURI") or ""
    if etree.QName(path).localname == "IndexedFieldURI" and name in contacts.COLLECTIONS:
        edit.set_entry(name, path.get("FieldIndex") or "", value)
        return
    if name == "message:IsRead" and value is not None:
        _matching(name, value)
        edit.is_read = truth_of(value)
    elif name == "item:MimeContent" and value is not None:
        edit.set_mime(value)
    elif name == "item:Flag":
        edit.overrides["flag"] = (value.findtext(T + "FlagStatus") if value is not None else None) or "NotFlagged"
    elif name in BY_PATH:
        if value is not None:
            _matching(name, value)
        edit.set(BY_PATH[name], value, append=kind == "AppendToItemField")
    else:
        code = "ErrorInvalidPropertyDelete" if kind == "DeleteItemField" else "ErrorInvalidPropertySet"
        raise ItemError(code, path=shown_path(name))


def _value(item: Element) -> Element:
    """Give the one property that the item element holds. Raises ItemError for none and for several."""
    found = elements(item)
    if len(found) != 1:
        raise ItemError("ErrorIncorrectUpdatePropertyCount", "An update holds exactly one property.")
    return found[0]


def _matching(path: str, value: Element) -> None:
    if etree.QName(value).localname != path.partition(":")[2]:
        raise ItemError("ErrorUpdatePropertyMismatch", "The property is not that of the path.", path=shown_path(path))

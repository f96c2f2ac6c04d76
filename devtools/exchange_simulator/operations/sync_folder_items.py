"""SyncFolderItems: what changed in one folder since a state, in pages. Source: PROTOCOL 5.

Newest first with version Exchange2010_SP2 or later, oldest first below. Error answers carry
IncludesLastItemInRange true and an empty state. Properties that only GetItem gives are silently empty: PROTOCOL 7.3
allows that or an error, and exchangelib, which asks for all of them, lives on real servers.
"""

from collections.abc import Iterable

from devtools.exchange_simulator import soap, sync_states
from devtools.exchange_simulator.batches import injected
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.identifiers import MalformedId, read_id, write_id
from devtools.exchange_simulator.items import Folder
from devtools.exchange_simulator.shapes import Shape, item_pieces, read_shape
from devtools.exchange_simulator.soap import ItemError, M, Piece
from devtools.exchange_simulator.versions import at_least

_NOTHING = "<m:SyncState/><m:IncludesLastItemInRange>true</m:IncludesLastItemInRange>"


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message."""
    try:
        injected(call)
        return soap.answer(call.operation, [soap.success(call.operation, _changes(call))])
    except ItemError as error:
        return soap.answer(call.operation, [soap.failure(call.operation, error, _NOTHING)])


def _changes(call: Call) -> list[Piece]:
    folder = folder_of(call, elements(call.body.find(M + "SyncFolderId"))[0], missing="ErrorSyncFolderNotFound")
    asked = call.body.find(M + "ItemShape")
    shape = read_shape(asked, call.version, brief=True, names_only=call.names_only, lenient=True)
    state = _state(call, folder)
    limit = int(call.body.findtext(M + "MaxChangesReturned") or 512)
    newest_first = at_least(call.version, "Exchange2010_SP2")
    changes, after, complete = sync_states.page(folder, state, limit, newest_first=newest_first)
    if call.plan.get("empty"):
        changes, after, complete = [], state, True
    ignored = _ignored(call)
    written = [_change(call, one, shape) for one in changes if one.number not in ignored]
    return [
        f"<m:SyncState>{sync_states.write_state(after, folder, call.mailbox.state_epoch)}</m:SyncState>"
        f"<m:IncludesLastItemInRange>{'true' if complete else 'false'}</m:IncludesLastItemInRange>"
        f"<m:Changes>{''.join(written)}</m:Changes>"
    ]


def _state(call: Call, folder: Folder) -> sync_states.SyncState:
    value = call.body.findtext(M + "SyncState")
    if not value:
        return sync_states.SyncState()
    try:
        if call.plan.get("invalid_sync_state"):
            raise sync_states.InvalidState(value)
        return sync_states.read_state(value, folder, call.mailbox.state_epoch)
    except sync_states.InvalidState as error:
        raise ItemError("ErrorInvalidSyncStateData", "The synchronization state is invalid.") from error


def _ignored(call: Call) -> set[int]:
    numbers = set()
    for one in elements(call.body.find(M + "Ignore")):
        try:
            numbers.add(read_id(one.get("Id") or "").number)
        except MalformedId as error:
            raise ItemError("ErrorInvalidIdMalformed") from error
    return numbers


def _change(call: Call, change: sync_states.Change, shape: Shape) -> str:
    item = change.item
    if item is None:
        gone = write_id("item", call.mailbox.guid, change.number)
        return f'<t:Delete><t:ItemId Id="{gone}"/></t:Delete>'
    if change.kind == "ReadFlagChange":
        key = f'<t:ItemId Id="{item.id}" ChangeKey="{item.change_key}"/>'
        read = "true" if item.is_read else "false"
        return f"<t:ReadFlagChange>{key}<t:IsRead>{read}</t:IsRead></t:ReadFlagChange>"
    shown = "".join(piece for piece in item_pieces(item, call.mailbox, shape) if isinstance(piece, str))
    return f"<t:{change.kind}>{shown}</t:{change.kind}>"

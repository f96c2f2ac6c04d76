"""SyncFolderHierarchy: which folders came, changed and went since a state. Source: PROTOCOL 5.

Changes of counts are not reported. The state of a call without SyncFolderId is not that of one with it.
"""

from collections.abc import Iterable

from devtools.exchange_simulator import soap, sync_states
from devtools.exchange_simulator.batches import injected
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.folder_shapes import FolderShape, folder_element, read_folder_shape
from devtools.exchange_simulator.identifiers import write_id
from devtools.exchange_simulator.items import Folder
from devtools.exchange_simulator.soap import ItemError, M, Piece

_NOTHING = "<m:SyncState/><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange>"


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message."""
    try:
        injected(call)
        return soap.answer(call.operation, [soap.success(call.operation, _changes(call))])
    except ItemError as error:
        return soap.answer(call.operation, [soap.failure(call.operation, error, _NOTHING)])


def _changes(call: Call) -> list[Piece]:
    shape = read_folder_shape(call.body.find(M + "FolderShape"))
    wanted = elements(call.body.find(M + "SyncFolderId"))
    root = folder_of(call, wanted[0], missing="ErrorSyncFolderNotFound") if wanted else None
    top = root or call.mailbox.distinguished["msgfolderroot"]
    base = _base(call, root)
    found = [*_alive(call, top, base, shape), *_gone(call, base)]
    state = sync_states.pack("hierarchy", root.id if root else "", call.mailbox.state_epoch, [call.mailbox.changes])
    changes = "".join(written for _, written in sorted(found))
    return [
        f"<m:SyncState>{state}</m:SyncState><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange>"
        f"<m:Changes>{changes}</m:Changes>"
    ]


def _base(call: Call, root: Folder | None) -> int:
    value = call.body.findtext(M + "SyncState")
    if not value:
        return 0
    try:
        if call.plan.get("invalid_sync_state"):
            raise sync_states.InvalidState(value)
        (base,) = sync_states.unpack(value, "hierarchy", root.id if root else "", call.mailbox.state_epoch)
    except sync_states.InvalidState as error:
        raise ItemError("ErrorInvalidSyncStateData", "The synchronization state is invalid.") from error
    return int(base)


def _alive(call: Call, top: Folder, base: int, shape: FolderShape) -> Iterable[tuple[int, str]]:
    for folder in call.mailbox.folders.values():
        if folder.changed <= base:
            continue
        if folder.lies_under(top):
            kind = "Create" if folder.number > base else "Update"
            yield folder.changed, f"<t:{kind}>{folder_element(folder, call.mailbox, shape)}</t:{kind}>"
        elif folder.number <= base and folder is not top:
            yield folder.changed, f'<t:Delete><t:FolderId Id="{folder.id}"/></t:Delete>'


def _gone(call: Call, base: int) -> Iterable[tuple[int, str]]:
    for number, change in call.mailbox.folder_tombstones.items():
        if number <= base < change:
            gone = write_id("folder", call.mailbox.guid, number)
            yield change, f'<t:Delete><t:FolderId Id="{gone}"/></t:Delete>'

"""UpdateFolder: another display name or folder class. Source: wsr/updatefolder-operation."""

from collections.abc import Iterable

from lxml import etree

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.editing import shown_path
from devtools.exchange_simulator.folder_shapes import folder_element, ids_of_folders
from devtools.exchange_simulator.items import Folder
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece, T

_SETTABLE = ("folder:DisplayName", "folder:FolderClass")


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per change."""

    def one(change: Element) -> list[Piece]:
        folder = folder_of(call, elements(change)[0])
        for update in elements(change.find(T + "Updates")):
            _apply(call, folder, update)
        return [f"<m:Folders>{folder_element(folder, call.mailbox, ids_of_folders())}</m:Folders>"]

    return answered(call, elements(call.body.find(M + "FolderChanges")), one, empty="<m:Folders/>")


def _apply(call: Call, folder: Folder, update: Element) -> None:
    path, *given = elements(update)
    name = path.get("FieldURI") or ""
    if etree.QName(update).localname != "SetFolderField" or name not in _SETTABLE or not given:
        raise ItemError("ErrorInvalidPropertySet", path=shown_path(name) if name else "")
    value = given[0].findtext(T + name.removeprefix("folder:"))
    if not value:
        raise ItemError("ErrorUpdatePropertyMismatch", path=shown_path(name))
    if name == "folder:DisplayName":
        call.mailbox.rename_folder(folder, value)
    else:
        call.mailbox.set_folder_class(folder, value)

"""CreateFolder: folders below one. Source: wsr/createfolder-operation."""

from collections.abc import Iterable

from lxml import etree

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.folder_shapes import folder_element, ids_of_folders
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece, T

_CLASSES = {"CalendarFolder": "IPF.Appointment", "ContactsFolder": "IPF.Contact", "TasksFolder": "IPF.Task"}


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per folder; a name that is taken below the parent is ErrorFolderExists."""

    def one(element: Element) -> list[Piece]:
        parent = folder_of(call, elements(call.body.find(M + "ParentFolderId"))[0], missing="ErrorParentFolderNotFound")
        name = (element.findtext(T + "DisplayName") or "").strip()
        if not name:
            raise ItemError("ErrorFolderSavePropertyError", "A folder needs a display name.")
        if any(child.name.casefold() == name.casefold() for child in call.mailbox.children(parent)):
            raise ItemError("ErrorFolderExists", "A folder with the specified name already exists.")
        kind = element.findtext(T + "FolderClass") or _CLASSES.get(etree.QName(element).localname, "IPF.Note")
        folder = call.mailbox.add_folder(name, parent, folder_class=kind)
        return [f"<m:Folders>{folder_element(folder, call.mailbox, ids_of_folders())}</m:Folders>"]

    return answered(call, elements(call.body.find(M + "Folders")), one, empty="<m:Folders/>")

"""MoveFolder: a folder goes below another and keeps its id. Source: PROTOCOL 8, wsr/movefolder-operation."""

from collections.abc import Iterable

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.destinations import destination
from devtools.exchange_simulator.folder_shapes import folder_element, ids_of_folders
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per folder."""

    def one(element: Element) -> list[Piece]:
        folder, target = folder_of(call, element), destination(call)
        if folder.distinguished:
            raise ItemError("ErrorMoveDistinguishedFolder", "A distinguished folder cannot be moved.")
        if target is folder or target.lies_under(folder):
            raise ItemError("ErrorMoveCopyFailed", "A folder cannot be moved below itself.")
        call.mailbox.move_folder(folder, target)
        return [f"<m:Folders>{folder_element(folder, call.mailbox, ids_of_folders())}</m:Folders>"]

    return answered(call, elements(call.body.find(M + "FolderIds")), one, empty="<m:Folders/>")

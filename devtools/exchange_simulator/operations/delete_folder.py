"""DeleteFolder: for good, or below Deleted Items. Source: wsr/deletefolder-operation."""

from collections.abc import Iterable

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per folder; the distinguished ones stay."""

    def one(element: Element) -> list[Piece]:
        folder = folder_of(call, element)
        if folder.distinguished:
            raise ItemError("ErrorDeleteDistinguishedFolder", "A distinguished folder cannot be deleted.")
        if call.body.get("DeleteType") == "MoveToDeletedItems":
            call.mailbox.move_folder(folder, call.mailbox.distinguished["deleteditems"])
        else:
            call.mailbox.delete_folder(folder)
        return []

    return answered(call, elements(call.body.find(M + "FolderIds")), one)

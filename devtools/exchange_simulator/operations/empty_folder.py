"""EmptyFolder: all items, and the folders below when that is asked for. Source: wsr/emptyfolder-operation."""

from collections.abc import Iterable

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.operations.delete_item import HOW
from devtools.exchange_simulator.soap import Element, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per folder."""
    how = HOW[call.body.get("DeleteType") or "HardDelete"]

    def one(element: Element) -> list[Piece]:
        folder = folder_of(call, element)
        for item in list(folder.items.values()):
            call.mailbox.delete(item, how)
        if call.body.get("DeleteSubFolders") in ("true", "1"):
            for child in call.mailbox.children(folder):
                call.mailbox.delete_folder(child)
        return []

    return answered(call, elements(call.body.find(M + "FolderIds")), one)

"""GetFolder: folders by id. Source: wsr/getfolder-operation."""

from collections.abc import Iterable

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.folder_shapes import folder_element, read_folder_shape
from devtools.exchange_simulator.soap import Element, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per folder id."""

    def one(element: Element) -> list[Piece]:
        shape = read_folder_shape(call.body.find(M + "FolderShape"))
        folder = folder_of(call, element)
        return [f"<m:Folders>{folder_element(folder, call.mailbox, shape)}</m:Folders>"]

    return answered(call, elements(call.body.find(M + "FolderIds")), one, empty="<m:Folders/>")

"""FindFolder: the folders below one, Shallow or Deep, in pages. Source: PROTOCOL 6, wsr/findfolder-operation."""

from collections.abc import Iterable

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.folder_shapes import folder_element, read_folder_shape
from devtools.exchange_simulator.paging import read_view, root_attributes
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per parent folder."""

    def one(element: Element) -> list[Piece]:
        if call.body.find(M + "Restriction") is not None:
            raise ItemError("ErrorInvalidOperation", "A Restriction is not simulated for folders.")
        shape = read_folder_shape(call.body.find(M + "FolderShape"))
        parent = folder_of(call, element)
        deep = call.body.get("Traversal") == "Deep"
        found = [
            folder
            for folder in call.mailbox.folders.values()
            if folder.parent is parent or (deep and folder.lies_under(parent))
        ]
        view = read_view(call.body, cap=1000)
        page = found[view.start(len(found)) : view.end(len(found))]
        shown = "".join(folder_element(folder, call.mailbox, shape) for folder in page)
        return [f"<m:RootFolder {root_attributes(view, len(found))}><t:Folders>{shown}</t:Folders></m:RootFolder>"]

    return answered(call, elements(call.body.find(M + "ParentFolderIds")), one)

"""FindFolder: the folders below one, Shallow or Deep, in pages. Source: PROTOCOL 6, wsr/findfolder-operation."""

from collections.abc import Callable, Iterable

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.folder_shapes import folder_element, read_folder_shape
from devtools.exchange_simulator.items import Folder
from devtools.exchange_simulator.paging import read_view, root_attributes
from devtools.exchange_simulator.restrictions import folder_paths, read_restriction
from devtools.exchange_simulator.soap import Element, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per parent folder."""

    def one(element: Element) -> list[Piece]:
        shape = read_folder_shape(call.body.find(M + "FolderShape"))
        parent = folder_of(call, element)
        test: Callable[[Folder], bool] | None = read_restriction(
            call.body.find(M + "Restriction"), folder_paths(call.mailbox)
        )
        deep = call.body.get("Traversal") == "Deep"
        found = [
            folder
            for folder in call.mailbox.folders.values()
            if (folder.parent is parent or (deep and folder.lies_under(parent))) and (test is None or test(folder))
        ]
        view = read_view(call.body, cap=1000)
        page = found[view.start(len(found)) : view.end(len(found))]
        shown = "".join(folder_element(folder, call.mailbox, shape) for folder in page)
        return [f"<m:RootFolder {root_attributes(view, len(found))}><t:Folders>{shown}</t:Folders></m:RootFolder>"]

    return answered(call, elements(call.body.find(M + "ParentFolderIds")), one)

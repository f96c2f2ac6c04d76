"""Folders in answers, and folder ids in requests."""

from collections.abc import Iterable

from shared.model.exchange import Folder
from shared.wire.ews.legal_text import attribute
from shared.wire.ews.reading import Element, child, local, text

KINDS = ("Folder", "CalendarFolder", "ContactsFolder", "SearchFolder", "TasksFolder")

MESSAGE_ROOT = '<t:DistinguishedFolderId Id="msgfolderroot"/>'


def folder_ids(ids: Iterable[str]) -> str:
    """Folder ids as elements."""
    return "".join(f"<t:FolderId Id={attribute(folder_id)}/>" for folder_id in ids)


def read_id(element: Element, name: str) -> str:
    """The Id of a child such as FolderId, ItemId or ParentFolderId."""
    found = child(element, name)
    return "" if found is None else found.get("Id", "")


def read_folder(element: Element) -> Folder:
    """The folder of one of KINDS."""
    return Folder(
        id=read_id(element, "FolderId"),
        parent_id=read_id(element, "ParentFolderId"),
        name=text(element, "DisplayName"),
        folder_class=text(element, "FolderClass"),
    )


def read_folders(parent: Element | None) -> tuple[Folder, ...]:
    """All folders right below an element."""
    return tuple(read_folder(folder) for folder in (() if parent is None else parent) if local(folder) in KINDS)

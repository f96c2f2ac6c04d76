"""FindFolder: every folder below the mailbox's message root.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/findfolder-operation
"""

from dataclasses import dataclass

from shared.model.exchange import Folder
from shared.wire.ews import envelope
from shared.wire.ews.envelope import Header
from shared.wire.ews.folders import MESSAGE_ROOT, read_folders
from shared.wire.ews.properties import FOLDER_SHAPE
from shared.wire.ews.reading import Reader, child, number, truth

NAME = "FindFolder"
PAGE = 1000


@dataclass(frozen=True, slots=True)
class FoundFolders:
    """One page. `next_offset` continues it unless `is_last`."""

    folders: tuple[Folder, ...]
    next_offset: int
    is_last: bool


def request(header: Header, *, offset: int = 0) -> bytes:
    """Ask for one page of the folders at any depth."""
    return envelope.request(
        header,
        f'<m:FindFolder Traversal="Deep">{FOLDER_SHAPE}'
        f'<m:IndexedPageFolderView MaxEntriesReturned="{PAGE}" Offset="{offset}" BasePoint="Beginning"/>'
        f"<m:ParentFolderIds>{MESSAGE_ROOT}</m:ParentFolderIds></m:FindFolder>",
    )


class Answer:
    """Reads one page."""

    def __init__(self) -> None:
        self._reader = Reader(NAME)
        self.feed = self._reader.feed

    def close(self) -> FoundFolders:
        """The page, once the answer is complete."""
        root = child(self._reader.close_one(), "RootFolder")
        if root is None:
            return FoundFolders((), 0, True)
        return FoundFolders(
            folders=read_folders(child(root, "Folders")),
            next_offset=number(root.get("IndexedPagingOffset")),
            is_last=truth(root.get("IncludesLastItemInRange", "true")),
        )

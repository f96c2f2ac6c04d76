"""SyncFolderHierarchy: changes of the folders below the mailbox's message root. PROTOCOL 5.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/syncfolderhierarchy-operation
"""

from shared.model.exchange import Folder, FolderChanges
from shared.wire.ews import envelope
from shared.wire.ews.envelope import Header
from shared.wire.ews.folders import MESSAGE_ROOT, read_folders, read_id
from shared.wire.ews.legal_text import content
from shared.wire.ews.properties import FOLDER_SHAPE
from shared.wire.ews.reading import Element, Reader, local, text, truth

NAME = "SyncFolderHierarchy"


def request(header: Header, state: str | None) -> bytes:
    """Ask for what changed since `state`; None: everything."""
    known = f"<m:SyncState>{content(state)}</m:SyncState>" if state else ""
    return envelope.request(
        header,
        f"<m:SyncFolderHierarchy>{FOLDER_SHAPE}<m:SyncFolderId>{MESSAGE_ROOT}</m:SyncFolderId>{known}"
        "</m:SyncFolderHierarchy>",
    )


class Answer:
    """Reads one page of changes, each as it comes. A folder that changed twice is given as it is last."""

    def __init__(self) -> None:
        self._changed: dict[str, Folder] = {}
        self._deleted: list[str] = []
        self._reader = Reader(NAME, "Changes", self._take)
        self.feed = self._reader.feed

    def close(self) -> FolderChanges:
        """The changes, once the answer is complete."""
        message = self._reader.close_one()
        return FolderChanges(
            changed=tuple(self._changed.values()),
            deleted=tuple(self._deleted),
            state=text(message, "SyncState"),
            is_last=truth(text(message, "IncludesLastFolderInRange") or "true"),
        )

    def _take(self, change: Element) -> None:
        if local(change) == "Delete":
            folder_id = read_id(change, "FolderId")
            self._changed.pop(folder_id, None)
            self._deleted.append(folder_id)
        else:
            self._changed.update((folder.id, folder) for folder in read_folders(change))

"""SyncFolderItems: changes of one folder's items since a state. PROTOCOL 5.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/syncfolderitems-operation
"""

from shared.model.exchange import ItemChanges, ItemStub
from shared.wire.ews import envelope
from shared.wire.ews.envelope import Header
from shared.wire.ews.folders import folder_ids, read_id
from shared.wire.ews.legal_text import content
from shared.wire.ews.properties import STUB, item_shape
from shared.wire.ews.reading import Element, Reader, local, text, truth
from shared.wire.ews.stubs import read_stub

NAME = "SyncFolderItems"


def request(header: Header, folder_id: str, state: str | None, *, limit: int) -> bytes:
    """Ask for at most `limit` changes (1 to 512) since `state`; None: from nothing."""
    known = f"<m:SyncState>{content(state)}</m:SyncState>" if state else ""
    return envelope.request(
        header,
        f"<m:SyncFolderItems>{item_shape(header, *STUB)}<m:SyncFolderId>{folder_ids([folder_id])}</m:SyncFolderId>{known}"
        f"<m:MaxChangesReturned>{limit}</m:MaxChangesReturned></m:SyncFolderItems>",
    )


class Answer:
    """Reads one page of changes, each as it comes; a kind of change that is not known is passed over."""

    def __init__(self) -> None:
        self._created: list[ItemStub] = []
        self._updated: list[ItemStub] = []
        self._deleted: list[str] = []
        self._read: list[tuple[ItemStub, bool]] = []
        self._reader = Reader(NAME, "Changes", self._take)
        self.feed = self._reader.feed

    def close(self) -> ItemChanges:
        """The changes, once the answer is complete."""
        message = self._reader.close_one()
        return ItemChanges(
            created=tuple(self._created),
            updated=tuple(self._updated),
            deleted=tuple(self._deleted),
            read=tuple(self._read),
            state=text(message, "SyncState"),
            is_last=truth(text(message, "IncludesLastItemInRange") or "true"),
        )

    def _take(self, change: Element) -> None:
        match local(change):
            case "Create":
                self._created.extend(map(read_stub, change))
            case "Update":
                self._updated.extend(map(read_stub, change))
            case "Delete":
                self._deleted.append(read_id(change, "ItemId"))
            # Quirk: the documentation says ReadStateChange here and there; on the wire it is ReadFlagChange.
            case "ReadFlagChange":
                stub = read_stub(change)
                self._read.append((stub, bool(stub.is_read)))

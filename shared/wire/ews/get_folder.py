"""GetFolder: folders by their well-known names.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/getfolder-operation
"""

from collections.abc import Sequence
from dataclasses import replace

from shared.model.exchange import Folder
from shared.wire.ews import envelope
from shared.wire.ews.envelope import Header
from shared.wire.ews.faults import Refusal
from shared.wire.ews.folders import read_folders
from shared.wire.ews.legal_text import attribute
from shared.wire.ews.properties import FOLDER_SHAPE
from shared.wire.ews.reading import Element, Reader, child, refusal

NAME = "GetFolder"


def request(header: Header, names: Sequence[str]) -> bytes:
    """Ask for distinguished folders (`inbox`, `sentitems` …)."""
    ids = "".join(f"<t:DistinguishedFolderId Id={attribute(name)}/>" for name in names)
    return envelope.request(header, f"<m:GetFolder>{FOLDER_SHAPE}<m:FolderIds>{ids}</m:FolderIds></m:GetFolder>")


class Answer:
    """One outcome for each of `names`, in the order asked."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._reader = Reader(NAME)
        self.feed = self._reader.feed

    def close(self) -> tuple[Folder | Refusal, ...]:
        """The outcomes, once the answer is complete."""
        return tuple(map(_read, self._reader.close(), self._names))


def _read(message: Element, name: str) -> Folder | Refusal:
    if found := refusal(message):
        return found
    folders = read_folders(child(message, "Folders"))
    return replace(folders[0], distinguished=name) if folders else Refusal("", "success, but no folder")

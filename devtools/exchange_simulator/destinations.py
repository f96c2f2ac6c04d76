"""The folder that a request names as a destination. Raises ItemError for one that is not there."""

from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.items import Folder
from devtools.exchange_simulator.soap import M


def destination(call: Call) -> Folder:
    """Find the folder of m:ToFolderId (MoveItem, CopyItem)."""
    return folder_of(call, elements(call.body.find(M + "ToFolderId"))[0], missing="ErrorToFolderNotFound")

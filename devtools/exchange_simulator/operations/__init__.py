"""The operations: one file each, named as the protocol names them. An operation takes a Call and gives pieces.

It may raise SoapFault for the whole request; what fails for one input is a response message of class Error.
"""

from collections.abc import Callable, Iterable

from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.operations import (
    copy_item,
    create_item,
    delete_item,
    find_folder,
    find_item,
    get_attachment,
    get_events,
    get_folder,
    get_item,
    move_item,
    resolve_names,
    subscribe,
    sync_folder_hierarchy,
    sync_folder_items,
    unsubscribe,
    update_item,
)
from devtools.exchange_simulator.soap import Piece

OPERATIONS: dict[str, Callable[[Call], Iterable[Piece]]] = {
    "CopyItem": copy_item.answer,
    "CreateItem": create_item.answer,
    "DeleteItem": delete_item.answer,
    "FindFolder": find_folder.answer,
    "FindItem": find_item.answer,
    "GetAttachment": get_attachment.answer,
    "GetEvents": get_events.answer,
    "GetFolder": get_folder.answer,
    "GetItem": get_item.answer,
    "MoveItem": move_item.answer,
    "ResolveNames": resolve_names.answer,
    "Subscribe": subscribe.answer,
    "SyncFolderHierarchy": sync_folder_hierarchy.answer,
    "SyncFolderItems": sync_folder_items.answer,
    "Unsubscribe": unsubscribe.answer,
    "UpdateItem": update_item.answer,
}

"""The operations: one file each, named as the protocol names them. An operation takes a Call and gives pieces.

It may raise SoapFault for the whole request; what fails for one input is a response message of class Error.
"""

from collections.abc import Callable, Iterable

from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.operations import (
    convert_id,
    copy_item,
    create_attachment,
    create_folder,
    create_item,
    delete_attachment,
    delete_folder,
    delete_item,
    empty_folder,
    find_folder,
    find_item,
    get_attachment,
    get_events,
    get_folder,
    get_item,
    get_server_time_zones,
    get_user_availability,
    get_user_configuration,
    move_folder,
    move_item,
    resolve_names,
    send_item,
    subscribe,
    sync_folder_hierarchy,
    sync_folder_items,
    unsubscribe,
    update_folder,
    update_item,
)
from devtools.exchange_simulator.soap import Piece

OPERATIONS: dict[str, Callable[[Call], Iterable[Piece]]] = {
    "ConvertId": convert_id.answer,
    "CopyItem": copy_item.answer,
    "CreateAttachment": create_attachment.answer,
    "CreateFolder": create_folder.answer,
    "CreateItem": create_item.answer,
    "DeleteAttachment": delete_attachment.answer,
    "DeleteFolder": delete_folder.answer,
    "DeleteItem": delete_item.answer,
    "EmptyFolder": empty_folder.answer,
    "FindFolder": find_folder.answer,
    "FindItem": find_item.answer,
    "GetAttachment": get_attachment.answer,
    "GetEvents": get_events.answer,
    "GetFolder": get_folder.answer,
    "GetItem": get_item.answer,
    "GetServerTimeZones": get_server_time_zones.answer,
    "GetUserConfiguration": get_user_configuration.answer,
    "GetUserAvailability": get_user_availability.answer,
    "MoveFolder": move_folder.answer,
    "MoveItem": move_item.answer,
    "ResolveNames": resolve_names.answer,
    "SendItem": send_item.answer,
    "Subscribe": subscribe.answer,
    "SyncFolderHierarchy": sync_folder_hierarchy.answer,
    "SyncFolderItems": sync_folder_items.answer,
    "Unsubscribe": unsubscribe.answer,
    "UpdateFolder": update_folder.answer,
    "UpdateItem": update_item.answer,
}
WITHOUT_MAILBOX = frozenset({"ConvertId", "GetServerTimeZones", "GetUserAvailability", "ResolveNames"})
"""What an account that has no mailbox and impersonates nobody may ask: it concerns no mailbox of the caller's own."""

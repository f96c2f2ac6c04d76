"""SendItem: drafts become mail; the draft goes, a copy may stay. Source: PROTOCOL 9, wsr/senditem."""

from collections.abc import Iterable
from datetime import UTC, datetime

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of, item_of
from devtools.exchange_simulator.change_keys import check_key
from devtools.exchange_simulator.items import Folder, Overrides
from devtools.exchange_simulator.sending import submit
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per item."""

    def one(element: Element) -> list[Piece]:
        where = _folder(call)
        item = item_of(call, element)
        check_key(call.mailbox, item, element.get("ChangeKey"), required=True)
        sent = submit(call.directory, call.mailbox, item.content, Overrides(**item.set))
        call.mailbox.delete(item, "hard")
        if where is not None:
            now = datetime.now(UTC)
            call.mailbox.add(sent.content, where, received=now, read=True, overrides=sent.overrides or None)
        return []

    return answered(call, elements(call.body.find(M + "ItemIds")), one)


def _folder(call: Call) -> Folder | None:
    saved = elements(call.body.find(M + "SavedItemFolderId"))
    if call.body.get("SaveItemToFolder") not in ("true", "1"):
        if saved:
            raise ItemError("ErrorInvalidSendItemSaveSettings", "A folder is given for a copy that is not to be kept.")
        return None
    if not saved:
        return call.mailbox.distinguished["sentitems"]
    return folder_of(call, saved[0], missing="ErrorSavedItemFolderNotFound")

"""CreateItem: messages from MIME, saved and not sent. Source: PROTOCOL 9 and 10, wsr/createitem-operation.

What later work needs and is not here yet (sending, calendar items, contacts) answers ErrorInvalidOperation.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable
from datetime import UTC, datetime
from secrets import token_bytes

from lxml import etree

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.mail import StoredContent
from devtools.exchange_simulator.parsing import read_message
from devtools.exchange_simulator.shapes import ids_only, item_pieces
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece, SoapFault, T


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per item."""
    given = elements(call.body.find(M + "Items"))
    if any(etree.QName(one).localname == "Message" for one in given) and not call.body.get("MessageDisposition"):
        raise SoapFault("ErrorMessageDispositionRequired", "MessageDisposition is required for messages.")

    def one(element: Element) -> list[Piece]:
        saved = elements(call.body.find(M + "SavedItemFolderId"))
        folder = (
            folder_of(call, saved[0], missing="ErrorSavedItemFolderNotFound")
            if saved
            else call.mailbox.distinguished["drafts"]
        )
        read = element.findtext(T + "IsRead") in ("true", "1", None)
        content = StoredContent(_mime(call, element), token_bytes(16), read_message)
        item = call.mailbox.add(content, folder, received=datetime.now(UTC), read=read, draft=True)
        return ["<m:Items>", *item_pieces(item, call.mailbox, ids_only(call.version)), "</m:Items>"]

    return answered(call, given, one, empty="<m:Items/>")


def _mime(call: Call, element: Element) -> bytes:
    mime = element.findtext(T + "MimeContent")
    if etree.QName(element).localname != "Message" or mime is None or call.body.get("MessageDisposition") != "SaveOnly":
        raise ItemError("ErrorInvalidOperation", "Only messages with MimeContent are simulated, saved and not sent.")
    try:
        return b64decode(mime)
    except (binascii.Error, ValueError) as error:
        raise ItemError("ErrorMimeContentInvalidBase64String") from error

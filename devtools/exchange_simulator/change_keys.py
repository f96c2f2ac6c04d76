"""Change keys of requests that write: what a missing, malformed or outdated one means (PROTOCOL 8 and 10)."""

import binascii
from base64 import b64decode

from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.soap import ItemError


def check_key(
    mailbox: Mailbox, item: Item, key: str | None, *, stale: str = "ErrorStaleObject", required: bool = False
) -> None:
    """Raise ItemError with the code `stale` for a key that is not the current one; without one when it is required."""
    if not key:
        if required:
            raise ItemError("ErrorChangeKeyRequiredForWriteOperations", "The change key is required.")
        return
    if key == item.change_key:
        return
    try:
        known = mailbox.guid.bytes in b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        known = False
    if not known:
        raise ItemError("ErrorInvalidChangeKey", "The change key is invalid.")
    raise ItemError(stale, "The change key is not the current one.")

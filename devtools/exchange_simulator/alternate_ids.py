"""The formats of ids that ConvertId knows (PROTOCOL 8), each a reversible writing of the same bytes.

Only EwsId is laid out as elsewhere in the simulator; the others are opaque to clients too, so what counts is that each
is distinct, that MAPI's is binary in base64 or hexadecimal, that OWA's is safe in a URL, and that all lead back.
"""

import binascii
from base64 import b64decode, b64encode
from urllib.parse import quote, unquote

from devtools.exchange_simulator.identifiers import Identifier, MalformedId, read_id

_HEADS = {
    "EwsLegacyId": b"\x00\x15",
    "EntryId": b"\x00\x00\x00\x00",
    "HexEntryId": b"\x00\x00\x00\x00",
    "StoreId": b"\x04",
}


def read_alternate(format_: str, value: str) -> tuple[Identifier, str]:
    """Read an id of any format; gives what it names and its EwsId. Raises MalformedId."""
    try:
        ews_id = _ews_id(format_, value)
    except (binascii.Error, ValueError) as error:
        raise MalformedId(value) from error
    return read_id(ews_id), ews_id


def _ews_id(format_: str, value: str) -> str:
    if format_ == "EwsId":
        return value
    if format_ == "OwaId":
        return unquote(value)
    head = _HEADS[format_]
    raw = bytes.fromhex(value) if format_ == "HexEntryId" else b64decode(value, validate=True)
    if not raw.startswith(head):
        raise MalformedId(value)
    return b64encode(raw.removeprefix(head)).decode()


def write_alternate(format_: str, ews_id: str) -> str:
    """Write an EwsId in another format."""
    if format_ == "EwsId":
        return ews_id
    if format_ == "OwaId":
        return quote(ews_id, safe="")
    raw = _HEADS[format_] + b64decode(ews_id)
    return raw.hex().upper() if format_ == "HexEntryId" else b64encode(raw).decode()

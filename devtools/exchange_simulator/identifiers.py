"""Ids as Exchange gives them: long, opaque, case-sensitive base64 with `/` and `+` (PROTOCOL 8).

An id names its mailbox and a number that the mailbox never uses twice. The counter stands near the end, so ids of
one mailbox differ in few characters and some pairs differ in case alone, as real ones do.
"""

import binascii
import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

_MARK = {"item": b"\x00\x03\x24", "folder": b"\x00\x03\x25", "attachment": b"\x00\x03\x27"}
_KIND = {mark: kind for kind, mark in _MARK.items()}
_BODY = 57
_CHANGE_KEY_HEAD = b"\x09\x00\x00\x00\x16\x00\x00\x00"


@dataclass(frozen=True, slots=True)
class Identifier:
    """What an id string says; `path` is the attachment's position, one number per level of nesting."""

    kind: str
    mailbox: UUID
    number: int
    path: tuple[int, ...] = ()


class MalformedId(ValueError):
    """The string is no id of this server (ErrorInvalidIdMalformed)."""


@lru_cache(maxsize=4096)
def _store(mailbox: UUID) -> bytes:
    """Bytes that stand for the mailbox's store; `//++` is always among them."""
    return b"\x00\x46\x00\x00\x00\x00\x00\xff\xff\xfb\xef\xbe" + hashlib.sha384(mailbox.bytes).digest()[: _BODY - 12]


def write_id(kind: str, mailbox: UUID, number: int, path: tuple[int, ...] = ()) -> str:
    """Mint the id of an item, folder or attachment; always the same string for the same thing."""
    body = _MARK[kind] + str(mailbox).encode() + _store(mailbox) + number.to_bytes(9) + b"\x00\x00\x00"
    return b64encode(body + b"".join(step.to_bytes(3) for step in path)).decode()


def read_id(value: str) -> Identifier:
    """Read an id back. Raises MalformedId for anything that this server did not write."""
    try:
        raw = b64decode(value, validate=True)
        kind = _KIND[raw[:3]]
        mailbox = UUID(raw[3:39].decode("ascii"))
    except (binascii.Error, KeyError, ValueError) as error:
        raise MalformedId(value) from error
    rest = raw[39 + _BODY :]
    if raw[39 : 39 + _BODY] != _store(mailbox) or len(rest) < 12 or len(rest) % 3:
        raise MalformedId(value)
    path = tuple(int.from_bytes(rest[at : at + 3]) for at in range(12, len(rest), 3))
    return Identifier(kind, mailbox, int.from_bytes(rest[:9]), path)


def change_key(mailbox: UUID, change: int) -> str:
    """Mint the ChangeKey for the state of an item after a change."""
    return b64encode(_CHANGE_KEY_HEAD + mailbox.bytes + change.to_bytes(6)).decode()


def watermark(mailbox: UUID, number: int, ping: int = 0) -> str:
    """Mint the watermark of an event, or of the n-th status event after it (PROTOCOL 4.6)."""
    return b64encode(b"\x01\x00\x00\x00" + mailbox.bytes + number.to_bytes(6) + ping.to_bytes(4)).decode()


def read_watermark(value: str, mailbox: UUID) -> int:
    """Give the event number of a watermark. Raises ValueError when it was never issued for this mailbox."""
    try:
        raw = b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(value) from error
    if len(raw) != 30 or raw[:20] != b"\x01\x00\x00\x00" + mailbox.bytes:
        raise ValueError(value)
    return int.from_bytes(raw[20:26])

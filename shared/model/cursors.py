"""Cursors: a place in a list or feed, opaque to who holds it and valid for good. DESIGN 8.

A cursor names its list by a short hash, so that one of another list is refused rather than misread.
"""

import base64
import binascii
import hashlib
import re

from shared.errors import Invalid

_PART = re.compile(r"[A-Za-z0-9._@-]{1,128}")
"""What keys are made of: a forged cursor can name nothing else."""


def write_cursor(scope: str, *parts: str | int) -> str:
    """The cursor of a place; `scope` is the list's own name."""
    text = "/".join([_mark(scope), *(str(part) for part in parts)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(scope: str, cursor: str, *, parts: int) -> list[str]:
    """The parts that `write_cursor` was given. Raises Invalid("cursor-invalid")."""
    try:
        text = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise Invalid("cursor-invalid", "it is not one of ours") from error
    mark, *found = text.split("/")
    if mark != _mark(scope) or len(found) != parts or not all(_PART.fullmatch(part) for part in found):
        raise Invalid("cursor-invalid", "it belongs to another list")
    return found


def read_numbers(scope: str, cursor: str, *, parts: int) -> list[int]:
    """The same where every part is a number."""
    found = read_cursor(scope, cursor, parts=parts)
    if not all(part.isascii() and part.isdigit() and len(part) <= 12 for part in found):
        raise Invalid("cursor-invalid", "it is not one of ours")
    return [int(part) for part in found]


def _mark(scope: str) -> str:
    return base64.b32hexencode(hashlib.sha256(scope.encode()).digest()[:5]).decode().lower()

"""Which folders a wish is about, as its row keeps it: those that notifications named, or all. DESIGN 4, step 2.

A hint saves work and decides nothing: where it is missing, odd or too long, all folders are looked at.
"""

from collections.abc import Mapping

from shared.ports import Value

type Where = frozenset[str] | None
"""Folder ids; None: anywhere."""

_COLUMN = "folders"
_MOST, _LONGEST = 8, 512


def folders_column(where: Where) -> dict[str, Value]:
    """The column of the wish. A column cannot be taken out of a row by a merge, so "anywhere" is an empty text."""
    named = where is not None and len(where) <= _MOST and all(map(_is_id, where))
    return {_COLUMN: " ".join(sorted(where)) if where and named else ""}


def folders_of(wish: Mapping[str, Value]) -> Where:
    """What the column says; a wish without one is about all folders."""
    return frozenset(str(wish.get(_COLUMN, "")).split()) or None


def widened(one: Where, other: Where) -> Where:
    """Both together."""
    return None if one is None or other is None else one | other


def _is_id(folder: str) -> bool:
    return 0 < len(folder) <= _LONGEST and folder.isascii() and not any(map(str.isspace, folder))

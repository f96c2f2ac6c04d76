"""The history of the settings: who changed what, when, from what to what. One entry for each change, newest first.

The entries are rows beside the document, in its partition, so that both are one transaction. The latest KEPT are kept.
Secrets are never settings, so none can be here; what looks like one in a URL is left out all the same.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.errors import Conflict, Unclear
from shared.flows.documents import pack, unpack
from shared.flows.reading import Listed
from shared.model.configuration import flatten
from shared.model.cursors import read_numbers, write_cursor
from shared.model.email import timestamp
from shared.ports import Delete, Insert, Row, Rows

TABLE = "configuration"
PARTITION = "settings"
KEPT = 1000
ENTRY = "history-"
"""What the keys of the entries begin with."""
_AFTER_ALL = "history."
_LAST = 10**10 - 1
_SCOPE = "settings/history"
_TRIMMED_AT_ONCE = 100


def entry(number: int, before: Mapping[str, Any], after: Mapping[str, Any], *, by: str, at: datetime) -> Insert:
    """The row of one change. `number` counts them from 1."""
    return Insert(_key(number), {"number": number, "at": at, "by": by, "changes": pack(changes(before, after))})


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What differs between two documents, setting by setting; None stands for a setting that is not in it."""
    old, new = flatten(before), flatten(after)
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return [{"setting": name, "from": _shown(old.get(name)), "to": _shown(new.get(name))} for name in names]


async def list_history(rows: Rows, *, limit: int, after: str = "") -> Listed:
    """The changes, newest first. Raises Invalid("cursor-invalid")."""
    place = _key(read_numbers(_SCOPE, after, parts=1)[0]) if after else ""
    page = await rows.query(TABLE, PARTITION, first=ENTRY, before=_AFTER_ALL, after=place, limit=limit)
    items = [_entry(row) for row in page.rows]
    return Listed(items, write_cursor(_SCOPE, items[-1]["number"]) if page.next and items else None)


async def trim(rows: Rows, number: int) -> None:
    """Drop what is older than the latest KEPT of `number` changes. What somebody else drops is dropped."""
    if number <= KEPT:
        return
    page = await rows.query(
        TABLE, PARTITION, first=_key(number - KEPT), before=_AFTER_ALL, limit=_TRIMMED_AT_ONCE, columns=("number",)
    )
    if page.rows:
        try:
            await rows.transact(TABLE, PARTITION, [Delete(row.key) for row in page.rows])
        except (Conflict, Unclear):
            return  # the next change trims again


def _key(number: int) -> str:
    return f"{ENTRY}{_LAST - number:010d}"


def _entry(row: Row) -> dict[str, Any]:
    at, changed = row.values["at"], unpack(row.values["changes"])
    assert isinstance(at, datetime)
    return {"number": row.values["number"], "at": timestamp(at), "by": row.values["by"], "changes": changed}


def _shown(value: Any) -> Any:
    return re.sub(r"(?<=://)[^/@\s]*@", "", value) if isinstance(value, str) else value

"""What the application reads of a collection: lists, items and the change feed. DESIGN 4.1 and 8.

What belongs to a page that is not finished is hidden: the head is read first, then only what is not above its page.
An item is the current one, always; the feed says when it changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import Invalid
from shared.flows.documents import fetch, unpack
from shared.flows.email.stored import FEED, ITEM, feed_key, item_key
from shared.flows.head import HEAD, TABLE, head_of
from shared.flows.side_by_side import side_by_side
from shared.model.cursors import read_cursor, read_numbers, write_cursor
from shared.model.email import timestamp
from shared.model.keys import collection_key
from shared.model.operator import Kind, Operator
from shared.ports import Row, World

MOST = 200
_FIRST_ROWS, _MORE_ROWS = 8, 50
"""Rows of the feed to read at once: after a backfill each has a hundred entries, on a quiet day one."""
_AFTER_ALL = "~"
_DIGITS = frozenset("0123456789abcdefghijklmnopqrstuv")
_WITHOUT_BODY = (
    "born",
    "at",
    "folder_id",
    "folder",
    "is_read",
    "gone",
    "gone_at",
    "facts",
    "facts_ref",
    "files",
    "files_ref",
)


@dataclass(frozen=True, slots=True)
class View:
    """A collection as far as it is finished: its last page, and the paths of its folders as they are now."""

    world: World
    key: str
    page: int
    paths: Mapping[str, str]

    def shows(self, row: Row) -> bool:
        """Whether the item's first page is finished."""
        return int(str(row.values["born"])) <= self.page


@dataclass(frozen=True, slots=True)
class Listed:
    """Documents in order. `next` continues; None when there is no more."""

    items: list[dict[str, Any]]
    next: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Entries of the feed in order. `next` continues, also when nothing is new yet."""

    changes: list[dict[str, Any]]
    next: str


async def view(world: World, operator: Operator, kind: Kind) -> View:
    """What is finished of a collection just now; nothing, where it was never synchronised."""
    key = collection_key(operator.mailbox_key, kind)
    row = await world.rows.get(TABLE, key, HEAD)
    if row is None:
        return View(world, key, 0, {})
    head = await head_of(row, world.blobs)
    return View(world, key, head.page, {folder.id: folder.path for folder in head.states.folders})


async def list_items(
    world: World, operator: Operator, kind: Kind, *, limit: int = 100, after: str = "", with_body: bool = False
) -> Listed:
    """Items, newest first, at most `limit` (MOST). Raises Invalid("cursor-invalid")."""
    seen = await view(world, operator, kind)
    scope = f"{seen.key}/items"
    place = item_key(read_cursor(scope, after, parts=1)[0]) if after else ""
    rows = await _visible(seen, place, limit + 1, with_body=with_body)
    items = await side_by_side(lambda row: document(seen, row, with_body=with_body), rows[:limit])
    return Listed(items, write_cursor(scope, items[-1]["item_id"]) if len(rows) > limit else None)


async def _visible(seen: View, after: str, count: int, *, with_body: bool) -> list[Row]:
    """The next rows of finished items; pages of storage may be short."""
    columns = () if with_body else _WITHOUT_BODY
    found: list[Row] = []
    more = True
    while more and len(found) < count:
        page = await seen.world.rows.query(
            TABLE,
            seen.key,
            first=ITEM,
            before=ITEM + _AFTER_ALL,
            after=after,
            limit=count - len(found),
            columns=columns,
        )
        found += [row for row in page.rows if seen.shows(row)]
        after, more = page.next, bool(page.next)
    return found


async def item_row(seen: View, item_id: str) -> Row:
    """The row of a finished item. Raises Invalid("item-unknown")."""
    row = await _find_row(seen, item_id)
    if row is None:
        raise Invalid("item-unknown", f"there is no item {item_id[:64]}")
    return row


async def _find_row(seen: View, item_id: str) -> Row | None:
    if not item_id or not _DIGITS.issuperset(item_id) or len(item_id) > 64:
        return None
    row = await seen.world.rows.get(TABLE, seen.key, item_key(item_id))
    return row if row is not None and seen.shows(row) else None


async def one_item(world: World, operator: Operator, kind: Kind, item_id: str) -> dict[str, Any]:
    """One item with its bodies. Raises Invalid("item-unknown")."""
    seen = await view(world, operator, kind)
    return await document(seen, await item_row(seen, item_id), with_body=True)


async def document(seen: View, row: Row, *, with_body: bool) -> dict[str, Any]:
    """An item as the application reads it."""
    blobs, values = seen.world.blobs, row.values
    facts: dict[str, Any] = await fetch(blobs, values, "facts")
    files: Sequence[dict[str, Any]] = await fetch(blobs, values, "files") or []
    body: dict[str, Any] = await fetch(blobs, values, "body") if with_body else {}
    return {
        "item_id": row.key.removeprefix(ITEM),
        **facts,
        "folder": seen.paths.get(str(values["folder_id"]), values.get("folder", "")),
        "is_read": values["is_read"],
        "gone": values.get("gone") or None,
        "gone_at": _time(values.get("gone_at")),
        "changed_at": _time(values.get("at")),
        "attachments": [attachment(file) for file in files],
        **body,
    }


def attachment(file: Mapping[str, Any]) -> dict[str, Any]:
    """What the application reads of an attachment. `stored`: its content is here, not only in Exchange."""
    shown = ("n", "name", "kind", "content_type", "size", "is_inline", "content_id", "url")
    facts = {name: file[name] for name in shown}
    return {**facts, "url": file["url"] or None, "stored": bool(file["blob"]), "failure": file["failure"]}


async def changes(
    world: World, operator: Operator, kind: Kind, *, limit: int = 100, after: str = "", with_body: bool = False
) -> Changes:
    """The feed after a cursor (from the beginning without one), at most `limit` entries (MOST).

    An entry's `item` is the item as it is now; null once it is not held any more. Raises Invalid("cursor-invalid").
    """
    seen = await view(world, operator, kind)
    scope = feed_scope(seen.key)
    place = read_numbers(scope, after, parts=3) if after else [0, 0, 0]
    entries, end = await _entries(seen, place, limit)
    names = list(dict.fromkeys(item_id for _, (_, item_id, _) in entries))
    rows = await side_by_side(lambda item_id: _find_row(seen, item_id), names)
    found = [row for row in rows if row is not None]
    documents = await side_by_side(lambda row: document(seen, row, with_body=with_body), found)
    items = {item["item_id"]: item for item in documents}
    listed = [
        {
            "cursor": write_cursor(scope, *position),
            "type": change,
            "kind": kind.value,
            "item_id": item_id,
            "at": at,
            "item": items.get(item_id),
        }
        for position, (change, item_id, at) in entries
    ]
    return Changes(listed, write_cursor(scope, *end))


def feed_scope(key: str) -> str:
    """The name by which a collection's feed is known to its cursors."""
    return f"{key}/changes"


type _Position = tuple[int, int, int]
"""Page, step, and how many entries of that transaction were read."""


async def _entries(
    seen: View, place: Sequence[int], limit: int
) -> tuple[list[tuple[_Position, tuple[str, str, str]]], _Position]:
    """The next entries of finished pages, each with the position after it, and the position to go on from.

    After the last entry that is the beginning of the next page, since a finished page gets no more entries: who asks again
    before there is one costs a read of the head and no query.
    """
    page, step, done = place
    found: list[tuple[_Position, tuple[str, str, str]]] = []
    first, before = feed_key(page, step), f"{FEED}{seen.page + 1:012d}"
    after, more, count = "", first < before, _FIRST_ROWS
    while more and len(found) < limit:
        rows = await seen.world.rows.query(TABLE, seen.key, first=first, before=before, after=after, limit=count)
        count = _MORE_ROWS
        for row in rows.rows:
            where = _where(row.key)
            skipped = done if where == (page, step) else 0
            listed = unpack(row.values["changes"])
            found += [
                ((*where, number), (change, item_id, at))
                for number, (change, item_id, at) in enumerate(listed, 1)
                if number > skipped
            ]
        after, more = rows.next, bool(rows.next)
    if more or len(found) > limit:
        return found[:limit], found[limit - 1][0]
    return found, max((page, step, done), (seen.page + 1, 0, 0))


def _where(key: str) -> tuple[int, int]:
    page, _, step = key.removeprefix(FEED).partition("-")
    return int(page), int(step)


def _time(value: Any) -> str | None:
    return timestamp(value) if value else None

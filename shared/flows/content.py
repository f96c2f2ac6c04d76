"""The contents of an item: an attachment or the message as RFC 5322, stored already or fetched when asked for.

What is fetched is streamed into a blob, so that nothing large is ever in memory as a whole, and named in a row
`o-{item_id}-{part}`; repeated questions and ranges are answered from there for an hour. DESIGN 4.1 and 8.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.errors import Invalid, Permanent, Unclear
from shared.flows.documents import fetch, on_demand_prefix
from shared.flows.email.stored import ON_DEMAND
from shared.flows.head import TABLE
from shared.flows.reading import View, item_row, view
from shared.flows.whereabouts import mailbox_of
from shared.model.email import AttachmentKind
from shared.model.operator import Kind, Operator
from shared.ports import Row, Upsert, World

SLICE = 8 * 1024 * 1024
"""The most that one answer holds."""
LINK_ABOVE = 4 * 1024 * 1024
"""Larger contents are answered with a link to storage, where it gives one."""
LINK_LASTS = timedelta(minutes=5)
_FRESH = timedelta(hours=1)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,64}/[A-Za-z0-9!#$&^_.+-]{1,64}")


@dataclass(frozen=True, slots=True)
class Content:
    """A content in storage. `link`: a URL that leads to it for LINK_LASTS, where it is large and storage gives one."""

    file_name: str
    content_type: str
    size: int
    blob: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An attachment that is only a link to a file in the cloud."""

    file_name: str
    url: str


async def attachment_content(world: World, operator: Operator, kind: Kind, item_id: str, n: int) -> Content | Elsewhere:
    """An attachment's content. Raises Invalid("item-unknown", "attachment-unknown", "kind-off"), Permanent("item-gone")."""
    seen = await view(world, operator, kind)
    row = await item_row(seen, item_id)
    files = await fetch(world.blobs, row.values, "files") or []
    file = next((file for file in files if file["n"] == n), None)
    if file is None:
        raise Invalid("attachment-unknown", f"the item has {len(files)} attachments, numbered from 0")
    name = file["name"] or f"attachment-{n}"
    if file["kind"] == AttachmentKind.REFERENCE:
        return Elsewhere(name, file["url"])
    if file["kind"] == AttachmentKind.ITEM:
        name, file = f"{name}.eml", {**file, "content_type": "message/rfc822"}
    if file["blob"]:
        blob, size = file["blob"], file["stored_size"]
    else:
        chunks = world.exchange.attachment(await mailbox_of(world, operator), file["exchange_id"])
        blob, size = await _fetched(seen, operator, kind, f"{item_id}-{n}", file["exchange_id"], chunks)
    return await _content(world, name, file["content_type"], blob, size)


async def mime_content(world: World, operator: Operator, kind: Kind, item_id: str) -> Content:
    """An item as RFC 5322, from Exchange. Raises Permanent("item-gone") once it is not there any more."""
    seen = await view(world, operator, kind)
    row = await item_row(seen, item_id)
    if row.values.get("gone"):
        raise Permanent("item-gone", "the mail is not in the mailbox any more")
    exchange_id = str(row.values["exchange_id"])
    version = f"{exchange_id} {row.values.get('change_key', '')!s}"
    chunks = world.exchange.mime(await mailbox_of(world, operator), exchange_id)
    blob, size = await _fetched(seen, operator, kind, f"{item_id}-mime", version, chunks)
    return await _content(world, f"{item_id}.eml", "message/rfc822", blob, size)


async def read_slice(world: World, content: Content, first: int, length: int) -> bytes:
    """A part of a content, SLICE at most."""
    return b"".join([piece async for piece in world.blobs.stream(content.blob, first=first, length=length)])


async def _fetched(
    seen: View, operator: Operator, kind: Kind, part: str, version: str, chunks: AsyncIterator[bytes]
) -> tuple[str, int]:
    """Fetch a content into a blob, unless it was a moment ago: the blob's name and size."""
    world, key = seen.world, f"{ON_DEMAND}{part}"
    row = await world.rows.get(TABLE, seen.key, key)
    if row is not None and _is_fresh(row, version, world.now()):
        return str(row.values["blob"]), int(str(row.values["size"]))
    if not operator.flag(kind):
        raise Invalid("kind-off", f"only what is stored can be read while {kind} is off for this operator")
    blob, size = await world.blobs.put_stream(on_demand_prefix(seen.key), chunks)
    columns: dict[str, Any] = {"blob": blob, "size": size, "version": version, "at": world.now()}
    try:
        await world.rows.transact(TABLE, seen.key, [Upsert(key, columns)])
    except Unclear:
        return blob, size  # only a later question would have saved a fetch by it
    return blob, size


def _is_fresh(row: Row, version: str, now: datetime) -> bool:
    at = row.values["at"]
    return row.values["version"] == version and isinstance(at, datetime) and now - at < _FRESH


async def _content(world: World, name: str, content_type: str, blob: str, size: int) -> Content:
    link, content_type = None, media_type(content_type)
    if size > LINK_ABOVE:
        until = world.now() + LINK_LASTS
        link = await world.blobs.link(blob, until=until, content_type=content_type, file_name=name)
    return Content(name, content_type, size, blob, link)


def media_type(given: str) -> str:
    """The content type without parameters, where it is one at all."""
    name = given.partition(";")[0].strip()
    return name.lower() if _MEDIA_TYPE.fullmatch(name) else "application/octet-stream"

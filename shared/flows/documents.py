"""Documents in rows: compressed JSON, in the row up to 24 KiB, else in a blob named by its content. DESIGN 4.1.

A document `facts` of a row is the column `facts` (bytes) or the column `facts_ref` (the blob's name). Blobs are
written before the row that names them and are never overwritten.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import Any

from shared.errors import Permanent
from shared.ports import Blobs, Value

INLINE_LIMIT = 24 * 1024


def pack(document: object) -> bytes:
    """Write a JSON value small."""
    return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"), 6)


def unpack(packed: Value) -> Any:
    """Read what `pack` wrote, out of a column or a blob."""
    assert isinstance(packed, bytes)
    return json.loads(zlib.decompress(packed))


async def store_apart(blobs: Blobs, collection: str, document: object) -> str:
    """Write a document as a blob whatever its size; the blob's name."""
    packed = pack(document)
    blob = f"{blob_prefix(collection)}{hashlib.sha256(packed).hexdigest()}"
    await blobs.put(blob, packed)
    return blob


async def fetch_apart(blobs: Blobs, name: str) -> Any:
    """Read what `store_apart` wrote. Raises Permanent("content-missing") for a lost blob."""
    packed = await blobs.get(name)
    if packed is None:
        raise Permanent("content-missing", f"blob {name} is gone")
    return unpack(packed)


async def place(blobs: Blobs, collection: str, name: str, document: object) -> dict[str, Value]:
    """The columns that hold a document, with its blob written where it is too large for the row."""
    packed = pack(document)
    if len(packed) <= INLINE_LIMIT:
        return {name: packed}
    return {f"{name}_ref": await store_apart(blobs, collection, document)}


async def fetch(blobs: Blobs, values: Mapping[str, Value], name: str) -> Any:
    """Read a row's document; None where the row has none. Raises Permanent("content-missing") for a lost blob."""
    inline = values.get(name)
    if isinstance(inline, bytes):
        return unpack(inline)
    reference = values.get(f"{name}_ref")
    if not isinstance(reference, str):
        return None
    return await fetch_apart(blobs, reference)


def blob_prefix(collection: str) -> str:
    """Where a collection's blobs are: the mailbox key, then the kind."""
    mailbox, _, kind = collection.partition("-")
    return f"{mailbox}/{kind}/"


def on_demand_prefix(collection: str) -> str:
    """Where contents are that were fetched because somebody asked; swept when they are a day old."""
    return f"{collection.partition('-')[0]}/ondemand/"

"""Blobs in memory: the twin of `shared/adapters/blobs.py`."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import UTC, datetime

from shared.errors import Permanent
from shared.ports import BlobInfo

PIECE = 64 * 1024


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryBlobs:
    """The port `Blobs`; `clock` gives the times of writing. There are no links."""

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._contents: dict[str, bytes] = {}
        self._modified: dict[str, datetime] = {}

    async def put(self, name: str, content: bytes) -> None:
        """Write a blob, or mark the one that is there as just written."""
        await self._count("puts")
        self._contents.setdefault(name, content)
        self._modified[name] = self._clock()

    async def put_stream(self, prefix: str, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Write a stream under `prefix` and the SHA-256 of its content."""
        content = b"".join([chunk async for chunk in chunks])
        name = prefix + hashlib.sha256(content).hexdigest()
        await self.put(name, content)
        return name, len(content)

    async def get(self, name: str) -> bytes | None:
        """Read a whole blob."""
        await self._count("gets")
        return self._contents.get(name)

    async def stream(self, name: str, *, first: int = 0, length: int | None = None) -> AsyncGenerator[bytes]:
        """Read a blob, or a range of it, in pieces."""
        await self._count("gets")
        if name not in self._contents:
            raise Permanent("content-missing", name)
        wanted = self._contents[name][first : None if length is None else first + length]
        for start in range(0, len(wanted), PIECE):
            yield wanted[start : start + PIECE]

    async def link(self, name: str, *, until: datetime, content_type: str, file_name: str) -> str | None:  # noqa: ARG002
        """None: memory has no address."""
        return None

    async def names(self, prefix: str) -> AsyncGenerator[BlobInfo]:
        """All blobs whose name begins with `prefix`, by name."""
        await self._count("lists")
        for name in sorted(self._contents):
            if name.startswith(prefix) and name in self._contents:
                yield BlobInfo(name, len(self._contents[name]), self._modified[name])

    async def delete(self, name: str) -> None:
        """Remove a blob, if it is there."""
        await self._count("deletes")
        self._contents.pop(name, None)
        self._modified.pop(name, None)

    async def _count(self, what: str) -> None:
        self.counts[what] += 1
        await asyncio.sleep(0)  # as storage would, let other workers in

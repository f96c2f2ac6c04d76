"""The contract of `Blobs`, on memory and on Azurite."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import psutil
import pytest

from shared.adapters.blobs import StorageBlobs
from shared.adapters.memory.blobs import MemoryBlobs
from shared.adapters.storage import StorageAccount
from shared.errors import Permanent
from shared.ports import BlobInfo, Blobs

MEBIBYTE = 1024 * 1024


@pytest.fixture(params=["memory", "azurite"])
def blobs(request: pytest.FixtureRequest) -> Blobs:
    """The port over a container that only this test uses, and that is not there yet."""
    return MemoryBlobs() if request.param == "memory" else request.getfixturevalue("stored")


@pytest.fixture
def stored(storage_account: StorageAccount) -> StorageBlobs:
    return StorageBlobs(storage_account, container=f"c{uuid4().hex}")


async def _pieces(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _read(blobs: Blobs, name: str, *, first: int = 0, length: int | None = None) -> bytes:
    return b"".join([piece async for piece in blobs.stream(name, first=first, length=length)])


async def _listed(blobs: Blobs, prefix: str) -> list[BlobInfo]:
    return [info async for info in blobs.names(prefix)]


async def _written_later_than(blobs: Blobs, name: str, moment: datetime) -> bool:
    """Write again until the storage's clock has moved on: its times are whole seconds."""
    while (await _listed(blobs, name))[0].modified <= moment:
        await blobs.put(name, b"other")
        await asyncio.sleep(0.05)
    return True


async def test_a_blob_comes_back_as_it_was(blobs: Blobs) -> None:
    await blobs.put("body/1", b"\x00content\xff")
    assert await blobs.get("body/1") == b"\x00content\xff"
    assert await _read(blobs, "body/1") == b"\x00content\xff"


async def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    await blobs.put("empty", b"")
    assert await blobs.get("empty") == b""
    assert await _read(blobs, "empty") == b""


async def test_a_name_is_never_overwritten(blobs: Blobs) -> None:
    await blobs.put("body/1", b"first")
    await blobs.put("body/1", b"other")
    assert await blobs.get("body/1") == b"first"


async def test_writing_a_name_again_makes_it_new_for_the_sweep(blobs: Blobs) -> None:
    await blobs.put("body/1", b"first")
    (before,) = await _listed(blobs, "body/")
    assert await _written_later_than(blobs, "body/1", before.modified)
    assert await blobs.get("body/1") == b"first"


async def test_what_was_never_written_is_missing(blobs: Blobs) -> None:
    assert await blobs.get("nothing") is None
    assert await _listed(blobs, "") == []
    with pytest.raises(Permanent) as missing:
        await _read(blobs, "nothing")
    assert missing.value.code == "content-missing"


@pytest.mark.parametrize(
    ("first", "length", "expected"),
    [
        (0, 4, b"0123"),
        (3, None, b"3456789"),
        (3, 2, b"34"),
        (8, 100, b"89"),
        (10, None, b""),
        (99, 5, b""),
        (2, 0, b""),
    ],
)
async def test_a_range_is_read_by_offset_and_length(
    blobs: Blobs, first: int, length: int | None, expected: bytes
) -> None:
    await blobs.put("digits", b"0123456789")
    assert await _read(blobs, "digits", first=first, length=length) == expected


@pytest.mark.parametrize("sizes", [[], [5], [3, 0, 4], [MEBIBYTE] * 9], ids=["empty", "one", "some", "nine mebibytes"])
async def test_a_stream_is_named_by_its_content(blobs: Blobs, sizes: list[int]) -> None:
    content = b"".join(bytes([n]) * size for n, size in enumerate(sizes))
    expected = ("attachment/" + hashlib.sha256(content).hexdigest(), len(content))
    for _ in range(2):
        assert await blobs.put_stream("attachment/", _pieces(bytes([n]) * s for n, s in enumerate(sizes))) == expected
    assert await _read(blobs, expected[0]) == content


async def test_a_stream_that_breaks_leaves_nothing(blobs: Blobs) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await blobs.put_stream("attachment/", broken())
    assert await _listed(blobs, "") == []


async def test_names_are_listed_by_prefix_with_size_and_time(blobs: Blobs) -> None:
    started = datetime.now(UTC) - timedelta(minutes=1)
    for name in ("body/2", "body/1", "mime/1"):
        await blobs.put(name, name.encode())
    found = await _listed(blobs, "body/")
    assert [(info.name, info.size) for info in found] == [("body/1", 6), ("body/2", 6)]
    assert all(started < info.modified < datetime.now(UTC) + timedelta(minutes=1) for info in found)


async def test_a_deleted_blob_is_gone_and_deleting_again_is_no_error(blobs: Blobs) -> None:
    await blobs.delete("body/1")
    await blobs.put("body/1", b"content")
    await blobs.delete("body/1")
    await blobs.delete("body/1")
    assert await blobs.get("body/1") is None


async def test_memory_has_no_links() -> None:
    blobs = MemoryBlobs()
    await blobs.put("a", b"content")
    until = datetime.now(UTC) + timedelta(minutes=5)
    assert await blobs.link("a", until=until, content_type="text/plain", file_name="a.txt") is None


async def test_a_link_downloads_the_blob_as_a_file_until_it_ends(stored: StorageBlobs) -> None:
    await stored.put("attachment/1", b"%PDF")
    now = datetime.now(UTC)
    name = 'Angebot "Müller";\r\n.pdf'
    live = await stored.link(
        "attachment/1", until=now + timedelta(minutes=5), content_type="application/pdf", file_name=name
    )
    ended = await stored.link("attachment/1", until=now - timedelta(minutes=5), content_type="x/y", file_name="x")
    async with httpx.AsyncClient() as client:
        answer = await client.get(str(live))
        refused = await client.get(str(ended))
    assert (answer.status_code, answer.content, refused.status_code) == (200, b"%PDF", 403)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''Angebot%20%22M%C3%BCller%22%3B%0D%0A.pdf"
    )


async def test_a_hundred_megabytes_pass_in_flat_memory(stored: StorageBlobs) -> None:
    process = psutil.Process()
    await stored.put("warm", b"up")
    before, most = process.memory_info().rss, 0

    async def large() -> AsyncIterator[bytes]:
        for n in range(100):
            yield n.to_bytes(1) * MEBIBYTE

    name, size = await stored.put_stream("attachment/", large())
    most = process.memory_info().rss
    read = 0
    async for piece in stored.stream(name):
        read += len(piece)
        most = max(most, process.memory_info().rss)
    assert size == read == 100 * MEBIBYTE
    assert most - before < 50 * MEBIBYTE

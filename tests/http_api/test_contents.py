"""Attachments over HTTP: whole, by range, by link; as a download that no browser runs."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from http_api.contents import disposition
from shared.adapters.memory.blobs import MemoryBlobs
from shared.flows.content import SLICE
from shared.model.email import AttachmentKind
from tests.flows.office import Office, attachment
from tests.http_api.client import calling

SMALL, LARGE = b"0123456789", bytes(range(256)) * (40 * 1024)
"""10 bytes, and 10 MiB: more than one slice."""


class LinkingBlobs(MemoryBlobs):
    """Storage that gives links."""

    async def link(self, name: str, *, until: datetime, content_type: str, file_name: str) -> str | None:
        return f"https://storage.example/{name}?until={until.isoformat()}&type={content_type}&name={file_name}"


async def office_with_files(blobs: MemoryBlobs | None = None) -> tuple[Office, str]:
    """Alice's office with one mail, and the address of its attachments."""
    office = Office(blobs=blobs)
    cloud = replace(attachment("plan.docx", 1), kind=AttachmentKind.REFERENCE, url="https://files.contoso.example/plan")
    page = replace(attachment("Übersicht.html", 10), content_type="text/html; charset=utf-8")
    files = (attachment("small.txt", 10), attachment("large.bin", 10 * 2**20), cloud, page)
    office.deliver(attachments=files, contents=(SMALL, LARGE, b"", SMALL))
    await office.open()
    await office.settle()
    async with calling(office) as client:
        listed = (await client.get("/api/operators/alice/emails")).json()["items"]
    return office, f"/api/operators/alice/emails/{listed[0]['item_id']}"


async def get(office: Office, url: str, **headers: str) -> httpx.Response:
    async with calling(office) as client:
        return await client.get(url, headers=headers)


async def test_a_small_attachment_is_a_download_that_nobody_runs() -> None:
    office, email = await office_with_files()
    answer = await get(office, f"{email}/attachments/3")
    assert (answer.status_code, answer.content) == (200, SMALL)
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"_bersicht.html\"; filename*=UTF-8''%C3%9Cbersicht.html"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("wanted", "status", "content", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-30", 206, SMALL, "bytes 0-9/10"),
        ("bytes=8-100", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=5-4", 200, SMALL, None),
        ("bytes=0-1,3-4", 200, SMALL, None),
        ("lines=1-2", 200, SMALL, None),
    ],
)
async def test_a_range_is_answered_as_rfc_9110_says(
    wanted: str, status: int, content: bytes | None, content_range: str | None
) -> None:
    office, email = await office_with_files()
    answer = await get(office, f"{email}/attachments/0", Range=wanted)
    assert answer.status_code == status
    assert answer.headers.get("content-range") == content_range
    assert content is None or answer.content == content


async def test_a_large_attachment_without_a_link_comes_in_slices() -> None:
    office, email = await office_with_files()
    refused = await get(office, f"{email}/attachments/1")
    assert (refused.status_code, refused.json()["code"]) == (416, "range-required")
    assert refused.headers["content-range"] == f"bytes */{len(LARGE)}"
    first = await get(office, f"{email}/attachments/1", Range="bytes=0-")
    rest = await get(office, f"{email}/attachments/1", Range=f"bytes={SLICE}-")
    assert (first.status_code, len(first.content)) == (206, SLICE)
    assert first.content + rest.content == LARGE


async def test_a_large_attachment_is_a_link_where_storage_gives_one() -> None:
    office, email = await office_with_files(LinkingBlobs())
    answer = await get(office, f"{email}/attachments/1", Range="bytes=0-5")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("https://storage.example/")
    assert "until=2026-11-20T12:05:00" in answer.headers["location"]
    assert answer.headers["cache-control"] == "no-store"
    assert (await get(office, f"{email}/attachments/0")).content == SMALL


async def test_an_attachment_in_the_cloud_is_a_problem_that_names_its_url() -> None:
    office, email = await office_with_files()
    answer = await get(office, f"{email}/attachments/2")
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "attachment-elsewhere")
    assert problem["url"] == "https://files.contoso.example/plan"


async def test_mime_is_a_download_and_410_once_the_mail_is_gone() -> None:
    office, email = await office_with_files()
    answer = await get(office, f"{email}/mime")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "message/rfc822")
    (exchange_id,) = office.box.items
    office.box.delete(exchange_id, for_good=True)
    office.now += timedelta(hours=2)
    answer = await get(office, f"{email}/mime")
    assert (answer.status_code, answer.json()["code"]) == (410, "item-gone")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ('a"b;c.txt', "attachment; filename=\"a_b_c.txt\"; filename*=UTF-8''a%22b%3Bc.txt"),
        (
            "../../x\r\nSet-Cookie: a",
            "attachment; filename=\".._.._x__Set-Cookie: a\"; filename*=UTF-8''.._.._x__Set-Cookie%3A%20a",
        ),
        ("", "attachment; filename=\"attachment\"; filename*=UTF-8''attachment"),
        ("лист\ud800", "attachment; filename=\"_____\"; filename*=UTF-8''%D0%BB%D0%B8%D1%81%D1%82%3F"),
    ],
)
def test_no_file_name_breaks_out_of_its_header(name: str, header: str) -> None:
    assert disposition(name) == header

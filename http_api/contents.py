"""How a content is answered: whole, by Range, or by a link to storage; never in a way that a browser would run it."""

import re
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import RedirectResponse

from http_api.problems import problem
from shared.compose import World
from shared.flows.content import SLICE, Content, read_slice

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


async def answer_content(world: World, content: Content, wanted: str) -> Response:
    """Answer a content; `wanted` is the Range header, or empty. RFC 9110, section 14."""
    if content.link:
        return RedirectResponse(content.link, 302, {"Cache-Control": "no-store"})
    span = _span(wanted, content.size)
    size = {"Content-Range": f"bytes */{content.size}"}
    if span is None and content.size > SLICE:
        return problem("range-required", 416, f"the content has {content.size} bytes", headers=size)
    if span is not None and span[0] >= content.size:
        return problem("range-invalid", 416, f"the content has {content.size} bytes", headers=size)
    first, length = span or (0, content.size)
    body = await read_slice(world, content, first, length) if length else b""
    headers = _headers(content)
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{first + len(body) - 1}/{content.size}"
    return Response(body, 200 if span is None else 206, headers)


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """First byte and length, SLICE at most; None without a range, and for what we need not understand."""
    found = _RANGE.fullmatch(wanted.strip())
    if not found or found.groups() == ("", ""):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        return (size - length, min(length, SLICE)) if length else (size, 0)
    first = int(found[1])
    last = min(int(found[2]) if found[2] else size - 1, size - 1)
    if found[2] and int(found[2]) < first:
        return None
    return first, min(last - first + 1, SLICE)


def _headers(content: Content) -> dict[str, str]:
    return {
        "Content-Type": content.content_type,
        "Content-Disposition": disposition(content.file_name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Accept-Ranges": "bytes",
        "ETag": f'"{content.blob.rpartition("/")[2]}"',
    }


def disposition(file_name: str) -> str:
    """The header that makes it a download under its own name, in any script. RFC 6266 and RFC 5987."""
    name = re.sub(r"[\x00-\x1f\x7f/\\]", "_", file_name).strip() or "attachment"
    plain = re.sub(r"[^\x20-\x7e]|[\"%;]", "_", name)
    encoded = quote(name.encode("utf-8", "replace"), safe="!#$&+-.^_`|~")
    return f"attachment; filename=\"{plain[:150]}\"; filename*=UTF-8''{encoded}"

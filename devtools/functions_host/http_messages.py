"""aiohttp's requests and answers as the worker protocol's, and back, as the real host converts them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from aiohttp import web
from multidict import CIMultiDict

from . import protos

# The server frames the answer itself.
_FRAMING = {"content-length", "transfer-encoding", "connection"}


def to_rpc(request: web.Request, body: bytes, parameters: Mapping[str, str]) -> protos.TypedData:
    """The request as a function sees it. Repeated headers and query values are joined by commas, as in Azure."""
    url = request.rel_url
    http = protos.RpcHttp(
        method=request.method,
        url=f"{request.scheme}://{request.host}{url.raw_path_qs}",
        headers=_joined((name.lower(), value) for name, value in request.headers.items()),
        body=protos.TypedData(bytes=body),
        params=parameters,
        query=_joined(url.query.items()) if url.raw_query_string else {},
    )
    return protos.TypedData(http=http)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs:
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def to_response(answer: protos.TypedData | None) -> web.Response:
    """What a function returned as an HTTP answer; a plain text is one too, and nothing is 204."""
    if answer is None:
        return web.Response(status=204)
    if answer.kind != "http":
        return web.Response(body=_body(answer), content_type=_plain_type(answer))
    http: protos.RpcHttp = answer.value
    headers = CIMultiDict((name, value) for name, value in http.headers.items() if name.lower() not in _FRAMING)
    for cookie in http.cookies or ():
        headers.add("Set-Cookie", _set_cookie(cookie))
    return web.Response(status=int(http.status_code), headers=headers, body=_body(http.body))


def _body(data: protos.TypedData | None) -> bytes:
    if data is None:
        return b""
    return data.value if isinstance(data.value, bytes) else str(data.value).encode()


def _plain_type(answer: protos.TypedData) -> str:
    return {"json": "application/json", "bytes": "application/octet-stream"}.get(answer.kind, "text/plain")


def _set_cookie(cookie: protos.RpcHttpCookie) -> str:
    """One Set-Cookie header. ASP.NET escapes the value as a URI component."""
    parts = [f"{cookie.name}={quote(cookie.value, safe='')}"]
    if cookie.expires:
        moment = datetime.fromtimestamp(cookie.expires.value.seconds, UTC)
        parts.append(f"expires={format_datetime(moment, usegmt=True)}")
    if cookie.max_age:
        parts.append(f"max-age={int(cookie.max_age.value)}")
    for name, text in (("domain", cookie.domain), ("path", cookie.path)):
        if text and text.value:
            parts.append(f"{name}={text.value}")
    if cookie.secure and cookie.secure.value:
        parts.append("secure")
    if cookie.same_site:
        parts.append(f"samesite={cookie.same_site.lower()}")
    if cookie.http_only and cookie.http_only.value:
        parts.append("httponly")
    return "; ".join(parts)

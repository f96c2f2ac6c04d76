"""The outermost layer: no exception leaves it, no answer is sniffed or cached, and locally nobody else may ask.

An exception must not reach the Functions host, which would answer with its own page. On a developer's machine any web
page could call a server on loopback, so there Host and Origin must be this machine. DESIGN 8 and 9.
"""

import logging
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from http_api.problems import problem

log = logging.getLogger(__name__)
OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, local: bool) -> None:
        self._app = app
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer = _Answer(send)
        try:
            if self._local and not _is_own(Headers(scope=scope)):
                refusal = problem("host-not-allowed", 403, "Host or Origin is not this machine")
                await refusal(scope, receive, answer.send)
                return
            await self._app(scope, receive, answer.send)
        except Exception:
            log.exception("%s %s failed", scope["method"], Request(scope).url.path)
            if not answer.started:
                await problem("internal-error", 500)(scope, receive, answer.send)


class _Answer:
    """Sends on, with the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers["X-Content-Type-Options"] = "nosniff"
            headers.setdefault("Cache-Control", "no-store")
        await self._send(message)


def _is_own(headers: Headers) -> bool:
    origin = headers.get("origin")
    return _name(f"//{headers.get('host', '')}") in OWN_NAMES and (origin is None or _name(origin) in OWN_NAMES)


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""

"""Connections that are used again only while nothing unasked lies in them.

Quirk: some servers and proxies send a second answer that nobody asked for. On a kept connection it would be taken for the
answer to the next request, which may be another mailbox's. httpcore drops a connection whose socket has become readable,
but not one whose second answer came in the same read as the first. PROTOCOL 14.
"""

import ssl
from typing import Any

import httpcore
import httpx


def keeping_transport(context: ssl.SSLContext, limits: httpx.Limits) -> httpx.AsyncHTTPTransport:
    """The usual transport over a pool that looks at what is left in a connection before it is used again."""
    transport = httpx.AsyncHTTPTransport(verify=context, limits=limits, trust_env=False)
    transport._pool = _Pool(
        ssl_context=context,
        max_connections=limits.max_connections,
        max_keepalive_connections=limits.max_keepalive_connections,
        keepalive_expiry=limits.keepalive_expiry,
    )
    return transport


class _Pool(httpcore.AsyncConnectionPool):
    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        return _Connection(super().create_connection(origin))


class _Connection(httpcore.AsyncConnectionInterface):
    """A connection that counts as expired once it holds bytes beyond the answer that was asked for."""

    def __init__(self, inner: httpcore.AsyncConnectionInterface) -> None:
        self._inner: Any = inner

    def has_expired(self) -> bool:
        return bool(self._inner.has_expired()) or (self.is_idle() and self._holds_more())

    def _holds_more(self) -> bool:
        # httpcore shows no public way to what its parser has read and not used.
        http11 = self._inner._connection
        return http11 is not None and bool(http11._h11_state.trailing_data[0])

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        answer: httpcore.Response = await self._inner.handle_async_request(request)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()

    def info(self) -> str:
        return str(self._inner.info())

    def can_handle_request(self, origin: httpcore.Origin) -> bool:
        return bool(self._inner.can_handle_request(origin))

    def is_available(self) -> bool:
        return bool(self._inner.is_available())

    def is_idle(self) -> bool:
        return bool(self._inner.is_idle())

    def is_closed(self) -> bool:
        return bool(self._inner.is_closed())

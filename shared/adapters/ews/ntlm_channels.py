"""The connections of NTLM: each is signed in once, as one account, and then carries any number of requests, one at a time.

The last one that was used is used first, so that few are kept. Only one is being signed in at any moment: however many
requests wait, a wrong password is tried once. PROTOCOL 3.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from shared.adapters.ews.ntlm import Account

type Connect = Callable[[], httpx.AsyncBaseTransport]


class ConnectionGone(Exception):
    """The TCP connection that was meant is closed; nothing was sent."""


class Channel:
    """At most one TCP connection. `account` is who it is signed in as."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._transport = connect()
        self.account: Account | None = None
        self.idle_since = 0.0

    async def send(self, request: httpx.Request, *, connect: bool = False) -> httpx.Response:
        """Send on the connection that is there. Raises ConnectionGone instead of opening one, unless `connect`."""
        if not connect:
            request = httpx.Request(
                request.method,
                request.url,
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "trace": _stay_connected},
            )
        return await self._transport.handle_async_request(request)

    async def renew(self) -> None:
        """Hang up, so that the next request opens a connection that knows nobody."""
        self.account = None
        await self._transport.aclose()
        self._transport = self._connect()

    async def aclose(self) -> None:
        """Hang up for good."""
        await self._transport.aclose()


async def _stay_connected(event: str, _info: dict[str, Any]) -> None:
    # httpx's `trace` extension tells of a new connection before it is opened: nothing must go out on it unsigned.
    if event == "connection.connect_tcp.started":
        raise ConnectionGone


class Channels:
    """At most `width` channels; those that were idle for `idle_seconds` are closed."""

    def __init__(self, connect: Connect, *, width: int, idle_seconds: float) -> None:
        self._connect = connect
        self._width = width
        self._idle_seconds = idle_seconds
        self._free: list[Channel] = []
        self._known: set[Channel] = set()
        self._signing_in: Channel | None = None
        self._changed = asyncio.Event()

    async def take(self, account: Account) -> Channel:
        """Wait for a channel: one that is signed in as `account`, else the turn to sign one in."""
        await self._close_idle()
        while (channel := self._pick(account)) is None:
            await self._changed.wait()
        return channel

    def signed_in(self, channel: Channel) -> None:
        """The channel's sign-in came to an end: it is the next one's turn."""
        if self._signing_in is channel:
            self._signing_in = None
            self._tell()

    def give_back(self, channel: Channel) -> None:
        """The channel's answer has been read, or given up."""
        channel.idle_since = asyncio.get_running_loop().time()
        self._free.append(channel)
        self.signed_in(channel)
        self._tell()

    async def aclose(self) -> None:
        """Hang up everywhere."""
        known, self._known, self._free = self._known, set(), []
        for channel in known:
            await channel.aclose()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _pick(self, account: Account) -> Channel | None:
        signed = next((free for free in reversed(self._free) if free.account == account), None)
        if signed is not None:
            self._free.remove(signed)
            return signed
        if self._signing_in is None:
            self._signing_in = self._unsigned()
            return self._signing_in
        return None

    def _unsigned(self) -> Channel | None:
        """One to sign in: a free one that nobody, or another account, is signed in on, else a new one."""
        if self._free:
            return self._free.pop()
        if len(self._known) == self._width:
            return None
        channel = Channel(self._connect)
        self._known.add(channel)
        return channel

    async def _close_idle(self) -> None:
        latest = asyncio.get_running_loop().time() - self._idle_seconds
        while self._free and self._free[0].idle_since < latest:
            channel = self._free.pop(0)
            self._known.remove(channel)
            await channel.aclose()

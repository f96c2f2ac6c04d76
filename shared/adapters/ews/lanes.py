"""Who may ask now: so many requests at once for a server, so many for a mailbox, its syncs one by one, and its pauses.

Throttling budgets belong to the mailbox that is impersonated. PROTOCOL 5 (ConcurrentSyncCalls) and 13.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from shared.adapters.ews.connection import Connection
from shared.errors import Transient

LONGEST_WAIT = timedelta(seconds=5)
"""Pauses up to this are waited out here; for a longer one the caller is told to come back."""


class _Lane:
    """The limits of one mailbox; it lives as long as somebody is in it."""

    __slots__ = ("__weakref__", "slots", "syncs")

    def __init__(self, width: int) -> None:
        self.slots = asyncio.Semaphore(width)
        self.syncs = asyncio.Lock()


class Lanes:
    """The limits of one connection."""

    def __init__(self, connection: Connection, now: Callable[[], datetime]) -> None:
        self._width = connection.mailbox_concurrency
        self._server = asyncio.Semaphore(connection.concurrency)
        self._lanes: WeakValueDictionary[str, _Lane] = WeakValueDictionary()
        self._pauses: dict[str, datetime] = {}
        self._now = now

    @asynccontextmanager
    async def enter(self, address: str, *, syncs: bool) -> AsyncIterator[None]:
        """Wait for the mailbox's turn, then for the server's. Raises Transient("exchange-busy") during a long pause."""
        lane = self._lanes.setdefault(address.lower(), _Lane(self._width))
        async with AsyncExitStack() as held:
            if syncs:
                await held.enter_async_context(lane.syncs)
            await held.enter_async_context(lane.slots)
            await self._wait_out(address)
            await held.enter_async_context(self._server)
            yield

    def pause(self, address: str, length: timedelta) -> None:
        """Let nobody ask for this mailbox for so long; an earlier, longer pause stays."""
        now = self._now()
        self._pauses = {name: until for name, until in self._pauses.items() if until > now}
        self._pauses[address.lower()] = max(now + length, self._pauses.get(address.lower(), now))

    async def _wait_out(self, address: str) -> None:
        remaining = self._remaining(address)
        if remaining > LONGEST_WAIT:
            raise Transient("exchange-busy", "Exchange asked for a pause for this mailbox", retry_after=remaining)
        if remaining > timedelta(0):
            await asyncio.sleep(remaining.total_seconds())

    def _remaining(self, address: str) -> timedelta:
        now = self._now()
        return self._pauses.get(address.lower(), now) - now

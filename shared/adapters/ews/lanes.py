"""Who may ask now, and for how much: so many requests at once for a server, so many for a mailbox, its syncs one by one,
and its pauses.

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
TOO_MUCH = frozenset(
    {
        "ErrorExceededFindCountLimit",
        "ErrorInternalServerTransientError",
        "ErrorTimeoutExpired",
        "ErrorTooManyObjectsOpened",
        "request-too-large",
    }
)
"""Refusals after which less is asked for at once. PROTOCOL 13."""
_CAREFUL = timedelta(hours=1)


class _Lane:
    """The limits of one mailbox; it lives as long as somebody is in it."""

    __slots__ = ("__weakref__", "alone", "slots", "syncs")

    def __init__(self, width: int) -> None:
        self.alone = asyncio.Lock()
        self.slots = asyncio.Semaphore(width)
        self.syncs = asyncio.Lock()


class Lanes:
    """The limits of one connection."""

    def __init__(self, connection: Connection, now: Callable[[], datetime]) -> None:
        self._width = connection.mailbox_concurrency
        self._server = asyncio.Semaphore(connection.concurrency)
        self._lanes: WeakValueDictionary[str, _Lane] = WeakValueDictionary()
        self._pauses: dict[str, datetime] = {}
        self._sizes: dict[str, tuple[int, datetime]] = {}
        self._alone: dict[str, datetime] = {}
        self._now = now

    @asynccontextmanager
    async def enter(self, address: str, *, syncs: bool) -> AsyncIterator[None]:
        """Wait for the mailbox's turn, then for the server's. Raises Transient("exchange-busy") during a long pause."""
        lane = self._lanes.setdefault(address.lower(), _Lane(self._width))
        async with AsyncExitStack() as held:
            if syncs:
                await held.enter_async_context(lane.syncs)
            await held.enter_async_context(lane.slots)
            if self._alone.get(address.lower(), self._now()) > self._now():
                await held.enter_async_context(lane.alone)
            await self._wait_out(address)
            await held.enter_async_context(self._server)
            yield

    def pause(self, address: str, length: timedelta) -> None:
        """Let nobody ask for this mailbox for so long; an earlier, longer pause stays."""
        now = self._now()
        self._pauses = {name: until for name, until in self._pauses.items() if until > now}
        self._pauses[address.lower()] = max(now + length, self._pauses.get(address.lower(), now))

    def one_by_one(self, address: str) -> None:
        """Let this mailbox's requests go one by one for an hour: it has too many connections (PROTOCOL 13)."""
        now = self._now()
        self._alone = {name: until for name, until in self._alone.items() if until > now}
        self._alone[address.lower()] = now + _CAREFUL

    def shrink(self, address: str, asked: int) -> None:
        """Ask for half as much at once for an hour: the server did not manage `asked` (PROTOCOL 13)."""
        now = self._now()
        self._sizes = {name: size for name, size in self._sizes.items() if size[1] > now}
        self._sizes[address.lower()] = max(1, self.size(address, asked) // 2), now + _CAREFUL

    def size(self, address: str, wanted: int) -> int:
        """How much may be asked for at once, `wanted` at most."""
        size, until = self._sizes.get(address.lower(), (wanted, self._now()))
        return min(size, wanted) if until > self._now() else wanted

    async def _wait_out(self, address: str) -> None:
        remaining = self._remaining(address)
        if remaining > LONGEST_WAIT:
            raise Transient("exchange-busy", "Exchange asked for a pause for this mailbox", retry_after=remaining)
        if remaining > timedelta(0):
            await asyncio.sleep(remaining.total_seconds())

    def _remaining(self, address: str) -> timedelta:
        now = self._now()
        return self._pauses.get(address.lower(), now) - now

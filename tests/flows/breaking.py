"""Ports that stop or disturb the worker: at its k-th storage write or Exchange call, before it, after it, or between.

`Crash` is no Exception, so no handler takes it for a known failure; once it was raised, every further call of the
same worker raises it too: a dead process does nothing more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from shared.errors import Unclear
from shared.ports import World

WRITES = frozenset({"transact", "put", "put_stream", "send"})
EXCHANGE = frozenset(
    {
        "distinguished_folders",
        "find_folders",
        "sync_folder_hierarchy",
        "find_items",
        "sync_folder_items",
        "get_emails",
        "existing",
        "locate",
        "send_mail",
        "find_by_subject",
        "subscribe",
    }
)
READS = frozenset({"get", "query"})

type Call = Callable[[], Awaitable[Any]]


class Crash(BaseException):
    """The worker's process is gone."""


_INSTEAD: dict[str, type[BaseException]] = {"before": Crash, "undone": Unclear}
_AFTERWARDS: dict[str, type[BaseException]] = {"after": Crash, "unclear": Unclear}


class _Between(Protocol):
    async def call(self, name: str, call: Call) -> Any: ...


def guarded(world: World, between: _Between, names: frozenset[str] = WRITES | EXCHANGE) -> World:
    """The same world with every call of these names passed through `between.call`."""

    def ports(port: object) -> Any:
        return _Guarded(port, between, names)

    broken = {name: ports(getattr(world, name)) for name in ("exchange", "rows", "blobs", "queues", "smtp")}
    return replace(world, **broken)


class Fuse:
    """Counts steps; blows at step `at`. `how`: `before`, `after` (done, but nobody lived to see it); of transactions
    only: `unclear` (done, and the acknowledgement lost), `undone` (not done, and the answer lost)."""

    def __init__(self, at: int = 0, how: str = "before") -> None:
        self.at = at
        self.how = how
        self.steps = 0
        self.blown = False

    def worker(self, world: World) -> World:
        """The same world for a worker that has this fuse."""
        return guarded(world, self)

    async def call(self, name: str, call: Call) -> Any:
        """Perform a call, or blow."""
        if self.blown and self.how in ("before", "after"):
            raise Crash
        if name != "transact" and self.how in ("unclear", "undone"):
            return await call()
        self.steps += 1
        hit = self.steps == self.at
        self.blown |= hit
        if hit and self.how in _INSTEAD:
            raise _INSTEAD[self.how]
        answer = await call()
        if hit:
            raise _AFTERWARDS[self.how]
        return answer


class Interruption:
    """Does something else just before the worker's step `at`: the world does not wait for us."""

    def __init__(self, at: int, do: Callable[[], Awaitable[None]]) -> None:
        self.at = at
        self.steps = 0
        self._do = do

    def worker(self, world: World) -> World:
        """The same world for the worker that is interrupted."""
        return guarded(world, self)

    async def call(self, name: str, call: Call) -> Any:
        """Perform a call, after what comes between."""
        self.steps += 1
        if self.steps == self.at:
            await self._do()
        return await call()


class Hesitation:
    """Waits a few turns of the event loop before each call, by a list of turns that begins again at its end."""

    def __init__(self, turns: Sequence[int]) -> None:
        self._turns = list(turns) or [0]
        self._calls = 0

    def worker(self, world: World) -> World:
        """The same world for a worker that hesitates."""
        return guarded(world, self, WRITES | EXCHANGE | READS)

    async def call(self, name: str, call: Call) -> Any:
        """Perform a call in its own time."""
        turns = self._turns[self._calls % len(self._turns)]
        self._calls += 1
        for _ in range(turns):
            await asyncio.sleep(0)
        return await call()


class _Guarded:
    def __init__(self, port: object, between: _Between, names: frozenset[str]) -> None:
        self._port = port
        self._between = between
        self._names = names

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name not in self._names:
            return method

        async def call(*arguments: Any, **named: Any) -> Any:
            return await self._between.call(name, lambda: method(*arguments, **named))

        return call

"""Ports that stop the worker: at its k-th storage write or Exchange call, before it, after it, or between the lines.

`Crash` is no Exception, so no handler takes it for a known failure; once it was raised, every further call of the
same worker raises it too: a dead process does nothing more.
"""

from typing import Any

from shared.errors import Unclear
from shared.ports import World

WRITES = {"transact", "put", "put_stream", "send"}
EXCHANGE = {
    "distinguished_folders",
    "find_folders",
    "sync_folder_hierarchy",
    "find_items",
    "sync_folder_items",
    "get_emails",
    "existing",
    "locate",
}


class Crash(BaseException):
    """The worker's process is gone."""


class Fuse:
    """Counts steps; blows at step `at`. `how`: `before`, `after` (done, but nobody lived to see it), `unclear` (done,
    and the acknowledgement lost), `undone` (not done, and the answer lost)."""

    def __init__(self, at: int = 0, how: str = "before") -> None:
        self.at = at
        self.how = how
        self.steps = 0
        self.blown = False

    def worker(self, world: World) -> World:
        """The same world for a worker that has this fuse."""
        rows: Any = _Guarded(world.rows, self, WRITES)
        blobs: Any = _Guarded(world.blobs, self, WRITES)
        queues: Any = _Guarded(world.queues, self, WRITES)
        exchange: Any = _Guarded(world.exchange, self, EXCHANGE)
        return World(rows, blobs, queues, world.secrets, exchange, world.now, world.new_id)


class _Guarded:
    def __init__(self, port: object, fuse: Fuse, guarded: set[str]) -> None:
        self._port = port
        self._fuse = fuse
        self._guarded = guarded

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name not in self._guarded:
            return method
        fuse = self._fuse

        async def call(*arguments: Any, **named: Any) -> Any:
            if fuse.blown and fuse.how in ("before", "after"):
                raise Crash
            fuse.steps += 1
            hit = fuse.steps == fuse.at
            fuse.blown |= hit
            if hit and fuse.how == "before":
                raise Crash
            if hit and fuse.how == "undone" and name == "transact":
                raise Unclear
            answer = await method(*arguments, **named)
            if hit and fuse.how == "after":
                raise Crash
            if hit and fuse.how == "unclear" and name == "transact":
                raise Unclear
            return answer

        return call

"""One worker at a time writes a collection: claim it, commit under the lease, let it go. DESIGN 4.1.

The head row is in every transaction under its etag, with the writer's name and a step that only grows. So a worker
whose lease was taken over cannot write, and a lost acknowledgement is settled by reading the head.

A collection that is simply followed is claimed by its first commit, and let go by its last page: one transaction is
all that a new mail costs. Two workers may then read Exchange at once; the one that commits second has lost.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.errors import Conflict, LeaseLost, Transient, Unclear
from shared.flows.head import HEAD, TABLE, WANTED, HeadWriter, head_of
from shared.flows.hints import Where, folders_of
from shared.model.collection import Head
from shared.ports import Delete, Insert, Merge, Replace, Row, Value, World, Write

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=2)
"""How long a silent worker keeps others out. Only a matter of speed after a crash: the etag is what protects."""

_ATTEMPTS = 5


class Claim:
    """A collection in this worker's hands: its head as last committed, and the wish for a sync that it serves."""

    def __init__(self, world: World, key: str, writer: str) -> None:
        self.world = world
        self.key = key
        self.head = Head()
        self.release_brake = False
        self.remove_items = False
        self.at_once = False
        self.where: Where = None
        self.released = False
        self._writer = writer
        self._etag = ""
        self._wanted_etag = ""
        self._unsettled = False
        self._columns = HeadWriter(world.blobs, key)

    async def take(self, now: datetime, *, job: str = "") -> bool:
        """Claim the collection; False when another worker has it, other than one of the same `job` (see Head).

        `now` is taken before anything is read. A wish that is there already is what two workers meet at: whoever lets
        go removes it under the etag that he saw. So only then the claim may wait for the first commit.
        """
        row, wanted = await self._read()
        found = Head() if row is None else await head_of(row, self.world.blobs)
        is_held = found.until is not None and found.until > now and found.writer != self._writer
        if is_held and not (job and job == found.job):
            return False
        self.head = replace(found, writer=self._writer, job=job, until=now + LEASE, step=found.step + 1, started_at=now)
        self._etag = "" if row is None else row.etag
        if wanted is not None and found.is_calm:
            self._note(wanted.etag, wanted)
            return True
        columns = await self._columns.columns(self.head)
        lock = Insert(HEAD, columns) if row is None else Replace(HEAD, columns, row.etag)
        return await self._lock(lock, wanted, now)

    async def _read(self) -> tuple[Row | None, Row | None]:
        """The head and the wish."""
        rows = self.world.rows
        return await asyncio.gather(rows.get(TABLE, self.key, HEAD), rows.get(TABLE, self.key, WANTED))

    async def _lock(self, lock: Write, wanted: Row | None, now: datetime) -> bool:
        """Write the claim, with the wish as it was read. What left the head as it was is repeated: a new wish, an
        unclear answer. Only another worker's claim means that there is nothing to do."""
        for _ in range(_ATTEMPTS):
            claimed: dict[str, Value] = {"claimed_at": now}
            wish = Insert(WANTED, claimed) if wanted is None else Merge(WANTED, claimed, wanted.etag)
            try:
                self._etag, etag = await self.world.rows.transact(TABLE, self.key, [lock, wish])
                self._note(etag, wanted)
                return True
            except (Conflict, Unclear):
                held, wanted = await self._read()
                if held is not None and self._is_mine(held, self.head.step):
                    self._etag = held.etag
                    self._note("" if wanted is None else wanted.etag, wanted)
                    return True
                if (held.etag if held else "") != self._etag:
                    return False
        raise Transient("storage-unavailable", "the claim stayed unclear")

    async def note_wanted(self) -> None:
        """Remember which wish the coming pass serves; a later one changes the row's etag. Also what is asked with it."""
        wanted = await self.world.rows.get(TABLE, self.key, WANTED)
        self._note("" if wanted is None else wanted.etag, wanted)

    def _note(self, etag: str, wanted: Row | None) -> None:
        self._wanted_etag = etag
        values = {} if wanted is None else wanted.values
        self.release_brake = bool(values.get("release"))
        self.remove_items = bool(values.get("remove"))
        self.at_once = bool(values.get("force"))
        self.where = folders_of(values)

    async def commit(self, writes: Sequence[Write] = (), **changes: Any) -> None:
        """Write rows and a new head in one transaction, and extend the lease.

        `writes` must not depend on being applied once: an unclear answer is settled by reading and may be repeated.
        Raises LeaseLost when another worker has taken over; Conflict when a condition of `writes` failed.
        """
        head = replace(self.head, step=self.head.step + 1, **{"until": self.world.now() + LEASE, **changes})
        columns = await self._columns.columns(head)
        self._unsettled = True
        for _ in range(_ATTEMPTS):
            try:
                etags = await self.world.rows.transact(TABLE, self.key, [Replace(HEAD, columns, self._etag), *writes])
            except (Conflict, Unclear) as failure:
                if not await self._has_happened(head.step, failure):
                    continue
            else:
                self._etag = etags[0]
            self.head, self._unsettled = head, False
            return
        raise Transient("storage-unavailable", "a transaction stayed unclear")

    async def conclude(self, writes: Sequence[Write], closing: Mapping[str, Any], **changes: Any) -> None:
        """Commit, and let go in the same transaction with `closing` in the head; `released` says so afterwards. For a pass
        that serves a wish: where somebody has asked again since it was read, it is a commit and no more. Raises as
        `commit` does."""
        served = Delete(WANTED, self._wanted_etag)
        try:
            await self.commit([*writes, served], **{**changes, **closing, "until": self.world.now()})
        except Conflict:
            log.debug("%s is wanted again", self.key)
            await self.commit(writes, **changes)
        else:
            self.released = True

    def carry(self, **changes: Any) -> None:
        """Change the head in hand for the next commit to write. Only for what may be lost: a crash forgets it."""
        self.head = replace(self.head, **changes)

    async def _has_happened(self, step: int, failure: Exception) -> bool:
        """Settle a transaction without a clear answer: True, it was applied; False, it was not and may be repeated."""
        row = await self.world.rows.get(TABLE, self.key, HEAD)
        if row is not None and self._is_mine(row, step):
            self._etag = row.etag
            return True
        if row is None or row.etag != self._etag:
            raise LeaseLost(self.key) from failure
        if isinstance(failure, Conflict):
            self._unsettled = False
            raise failure
        return False

    async def _settle(self) -> None:
        """Learn what became of a transaction whose outcome could not be read: go on from the head as it is."""
        row = await self.world.rows.get(TABLE, self.key, HEAD)
        if row is None or row.values.get("writer") != self._writer:
            raise LeaseLost(self.key)
        self.head, self._etag = await head_of(row, self.world.blobs), row.etag
        self._unsettled = False

    def _is_mine(self, row: Row, step: int) -> bool:
        return row.values.get("writer") == self._writer and row.values.get("step") == step

    async def release(self, **changes: Any) -> bool:
        """Let go, unless somebody asked again since `note_wanted`: then keep the claim, and answer False."""
        writes = [Delete(WANTED, self._wanted_etag)] if self._wanted_etag else []
        try:
            await self.commit(writes, until=self.world.now(), **changes)
        except Conflict:
            await self.note_wanted()
            return False
        return True

    async def set_aside(self, writes: Sequence[Write] = (), **changes: Any) -> None:
        """Let go with the work not done: the wish stays, and whoever comes next serves it."""
        if self._unsettled:
            await self._settle()
        await self.commit(writes, until=self.world.now(), **changes)

    async def rest(self, **changes: Any) -> None:
        """Set aside after a failure. A wish to go on at once was served: from now on the pause counts."""
        served = [Merge(WANTED, {"force": False}, self._wanted_etag)] if self.at_once and self._wanted_etag else []
        try:
            await self.set_aside(served, **changes)
        except Conflict:  # somebody has asked again meanwhile
            await self.set_aside(**changes)

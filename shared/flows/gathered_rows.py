"""Rows for one piece of work on many operators: what is read of one partition, and written to it, goes together.

While a transaction is under way, what is asked for meanwhile gathers for the next, so nothing waits for company. Each write
that is asked for stays all or nothing; where one of them meets a Conflict, each is tried for itself and tells its own. What
was read ahead may be a moment old: a write by its etag finds that out, and who then reads again gets what is stored.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.errors import Conflict
from shared.ports import Row, RowPage, Rows, Write

_MOST = 100
"""Writes of a transaction. PROTOCOL 18."""

_AHEAD = 1000
"""Rows that one query gives at most. PROTOCOL 18."""

type _Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Asked:
    writes: Sequence[Write]
    answer: asyncio.Future[tuple[str, ...]]


class GatheredRows:
    """The port `Rows`, over others. For small rows: how many bytes go together is not looked at."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._waiting: defaultdict[_Place, list[_Asked]] = defaultdict(list)
        self._under_way: dict[_Place, asyncio.Task[None]] = {}
        self._ahead: dict[tuple[str, str, str], Row | None] = {}

    async def read_ahead(self, table: str, partition: str, keys: Collection[str]) -> None:
        """Read these rows by one query, as far as one goes, for those who get them next. `keys` have no `~`."""
        first, last = min(keys), max(keys)
        page = await self._rows.query(table, partition, first=first, before=f"{last}~", limit=_AHEAD)
        found = {row.key: row for row in page.rows}
        end = max(found) if page.next else last
        self._ahead |= {(table, partition, key): found.get(key) for key in keys if key <= end}

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        """Read one row."""
        if (table, partition, key) in self._ahead:
            return self._ahead[table, partition, key]
        return await self._rows.get(table, partition, key)

    async def query(
        self,
        table: str,
        partition: str,
        *,
        first: str = "",
        before: str = "",
        after: str = "",
        limit: int = 1000,
        columns: Sequence[str] = (),
        at_most: tuple[str, datetime] | None = None,
        at_least: tuple[str, datetime] | None = None,
    ) -> RowPage:
        """Rows of a partition in key order, as the port says."""
        return await self._rows.query(
            table,
            partition,
            first=first,
            before=before,
            after=after,
            limit=limit,
            columns=columns,
            at_most=at_most,
            at_least=at_least,
        )

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        """Apply all of these writes or none; others may be applied with them."""
        place = (table, partition)
        for each in writes:
            self._ahead.pop((*place, each.key), None)
        asked = _Asked(writes, asyncio.get_running_loop().create_future())
        self._waiting[place].append(asked)
        if place not in self._under_way:
            self._under_way[place] = asyncio.create_task(self._send_all(place))
        return await asked.answer

    async def _send_all(self, place: _Place) -> None:
        try:
            while together := self._taken(place):
                await self._send(place, together)
        finally:
            del self._under_way[place]

    def _taken(self, place: _Place) -> list[_Asked]:
        """Those asked for first, as many as one transaction may have; each key once, and nothing that nobody waits for."""
        self._waiting[place] = [asked for asked in self._waiting[place] if not asked.answer.done()]
        keys: set[str] = set()
        taken: list[_Asked] = []
        for asked in self._waiting[place]:
            named = {write.key for write in asked.writes}
            if taken and (len(keys) + len(named) > _MOST or keys & named):
                break
            keys |= named
            taken.append(asked)
        del self._waiting[place][: len(taken)]
        return taken

    async def _send(self, place: _Place, together: Sequence[_Asked]) -> None:
        writes = [write for asked in together for write in asked.writes]
        try:
            etags = iter(await self._rows.transact(*place, writes))
        except Conflict as conflict:
            if len(together) == 1:
                _refuse(together, conflict)
            else:
                for asked in together:
                    await self._send(place, [asked])
        except BaseException as error:  # noqa: BLE001
            # Nobody waits for the task but those who asked: whatever it is, it is theirs.
            _refuse(together, error)
        else:
            for asked in together:
                own = tuple(next(etags) for _ in asked.writes)
                if not asked.answer.done():
                    asked.answer.set_result(own)


def _refuse(together: Sequence[_Asked], error: BaseException) -> None:
    for asked in together:
        if not asked.answer.done():
            asked.answer.set_exception(error)

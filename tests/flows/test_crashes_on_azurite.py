"""The same on real storage: a worker that dies at any step of a long day, with Azurite's tables and blobs below it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from shared.adapters.blobs import StorageBlobs
from shared.adapters.memory.rows import MemoryRows
from shared.adapters.storage import StorageAccount
from shared.adapters.tables import TableRows
from shared.flows.head import TABLE
from shared.ports import Row, RowPage, Upsert, Write
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import Office, attachment

AT_ONCE = 4
_offices = count(1)
"""All offices share one storage, so each has names of its own: four characters by chance would meet now and then."""


class PartlyStored:
    """Rows of collections in Azurite, the rest (settings, operators) in memory, since every office has its own."""

    def __init__(self, stored: TableRows) -> None:
        self.memory = MemoryRows()
        self._stored = stored

    def _of(self, table: str) -> Any:
        return self._stored if table == TABLE else self.memory

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        row: Row | None = await self._of(table).get(table, partition, key)
        return row

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
        page: RowPage = await self._of(table).query(
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
        return page

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        etags: tuple[str, ...] = await self._of(table).transact(table, partition, writes)
        return etags


async def a_long_day(rows: TableRows, blobs: StorageBlobs) -> Office:
    """An established mailbox, moved into Azurite, on a day with everything: a page that needs an intent, moves both ways
    and into a new folder, flags, edits, deletions, mail that leaves, attachments, a mail that becomes private."""
    office = Office(mint=f"d{next(_offices):03x}", blobs=blobs)
    box = office.box
    old = [office.deliver(age=timedelta(minutes=number)) for number in range(9)]
    sent = office.deliver("sent", folder="sentitems")
    customers = box.add_folder("Customers", parent="inbox")
    filed = office.deliver("filed", folder=customers)
    await office.open()
    await office.settle()
    await _move_into(office, rows)
    office.now += timedelta(minutes=5)
    for _ in range(46):
        office.deliver()
    office.deliver("files", attachments=(attachment("a.bin", 10),), contents=(b"x" * 10,))
    box.move(old[0], customers)
    box.move(filed, "inbox")
    box.set_read(old[1])
    box.edit(old[2], lambda email: replace(email, subject="edited"))
    box.delete(old[3], for_good=True)
    box.move(old[4], "junkemail")
    box.edit(old[5], lambda email: replace(email, sensitivity="private"))
    box.move(sent, box.add_folder("Projects", parent="inbox"))
    return office


async def _move_into(office: Office, stored: TableRows) -> None:
    both = PartlyStored(stored)
    memory = office.rows
    assert isinstance(memory, MemoryRows)
    page = await memory.query(TABLE, office.key)
    await stored.transact(TABLE, office.key, [Upsert(row.key, row.values) for row in page.rows])
    both.memory = memory
    office.rows = both


async def _dies_at(step: int, how: str, rows: TableRows, blobs: StorageBlobs) -> None:
    office = await a_long_day(rows, blobs)
    fuse = Fuse(step, how)
    try:
        await office.sync(fuse.worker(office.world()))
    except Crash:
        assert how in ("before", "after")
    assert fuse.blown
    office.deliver("while we were down")
    office.now += timedelta(minutes=16)
    await office.settle()
    await office.check()


@pytest.mark.parametrize("how", ["before", "after", "unclear", "undone"])
async def test_a_worker_that_dies_at_any_step_of_a_long_day_loses_and_doubles_nothing(
    how: str, storage_account: StorageAccount
) -> None:
    rows, blobs = TableRows(storage_account), StorageBlobs(storage_account)
    office = await a_long_day(rows, blobs)
    whole = Fuse(how=how)
    assert await office.sync(whole.worker(office.world())) == "done"
    await office.check()
    assert whole.steps > 4
    steps = list(range(1, whole.steps + 1))
    for start in range(0, len(steps), AT_ONCE):
        await asyncio.gather(*(_dies_at(step, how, rows, blobs) for step in steps[start : start + AT_ONCE]))

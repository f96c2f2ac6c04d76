"""Writes that gather: they go together, each keeps its own outcome, and what one meets is no other's."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Conflict, Unclear
from shared.flows.gathered_rows import GatheredRows
from shared.ports import Insert, Replace, Touch, Write


class SlowRows(MemoryRows):
    """Each transaction lets all who are ready go on before it is done."""

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        for _ in range(20):
            await asyncio.sleep(0)
        return await super().transact(table, partition, writes)


async def write(rows: GatheredRows, *writes: Write, partition: str = "operator") -> str:
    """What came of it: `done`, or the error's class."""
    try:
        etags = await rows.transact("operators", partition, writes)
    except (Conflict, Unclear) as error:
        return type(error).__name__
    assert len(etags) == len(writes)
    return "done"


async def test_what_is_asked_for_during_a_transaction_is_the_next_one() -> None:
    stored = SlowRows()
    rows = GatheredRows(stored)
    outcomes = await asyncio.gather(*(write(rows, Insert(f"{number:03}", {"n": number})) for number in range(250)))
    assert outcomes == ["done"] * 250
    assert stored.counts["transactions"] <= 4, "the first alone, then a hundred at most"
    for number in (0, 99, 249):
        row = await rows.get("operators", "operator", f"{number:03}")
        assert row is not None
        assert row.values["n"] == number


async def test_etags_are_handed_to_those_whose_rows_they_are() -> None:
    rows = GatheredRows(SlowRows())

    async def twice(key: str) -> str:
        (etag,) = await rows.transact("operators", "operator", [Insert(key, {"n": 1})])
        return await write(rows, Replace(key, {"n": 2}, etag))

    assert await asyncio.gather(*(twice(str(number)) for number in range(30))) == ["done"] * 30


async def test_a_conflict_is_told_to_the_one_who_meets_it_and_the_others_are_written() -> None:
    stored = SlowRows()
    await stored.transact("operators", "operator", [Insert("taken", {})])
    rows = GatheredRows(stored)
    keys = ("first", "a", "taken", "b")
    assert await asyncio.gather(*(write(rows, Insert(key, {})) for key in keys)) == ["done", "done", "Conflict", "done"]
    pair = (Insert("c", {}), Insert("taken", {}))
    assert await asyncio.gather(write(rows, *pair), write(rows, Insert("d", {}))) == ["Conflict", "done"]
    assert await stored.get("operators", "operator", "c") is None, "what was asked for as one stays one"


async def test_one_row_written_twice_is_written_in_order_and_partitions_do_not_wait_for_each_other() -> None:
    stored = SlowRows()
    rows = GatheredRows(stored)
    writes = [write(rows, Touch("alice", {"n": number})) for number in range(5)]
    assert await asyncio.gather(*writes, write(rows, Touch("alice", {"n": 9}), partition="other")) == ["done"] * 6
    row = await stored.get("operators", "operator", "alice")
    assert row is not None
    assert row.values["n"] == 4


async def test_an_answer_that_was_lost_is_unclear_to_all_of_its_transaction() -> None:
    class Lost(SlowRows):
        async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
            await super().transact(table, partition, writes)
            raise Unclear("storage-unavailable", "the answer was lost")

    rows = GatheredRows(Lost())
    assert await asyncio.gather(*(write(rows, Insert(key, {})) for key in "abc")) == ["Unclear"] * 3


async def test_who_no_longer_waits_disturbs_nobody() -> None:
    stored = SlowRows()
    rows = GatheredRows(stored)
    tasks = []
    for key in "abcd":
        tasks.append(asyncio.create_task(write(rows, Insert(key, {}))))
        for _ in range(3):
            await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[2].cancel()
    assert await asyncio.gather(tasks[1], tasks[3]) == ["done"] * 2
    for cancelled in (tasks[0], tasks[2]):
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    assert await stored.get("operators", "operator", "a") is not None, "it was under way"
    assert await stored.get("operators", "operator", "c") is None


# What is read ahead


async def put(rows: MemoryRows, *keys: str) -> None:
    for key in keys:
        await rows.transact("operators", "operator", [Insert(key, {"n": 1})])


async def values(rows: GatheredRows, *keys: str) -> list[object]:
    found = [await rows.get("operators", "operator", key) for key in keys]
    return [row and row.values["n"] for row in found]


async def test_what_was_read_ahead_costs_no_more_reads_and_what_was_not_there_is_known() -> None:
    stored = MemoryRows()
    await put(stored, "a", "b", "c", "d")
    rows = GatheredRows(stored)
    await rows.read_ahead("operators", "operator", ["b", "bb", "d"])
    assert await values(rows, "b", "bb", "d") == [1, None, 1]
    assert (stored.counts["queries"], stored.counts["gets"]) == (1, 0)
    assert await values(rows, "a", "e") == [1, None]
    assert stored.counts["gets"] == 2


async def test_one_query_is_all_and_what_lies_behind_it_is_read_by_itself() -> None:
    stored = MemoryRows()
    await put(stored, *(f"{number:04}" for number in range(1200)))
    rows = GatheredRows(stored)
    await rows.read_ahead("operators", "operator", ["0000", "0999", "0999a", "1100"])
    assert await values(rows, "0000", "0999", "0999a", "1100") == [1, 1, None, 1]
    assert (stored.counts["queries"], stored.counts["gets"]) == (1, 2)


async def test_who_writes_by_what_is_old_meets_a_conflict_and_then_reads_what_is_stored() -> None:
    stored = MemoryRows()
    await put(stored, "a", "z")
    rows = GatheredRows(stored)
    await rows.read_ahead("operators", "operator", ["a", "b"])
    before = await rows.get("operators", "operator", "a")
    assert before is not None
    await stored.transact("operators", "operator", [Replace("a", {"n": 2}, before.etag), Insert("b", {"n": 7})])
    outcomes = [await write(rows, Replace("a", {"n": 3}, before.etag)), await write(rows, Insert("b", {"n": 8}))]
    assert outcomes == ["Conflict", "Conflict"]
    assert await values(rows, "a", "b") == [2, 7]

"""A look through very many failures: in one call within the budget, or in several, counted right in little memory."""

import asyncio
import tracemalloc
from datetime import timedelta

from shared.adapters.memory.rows import MemoryRows
from shared.flows.alert_failures import alert_failures
from shared.flows.alert_scan import Told, look_through
from shared.flows.pauses import read_pauses
from shared.model.causes import DOWN, MOST_CAUSES, NAMED, Cause
from shared.model.keys import SHARDS, shard_of
from shared.ports import Upsert, Value, Write
from tests.flows.alert_office import AGO, BUDGET, AlertOffice

LASTS, NEVER = timedelta(minutes=30), timedelta(days=3650)
MANY = 100_000


async def fill(office: AlertOffice, mailboxes: int) -> None:
    """Every mailbox fails, with email and its subscription; one in a thousand with another cause."""
    shards: dict[str, list[Write]] = {f"open-{shard:02d}": [] for shard in range(SHARDS)}
    for number in range(mailboxes):
        mailbox_key = f"{number:016d}"
        code = "dns-failed" if number % 1000 == 0 else "connection-refused"
        common: dict[str, Value] = {
            "operator_id": f"operator-{number}",
            "connection": "default",
            "since": office.now - AGO,
        }
        for kind in ("email", "subscription"):
            write = Upsert(f"{mailbox_key}-{kind}", {**common, "kind": kind, "code": code})
            shards[f"open-{shard_of(mailbox_key):02d}"].append(write)
    for shard, writes in shards.items():
        for start in range(0, len(writes), 100):
            await office.rows.transact("failures", shard, writes[start : start + 100])


async def test_a_hundred_thousand_failing_rows_are_counted_in_pages_and_in_little_memory() -> None:
    rows = MemoryRows()
    office = await AlertOffice(rows=rows).prepared()
    await fill(office, MANY // 2)
    rows.counts.clear()
    tracemalloc.start()
    told = Told(await read_pauses(office.rows), LASTS, NEVER)
    look = await look_through(office.world(), told, deadline=office.now + BUDGET)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert look is not None
    counted = {cause.code: (tally.mailboxes, tally.lasting, len(tally.places)) for cause, tally in look.tallies.items()}
    assert counted == {DOWN: (49_950, 49_950, NAMED), "dns-failed": (50, 50, NAMED)}
    assert rows.counts["queries"] <= MANY / 1000 + SHARDS + 1
    assert peak < 20 * 1024 * 1024


async def test_a_look_that_takes_several_calls_counts_each_once_and_tells_at_its_end() -> None:
    office = await AlertOffice().prepared()
    await fill(office, 2500)
    calls = 0
    while not office.mails():
        await alert_failures(office.world(), budget=timedelta(0))
        calls += 1
        assert calls < 40
        if not office.mails():
            office.now += timedelta(minutes=2)
    assert calls >= SHARDS
    assert [mail["subject"] for mail in office.mails()] == [
        "[CRM sync] 3 mailboxes fail: dns-failed (default)",
        "[CRM sync] 2,497 mailboxes fail: connection-refused (default)",
    ]


async def test_a_look_that_was_left_for_an_hour_is_begun_anew() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    for _ in range(SHARDS - 1):
        await alert_failures(office.world(), budget=timedelta(0))
        office.now += timedelta(seconds=31)
    await office.mends("alice")
    assert await office.tick(after=timedelta(hours=2)) == []


async def test_two_timers_at_once_do_not_look_side_by_side() -> None:
    office = await AlertOffice().prepared()
    told = Told(await read_pauses(office.rows), LASTS, NEVER)
    await office.fails("alice")
    found = []

    async def look() -> None:
        found.append(await look_through(office.world(), told, deadline=office.now + BUDGET))

    await asyncio.gather(look(), look(), look())
    assert sum(each is not None for each in found) == 1


async def test_more_causes_than_are_told_apart_end_no_other() -> None:
    office = await AlertOffice().prepared()
    await office.fails("zoe", connection="zzz")
    await office.tick()
    for number in range(MOST_CAUSES):
        await office.fails(f"operator-{number}", connection=f"c-{number}")
    told = Told(await read_pauses(office.rows), LASTS, NEVER)
    look = await look_through(office.world(), told, deadline=office.now + BUDGET)
    assert look is not None
    assert (len(look.tallies), look.is_short) == (MOST_CAUSES, True)
    left_out = Cause.of("connection-refused", "zzz") not in look.tallies
    subjects = [subject for _ in range(4) for subject in await office.tick()]
    assert not [subject for subject in subjects if "Over" in subject], left_out

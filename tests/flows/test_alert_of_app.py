"""Where the app itself stands still no sync fails, since none is tried: that is told too."""

import json
from collections.abc import Iterable
from datetime import timedelta

import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Transient
from shared.flows.keep_poison import keep_poison
from shared.flows.timers import TIMERS, note_run
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, Row
from tests.flows.alert_office import AlertOffice
from tests.flows.test_alerts import down

FIVE = timedelta(minutes=5)
LATE = "[CRM sync] The app itself fails: timer-late"
BOTH = (COLLECTIONS_QUEUE, SHARDS_QUEUE)
STALLED = "[CRM sync] The app itself fails: queue-stalled"


async def run(
    office: AlertOffice, minutes: int, *, timers: Iterable[str] = TIMERS, queues: Iterable[str] = ()
) -> list[str]:
    """The timers run, and what waits in the queues is taken out; the subjects of the mails."""
    subjects: list[str] = []
    for _ in range(minutes // 5):
        for queue in queues:
            office.queues.receive(queue)
        await office.queues.send(COLLECTIONS_QUEUE, {"operator_id": "alice", "kind": "email"})
        subjects += await office.tick()
        for timer in timers:
            await note_run(office.world(), timer)
    return subjects


async def test_without_storage_the_log_says_that_nobody_can_be_told(caplog: pytest.LogCaptureFixture) -> None:
    office = await AlertOffice().prepared()

    class Down(MemoryRows):
        async def get(self, table: str, partition: str, key: str) -> Row | None:
            raise Transient("storage-unavailable", "503")

    with pytest.raises(Transient):
        await office.tick(world=office.world(rows=Down()))
    (event,) = [json.loads(record.message) for record in caplog.records if record.name == "exsync.alerts"]
    assert (event["event"], event["code"]) == ("not-looked", "storage-unavailable")


async def test_nothing_is_told_where_all_goes_on() -> None:
    assert await run(await AlertOffice().prepared(), 180, queues=BOTH) == []


async def test_a_queue_that_nobody_empties_is_told_and_so_is_its_end() -> None:
    office = await AlertOffice().prepared()
    await run(office, 30, queues=BOTH)
    assert await run(office, 60, queues=[SHARDS_QUEUE]) == [STALLED]
    body = office.body()
    assert "collections: nothing since 2026-11-20T12:30:00Z" in body
    assert "exsync doctor" in body.splitlines()
    assert "exsync failures list" not in body
    (over,) = await run(office, 30, queues=BOTH)
    assert over.startswith("[CRM sync] Over: queue-stalled, the app itself, ")


async def test_a_timer_that_stopped_is_told() -> None:
    office = await AlertOffice().prepared()
    await run(office, 30, queues=BOTH)
    assert await run(office, 120, timers=["timer_alerts", "timer_subscriptions"], queues=BOTH) == [LATE]
    assert "timer_email_sync: nothing since" in office.body()
    assert "timer_subscriptions" not in office.body().partition("What was met")[2].partition("\n")[0]


async def test_a_message_that_workers_die_of_is_told_unless_its_failure_is_known() -> None:
    office = await AlertOffice().prepared()
    await run(office, 30, queues=BOTH)
    message = '{"operator_id": "alice", "kind": "email"}'
    await keep_poison(office.world(), COLLECTIONS_QUEUE, message)
    await keep_poison(office.world(), SHARDS_QUEUE, "not ours\r\nBcc: x@example.com")
    assert await run(office, 30, queues=BOTH) == ["[CRM sync] The app itself fails: poison-message"]
    assert f"What was met: {message}; not ours Bcc: x@example.com" in office.body()
    assert "Over: poison-message" in " ".join(await run(office, 120, queues=BOTH))
    office.exchange.before = down
    await office.sync()
    await keep_poison(office.world(), COLLECTIONS_QUEUE, message)
    assert await run(office, 25, queues=BOTH) == []


async def test_an_app_that_was_stopped_as_a_whole_tells_nothing_when_it_comes_up() -> None:
    office = await AlertOffice().prepared()
    await run(office, 30, queues=BOTH)
    office.now += timedelta(hours=9)
    assert await run(office, 60, queues=BOTH) == []

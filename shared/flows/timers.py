"""Each timer leaves a trace when it has done its part, so that one can be told that does not run.

One row for each in `configuration`, partition `timers`, written once a run.
"""

from datetime import datetime, timedelta

from shared.errors import Conflict, Unclear
from shared.model.checkup import TimerRun, usual_pause
from shared.ports import Row, Upsert, Value, World

TABLE = "configuration"
PARTITION = "timers"
TIMERS = ("timer_subscriptions", "timer_email_sync", "timer_alerts")
"""All timers of function_app.py, by the name of their function."""


async def note_run(world: World, timer: str) -> None:
    """Note that a timer has run, and how long it usually pauses."""
    row = await world.rows.get(TABLE, PARTITION, timer)
    columns: dict[str, Value] = {"at": world.now()}
    if row is not None:
        columns["pause_seconds"] = usual_pause(_run(row), world.now()).total_seconds()
    try:
        await world.rows.transact(TABLE, PARTITION, [Upsert(timer, columns)])
    except (Conflict, Unclear):
        return  # noted or not: the next run is


async def timer_runs(world: World) -> dict[str, TimerRun]:
    """The last run of each timer that has run at all, by its name."""
    page = await world.rows.query(TABLE, PARTITION)
    return {row.key: _run(row) for row in page.rows}


def _run(row: Row) -> TimerRun:
    at, pause = row.values["at"], row.values.get("pause_seconds")
    assert isinstance(at, datetime)
    return TimerRun(row.key, at, None if pause is None else timedelta(seconds=float(str(pause))))

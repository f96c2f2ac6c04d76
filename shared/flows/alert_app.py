"""Look whether the app itself goes on: its other timers run, and somebody takes messages out of its queues.

Where they do not, no sync fails, since none is tried: nobody would be told that it stopped. `timer_alerts` tells of the others;
of itself and of storage somebody outside must (docs/operations.md).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.flows.alert_rows import read_state, write_state
from shared.flows.documents import pack, unpack
from shared.flows.timers import timer_runs
from shared.model.causes import Cause, Tally
from shared.model.email import timestamp
from shared.ports import QUEUES, World

_OURS = "timer_alerts"
_QUEUES = "queues"


async def troubles_of_app(world: World, lasts_after: timedelta) -> Mapping[Cause, Tally]:
    """What stands still for so long that it is told. Nothing where this timer itself comes late: all of the app was stopped."""
    now = world.now()
    runs = await timer_runs(world)
    own = runs.pop(_OURS, None)
    if own is None or own.is_late(now):
        return {}
    late = {run.name: run.at for run in runs.values() if run.is_late(now)}
    found = {"timer-late": late, "queue-stalled": await _stalled_queues(world, now)}
    return {Cause(code, ""): tally for code, since in found.items() if (tally := _tally(since, now, lasts_after))}


def _tally(since: Mapping[str, datetime], now: datetime, lasts_after: timedelta) -> Tally | None:
    """The names of what stands still, as a tally that counts no mailbox."""
    lasting = sorted(name for name, at in since.items() if now - at >= lasts_after)
    if not lasting:
        return None
    detail = "; ".join(f"{name}: nothing since {timestamp(since[name])}" for name in lasting)
    return Tally(lasting=1, stands=True, since=min(since[name] for name in lasting), detail=detail)


async def _stalled_queues(world: World, now: datetime) -> Mapping[str, datetime]:
    """Since when none of the first messages of a queue was taken out, for those where that is so."""
    values, etag = await read_state(world.rows, _QUEUES)
    before: dict[str, Any] = unpack(values["looks"]) if "looks" in values else {}  # type: ignore[arg-type]
    looks: dict[str, Any] = {}
    for queue in QUEUES:
        visible = (await world.queues.look(queue)).visible
        known = before.get(queue, {})
        waits = bool(known.get("visible")) and set(known["visible"]) <= set(visible)
        looks[queue] = {"visible": visible, "since": known["since"] if waits else now.isoformat(), "waits": waits}
    await write_state(world.rows, _QUEUES, {"looks": pack(looks)}, etag)
    return {queue: datetime.fromisoformat(look["since"]) for queue, look in looks.items() if look["waits"]}

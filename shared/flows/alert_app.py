"""Look whether the app itself goes on: its other timers run, somebody takes messages out of its queues, no worker dies of them.

Where that is not so no sync fails, since none comes to its end: nobody would be told that it stopped. `timer_alerts` tells of
the others; of itself and of storage somebody outside must (docs/operations.md).
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.flows.alert_rows import moment, read_state, write_state
from shared.flows.documents import pack, unpack
from shared.flows.failure_index import is_listed
from shared.flows.keep_poison import TABLE as POISON
from shared.flows.operators import find_operator
from shared.flows.timers import timer_runs
from shared.model.causes import Cause, Tally
from shared.model.email import timestamp
from shared.ports import QUEUES, World

_OURS = "timer_alerts"
_QUEUES = "queues"
_LATELY = timedelta(hours=1)
"""A collection whose worker has died is tried again within minutes: what is not put aside again is well."""
_MOST = 20
"""Messages that are looked at: they only tell of what kind it is."""


async def troubles_of_app(world: World, lasts_after: timedelta) -> Mapping[Cause, Tally]:
    """What stands still for so long that it is told. Nothing where this timer itself comes late: all of the app was stopped."""
    now = world.now()
    runs = await timer_runs(world)
    own = runs.pop(_OURS, None)
    if own is None or own.is_late(now):
        return {}
    late = {run.name: run.at for run in runs.values() if run.is_late(own.at)}  # while this one ran, they did not
    found = {
        "timer-late": _tally(late, own.at, lasts_after),
        "queue-stalled": _tally(await _stalled_queues(world, now), now, lasts_after),
        "poison-message": await _put_aside(world, now),
    }
    return {Cause(code, ""): tally for code, tally in found.items() if tally is not None}


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
    before: dict[str, Any] = unpack(values["looks"]) if "looks" in values else {}
    looks: dict[str, Any] = {}
    for queue in QUEUES:
        visible = (await world.queues.look(queue)).visible
        known = before.get(queue, {})
        waits = bool(known.get("visible")) and set(known["visible"]) <= set(visible)
        looks[queue] = {"visible": visible, "since": known["since"] if waits else now.isoformat(), "waits": waits}
    await write_state(world.rows, _QUEUES, {"looks": pack(looks)}, etag)
    return {queue: datetime.fromisoformat(look["since"]) for queue, look in looks.items() if look["waits"]}


async def _put_aside(world: World, now: datetime) -> Tally | None:
    """What was put aside lately, after five workers failed at it, and is not among the failures already: they just died."""
    first = f"{int((now - _LATELY).timestamp() * 1000):014d}"
    pages = [await world.rows.query(POISON, queue, first=first, limit=_MOST) for queue in QUEUES]
    rows = [row for page in pages for row in page.rows if not await _is_listed(world, str(row.values["message"]))]
    if not rows:
        return None
    since = min(at for row in rows if (at := moment(row.values["at"])))
    detail = "; ".join(dict.fromkeys(str(row.values["message"]) for row in rows))
    return Tally(lasting=1, stands=True, since=since, detail=detail)


async def _is_listed(world: World, message: str) -> bool:
    """Whether the collection that a message is for is known to fail."""
    try:
        wish = json.loads(message)
        operator_id, kind = str(wish["operator_id"]), str(wish["kind"])
    except (ValueError, KeyError, TypeError):
        return False
    operator = await find_operator(world.rows, operator_id)
    return operator is not None and await is_listed(world, operator.mailbox_key, kind)

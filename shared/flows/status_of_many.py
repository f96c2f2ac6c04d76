"""How all operators stand, a line for each, in pages. DESIGN 8.

A line costs three point reads for each kind that is on: the head, the wish and, once, the subscription; where an earlier
version wrote the head, also a count. One that is off costs none.
"""

from typing import Any

from shared.flows.failure_index import now_wrong
from shared.flows.head import HEAD, TABLE, WANTED, head_of
from shared.flows.operators import OperatorPage, list_operators
from shared.flows.pauses import pauses_in_force
from shared.flows.reading import Listed
from shared.flows.settings_document import read_settings
from shared.flows.side_by_side import side_by_side
from shared.flows.status import count_failing, lag_of, state_of
from shared.flows.subscription_row import read_subscription
from shared.model.collection import Head
from shared.model.configuration import Configuration
from shared.model.cursors import read_cursor, write_cursor
from shared.model.email import timestamp
from shared.model.keys import collection_key
from shared.model.operator import Kind, Operator
from shared.model.pauses import Pause, Pauses
from shared.model.subscription import Subscription, is_live
from shared.model.switches import why_off
from shared.ports import World

_SCOPE = "status"
_DOCUMENTS = ("states", "trouble", "held")
_AT_ONCE = 8


async def list_status(world: World, *, limit: int = 100, after: str = "") -> Listed:
    """A line for each operator, in order of their id. Raises Invalid("cursor-invalid")."""
    place = read_cursor(_SCOPE, after, parts=1)[0] if after else ""
    page: OperatorPage = await list_operators(world.rows, after=place, limit=limit)
    configuration, _ = await read_settings(world.rows)
    pauses = await pauses_in_force(world)

    async def line(operator: Operator) -> dict[str, Any]:
        return await _line(world, configuration, operator, pauses)

    lines = await side_by_side(line, page.operators, limit=_AT_ONCE)
    return Listed(lines, write_cursor(_SCOPE, page.next) if page.next else None)


async def _line(world: World, configuration: Configuration, operator: Operator, pauses: Pauses) -> dict[str, Any]:
    on = [kind for kind in Kind if not why_off(configuration, operator, kind)]
    subscription = (await read_subscription(world.rows, operator.mailbox_key))[0] if on else None
    kinds: dict[str, Any] = {kind.value: {"state": "off"} for kind in Kind}
    for kind in on:
        key, paused = collection_key(operator.mailbox_key, kind), pauses.of(operator.id, kind)
        kinds[kind.value] = await _kind(world, configuration, key, subscription, paused)
    return {
        "operator_id": operator.id,
        "mailbox": operator.mailbox,
        "connection": operator.connection,
        "kinds": kinds,
    }


async def _kind(
    world: World, configuration: Configuration, key: str, subscription: Subscription | None, paused: Pause | None
) -> dict[str, Any]:
    row = await world.rows.get(TABLE, key, HEAD)
    wanted = await world.rows.get(TABLE, key, WANTED)
    head = Head() if row is None else await head_of(row, world.blobs, _DOCUMENTS)
    now = world.now()
    live = configuration.notifications.mode == "push" and is_live(subscription, now)
    wrong = now_wrong(head, now)
    return {
        "state": state_of(head, configuration, subscription, paused, now, live=live)[0],
        "code": wrong.code if wrong else None,
        "since": timestamp(wrong.since) if wrong else None,
        "last_sync_at": timestamp(head.complete_at),
        "lag_seconds": lag_of(head, wanted, now, live=live),
        "items": head.items,
        "failed_items": await count_failing(world, key, head),
    }

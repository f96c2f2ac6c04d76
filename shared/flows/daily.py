"""What is done once a day, in UTC: pauses are recalled, what is too old is swept. Begun by a timer that runs anyway.

The timer only enqueues; each task is a message of the queue `shards`, works until its time is spent and enqueues itself
anew. All of them may be repeated.
"""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from shared.flows.audit import sweep_audit
from shared.flows.recall_pauses import recall_pauses
from shared.flows.receive_notification import write
from shared.flows.retention import TASK as EMAIL
from shared.flows.retention import age_email, age_operator
from shared.flows.settings_document import settings_in_force
from shared.ports import SHARDS_QUEUE, Upsert, World

TABLE, PARTITION, KEY = "configuration", "daily", "begun"
RECALL, AUDIT = "recall-pauses", "sweep-audit"
TASKS = (RECALL, AUDIT, EMAIL)


async def begin_day(world: World) -> None:
    """Enqueue the day's tasks, once; at any other time it costs a read."""
    today = world.now().astimezone(UTC).date().isoformat()
    row = await world.rows.get(TABLE, PARTITION, KEY)
    if row is not None and row.values["day"] == today:
        return
    for task in TASKS:
        await world.queues.send(SHARDS_QUEUE, {"task": task})
    await write(world.rows, TABLE, PARTITION, Upsert(KEY, {"day": today}))


async def do_daily(world: World, message: Mapping[str, Any], *, budget: timedelta) -> None:
    """Do one of TASKS, or a part of it."""
    if message["task"] == RECALL:
        await recall_pauses(world)
    elif message["task"] == AUDIT:
        await _sweep_audit(world, budget)
    elif "operator_id" in message:
        await age_operator(world, message["operator_id"], budget=budget)
    else:
        await age_email(world, message.get("after", ""), budget=budget)


async def _sweep_audit(world: World, budget: timedelta) -> None:
    keep = timedelta(days=(await settings_in_force(world)).retention.audit_days)
    if not await sweep_audit(world, keep, deadline=world.now() + budget):
        await world.queues.send(SHARDS_QUEUE, {"task": AUDIT})

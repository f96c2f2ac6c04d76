"""Keep a message that failed for good, for a person. DESIGN 5, queue_poison."""

import json
import logging

from shared.flows.operators import DUE, due_partition, find_operator
from shared.flows.receive_notification import write
from shared.model.due import RETRY
from shared.model.operator import Kind
from shared.ports import COLLECTIONS_QUEUE as COLLECTIONS
from shared.ports import SHARDS_QUEUE as SHARDS
from shared.ports import Touch, Upsert, Value, World

__all__ = ["COLLECTIONS", "SHARDS", "keep_poison"]
TABLE = "poison"
log = logging.getLogger(__name__)


async def keep_poison(world: World, queue: str, message: str) -> None:
    """Store the message, oldest first within its queue, and say so in the log.

    Its collection goes on all the same: it is looked at again in a few minutes, as one that is due.
    """
    now = world.now()
    key = f"{int(now.timestamp() * 1000):014d}-{world.new_id()}"
    await write(world.rows, TABLE, queue, Upsert(key, {"at": now, "message": message[:8000]}))
    log.error("poison-message in %s: %s", queue, message[:200])
    if queue == COLLECTIONS:
        await _have_it_looked_at(world, message)


async def _have_it_looked_at(world: World, message: str) -> None:
    try:
        wish = json.loads(message)
        operator, kind = await find_operator(world.rows, wish["operator_id"]), Kind(wish["kind"])
    except (ValueError, KeyError, TypeError):
        return  # not a message of ours: there is no collection to look at
    if operator is not None and operator.flag(kind):
        due: dict[str, Value] = {"due_at": world.now() + RETRY, "operator_id": operator.id}
        await write(world.rows, DUE, due_partition(kind, operator.mailbox_key), Touch(operator.mailbox_key, due))

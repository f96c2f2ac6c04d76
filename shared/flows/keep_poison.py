"""Keep a message that failed for good, for a person. DESIGN 5, queue_poison."""

import logging
from collections.abc import Mapping
from typing import Any

from shared.flows.receive_notification import write
from shared.ports import COLLECTIONS_QUEUE as COLLECTIONS
from shared.ports import SHARDS_QUEUE as SHARDS
from shared.ports import Upsert, World

__all__ = ["COLLECTIONS", "SHARDS", "keep_poison"]
TABLE = "poison"
log = logging.getLogger(__name__)


async def keep_poison(world: World, queue: str, message: Mapping[str, Any] | str) -> None:
    """Store the message, oldest first within its queue, and say so in the log. The timers bring its collection up to
    date all the same: only what went wrong must not be forgotten."""
    now = world.now()
    text = message if isinstance(message, str) else " ".join(f"{name}={value}" for name, value in message.items())
    key = f"{int(now.timestamp() * 1000):014d}-{world.new_id()}"
    await write(world.rows, TABLE, queue, Upsert(key, {"at": now, "message": text[:8000]}))
    log.error("poison-message in %s: %s", queue, text[:200])

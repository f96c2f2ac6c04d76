"""Queues in memory: the twin of `shared/adapters/queues.py`, with visibility against a clock that the test moves."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.adapters.queue_messages import decoded, encoded
from shared.ports import QueueLook


@dataclass(frozen=True, slots=True)
class _Waiting:
    queue: str
    text: str
    sent_at: datetime
    visible_at: datetime
    id: str


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryQueues:
    """The port `Queues`. `receive` is the host's part: it takes what is visible at `clock()`, oldest first."""

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._waiting: list[_Waiting] = []

    async def send(self, queue: str, message: Mapping[str, Any], *, delay: timedelta = timedelta(0)) -> None:
        """Enqueue a small JSON object."""
        text = encoded(queue, message, delay)
        self.counts["sends"] += 1
        await asyncio.sleep(0)  # as storage would, let other workers in
        now = self._clock()
        self._waiting.append(_Waiting(queue, text, now, now + delay, str(self.counts["sends"])))

    async def look(self, queue: str) -> QueueLook:
        """See the port. Poison queues are empty: nothing fails here."""
        here = [each for each in self._waiting if each.queue == queue]
        visible = [each for each in here if each.visible_at <= self._clock()]
        ids = tuple(each.id for each in visible)
        return QueueLook(len(here), ids, min((each.sent_at for each in visible), default=None))

    async def probe(self, queue: str, message: Mapping[str, Any]) -> None:
        """See the port."""
        encoded(queue, message, timedelta(0))
        await asyncio.sleep(0)

    def receive(self, queue: str) -> list[dict[str, Any]]:
        """Take all messages of this queue that are visible now."""
        now = self._clock()
        taken = [each for each in self._waiting if each.queue == queue and each.visible_at <= now]
        self._waiting = [each for each in self._waiting if each not in taken]
        return [decoded(each.text) for each in taken]

    def next_visible(self, queue: str) -> datetime | None:
        """When the next message of this queue becomes (or became) visible; None when it is empty."""
        return min((each.visible_at for each in self._waiting if each.queue == queue), default=None)

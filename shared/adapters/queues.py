"""Work for later in Azure Queue Storage, in the form that the Functions host's queue triggers read."""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from shared.adapters.queue_messages import encoded
from shared.adapters.storage import StorageAccount
from shared.adapters.storage_errors import azure_errors
from shared.ports import QUEUES, QueueLook

NEVER_EXPIRES = -1
_MOST_PEEKED = 32
_PROBE_HIDDEN, _PROBE_KEPT = 60, 90
"""Seconds: a probe that its sender could not take out is visible for half a minute, and then gone."""


class StorageQueues:
    """The port `Queues`. `counts` tells sends since the start."""

    def __init__(self, account: StorageAccount) -> None:
        self.counts: Counter[str] = Counter()
        self._account = account

    async def ensure(self) -> None:
        """Create the queues that are missing. `send` does so too, when it meets one that is."""
        with azure_errors():
            for queue in QUEUES:
                await self._create(queue)

    async def send(self, queue: str, message: Mapping[str, Any], *, delay: timedelta = timedelta(0)) -> None:
        """Enqueue a small JSON object; a retry after a lost answer may enqueue it twice."""
        text = encoded(queue, message, delay)
        with azure_errors():
            try:
                await self._send(queue, text, delay)
            except ResourceNotFoundError:
                await self._create(queue)
                await self._send(queue, text, delay)

    async def look(self, queue: str) -> QueueLook:
        """See the port. A queue that is not there yet is an empty one."""
        client = self._account.queues.get_queue_client(queue)
        with azure_errors():
            try:
                count = (await client.get_queue_properties()).approximate_message_count or 0
                peeked = await client.peek_messages(max_messages=_MOST_PEEKED)
            except ResourceNotFoundError:
                return QueueLook(0)
        sent = [message.inserted_on for message in peeked if message.inserted_on is not None]
        return QueueLook(count, tuple(str(message.id) for message in peeked), min(sent, default=None))

    async def probe(self, queue: str, message: Mapping[str, Any]) -> None:
        """See the port: enqueued invisible, found by its receipt, and deleted."""
        text = encoded(queue, message, timedelta(0))
        client = self._account.queues.get_queue_client(queue)
        with azure_errors():
            await self._create(queue)
            sent = await client.send_message(text, visibility_timeout=_PROBE_HIDDEN, time_to_live=_PROBE_KEPT)
            found = await client.update_message(sent, visibility_timeout=_PROBE_HIDDEN)
            await client.delete_message(found)

    async def _send(self, queue: str, text: str, delay: timedelta) -> None:
        self.counts["sends"] += 1
        client = self._account.queues.get_queue_client(queue)
        seconds = math.ceil(delay.total_seconds())
        await client.send_message(text, visibility_timeout=seconds, time_to_live=NEVER_EXPIRES)

    async def _create(self, queue: str) -> None:
        try:
            await self._account.queues.create_queue(queue)
        except ResourceExistsError:
            return

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
from shared.ports import QUEUES

NEVER_EXPIRES = -1


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

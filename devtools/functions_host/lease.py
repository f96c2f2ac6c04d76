"""The claim on one queue message: kept while its function runs, so that nobody else is given the message meanwhile.

Every renewal changes the pop receipt. Therefore renewing ends before the last word, and a renewal that is under way is
waited for, never cut off: a receipt that only the service knows would make the message run again.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

log = logging.getLogger("functions_host.queues")


class Lease:
    def __init__(self, queue: QueueClient, message: QueueMessage, duration: timedelta) -> None:
        self.message = message
        self._queue = queue
        self._duration = duration
        self._renewal: asyncio.Task[None] | None = None
        self._timer = self._in_half_the_time()

    async def delete(self) -> None:
        """The message is done."""
        await self._end()
        await self._queue.delete_message(self.message)

    async def release(self, delay: timedelta) -> None:
        """Let the message be given out again after a delay."""
        await self._end()
        await self._show_in(delay)

    async def abandon(self) -> None:
        """Stop renewing and leave the message to show up again by itself when the claim runs out."""
        await self._end()

    def _in_half_the_time(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._duration.total_seconds() / 2, self._begin_renewal)

    def _begin_renewal(self) -> None:
        self._renewal = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        try:
            await self._show_in(self._duration)
            log.debug("message %s of %s: claim renewed", self.message.id, self._queue.queue_name)
        except AzureError as error:
            log.warning("message %s of %s: claim not renewed: %s", self.message.id, self._queue.queue_name, error)
        self._timer = self._in_half_the_time()

    async def _show_in(self, delay: timedelta) -> None:
        updated = await self._queue.update_message(self.message, visibility_timeout=int(delay.total_seconds()))
        self.message.pop_receipt = updated.pop_receipt

    async def _end(self) -> None:
        if self._renewal is not None:
            await self._renewal
        self._timer.cancel()

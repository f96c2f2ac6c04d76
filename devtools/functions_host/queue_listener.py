"""Queue triggers: one listener for each queue function, polling a real storage queue as the Azure Functions host does.

Messages are fetched in batches, and again once no more than `newBatchThreshold` of them are running. A message whose
function returns is deleted; one whose function fails shows up again after `visibilityTimeout`, and after
`maxDequeueCount` attempts goes to `<queue>-poison`.
https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import timedelta

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from .backoff import PollingBackoff
from .bindings import Function
from .errors import FunctionFailed
from .host_json import QueueOptions
from .invocations import Invocations
from .lease import Lease
from .queue_messages import UndecodableMessage, message_data, message_metadata

log = logging.getLogger("functions_host.queues")
_POISON_SUFFIX = "-poison"
_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class QueuePair:
    """A queue, and where its hopeless messages go: nowhere when it is itself a poison queue."""

    queue: QueueClient
    poison: QueueClient | None

    @classmethod
    def of(cls, service: QueueServiceClient, name: str) -> QueuePair:
        poison_name = name + _POISON_SUFFIX
        has_poison = not name.endswith(_POISON_SUFFIX) and len(poison_name) <= _LONGEST_NAME
        poison = service.get_queue_client(poison_name) if has_poison else None
        return cls(service.get_queue_client(name), poison)


class QueueListener:
    def __init__(
        self,
        function: Function,
        queues: QueuePair,
        options: QueueOptions,
        *,
        lease: timedelta,
        invocations: Invocations,
    ) -> None:
        self._function = function
        self._queue, self._poison = queues.queue, queues.poison
        self._options = options
        self._lease = lease
        self._invocations = invocations
        self._backoff = PollingBackoff(options.max_polling_interval, random=random.random)
        self._running: set[asyncio.Task[None]] = set()
        self._in_function: set[asyncio.Task[None]] = set()
        self._one_ended = asyncio.Event()
        self._look_now = asyncio.Event()
        self._stopping = False
        self._fetching = False
        self._loop: asyncio.Task[None] | None = None

    @property
    def queue_name(self) -> str:
        return self._queue.queue_name

    @property
    def active(self) -> bool:
        """Whether messages are being fetched, run or settled."""
        return self._fetching or bool(self._running)

    def start(self) -> None:
        self._loop = asyncio.create_task(self._listen(), name=f"queue listener {self._function.name}")

    def look_now(self) -> None:
        """End the pause after an empty look."""
        self._look_now.set()

    async def stop_listening(self) -> None:
        """Take no more messages. What runs goes on; what the last look brought is given back."""
        self._stopping = True
        self._look_now.set()
        self._one_ended.set()
        if self._loop is not None:
            await self._loop

    async def wait_ended(self) -> None:
        """Return when what runs has ended and its messages are settled."""
        while self._running:
            await asyncio.wait(self._running)

    async def cancel_functions(self) -> None:
        """End the functions that still run and give their messages back at once. What is being settled is settled."""
        for task in self._in_function:
            task.cancel()
        await self.wait_ended()

    async def count(self) -> int:
        """The messages in the queue, the claimed and the delayed ones too; 0 when there is no such queue."""
        try:
            return (await self._queue.get_queue_properties()).approximate_message_count or 0
        except ResourceNotFoundError:
            return 0

    async def has_visible(self) -> bool:
        """Whether a message could be fetched now."""
        try:
            return bool(await self._queue.peek_messages(1))
        except ResourceNotFoundError:
            return False

    async def _listen(self) -> None:
        while not self._stopping:
            self._look_now.clear()
            self._fetching = True
            messages = await self._fetch()
            self._fetching = False
            if self._stopping:
                await self._give_back(messages)
            elif messages:
                self._backoff.found_messages()
                self._begin(messages)
                await self._until_room()
            else:
                await self._pause(self._backoff.next_pause())

    async def _fetch(self) -> list[QueueMessage]:
        """One request for a batch. A queue that does not exist (yet) is empty; trouble is logged, and tried again."""
        pages = self._queue.receive_messages(
            messages_per_page=self._options.batch_size, visibility_timeout=int(self._lease.total_seconds())
        ).by_page()
        try:
            return [message async for message in await anext(pages)]
        except (StopAsyncIteration, ResourceNotFoundError):
            return []
        except AzureError as error:
            log.warning("queue %s cannot be read, trying again: %s", self.queue_name, error)
            return []

    def _begin(self, messages: list[QueueMessage]) -> None:
        for message in messages:
            task = asyncio.create_task(self._process(Lease(self._queue, message, self._lease)))
            self._running.add(task)
            self._in_function.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._in_function.discard(task)
        self._one_ended.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("queue %s: a message could not be settled", self.queue_name, exc_info=error)

    async def _until_room(self) -> None:
        while len(self._running) > self._options.new_batch_threshold and not self._stopping:
            await self._one_ended.wait()
            self._one_ended.clear()

    async def _pause(self, pause: timedelta) -> None:
        """Until it is time to look again. That a function ended is no reason to, as in the real host."""
        try:
            async with asyncio.timeout(pause.total_seconds()):
                await self._look_now.wait()
        except TimeoutError:
            return

    async def _give_back(self, messages: list[QueueMessage]) -> None:
        leases = [Lease(self._queue, message, self._lease) for message in messages]
        await asyncio.gather(*(lease.release(timedelta(0)) for lease in leases))

    async def _process(self, lease: Lease) -> None:
        try:
            succeeded = await self._run(lease)
        except asyncio.CancelledError:
            await lease.release(timedelta(0))
            raise
        self._in_function -= {asyncio.current_task()}
        try:
            await self._settle(lease, succeeded)
        except ResourceNotFoundError:
            log.warning("message %s of %s was gone or claimed by another", lease.message.id, self.queue_name)

    async def _run(self, lease: Lease) -> bool:
        """Whether the message is done. A message that was tried too often (the host crashed with it) is not run again."""
        message = lease.message
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            return False
        try:
            data = message_data(message.content or "", base64_encoded=self._options.base64)
        except UndecodableMessage as error:
            log.error("message %s of %s: %s", message.id, self.queue_name, error)
            message.dequeue_count = self._options.max_dequeue_count
            return False
        what = f"message {message.id}, attempt {message.dequeue_count}"
        try:
            await self._invocations.run(self._function, data, metadata=message_metadata(message), what=what)
        except FunctionFailed:
            return False
        return True

    async def _settle(self, lease: Lease, succeeded: bool) -> None:
        if succeeded:
            await lease.delete()
        elif self._poison is None:
            # As in Azure: not shown again soon, which would be a fast endless loop.
            await lease.abandon()
        elif (lease.message.dequeue_count or 0) >= self._options.max_dequeue_count:
            await _copy(lease.message, self._poison)
            await lease.delete()
            log.error("message %s of %s went to %s", lease.message.id, self.queue_name, self._poison.queue_name)
        else:
            await lease.release(self._options.visibility_timeout)


async def _copy(message: QueueMessage, poison: QueueClient) -> None:
    """Put the same text into the poison queue, which is made when it is missing."""
    text = message.content or ""
    try:
        await poison.send_message(text)
    except ResourceNotFoundError:
        try:
            await poison.create_queue()
        except ResourceExistsError:
            log.debug("%s was made by another meanwhile", poison.queue_name)
        await poison.send_message(text)

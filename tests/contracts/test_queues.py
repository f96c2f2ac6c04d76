"""The contract of `Queues`, on memory and on Azurite. Receiving is the Functions host's part; tests stand in for it."""

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueMessage

from shared.adapters.memory.queues import MemoryQueues
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, QueueLook, Queues

type Receive = Callable[[str], Awaitable[list[dict[str, Any]]]]


@pytest.fixture(params=["memory", "azurite"])
async def queues(request: pytest.FixtureRequest, storage_account: StorageAccount) -> tuple[Queues, Receive]:
    """The port over queues that are not there yet, and what takes the visible messages out."""
    if request.param == "memory":
        memory = MemoryQueues()

        async def receive(queue: str) -> list[dict[str, Any]]:
            return memory.receive(queue)

        return memory, receive
    for queue in (COLLECTIONS_QUEUE, SHARDS_QUEUE):
        await _remove(storage_account, queue)

    async def take(queue: str) -> list[dict[str, Any]]:
        return [json.loads(base64.b64decode(message.content)) for message in await _messages(storage_account, queue)]

    return StorageQueues(storage_account), take


async def _remove(account: StorageAccount, queue: str) -> None:
    try:
        await account.queues.delete_queue(queue)
    except ResourceNotFoundError:
        return


async def _messages(account: StorageAccount, queue: str) -> list[QueueMessage]:
    client = account.queues.get_queue_client(queue)
    messages = []
    async for message in client.receive_messages(messages_per_page=32):
        messages.append(message)
        await client.delete_message(message)
    return messages


async def test_a_message_arrives_as_it_was_sent(queues: tuple[Queues, Receive]) -> None:
    port, receive = queues
    message = {"collection": "abc-email", "n": 1, "why": "Grüße <&>", "nested": {"list": [1, None, True]}}
    await port.send(COLLECTIONS_QUEUE, message)
    assert await receive(COLLECTIONS_QUEUE) == [message]
    assert await receive(COLLECTIONS_QUEUE) == []


async def test_queues_are_apart(queues: tuple[Queues, Receive]) -> None:
    port, receive = queues
    await port.send(COLLECTIONS_QUEUE, {"n": 1})
    await port.send(SHARDS_QUEUE, {"n": 2})
    assert (await receive(COLLECTIONS_QUEUE), await receive(SHARDS_QUEUE)) == ([{"n": 1}], [{"n": 2}])


@pytest.mark.parametrize("delay", [timedelta(milliseconds=1), timedelta(minutes=1), timedelta(days=7)])
async def test_a_delayed_message_is_not_there_at_once(queues: tuple[Queues, Receive], delay: timedelta) -> None:
    port, receive = queues
    await port.send(COLLECTIONS_QUEUE, {"n": 1}, delay=delay)
    assert await receive(COLLECTIONS_QUEUE) == []


async def test_the_largest_message_is_taken(queues: tuple[Queues, Receive]) -> None:
    port, receive = queues
    message = {"text": "x" * (48 * 1024 - len('{"text":""}'))}
    await port.send(COLLECTIONS_QUEUE, message)
    assert await receive(COLLECTIONS_QUEUE) == [message]


@pytest.mark.parametrize(
    ("queue", "message", "delay"),
    [
        ("elsewhere", {}, timedelta(0)),
        (COLLECTIONS_QUEUE, {"text": "x" * 48 * 1024}, timedelta(0)),
        (COLLECTIONS_QUEUE, {}, timedelta(days=7, seconds=1)),
        (COLLECTIONS_QUEUE, {}, timedelta(seconds=-1)),
    ],
    ids=["unknown queue", "too large", "too late", "in the past"],
)
async def test_misuse_is_a_value_error(
    queues: tuple[Queues, Receive], queue: str, message: dict[str, Any], delay: timedelta
) -> None:
    with pytest.raises(ValueError):
        await queues[0].send(queue, message, delay=delay)


async def test_a_look_tells_what_waits_and_takes_nothing_out(queues: tuple[Queues, Receive]) -> None:
    port, receive = queues
    assert await port.look(COLLECTIONS_QUEUE) == QueueLook(0), "it is not there yet"
    await port.send(COLLECTIONS_QUEUE, {"n": 1})
    await port.send(COLLECTIONS_QUEUE, {"n": 2})
    await port.send(COLLECTIONS_QUEUE, {"n": 3}, delay=timedelta(minutes=1))
    look = await port.look(COLLECTIONS_QUEUE)
    assert (look.count, len(set(look.visible))) == (3, 2)
    assert look.oldest_at is not None
    assert abs(datetime.now(UTC) - look.oldest_at) < timedelta(minutes=1)
    assert len(await receive(COLLECTIONS_QUEUE)) == 2
    assert (await port.look(COLLECTIONS_QUEUE)).visible == ()
    assert await port.look(f"{COLLECTIONS_QUEUE}-poison") == QueueLook(0)


async def test_a_probe_is_seen_by_nobody_and_leaves_nothing(queues: tuple[Queues, Receive]) -> None:
    port, receive = queues
    await port.send(COLLECTIONS_QUEUE, {"n": 1})
    await port.probe(COLLECTIONS_QUEUE, {"n": 2})
    assert (await port.look(COLLECTIONS_QUEUE)).count == 1
    assert await receive(COLLECTIONS_QUEUE) == [{"n": 1}]


async def test_a_message_in_memory_becomes_visible_when_the_clock_says_so() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    queues = MemoryQueues(lambda: now)
    await queues.send(COLLECTIONS_QUEUE, {"n": 1}, delay=timedelta(minutes=1))
    assert queues.next_visible(COLLECTIONS_QUEUE) == now + timedelta(minutes=1)
    now += timedelta(minutes=1)
    assert queues.receive(COLLECTIONS_QUEUE) == [{"n": 1}]
    assert queues.next_visible(COLLECTIONS_QUEUE) is None


async def test_a_stored_message_never_expires(storage_account: StorageAccount) -> None:
    await _remove(storage_account, COLLECTIONS_QUEUE)
    await StorageQueues(storage_account).send(COLLECTIONS_QUEUE, {})
    (message,) = await _messages(storage_account, COLLECTIONS_QUEUE)
    assert message.expires_on is not None
    assert message.expires_on.year == 9999

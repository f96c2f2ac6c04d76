"""Queue triggers of the local host, on a real storage queue."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.devtools.functions_host.sample import SampleApp


async def test_a_message_is_given_to_its_function_and_deleted(app: SampleApp) -> None:
    async with app.running() as host:
        await app.send(token="once")
        (call,) = await app.calls("once", at_least=1)
        assert call["attempt"] == 1
        assert call["id"] and call["inserted"] < call["expires"]
        await host.wait_idle()
        assert await app.count() == 0
        assert len(await app.calls("once")) == 1


async def test_a_failed_message_is_tried_again(app: SampleApp) -> None:
    async with app.running() as host:
        await app.send("fail once", token="again")
        await host.wait_idle()
        assert [call["attempt"] for call in await app.calls("again")] == [1, 2]
        assert await app.count() == 0


async def test_a_failed_message_is_hidden_for_the_visibility_timeout(app: SampleApp) -> None:
    app.change_queue_options(visibilityTimeout="01:00:00")
    async with app.running() as host:
        await app.send("fail", token="later")
        await app.calls("later", at_least=1)
        await host.wait_idle(delayed=False)
        assert (await app.visible(), await app.count()) == (0, 1)
        assert len(await app.calls("later")) == 1


async def test_after_the_last_attempt_a_message_goes_to_the_poison_queue_unchanged(app: SampleApp) -> None:
    async with app.running() as host:
        await app.send("fail", token="hopeless")
        await host.wait_idle()
        assert [call["attempt"] for call in await app.calls("hopeless")] == [1, 2, 3]
    async with app.raw_queue("-poison") as poison:
        (message,) = await poison.peek_messages()
        assert json.loads(base64.b64decode(message.content)) == {"token": "hopeless", "do": "fail"}


async def test_a_message_that_was_tried_too_often_is_not_run_again(app: SampleApp) -> None:
    """As after a message that takes the whole host down with it."""
    await app.send(token="deadly")
    async with app.queue() as queue:
        for _ in range(3):
            message = await queue.receive_message()
            assert message is not None
            await queue.update_message(message, visibility_timeout=0)
    async with app.running() as host:
        await host.wait_idle()
        assert await app.calls("deadly") == []
        assert await app.visible("-poison") == 1


async def test_what_fails_in_a_poison_queue_stays_there(app: SampleApp) -> None:
    app.queue_name += "-poison"
    app.settings["WORK_QUEUE"] = app.queue_name
    app.change_queue_options(maxDequeueCount=1)
    async with app.running() as host:
        await app.send("fail", token="twice poisonous")
        await app.calls("twice poisonous", at_least=1)
        await host.wait_idle(delayed=False)
        assert (await app.visible(), await app.count()) == (0, 1)


async def test_a_message_that_is_not_base64_goes_to_the_poison_queue_as_it_is(app: SampleApp) -> None:
    async with app.running() as host, app.raw_queue() as raw:
        await raw.create_queue()
        await raw.send_message("<not base64 & proud>")
        await host.wait_idle()
    async with app.raw_queue("-poison") as poison:
        (message,) = await poison.peek_messages()
        assert message.content == "<not base64 & proud>"


async def test_a_message_that_is_no_text_reaches_the_function_as_bytes(app: SampleApp) -> None:
    async with app.running() as host, app.raw_queue("-bytes") as raw:
        await raw.create_queue()
        await raw.send_message("/wD+")
        await host.wait_idle()
        assert await app.calls("bytes", at_least=1) == [{"body": "ff00fe"}]


async def test_without_encoding_the_text_is_the_message(app: SampleApp) -> None:
    app.change_queue_options(messageEncoding="none")
    async with app.running() as host, app.raw_queue() as raw:
        await raw.create_queue()
        await raw.send_message('{"token": "plain"}')
        await host.wait_idle()
        assert len(await app.calls("plain")) == 1


async def test_the_claim_is_renewed_while_the_function_runs(app: SampleApp, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "functions_host.queues")
    renewed = Renewals(3)
    logging.getLogger("functions_host.queues").addHandler(renewed)
    async with app.running(lease=timedelta(seconds=2)) as host:
        await app.send("wait", token="long")
        await app.calls("long", at_least=1)
        # Three renewals are one and a half claims: without them the message would be given out a second time.
        await asyncio.to_thread(renewed.seen.wait)
        assert await app.visible() == 0
        await app.open_gate("long")
        await host.wait_idle()
        assert len(await app.calls("long")) == 1
        assert await app.count() == 0
    logging.getLogger("functions_host.queues").removeHandler(renewed)


async def test_no_more_run_at_once_than_host_json_allows(app: SampleApp) -> None:
    """batchSize 4 and newBatchThreshold 2: four at first, and four more once no more than two are left."""
    tokens = [f"crowd-{number}" for number in range(10)]
    for token in tokens:
        await app.send("wait", token=token)
    async with app.running() as host:
        running = await begun(app, tokens, 4)
        assert (await app.visible(), len(running)) == (6, 4)
        for token in running[:2]:
            await app.open_gate(token)
        running = await begun(app, tokens, 8)
        assert (await app.visible(), len(running)) == (2, 8)
        for token in tokens:
            await app.open_gate(token)
        await host.wait_idle()
        assert len(await begun(app, tokens, 10)) == 10


async def test_one_busy_queue_does_not_hold_up_another(app: SampleApp) -> None:
    async with app.running():
        # Three are more than newBatchThreshold: nothing more is fetched from this queue.
        for number in range(3):
            await app.send("wait", token=f"busy-{number}")
            await app.calls(f"busy-{number}", at_least=1)
        await app.send(token="free", suffix="-other")
        assert len(await app.calls("free", at_least=1)) == 1
        for number in range(3):
            await app.open_gate(f"busy-{number}")


async def test_a_disabled_queue_function_leaves_its_messages(app: SampleApp) -> None:
    app.settings["AzureWebJobs_work_Disabled"] = "1"
    await app.send(token="left alone")
    async with app.running() as host:
        await app.send(token="done", suffix="-other")
        await host.wait_idle()
        assert await app.visible() == 1
        assert len(await app.calls("done")) == 1


async def test_stopping_waits_for_what_runs(app: SampleApp) -> None:
    async with app.running() as host:
        await app.send("wait", token="finishing")
        await app.calls("finishing", at_least=1)
        connection = await IdleConnection.open(host.port)
        stopping = asyncio.create_task(host.stop())
        await connection.closed_by_the_server()
        assert not stopping.done()
        sys.modules["function_app"].gates["finishing"].set()
        await stopping
    assert await app.count() == 0


async def test_what_does_not_end_in_time_is_cancelled_and_given_back(app: SampleApp) -> None:
    async with app.running(grace=timedelta(milliseconds=50)):
        await app.send("wait", token="stuck")
        await app.calls("stuck", at_least=1)
    async with app.queue() as queue:
        (message,) = await queue.peek_messages()
        assert message.dequeue_count == 1


async def test_a_queue_function_can_be_run_by_hand(app: SampleApp) -> None:
    async with app.running():
        body = {"input": json.dumps({"token": "by hand"})}
        assert (await app.request("POST", "/admin/functions/work", json=body))[0] == 202
        (call,) = await app.calls("by hand", at_least=1)
        assert call["attempt"] == 1
        body = {"input": json.dumps({"token": "by hand", "do": "fail"})}
        status, text = await app.request("POST", "/admin/functions/work?wait=true", json=body)
        assert (status, text) == (500, b"RuntimeError: cannot do this")


async def test_waiting_for_idle_says_what_is_left(app: SampleApp) -> None:
    async with app.running() as host:
        await app.send("wait", token="endless")
        await app.calls("endless", at_least=1)
        with pytest.raises(TimeoutError, match="1 functions run"):
            await host.wait_idle(within=timedelta(milliseconds=50))
        await app.open_gate("endless")
        await host.wait_idle()


async def begun(app: SampleApp, tokens: list[str], at_least: int) -> list[str]:
    """The tokens whose functions have begun, once there are so many."""
    while True:
        found = [token for token in tokens if await app.calls(token)]
        if len(found) >= at_least:
            return found


@dataclass
class IdleConnection:
    """A connection that has been answered and is kept open: the server closes it when it begins to stop."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int) -> IdleConnection:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/text HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"only text")
        return cls(reader, writer)

    async def closed_by_the_server(self) -> None:
        assert await self.reader.read() == b""
        self.writer.close()
        await self.writer.wait_closed()


class Renewals(logging.Handler):
    """Counts the log's renewals of claims, and tells when there were enough."""

    def __init__(self, enough: int) -> None:
        super().__init__(logging.DEBUG)
        self.seen = threading.Event()
        self._missing = enough

    def emit(self, record: logging.LogRecord) -> None:
        if "claim renewed" in record.getMessage():
            self._missing -= 1
            if self._missing <= 0:
                self.seen.set()

"""The sample app on the local host, with real Azurite and real HTTP; each test has a copy and queues of its own."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from devtools.functions_host import FunctionsHost, HostProcess

_LONGEST_CALL = aiohttp.ClientTimeout(total=60)
SAMPLE_APP = Path(__file__).parent / "sample_app"


@dataclass
class SampleApp:
    """A copy of the sample app with settings of its own, and what a test does with it while it runs."""

    root: Path
    connection_string: str
    queue_name: str = field(default_factory=lambda: f"work-{uuid.uuid4().hex[:12]}")
    settings: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def __post_init__(self) -> None:
        shutil.copytree(SAMPLE_APP, self.root, ignore=shutil.ignore_patterns("__pycache__"))
        self.settings = {
            "AzureWebJobsStorage": self.connection_string,
            "WORK_QUEUE": self.queue_name,
            "TICK_SCHEDULE": "0 0 0 1 1 *",
            "AzureFunctionsWebHost__hostId": f"host-{self.queue_name}",
        }

    def change_queue_options(self, **options: Any) -> None:
        path = self.root / "host.json"
        document = json.loads(path.read_text())
        document["extensions"]["queues"].update(options)
        path.write_text(json.dumps(document))

    def change_host_json(self, **options: Any) -> None:
        path = self.root / "host.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **options}))

    @asynccontextmanager
    async def running(self, **choices: Any) -> AsyncIterator[FunctionsHost]:
        """The app in this process; timers only by hand unless asked for."""
        async with FunctionsHost(self.root, settings=self.settings, **{"timers": False, **choices}) as host:
            self.url = host.url
            yield host

    @asynccontextmanager
    async def running_apart(self, *arguments: str) -> AsyncIterator[HostProcess]:
        """The app in a process of its own."""
        async with HostProcess(self.root, settings=self.settings, arguments=["--no-timers", *arguments]) as host:
            self.url = host.url
            yield host

    @asynccontextmanager
    async def queue(self, suffix: str = "") -> AsyncIterator[QueueClient]:
        """The queue of this app, encoding as Azure's host expects it."""
        async with QueueClient.from_connection_string(
            self.connection_string, self.queue_name + suffix, message_encode_policy=TextBase64EncodePolicy()
        ) as client:
            yield client

    def raw_queue(self, suffix: str = "") -> QueueClient:
        """A queue of this app with the text as it is."""
        return QueueClient.from_connection_string(self.connection_string, self.queue_name + suffix)

    async def send(self, do: str = "", *, token: str, suffix: str = "") -> None:
        async with self.queue(suffix) as queue:
            with suppress(ResourceExistsError):
                await queue.create_queue()
            await queue.send_message(json.dumps({"token": token, "do": do}))

    async def calls(self, token: str, *, at_least: int = 0) -> list[dict[str, Any]]:
        """What the app recorded under a token, as soon as there is so much."""
        status, body = await self.request("GET", f"/api/calls/{token}?at_least={at_least}")
        assert status == 200
        result: list[dict[str, Any]] = json.loads(body)
        return result

    async def open_gate(self, token: str) -> None:
        assert (await self.request("POST", f"/api/gates/{token}"))[0] == 204

    async def request(self, method: str, path: str, **options: Any) -> tuple[int, bytes]:
        async with (
            aiohttp.ClientSession(timeout=_LONGEST_CALL) as session,
            session.request(method, self.url + path, **options) as response,
        ):
            return response.status, await response.read()

    async def count(self, suffix: str = "") -> int:
        async with self.queue(suffix) as queue:
            return (await queue.get_queue_properties()).approximate_message_count or 0

    async def visible(self, suffix: str = "") -> int:
        async with self.queue(suffix) as queue:
            return len(await queue.peek_messages(32))

"""The admin endpoints of Core Tools: what runs here, and a way to run a timer or a queue function by hand.

Beyond Core Tools: `?wait=true` answers when the function has ended, and `/admin/host/idle` when nothing is left to do.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from .access import HostKeys, given_key
from .bindings import Function, HttpTrigger, QueueTrigger
from .errors import FunctionFailed
from .invocations import Invocations
from .protos import TypedData
from .queue_messages import metadata_by_hand
from .timers import Timer

_IDLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class AdminTargets:
    """What the admin endpoints act upon."""

    functions: Mapping[str, Function]
    timers: Mapping[str, Timer]
    invocations: Invocations
    wait_idle: Callable[[timedelta, bool], Awaitable[None]]


class Admin:
    def __init__(self, host_id: str, keys: HostKeys | None, targets: AdminTargets) -> None:
        self._host_id = host_id
        self._keys = keys
        self._targets = targets
        self._started = time.monotonic()
        self._by_hand: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.Request) -> web.Response:
        if self._keys and not self._keys.open("admin", given_key(request)):
            return web.Response(status=401)
        match request.method, request.rel_url.raw_path.strip("/").split("/")[1:]:
            case "GET", ["host", "ping"]:
                return web.Response()
            case "GET", ["host", "status"]:
                return web.json_response(self._status())
            case "GET", ["host", "idle"]:
                return await self._idle(request)
            case "GET", ["functions"]:
                return web.json_response([_describe(function) for function in self._targets.functions.values()])
            case "GET", ["functions", name] if name in self._targets.functions:
                return web.json_response(_describe(self._targets.functions[name]))
            case "POST", ["functions", name] if name in self._targets.functions:
                return await self._run(self._targets.functions[name], request)
        return web.Response(status=404)

    async def stop(self) -> None:
        for task in self._by_hand:
            task.cancel()
        await asyncio.gather(*self._by_hand, return_exceptions=True)

    def _status(self) -> dict[str, Any]:
        uptime = int((time.monotonic() - self._started) * 1000)
        return {"id": self._host_id, "state": "Running", "version": "4.0-local", "processUptime": uptime}

    async def _idle(self, request: web.Request) -> web.Response:
        within = timedelta(seconds=float(request.query.get("within", _IDLE_SECONDS)))
        try:
            await self._targets.wait_idle(within, request.query.get("delayed", "true") != "false")
        except TimeoutError as error:
            return web.Response(status=504, text=str(error))
        return web.Response()

    async def _run(self, function: Function, request: web.Request) -> web.Response:
        if isinstance(function.trigger, HttpTrigger):
            return web.Response(status=400, text=f"{function.name} is an HTTP function: call its route.")
        text = await _input(request)
        if text is None:
            return web.Response(status=400, text='The body must be JSON: {"input": "text"}')
        task = asyncio.create_task(self._call(function, text))
        self._by_hand.add(task)
        task.add_done_callback(self._by_hand.discard)
        if request.query.get("wait") != "true":
            task.add_done_callback(_look_at)
            return web.Response(status=202)
        try:
            await task
        except FunctionFailed as failure:
            return web.Response(status=500, text=failure.message)
        return web.Response()

    def _call(self, function: Function, text: str) -> Coroutine[Any, Any, None]:
        if isinstance(function.trigger, QueueTrigger):
            return self._call_with_message(function, text)
        return self._targets.timers[function.name].run()

    async def _call_with_message(self, function: Function, text: str) -> None:
        metadata = metadata_by_hand(str(uuid.uuid4()), datetime.now(UTC))
        await self._targets.invocations.run(function, TypedData(string=text), metadata=metadata, what="by hand")


def _look_at(task: asyncio.Task[None]) -> None:
    """The failure is in the log already; asyncio only wants it to be looked at."""
    if not task.cancelled():
        task.exception()


async def _input(request: web.Request) -> str | None:
    try:
        given = (json.loads(await request.read() or b"{}") or {}).get("input", "")
    except (ValueError, AttributeError):
        return None
    return given if isinstance(given, str) else json.dumps(given)


def _describe(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "isDisabled": function.disabled,
        "language": "python",
        "config": {"bindings": list(function.bindings)},
    }

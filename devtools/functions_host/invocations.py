"""Calling functions: one line of log for each call, and the knowledge of whether anything is running."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import timedelta

from . import protos
from .bindings import Function
from .errors import FunctionFailed
from .runtime import Runtime

log = logging.getLogger("functions_host")
_NOTHING: Mapping[str, protos.TypedData] = {}


class Invocations:
    def __init__(self, runtime: Runtime, timeout: timedelta | None) -> None:
        self._runtime = runtime
        self._timeout = timeout
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.running = 0
        self.begun = 0

    async def run(
        self,
        function: Function,
        data: protos.TypedData,
        *,
        metadata: Mapping[str, protos.TypedData] = _NOTHING,
        trace_parent: str = "",
        what: str = "",
    ) -> protos.TypedData | None:
        """Call a function and give what it returns. Raises FunctionFailed, which has been logged by then.

        `what` goes to the log beside the function's name: it must hold nothing secret.
        """
        self._begin()
        started = time.perf_counter()
        outcome = "cancelled"
        try:
            result = await self._call(function, data, metadata, trace_parent)
            outcome = "ok"
        except FunctionFailed as failure:
            outcome = f"failed: {failure.message}\n{failure.stack_trace}".rstrip()
            raise
        finally:
            self._end()
            level = logging.INFO if outcome == "ok" else logging.ERROR
            took = (time.perf_counter() - started) * 1000
            log.log(level, "%s%s: %.1f ms, %s", function.name, f" ({what})" if what else "", took, outcome)
        return result

    async def wait_quiet(self) -> None:
        """Return when no function runs."""
        await self._quiet.wait()

    async def _call(
        self, function: Function, data: protos.TypedData, metadata: Mapping[str, protos.TypedData], trace_parent: str
    ) -> protos.TypedData | None:
        seconds = self._timeout.total_seconds() if self._timeout else None
        try:
            async with asyncio.timeout(seconds):
                call = self._runtime.invoke(function.function_id, function.parameter, data, metadata, trace_parent)
                response = await call
        except TimeoutError:
            raise FunctionFailed(function.name, f"ran longer than functionTimeout, {self._timeout}") from None
        if response.result.status != protos.StatusResult.Success:
            error = response.result.exception or protos.RpcException("no reason given", "")
            raise FunctionFailed(function.name, error.message, error.stack_trace)
        return response.return_value

    def _begin(self) -> None:
        self.running += 1
        self.begun += 1
        self._quiet.clear()

    def _end(self) -> None:
        self.running -= 1
        if self.running == 0:
            self._quiet.set()

"""The app inside Microsoft's azure-functions-runtime: loaded once, then called.

The runtime speaks in requests and answers of the worker protocol and keeps one app per process in module globals. So a
process hosts one app at a time; an app that was loaded before is taken up again as it is, with its modules and state.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import traceback
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import azure_functions_runtime as worker
from azure_functions_runtime import handle_event

from . import protos
from .errors import ConfigurationError

_MODULE = "function_app"


@dataclass(frozen=True, slots=True)
class LoadedApp:
    metadata: list[protos.RpcFunctionMetadata]
    registry: dict[str, Any]
    module: ModuleType


class Runtime:
    """The one app that this process runs now."""

    _loaded: dict[Path, LoadedApp] = {}  # noqa: RUF012 - what the process has loaded, as the runtime's own globals
    _in_use: Path | None = None

    def __init__(self, app_root: Path) -> None:
        self._app_root = app_root.resolve()
        self._previous_module: ModuleType | None = None
        self._previous_path: list[str] = []

    async def start(self, stack: AsyncExitStack) -> list[protos.RpcFunctionMetadata]:
        """Load the app and tell its functions; `stack` lets the process go. Raises ConfigurationError."""
        if Runtime._in_use is not None:
            raise ConfigurationError(
                f"This process already runs the app in {Runtime._in_use}; azure-functions-runtime keeps one per process. "
                "Stop that one first, or use HostProcess."
            )
        Runtime._in_use = self._app_root
        stack.callback(self._let_go)
        self._previous_module, self._previous_path = sys.modules.get(_MODULE), list(sys.path)
        if str(self._app_root) not in sys.path:
            sys.path.append(str(self._app_root))
        app = self._loaded.get(self._app_root) or await self._load()
        self._loaded[self._app_root] = app
        sys.modules[_MODULE] = app.module
        handle_event._functions._functions = app.registry
        worker.start_threadpool_executor()
        # A function that runs in a thread is waited for: threads cannot be ended.
        stack.push_async_callback(asyncio.to_thread, worker.stop_threadpool_executor)
        return app.metadata

    def _let_go(self) -> None:
        Runtime._in_use = None
        sys.path[:] = self._previous_path
        sys.modules.pop(_MODULE, None)
        if self._previous_module is not None:
            sys.modules[_MODULE] = self._previous_module

    async def invoke(
        self,
        function_id: str,
        parameter: str,
        data: protos.TypedData,
        metadata: Mapping[str, protos.TypedData],
        trace_parent: str = "",
    ) -> protos.InvocationResponse:
        """Call a function once. An exception in it is the answer's status; cancelling this cancels an async function."""
        request = protos.InvocationRequest(
            invocation_id=str(uuid.uuid4()),
            function_id=function_id,
            input_data=(protos.ParameterBinding(parameter, data),),
            trigger_metadata=metadata,
            trace_context=protos.RpcTraceContext(trace_parent),
        )
        response: protos.InvocationResponse = await worker.invocation_request(
            _WorkerRequest(protos.StreamingMessage(invocation_request=request))
        )
        return response

    async def _load(self) -> LoadedApp:
        registry: dict[str, Any] = {}
        handle_event._functions._functions = registry
        module = self._import()
        init = protos.WorkerInitRequest(function_app_directory=str(self._app_root))
        message = protos.StreamingMessage(worker_init_request=init)
        _require_success(self._app_root, (await worker.worker_init_request(_WorkerRequest(message))).result)
        message = protos.StreamingMessage(functions_metadata_request=object())
        listed = await worker.functions_metadata_request(_WorkerRequest(message))
        _require_success(self._app_root, listed.result)
        return LoadedApp(list(listed.function_metadata_results), registry, module)

    def _import(self) -> ModuleType:
        """Import function_app.py by its path: another app's module of that name may be loaded or nearer on sys.path."""
        path = self._app_root / f"{_MODULE}.py"
        if not path.is_file():
            raise ConfigurationError(f"{path} is missing: this folder is not a Python Functions app (v2 model).")
        spec = importlib.util.spec_from_file_location(_MODULE, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[_MODULE] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise ConfigurationError(f"{path} could not be imported:\n{traceback.format_exc()}") from error
        return module


@dataclass(frozen=True, slots=True)
class _WorkerRequest:
    """What the runtime calls a request: the message, and the classes to answer with."""

    request: protos.StreamingMessage

    @property
    def properties(self) -> Mapping[str, Any]:
        return {"protos": protos, "host": "127.0.0.1"}


def _require_success(app_root: Path, result: protos.StatusResult) -> None:
    if result.status != protos.StatusResult.Success:
        reason = result.exception.stack_trace if result.exception else "no reason given"
        raise ConfigurationError(f"The app in {app_root} could not be loaded:\n{reason}")

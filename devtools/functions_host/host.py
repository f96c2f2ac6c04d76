"""The local Azure Functions host: an app's HTTP, queue and timer triggers, driven through azure-functions-runtime.

    async with FunctionsHost(app_root, settings={"AzureWebJobsStorage": azurite.connection_string}) as host:
        ...  # host.url, await host.run_timer("name"), await host.wait_idle()

Loopback only. One app per process (the runtime keeps it in globals); HostProcess runs one in a process of its own.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.blob.aio import ContainerClient
from azure.storage.queue.aio import QueueServiceClient

from .access import HostKeys
from .admin import Admin, AdminTargets
from .bindings import Function, QueueTrigger, TimerTrigger, read_functions
from .errors import ConfigurationError
from .host_json import HostOptions, read_host_options
from .http_server import LOOPBACK, Access, HttpServer
from .idle import wait_until_idle
from .invocations import Invocations
from .queue_listener import QueueListener, QueuePair
from .runtime import Runtime
from .settings import DEFAULT_CONNECTION, Settings, local_settings
from .timer_status import CONTAINER, TimerStatusStore
from .timers import Timer

log = logging.getLogger("functions_host")
# Azure claims a message for ten minutes. A developer's host that was killed should not keep its messages that long.
LEASE = timedelta(seconds=30)
GRACE = timedelta(seconds=10)
IDLE_WITHIN = timedelta(seconds=60)


class FunctionsHost:
    """One run of an app. `settings` go over the environment, which goes over local.settings.json; the app finds them all
    in os.environ while the host runs. `timers=False`: timers fire only by hand. `host_names`: names besides localhost
    that a request's Host and Origin may carry, as behind a tunnel. `lease`: for how long a message is claimed before
    the claim is renewed. `grace`: how long running functions may take to end when the host stops.
    """

    def __init__(
        self,
        app_root: Path | str,
        *,
        port: int = 0,
        settings: Mapping[str, str] | None = None,
        timers: bool = True,
        keys: HostKeys | None = None,
        host_names: Sequence[str] = (),
        lease: timedelta = LEASE,
        grace: timedelta = GRACE,
    ) -> None:
        self._app_root = Path(app_root).resolve()
        self._wanted_port = port
        self._own_settings = dict(settings or {})
        self._scheduled = timers
        self._keys = keys
        self._host_names = host_names
        self._lease = lease
        self._grace = grace
        self._stack = AsyncExitStack()
        self._listeners: list[QueueListener] = []
        self._timers: dict[str, Timer] = {}

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.port}"

    @property
    def port(self) -> int:
        return self._server.port

    async def start(self) -> None:
        """Load the app and listen to its triggers. Raises ConfigurationError, with nothing left running."""
        async with AsyncExitStack() as stack:
            settings = Settings({**local_settings(self._app_root), **os.environ, **self._own_settings})
            stack.enter_context(_environment(settings.values))
            options = read_host_options(self._app_root)
            runtime = Runtime(self._app_root)
            functions = read_functions(await runtime.start(stack), settings)
            self._invocations = Invocations(runtime, options.function_timeout)
            self._build(functions, options)
            await self._listen(functions, options, settings, stack)
            self._stack = stack.pop_all()

    async def stop(self) -> None:
        """Take nothing new, let running functions end within `grace`, cancel the rest and give their messages back."""
        await self._stack.aclose()

    async def run_timer(self, name: str) -> None:
        """Fire a timer by hand and wait for it. Raises FunctionFailed, and KeyError for a name that is no timer."""
        await self._timers[name].run()

    async def wait_idle(self, *, within: timedelta = IDLE_WITHIN, delayed: bool = True) -> None:
        """Return when no function runs and the queues that the app listens to are empty; see `wait_until_idle`."""
        await wait_until_idle(self._invocations, self._listeners, within=within, delayed=delayed)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    def _build(self, functions: Sequence[Function], options: HostOptions) -> None:
        self._timers = {
            function.name: Timer(function, function.trigger, invocations=self._invocations)
            for function in functions
            if isinstance(function.trigger, TimerTrigger)
        }
        targets = AdminTargets(
            functions={function.name: function for function in functions},
            timers=self._timers,
            invocations=self._invocations,
            wait_idle=lambda within, delayed: self.wait_idle(within=within, delayed=delayed),
        )
        self._admin = Admin(self._app_root.name, self._keys, targets)
        self._server = HttpServer(
            functions,
            prefix=options.route_prefix,
            access=Access(self._keys, self._host_names),
            invocations=self._invocations,
            admin=self._admin.handle,
        )

    async def _listen(
        self, functions: Sequence[Function], options: HostOptions, settings: Settings, stack: AsyncExitStack
    ) -> None:
        services = await self._queue_services(functions, stack)
        store = await self._status_store(settings, stack)
        stack.push_async_callback(self._drain)
        await self._server.start(self._wanted_port, shutdown_timeout=self._grace / 2)
        for function in functions:
            if isinstance(function.trigger, QueueTrigger) and not function.disabled:
                queues = QueuePair.of(services[function.trigger.connection_string], function.trigger.queue_name)
                self._listeners.append(
                    QueueListener(function, queues, options.queues, lease=self._lease, invocations=self._invocations)
                )
        for listener in self._listeners:
            listener.start()
        for timer in self._timers.values():
            if self._scheduled and not timer.function.disabled:
                timer.start(store)

    async def _queue_services(
        self, functions: Sequence[Function], stack: AsyncExitStack
    ) -> dict[str, QueueServiceClient]:
        services: dict[str, QueueServiceClient] = {}
        for function in functions:
            if isinstance(function.trigger, QueueTrigger) and function.trigger.connection_string not in services:
                try:
                    # Without the environment's settings: else each look at a queue searches for a .netrc and proxies.
                    service = QueueServiceClient.from_connection_string(
                        function.trigger.connection_string, transport=AioHttpTransport(use_env_settings=False)
                    )
                except ValueError as error:
                    # The SDK's words do not repeat the string, which holds a key.
                    raise ConfigurationError(f"{function.name}: the storage connection is wrong: {error}") from None
                services[function.trigger.connection_string] = await stack.enter_async_context(service)
        return services

    async def _status_store(self, settings: Settings, stack: AsyncExitStack) -> TimerStatusStore | None:
        if not self._scheduled or not settings.values.get(DEFAULT_CONNECTION):
            return None
        container = ContainerClient.from_connection_string(settings.values[DEFAULT_CONNECTION], CONTAINER)
        await stack.enter_async_context(container)
        return TimerStatusStore(container, self._host_id(settings))

    def _host_id(self, settings: Settings) -> str:
        """What keeps apart the timers of several apps that share one storage account."""
        return settings.values.get("AzureFunctionsWebHost__hostId") or self._app_root.name

    async def _drain(self) -> None:
        # The server bounds its own end, and must not be cut off in it: that would leave sockets open.
        serving_ends = asyncio.create_task(self._server.stop())
        timers = asyncio.gather(*(timer.stop() for timer in self._timers.values()))
        listeners = asyncio.gather(*(listener.stop_listening() for listener in self._listeners))
        try:
            async with asyncio.timeout(self._grace.total_seconds()):
                await listeners
                await timers
                await asyncio.gather(*(listener.wait_ended() for listener in self._listeners))
                await self._invocations.wait_quiet()
        except TimeoutError:
            log.warning("functions still run after %s: they are cancelled, their messages given back", self._grace)
            timers.cancel()
        await asyncio.gather(*(listener.cancel_functions() for listener in self._listeners))
        await self._admin.stop()
        await serving_ends


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Let the app see its settings in os.environ, and put the environment back afterwards."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)

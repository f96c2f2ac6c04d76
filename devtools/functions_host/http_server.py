"""HTTP triggers: one server on loopback, which finds the function, checks the key, calls, and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from .access import HostKeys, comes_from_here, given_key
from .bindings import Function, HttpTrigger
from .errors import ConfigurationError, FunctionFailed
from .http_messages import to_response, to_rpc
from .invocations import Invocations
from .routes import Route, RouteTable, parse_template

LOOPBACK = "127.0.0.1"
# https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits
LARGEST_BODY = 100 * 1024 * 1024

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class HttpFunction:
    function: Function
    auth_level: str


@dataclass(frozen=True, slots=True)
class Access:
    keys: HostKeys | None
    host_names: Sequence[str]


class HttpServer:
    """Serves the app's routes, and the admin endpoints under /admin."""

    def __init__(
        self, functions: Iterable[Function], *, prefix: str, access: Access, invocations: Invocations, admin: Handler
    ) -> None:
        self._routes = route_table(functions, prefix)
        self._access = access
        self._invocations = invocations
        self._admin = admin
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, port: int, *, shutdown_timeout: timedelta) -> None:
        """Listen on loopback; port 0 takes a free one. Raises ConfigurationError when the port is taken.

        When it stops, requests have `shutdown_timeout` to end, and as long again once their bodies are cut off.
        """
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        # As in Azure, a compressed body reaches the function as it was sent.
        self._runner = web.AppRunner(
            app, access_log=None, auto_decompress=False, shutdown_timeout=shutdown_timeout.total_seconds()
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, LOOPBACK, port).start()
        except OSError as error:
            raise ConfigurationError(f"Port {port} on {LOOPBACK} cannot be used: {error.strerror}.") from error
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if not comes_from_here(request, self._access.host_names):
            return web.Response(status=403, text="The Host or Origin header does not name this server.")
        path = request.rel_url.raw_path
        if path.startswith("/admin/"):
            return await self._admin(request)
        match = self._routes.find(request.method, path)
        if match is None:
            return web.Response(status=404)
        target, template = match.route.target, match.route.template
        if self._access.keys and not self._access.keys.open(target.auth_level, given_key(request)):
            return web.Response(status=401)
        if (request.content_length or 0) > LARGEST_BODY:
            return web.Response(status=413)
        data = to_rpc(request, await request.read(), match.parameters)
        # The template, not the path: a path may carry a key.
        what = f"{request.method} {template.text}"
        trace_parent = request.headers.get("traceparent", "")
        try:
            answer = await self._invocations.run(target.function, data, trace_parent=trace_parent, what=what)
        except FunctionFailed:
            return web.Response(status=500)
        return to_response(answer)


def route_table(functions: Iterable[Function], prefix: str) -> RouteTable[HttpFunction]:
    """The routes of all HTTP functions that are not disabled. Raises ConfigurationError for one that cannot be read."""
    routes: list[Route[HttpFunction]] = []
    for function in functions:
        if isinstance(function.trigger, HttpTrigger) and not function.disabled:
            try:
                template = parse_template(f"{prefix}/{function.trigger.route}")
            except ValueError as error:
                raise ConfigurationError(f"{function.name}: {error}") from error
            target = HttpFunction(function, function.trigger.auth_level)
            routes.append(Route(template, function.trigger.methods, target))
    return RouteTable(routes)

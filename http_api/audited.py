"""Every call that is no GET in the audit: what is intended before it is done, and how it ended before it is answered.

Names only: of the operator, of the members and settings that are sent, of query parameters; never a body's values. Who is to
be forgotten is concealed.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any, cast

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.compose import World
from shared.errors import Invalid, SyncError, Transient, Unclear
from shared.flows.audit import DONE, FAILED, REFUSED, Entry, close_entry, concealed, concealed_hash, open_entry
from shared.flows.forget_job import fingerprint_in
from shared.model.caller import Caller
from shared.model.configuration import flatten
from shared.model.people import compared

log = logging.getLogger(__name__)
READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, so that nobody writes them down."""
_PLACE = "audit_entry"
_CODE = "problem_code"


async def record_intent(request: Request, caller: Caller, *, conceals: bool = False, only_looks: bool = False) -> None:
    """Write down what is about to be done. Raises Transient: what cannot be written down is not done.

    What `only_looks` is done all the same: it is asked for when storage is down.
    """
    if request.method in READING:
        return
    world: World = await request.app.state.world_source()
    entry = await _entry(request, caller, conceals=conceals)
    try:
        place = await open_entry(world, entry)
    except (SyncError, Unclear) as failure:
        if only_looks:
            log.exception("a look is not in the audit: %s %s", caller.name, request.url.path)
            return
        raise Transient("storage-unavailable", "the audit could not be written, so nothing was done") from failure
    setattr(request.state, _PLACE, (world, place))


async def record_refusal(request: Request, caller: Caller, refusal: Invalid, *, conceals: bool = False) -> None:
    """Write down that somebody tried. Storage that is down does not make it less of a refusal."""
    if request.method in READING:
        return
    world: World = await request.app.state.world_source()
    entry = await _entry(request, caller, conceals=conceals)
    try:
        place = await open_entry(world, entry)
        await close_entry(world, place, REFUSED, refusal.code)
    except (SyncError, Unclear):
        log.exception("a refusal is not in the audit: %s %s", caller.name, request.method)


def name_problem(request: Request, code: str) -> None:
    """Let the audit show the code of the problem document that answers this request."""
    setattr(request.state, _CODE, code)


async def _entry(request: Request, caller: Caller, *, conceals: bool) -> Entry:
    route = cast(APIRoute, request.scope["route"])
    names = [parameter.alias for parameter in route.dependant.query_params]
    detail = {name: request.query_params[name][:100] for name in names if name in request.query_params}
    named = [str(value) for value in request.path_params.values()]
    sent = {} if named else await _members(request, route)
    if conceals:  # whom it is about is not named, and still found by who knows it
        addresses = [compared(value) for value in sent.values() if isinstance(value, str)]
        named = [_concealed(name) for name in (*named, *addresses)]
    return Entry(by=caller.name, action=route.name, target="/".join(named) or ", ".join(sent), detail=detail)


def _concealed(name: str) -> str:
    """A report's name is a hash already: of the same address as when it was asked for."""
    fingerprint = fingerprint_in(name)
    return concealed_hash(fingerprint) if fingerprint else concealed(name)


async def _members(request: Request, route: APIRoute) -> dict[str, Any]:
    """What is sent, by dotted names: settings for example. Only where the body was read as a document anyway."""
    if route.body_field is None or "json" not in request.headers.get("content-type", ""):
        return {}
    document: Any = json.loads(await request.body() or b"null")
    return flatten(document) if isinstance(document, Mapping) else {}


class Audited:
    """ASGI middleware: completes the entry of a call, whichever way it ends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; before its answer is sent the audit says how it ended."""

        async def completing(message: Message) -> None:
            if message["type"] == "http.response.start":
                await _complete(scope, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, completing)
        except Exception:
            await _complete(scope, 500, "internal-error")
            raise


async def _complete(scope: Scope, status: int, code: str = "") -> None:
    state = scope.get("state", {})
    world, place = state.pop(_PLACE, (None, None))
    if place is not None:
        outcome = DONE if status < 400 else REFUSED if status < 500 else FAILED
        await close_entry(world, place, outcome, code or state.get(_CODE, ""))

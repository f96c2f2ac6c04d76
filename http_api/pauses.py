"""Pauses: the sync of a kind, of an operator or of all is stopped for a while. `/pauses`."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from fastapi.responses import JSONResponse
from starlette.requests import Request

from http_api import pauses_examples as examples
from http_api.callers import TheCaller, needs
from http_api.pauses_examples import PauseIn, PausePage
from http_api.world import TheWorld, answers
from shared.flows import pauses
from shared.model.caller import Role
from shared.model.email import timestamp
from shared.model.pauses import Pause

router = APIRouter(prefix="/pauses", tags=["pauses"])
_STATUS = (Role.READER, Role.SALES_OPS, Role.ADMINISTRATOR)
"""Who sees how the sync stands. The application sees it in the status of its operators."""
Scope = Annotated[str, Path(description="`all`, `kind-email`, or `operator-` and the operator's id")]


@router.get("", dependencies=[needs(*_STATUS)], responses=answers(200, PausePage, examples.PAUSES, "What is paused"))
async def get_pauses(world: TheWorld) -> JSONResponse:
    """List what is paused, why, by whom and since when."""
    known = await pauses.read_pauses(world.rows)
    return JSONResponse({"items": [_document(each) for each in known.by_scope.values()], "next": None})


@router.post(
    "/{scope}",
    dependencies=[needs(Role.ADMINISTRATOR)],
    responses={
        **answers(200, examples.Pause, examples.PAUSE, "It was paused already, and has this reason now"),
        **answers(201, examples.Pause, examples.PAUSE, "It is paused"),
    },
)
async def pause(
    request: Request,
    world: TheWorld,
    caller: TheCaller,
    scope: Scope,
    body: Annotated[PauseIn, Body(examples=[examples.PAUSE_IN])],
) -> JSONResponse:
    """Pause the sync: nothing is asked of Exchange, nothing is lost, and push is kept alive. It counts within seconds."""
    made, is_new = await pauses.pause(world, scope, reason=body.reason, by=caller.name)
    request.app.state.settings_changed()
    return JSONResponse(_document(made), 201 if is_new else 200)


@router.delete(
    "/{scope}",
    status_code=204,
    dependencies=[needs(Role.ADMINISTRATOR)],
    responses=answers(204, None, None, "It goes on"),
)
async def resume(request: Request, world: TheWorld, scope: Scope) -> Response:
    """Let the sync go on: whatever waits is woken."""
    await pauses.resume(world, scope)
    request.app.state.settings_changed()
    return Response(status_code=204)


def _document(each: Pause) -> dict[str, Any]:
    return {
        "scope": each.scope,
        "kind": each.kind,
        "operator_id": each.operator_id,
        "reason": each.reason,
        "by": each.by,
        "at": timestamp(each.at),
    }

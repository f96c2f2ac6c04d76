"""Privacy: forget an operator, or a person outside. `/operators/{operator_id}/forget` and `/forget`."""

from typing import Annotated

from fastapi import APIRouter, Body, Response
from fastapi.responses import JSONResponse
from starlette.requests import Request

from http_api.callers import TheCaller, needs
from http_api.forget_examples import ADDRESS_REPORT, REPORT, ForgetAddress, ForgetReport
from http_api.world import TheWorld, answers
from shared.flows.forget_address import forget_address, removed_so_far
from shared.flows.forget_job import OPERATOR, job_id, report, reported
from shared.flows.forget_operator import forget_operator
from shared.flows.let_in_again import let_in_again
from shared.model.caller import Role

router = APIRouter(tags=["privacy"], dependencies=[needs(Role.ADMINISTRATOR, conceals=True)])


@router.post(
    "/operators/{operator_id}/forget",
    status_code=202,
    responses=answers(202, ForgetReport, REPORT, "It is under way, or done"),
)
async def forget_an_operator(world: TheWorld, caller: TheCaller, operator_id: str) -> JSONResponse:
    """Remove all that is held of an operator: items, contents, feed, failures, everything. There is no way back."""
    return JSONResponse(report(await forget_operator(world, operator_id, by=caller.name)), 202)


@router.post("/forget", status_code=202, responses=answers(202, ForgetReport, ADDRESS_REPORT, "It is under way"))
async def forget_an_address(
    request: Request,
    world: TheWorld,
    caller: TheCaller,
    body: Annotated[ForgetAddress, Body(examples=[{"address": "dana@customer.example"}])],
) -> JSONResponse:
    """Remove every email in which an address takes part, of all operators, and keep such mail out from now on."""
    job = await forget_address(world, body.address, by=caller.name)
    request.app.state.settings_changed()
    return JSONResponse(report(job), 202)


@router.get(
    "/forget/{name}", responses=answers(200, ForgetReport, ADDRESS_REPORT, "How far it is, and what was removed")
)
async def get_forget_report(world: TheWorld, name: str) -> JSONResponse:
    """Read a report by the `id` that asking for it gave."""
    return JSONResponse(report(await removed_so_far(world, await reported(world.rows, name))))


@router.delete(
    "/forget/{name}", status_code=204, responses=answers(204, None, None, "Mail that comes from now on is kept")
)
async def let_an_address_in_again(request: Request, world: TheWorld, name: str) -> Response:
    """Let mail of a forgotten person in again, by the `id` of the report, which goes too. What was removed stays so."""
    await let_in_again(world, name)
    request.app.state.settings_changed()
    return Response(status_code=204)


@router.get(
    "/operators/{operator_id}/forget",
    responses=answers(200, ForgetReport, REPORT, "How far it is, and what was removed"),
)
async def get_forgotten_operator(world: TheWorld, operator_id: str) -> JSONResponse:
    """Read the report of an operator who was to be forgotten."""
    return JSONResponse(report(await reported(world.rows, job_id(OPERATOR, operator_id))))

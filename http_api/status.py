"""How an operator's sync goes. `/operators/{operator_id}/status`."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from http_api import examples
from http_api.callers import needs
from http_api.documents import Status
from http_api.world import TheOperator, TheWorld, answers
from shared.flows.status import operator_status
from shared.model.caller import Role

router = APIRouter(
    prefix="/operators/{operator_id}/status",
    tags=["status"],
    dependencies=[needs(*Role)],
)


@router.get("", responses=answers(200, Status, examples.STATUS, "Per kind"))
async def get_status(world: TheWorld, operator: TheOperator) -> JSONResponse:
    """Read per kind: the state and its reason, the last sync, the lag, what fails and what mends it."""
    return JSONResponse(await operator_status(world, operator))

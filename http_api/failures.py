"""Items that could not be read. `/failures`."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from http_api import examples
from http_api.callers import needs
from http_api.documents import FailurePage
from http_api.world import After, Limit, TheWorld, answers
from shared.flows.operators import get_operator
from shared.flows.status import list_failures
from shared.model.caller import Role
from shared.model.operator import Kind

router = APIRouter(
    prefix="/failures",
    tags=["status"],
    dependencies=[needs(*Role)],
)


@router.get("", responses=answers(200, FailurePage, examples.FAILURE_PAGE, "Items that could not be read"))
async def get_failures(
    world: TheWorld,
    operator_id: Annotated[str, Query(description="Whose")],
    kind: Kind = Kind.EMAIL,
    limit: Limit = 100,
    after: After = "",
) -> JSONResponse:
    """List the items of an operator that could not be read, with cause and remedy. They are tried again by themselves."""
    operator = await get_operator(world.rows, operator_id, removed=True)
    page = await list_failures(world, operator, kind, limit=limit, after=after)
    return JSONResponse({"items": page.items, "next": page.next})

"""How all operators stand. `/status`."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from http_api import failures_examples as examples
from http_api.callers import needs
from http_api.failures_documents import StatusPage
from http_api.world import After, Limit, TheWorld, answers
from shared.flows.status_of_many import list_status
from shared.model.caller import Role

router = APIRouter(prefix="/status", tags=["status"], dependencies=[needs(*Role)])


@router.get("", responses=answers(200, StatusPage, examples.STATUS_PAGE, "A line for each operator"))
async def get_status_of_many(world: TheWorld, limit: Limit = 100, after: After = "") -> JSONResponse:
    """Read in one line for each operator how its kinds stand. What fails of all is quicker to read at `GET /failures`."""
    page = await list_status(world, limit=limit, after=after)
    return JSONResponse({"items": page.items, "next": page.next})

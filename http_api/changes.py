"""The ordered, replayable change feed. `/operators/{operator_id}/changes`."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from http_api import examples
from http_api.callers import needs
from http_api.documents import ChangePage
from http_api.emails import Include
from http_api.world import After, Limit, TheReader, TheWorld, answers
from shared.flows.reading import changes
from shared.model.caller import Role
from shared.model.operator import Kind

router = APIRouter(prefix="/operators/{operator_id}/changes", tags=["changes"], dependencies=[needs(Role.APPLICATION)])


@router.get("", responses=answers(200, ChangePage, examples.CHANGE_PAGE, "The next entries, in order"))
async def get_changes(
    world: TheWorld,
    operator: TheReader,
    kind: Kind = Kind.EMAIL,
    limit: Limit = 100,
    after: After = "",
    include: Include = None,
) -> JSONResponse:
    """Read what changed after a cursor: from the beginning without one. Ask again with `next`, now or in a year."""
    page = await changes(world, operator, kind, limit=limit, after=after, with_body=include == "body")
    return JSONResponse({"changes": page.changes, "next": page.next})

"""Who did what, and how it ended. `/audit`."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from http_api.audit_examples import AUDIT_PAGE, AuditPage
from http_api.callers import needs
from http_api.world import After, Limit, TheWorld, answers
from shared.flows.audit import list_audit
from shared.model.caller import Role

router = APIRouter(prefix="/audit", tags=["audit"], dependencies=[needs(Role.ADMINISTRATOR)])


@router.get("", responses=answers(200, AuditPage, AUDIT_PAGE, "Actions, newest first"))
async def get_audit(
    world: TheWorld,
    operator_id: Annotated[str, Query(description="Only what was done to this operator")] = "",
    day: Annotated[str, Query(description="Only this day in UTC, such as `2026-11-20`")] = "",
    limit: Limit = 100,
    after: After = "",
) -> JSONResponse:
    """Read what administrators and applications did, was it refused or done. Values and content are not in it."""
    page = await list_audit(world, day=day, operator_id=operator_id, after=after, limit=limit)
    return JSONResponse({"items": page.items, "next": page.next})

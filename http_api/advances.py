"""Which collections advanced, for an application that follows many operators. `/changes`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from http_api.callers import TheCaller, needs
from http_api.world import After, Limit, TheWorld, answers
from shared.flows.advances import list_advances
from shared.model.caller import Role
from shared.model.keys import SHARDS
from shared.model.operator import Kind

router = APIRouter(prefix="/changes", tags=["changes"], dependencies=[needs(Role.APPLICATION, narrows=True)])
Shard = Annotated[
    int | None, Query(ge=0, lt=SHARDS, description="Only this part, where several consumers divide the work")
]


class Advance(BaseModel):
    """A collection that has news in its feed."""

    operator_id: str
    kind: Kind
    at: datetime
    changes_url: str


class AdvancePage(BaseModel):
    """Some of those that advanced, in no order. `more`: ask again at once."""

    items: list[Advance]
    next: str
    more: bool


_EXAMPLE = {
    "items": [
        {
            "operator_id": "alice",
            "kind": "email",
            "at": "2026-11-21T10:15:02Z",
            "changes_url": "/api/operators/alice/changes?kind=email",
        }
    ],
    "next": "cjZsZjlxZzgvMC8xNzk1MTc2MDAwMDAwLzQvLg",
    "more": True,
}


@router.get("", responses=answers(200, AdvancePage, _EXAMPLE, "Hints, each at least once"))
async def get_advances(
    world: TheWorld, caller: TheCaller, limit: Limit = 100, after: After = "", shard: Shard = None
) -> JSONResponse:
    """Read which collections advanced after a cursor: all that ever did without one. `next` continues, always."""
    page = await list_advances(world, limit=limit, after=after, shard=shard, operators=caller.operators)
    return JSONResponse({"items": page.items, "next": page.next, "more": page.more})

"""Autodiscover for an administrator: where a mailbox is, step by step. `/discover`."""

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse

from http_api import examples
from http_api.callers import needs
from http_api.documents import Discovered, DiscoverRequest
from http_api.world import TheWorld, answers
from shared.flows.doctor import discover_report
from shared.model.caller import Role

router = APIRouter(prefix="/discover", tags=["settings"], dependencies=[needs(Role.ADMINISTRATOR)])


@router.post(
    "", responses=answers(200, Discovered, examples.DISCOVERED, "What was asked and found, or why nothing was")
)
async def discover_a_mailbox(
    world: TheWorld, body: Annotated[DiscoverRequest, Body(examples=[examples.DISCOVER])]
) -> JSONResponse:
    """Find a mailbox's EWS URL and version by Autodiscover. Nothing is changed."""
    return JSONResponse(await discover_report(world, body.address, body.connection))

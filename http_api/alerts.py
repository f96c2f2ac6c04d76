"""Failures that last, as they are told to people. `/alerts`."""

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse

from http_api.alerts_documents import ALERTS, TRIAL, AlertPage, Trial, TrialRequest
from http_api.callers import needs
from http_api.world import After, Limit, TheWorld, answers
from shared.flows.alert_report import list_alerts, try_alerts
from shared.model.caller import Role

router = APIRouter(prefix="/alerts", tags=["status"])
_READERS = needs(Role.READER, Role.SALES_OPS, Role.ADMINISTRATOR)


@router.get("", dependencies=[_READERS], responses=answers(200, AlertPage, ALERTS, "The causes that last"))
async def get_alerts(world: TheWorld, limit: Limit = 100, after: After = "") -> JSONResponse:
    """List what fails for longer than `alerts.after_minutes`, by cause: how many mailboxes, and who was told."""
    page = await list_alerts(world, limit=limit, after=after)
    return JSONResponse({"items": page.items, "next": page.next})


@router.post(
    "/test",
    dependencies=[needs(Role.ADMINISTRATOR)],
    responses=answers(200, Trial, TRIAL, "What became of each way"),
)
async def send_trial(
    world: TheWorld, body: Annotated[TrialRequest, Body(examples=[{"to": "crm-admins@example.com"}])]
) -> JSONResponse:
    """Send a trial mail through Exchange and another over SMTP, and say what became of each."""
    return JSONResponse(await try_alerts(world, body.to))

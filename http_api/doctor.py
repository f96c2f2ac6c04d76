"""Everything between the app and a mailbox, looked at for an administrator. `/doctor`.

A POST, since probes are written and Exchange is signed in to; what watches the app all day asks `GET /health/deep`.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from http_api import doctor_examples
from http_api.callers import needs
from http_api.world import TheWorld, answers
from shared.flows.checkup.report import check_up
from shared.model.caller import Role

router = APIRouter(prefix="/doctor", tags=["health"], dependencies=[needs(Role.ADMINISTRATOR, only_looks=True)])


class DoctorRequest(BaseModel):
    """Whose mailbox to try; without one, for each connection that of some operator."""

    model_config = ConfigDict(extra="forbid")

    operator_id: str | None = None


class CheckUpFinding(BaseModel):
    """One thing that was looked at. `code` is there where it failed or is a warning."""

    name: str
    state: Literal["ok", "warning", "failed", "not_tried"]
    detail: str
    code: str | None
    cause: str | None
    remedy: str | None
    owner: str | None
    seconds: float


class CheckedUp(BaseModel):
    """All checks in the order of their dependence; `first` is the one to mend first, null where nothing fails."""

    status: Literal["ok", "failing"]
    version: str
    at: str
    seconds: float
    checks: list[CheckUpFinding]
    first: CheckUpFinding | None


@router.post("", responses=answers(200, CheckedUp, doctor_examples.CHECKED_UP, "What was found, good or bad"))
async def look_at_everything(
    world: TheWorld,
    body: Annotated[DoctorRequest, Body(examples=[doctor_examples.DOCTOR])] = DoctorRequest(),  # noqa: B008
) -> JSONResponse:
    """Check storage, settings, secrets, Exchange, the listener, queues, timers and clocks. Takes up to a minute."""
    return JSONResponse(await check_up(world, body.operator_id or ""))

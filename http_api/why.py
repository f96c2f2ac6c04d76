"""Why a mail is in the application, or is not. `/operators/{operator_id}/why`.

Every role may ask. Whoever may not read content must know the subject whole, and is shown none.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from http_api.callers import TheCaller, needs
from http_api.why_examples import EXPLAINED
from http_api.world import TheHolder, TheWorld, answers
from shared.flows.explain_mail import explain_mail
from shared.model.caller import CONTENT, Role
from shared.model.explanation import Verdict

router = APIRouter(prefix="/operators/{operator_id}/why", tags=["status"], dependencies=[needs(*Role)])
MessageId = Annotated[str, Query(description="`Message-ID` of the mail's header, with or without `<` and `>`")]
Subject = Annotated[str, Query(description="Its subject: a part of it for the role application, else the whole")]


class Step(BaseModel):
    """One thing that was looked at. `ok`: whether the mail passes; null where that is not the question."""

    at: datetime | None
    what: str
    ok: bool | None
    setting: str | None
    code: str | None
    who: str | None
    remedy: str | None


class StoredMail(BaseModel):
    """What the application holds of the mail, and where its feed tells of it."""

    item_id: str
    folder: str
    page: int
    created_at: datetime | None
    created_cursor: str | None
    changed_at: datetime | None
    changed_cursor: str | None
    gone: str | None
    gone_at: datetime | None


class ExplainedMail(BaseModel):
    """One mail, the verdict on it, the step that decided, and all steps in order. `folder`: where Exchange has it."""

    verdict: Verdict
    decided: Step
    folder: str | None
    message_id: str | None
    subject: str | None
    received_at: datetime | None
    sent_at: datetime | None
    stored: StoredMail | None
    steps: list[Step]


class Explained(BaseModel):
    """Each mail that was asked for, newest first; where there is none, one entry that says so."""

    operator_id: str
    mailbox: str
    at: datetime
    message_id: str | None
    subject: str | None
    looked_in: list[str]
    mails: list[ExplainedMail]


@router.get("", responses=answers(200, Explained, EXPLAINED, "Each mail that was asked for, newest first"))
async def explain_a_mail(
    world: TheWorld, operator: TheHolder, caller: TheCaller, message_id: MessageId = "", subject: Subject = ""
) -> JSONResponse:
    """Explain a mail, synchronised or not: where Exchange has it, what decided, when, and who can change it."""
    with_content = caller.may_see(CONTENT, operator.id)
    found = await explain_mail(world, operator, message_id=message_id, subject=subject, with_content=with_content)
    return JSONResponse(found)

"""The JSON documents of `/alerts`, as models, with their examples."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from http_api.documents import Explained


class Alert(Explained):
    """A cause that lasts, for one mailbox or many."""

    connection: str | None = Field(description="Null where no connection was known.")
    mailboxes: int = Field(description="How many fail with it now.")
    most: int
    kinds: list[str]
    operators: list[str] = Field(description="The first few; `GET /failures` has all.")
    detail: str
    request_ids: list[str]
    since: datetime
    opened_at: datetime
    told_at: datetime | None
    clear_since: datetime | None = Field(
        description="Since when no mailbox fails with it: after ten minutes it is over."
    )
    told: list[str] = Field(description="Who got a mail.")
    paused: bool = Field(description="All that still fails with it is paused: it is not told meanwhile.")
    pending: Literal["opened", "grown", "recovered"] | None
    mail_failure: str | None = Field(description="Why the pending mail could not be sent yet.")


class AlertPage(BaseModel):
    """Causes in order of their code."""

    items: list[Alert]
    next: str | None


class TrialRequest(BaseModel):
    """Where to send a trial mail."""

    model_config = ConfigDict(extra="forbid", strict=True)

    to: str = Field("", description="An address; left out: all of `alerts.failures_to`.")


class TriedWay(BaseModel):
    """What became of one way. `off`: it is not set up."""

    way: Literal["exchange", "smtp"]
    state: Literal["sent", "failed", "off"]
    detail: str
    code: str | None
    remedy: str | None


class Trial(BaseModel):
    """What became of the trial mails, one by each way."""

    to: list[str]
    ways: list[TriedWay]


ALERTS: dict[str, Any] = {
    "items": [
        {
            "code": "impersonation-denied",
            "class": "reconfigure",
            "cause": "The service account may not act in the operator's name.",
            "remedy": "Grant it `ApplicationImpersonation`.",
            "owner": "Exchange administrator",
            "connection": "default",
            "mailboxes": 2,
            "most": 2,
            "kinds": ["email"],
            "operators": ["alice", "bob"],
            "detail": "ErrorImpersonateUserDenied The account does not have permission to impersonate the requested user.",
            "request_ids": ["8f0a1f0e-52a5-4c1c-a1c4-4c9b64d6a3f1"],
            "since": "2026-11-20T11:20:00Z",
            "opened_at": "2026-11-20T11:50:00Z",
            "told_at": "2026-11-20T11:50:01Z",
            "clear_since": None,
            "told": ["crm-admins@example.com"],
            "paused": False,
            "pending": None,
            "mail_failure": None,
        }
    ],
    "next": None,
}
TRIAL: dict[str, Any] = {
    "to": ["crm-admins@example.com"],
    "ways": [
        {
            "way": "exchange",
            "state": "sent",
            "detail": "sent from crm-sync@example.com on connection default",
            "code": None,
            "remedy": None,
        },
        {"way": "smtp", "state": "off", "detail": "alerts.smtp_url is not set", "code": None, "remedy": None},
    ],
}

"""The JSON documents of `/failures` and of the status of many, as models. See documents.py."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from http_api.documents import Explained, FailedItem, State
from shared.model.operator import Kind


class OpenFailure(Explained):
    """A collection, its items that cannot be read, or a subscription, failing just now. Of one item see `FailedItem`."""

    id: str = Field(description="For `POST /failures/{id}/retry`.")
    operator_id: str
    mailbox: str
    connection: str
    kind: Literal["email", "calendar", "contacts", "subscription", "email_items"]
    exchange_code: str | None
    since: datetime
    last: datetime
    count: int = Field(description="How often in a row; of `email_items` how many items.")
    request_ids: list[str] = Field(
        description="Under which ids Exchange knows the requests, newest first, five at most."
    )


class FailurePage(BaseModel):
    """Failing collections and subscriptions, or an operator's items that could not be read."""

    items: list[OpenFailure | FailedItem]
    next: str | None


class FailureSum(Explained):
    """How many fail of one cause."""

    kind: str
    connection: str
    count: int
    since: datetime = Field(description="Since when the first of them.")
    operator_id: str = Field(description="One of them.")
    detail: str | None = None


class FailureSums(BaseModel):
    """A part of all that fails, summed up. `next` continues; equal groups are to be added."""

    items: list[FailureSum]
    next: str | None


class FailureAccepted(BaseModel):
    """It is tried again; status tells how it goes."""

    id: str
    operator_id: str
    status_url: str


class StatusLine(BaseModel):
    """One operator in a line: how each kind stands."""

    operator_id: str
    mailbox: str
    connection: str
    kinds: dict[Kind, "KindLine"]


class KindLine(BaseModel):
    """One kind in a line. `code` is of docs/failures.md where it fails or is held."""

    state: State
    code: str | None = None
    since: datetime | None = None
    last_sync_at: datetime | None = None
    lag_seconds: int | None = None
    items: int = 0
    failed_items: int = Field(0, description="How many items cannot be read: `GET /failures?operator_id=` lists them.")


class StatusPage(BaseModel):
    """Operators in order of their id."""

    items: list[StatusLine]
    next: str | None

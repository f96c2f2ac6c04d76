"""The documents of the pauses and their examples, for the description."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

PAUSE_IN = {"reason": "Exchange is patched until noon"}
PAUSE: dict[str, Any] = {
    "scope": "kind-email",
    "kind": "email",
    "operator_id": None,
    "reason": PAUSE_IN["reason"],
    "by": "charlie@contoso.example",
    "at": "2026-11-20T12:00:00Z",
}
PAUSES = {"items": [PAUSE], "next": None}


class PauseIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: str


class Pause(BaseModel):
    """What is paused, why, by whom and since when. `kind` and `operator_id` are both null where all is."""

    scope: str
    kind: str | None
    operator_id: str | None
    reason: str
    by: str
    at: datetime


class PausePage(BaseModel):
    """All pauses; `next` is always null."""

    items: list[Pause]
    next: str | None

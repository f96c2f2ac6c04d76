"""The audit's document and its example, for the description."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

ENTRY: dict[str, Any] = {
    "at": "2026-11-20T12:00:00Z",
    "by": "charlie@contoso.example",
    "action": "put_one_operator",
    "target": "alice",
    "outcome": "done",
    "code": None,
    "detail": {"items": "keep"},
}
AUDIT_PAGE = {"items": [ENTRY], "next": None}


class AuditEntry(BaseModel):
    """One action. `begun`: nobody knows how it ended. `code` is of the problem document that answered it."""

    at: datetime
    by: str
    action: str
    target: str
    outcome: Literal["begun", "done", "refused", "failed"]
    code: str | None
    detail: dict[str, Any]


class AuditPage(BaseModel):
    """Entries, newest first. A page may be empty though there is `next`."""

    items: list[AuditEntry]
    next: str | None

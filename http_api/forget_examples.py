"""The documents of forgetting and their examples, for the description."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

_ID = "operator-3kq1v7hcs2d9g5p0m8l4n6rt0bjfuea1"
REPORT: dict[str, Any] = {
    "id": _ID,
    "state": "done",
    "stage": None,
    "removed": {"items": 812, "feed": 1240, "other_rows": 818, "blobs": 96, "audit_entries_concealed": 3},
    "by": "charlie@contoso.example",
    "asked_at": "2026-11-20T12:00:00Z",
    "done_at": "2026-11-20T12:00:41Z",
    "checked_at": None,
}


ADDRESS_REPORT: dict[str, Any] = {
    **REPORT,
    "id": "address-7d2f0k9c1m4s8e6b3q5v0t1hjnru2lga",
    "removed": {"items": 17, "collections": 240},
    "checked_at": "2026-11-20T12:00:41Z",
}


class ForgetReport(BaseModel):
    """How far it is, and what was removed. `stopped`: the operator was put again meanwhile. `checked_at`: when it was looked
    for once more, after every worker that could still have written had ended."""

    id: str
    state: Literal["working", "done", "stopped"]
    stage: str | None
    removed: dict[str, int]
    by: str
    asked_at: datetime
    done_at: datetime | None
    checked_at: datetime | None


class ForgetAddress(BaseModel):
    """Whom to forget."""

    model_config = ConfigDict(extra="forbid")

    address: str

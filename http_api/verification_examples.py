"""Example of the verification route, for its description: all is well with Alice's mailbox."""

from typing import Any


def _check(name: str, ok: bool | None, detail: str) -> dict[str, Any]:
    return {"name": name, "ok": ok, "detail": detail, "code": None, "remedy": None}


VERIFICATION: dict[str, Any] = {
    "operator_id": "alice",
    "mailbox": "alice@example.com",
    "at": "2026-11-21T10:20:00Z",
    "ok": True,
    "adopted": None,
    "checks": [
        _check("connection", True, "connection default"),
        _check("address", True, "the directory knows it as Alice"),
        _check("primary", True, "alice@example.com is the primary address"),
        _check("mailbox", True, "it is a mailbox"),
        _check("access", True, "signed in, and acting in the operator's name"),
        _check("folders", True, "Inbox, Sent Items can be read"),
        _check("push", True, "Exchange was heard at 2026-11-21T10:19:58Z"),
        _check("email_sync", True, "on and synchronised, 214 items"),
    ],
}

"""Examples of the doctor's route, for its description: a listener that Exchange cannot reach."""

from typing import Any

_FINE: dict[str, Any] = {"code": None, "cause": None, "remedy": None, "owner": None}
_FIRST: dict[str, Any] = {
    "name": "listener",
    "state": "failed",
    "detail": "https://exsync.example.com/api/ews/notifications answers 302",
    "code": "listener-not-ours",
    "cause": "What answers at the listener's URL is not the listener of this app.",
    "remedy": "Correct `notifications.url`: `https://<app>/api/ews/notifications`.",
    "owner": "CRM administrator",
    "seconds": 0.041,
}
DOCTOR = {"operator_id": "alice"}
CHECKED_UP: dict[str, Any] = {
    "status": "failing",
    "version": "0.1.0",
    "at": "2026-11-20T12:00:00Z",
    "seconds": 1.93,
    "checks": [
        {"name": "tables", "state": "ok", "detail": "a row was written, read and deleted in each table", **_FINE}
        | {"seconds": 0.114},
        _FIRST,
        {"name": "default push", "state": "not_tried", "detail": "it needs: listener", **_FINE} | {"seconds": 0.0},
    ],
    "first": _FIRST,
}

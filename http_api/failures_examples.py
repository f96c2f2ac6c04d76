"""Examples of `/failures` and of the status of many, for their description: Exchange lost the right to impersonate Alice."""

from typing import Any

from shared.model.failures import failure

_ENTRY = failure("impersonation-denied")
_EXPLAINED = {
    "code": _ENTRY.code,
    "class": _ENTRY.failure_class.value,
    "cause": _ENTRY.cause,
    "remedy": _ENTRY.remedy,
    "owner": _ENTRY.owner.value,
}
FAILURE: dict[str, Any] = {
    "id": "alice:email",
    "operator_id": "alice",
    "mailbox": "alice@example.com",
    "connection": "default",
    "kind": "email",
    **_EXPLAINED,
    "detail": "ErrorImpersonateUserDenied The account does not have permission to impersonate the requested user.",
    "exchange_code": "ErrorImpersonateUserDenied",
    "since": "2026-11-21T10:14:58Z",
    "last": "2026-11-21T10:19:30Z",
    "count": 5,
    "request_ids": ["2026-11-21T10:19:30Z client-request-id=v3k2 request-id=8f0c X-FEServer=EX01"],
}
_ITEMS_ENTRY = failure("items-failed")
FAILING_ITEMS: dict[str, Any] = {
    "id": "bob:email_items",
    "operator_id": "bob",
    "mailbox": "bob@example.com",
    "connection": "default",
    "kind": "email_items",
    "code": _ITEMS_ENTRY.code,
    "class": _ITEMS_ENTRY.failure_class.value,
    "cause": _ITEMS_ENTRY.cause,
    "remedy": _ITEMS_ENTRY.remedy,
    "owner": _ITEMS_ENTRY.owner.value,
    "detail": "3 items cannot be read",
    "exchange_code": None,
    "since": "2026-11-20T08:30:00Z",
    "last": "2026-11-21T09:30:00Z",
    "count": 3,
    "request_ids": [],
}
FAILURE_PAGE = {"items": [FAILURE, FAILING_ITEMS], "next": None}
FAILURE_SUMS = {
    "items": [
        {
            "kind": "email",
            "connection": "default",
            **_EXPLAINED,
            "count": 214,
            "since": "2026-11-21T10:14:58Z",
            "operator_id": "alice",
        }
    ],
    "next": None,
}
RETRIED = {"id": "alice:email", "operator_id": "alice", "status_url": "/api/operators/alice/status"}
STATUS_PAGE = {
    "items": [
        {
            "operator_id": "alice",
            "mailbox": "alice@example.com",
            "connection": "default",
            "kinds": {
                "email": {
                    "state": "failing",
                    "code": "impersonation-denied",
                    "since": "2026-11-21T10:14:58Z",
                    "last_sync_at": "2026-11-21T10:10:00Z",
                    "lag_seconds": 300,
                    "items": 214,
                    "failed_items": 0,
                },
                "calendar": {"state": "off"},
                "contacts": {"state": "off"},
            },
        }
    ],
    "next": None,
}

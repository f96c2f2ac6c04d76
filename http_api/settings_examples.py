"""Examples of the settings routes beside the document itself: what a change will do, the history, an import."""

from typing import Any

WILL = [
    "email.enabled: email starts for every operator whose `email_sync` is on: the initial sync reads the last 7 days"
]
HISTORY: dict[str, Any] = {
    "items": [
        {
            "number": 2,
            "at": "2026-11-21T10:20:00Z",
            "by": "function key",
            "changes": [{"setting": "email.sync_from_days", "from": 7, "to": 30}],
        },
        {
            "number": 1,
            "at": "2026-11-21T09:00:00Z",
            "by": "function key",
            "changes": [
                {"setting": "email.enabled", "from": None, "to": True},
                {"setting": "email.sync_from_days", "from": None, "to": 7},
            ],
        },
    ],
    "next": None,
}

FILE = (
    "Exchange URL,https//mail.example.com/ews/Exchange.asmx\n"
    "Sync From No Of Days,7\n"
    "Notification URL,https://crm.example.com/prweb/PRRestService/PushNotificationsListener\n"
)
IMPORTED: dict[str, Any] = {
    "items": [
        {
            "line": 1,
            "there": "Exchange URL",
            "state": "taken",
            "here": "connections.default.url",
            "value": "https://mail.example.com/ews/Exchange.asmx",
            "reason": 'corrected from "https//mail.example.com/ews/Exchange.asmx"',
        },
        {
            "line": 2,
            "there": "Sync From No Of Days",
            "state": "taken",
            "here": "email.sync_from_days",
            "value": 7,
            "reason": None,
        },
        {
            "line": 3,
            "there": "Notification URL",
            "state": "not_needed",
            "here": "notifications.url",
            "value": None,
            "reason": "it is the earlier product's own listener; set notifications.url to this app's, "
            "https://…/api/ews/notifications",
        },
    ],
    "will": [
        "email.sync_from_days: a backfill: at its next sync each window moves back to 7 days ago, and the older mail is read"
    ],
    "harm": [],
}

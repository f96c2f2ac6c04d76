"""Example documents for the OpenAPI description: the same three people as everywhere. A test holds them true."""

from typing import Any

OPERATOR: dict[str, Any] = {
    "operator_id": "alice",
    "mailbox": "alice@example.com",
    "connection": "default",
    "email_sync": True,
    "calendar_sync": False,
    "contact_sync": False,
    "time_zone": "Europe/Berlin",
}
OPERATOR_IN = {name: value for name, value in OPERATOR.items() if name != "operator_id"}
OPERATOR_PAGE = {"items": [OPERATOR], "next": None}

ITEM_ID = "vupk3u6a80dq4fjb8fc3t7nl2"
EMAIL: dict[str, Any] = {
    "item_id": ITEM_ID,
    "subject": "Offer for Bob",
    "type": "message",
    "item_class": "IPM.Note",
    "sender": {"name": "Bob", "address": "bob@customer.example"},
    "from": {"name": "Bob", "address": "bob@customer.example"},
    "to": [{"name": "Alice", "address": "alice@example.com"}],
    "cc": [],
    "bcc": [],
    "reply_to": [],
    "received_at": "2026-11-21T10:15:00Z",
    "sent_at": "2026-11-21T10:14:58Z",
    "importance": "normal",
    "sensitivity": "normal",
    "categories": [],
    "is_draft": False,
    "conversation_id": "AAQkAGI=",
    "conversation_topic": "Offer for Bob",
    "internet_message_id": "<1@customer.example>",
    "in_reply_to": None,
    "references": [],
    "has_attachments": True,
    "size": 48210,
    "folder": "Inbox",
    "is_read": False,
    "gone": None,
    "gone_at": None,
    "changed_at": "2026-11-21T10:15:02Z",
    "attachments": [
        {
            "n": 0,
            "name": "offer.pdf",
            "kind": "file",
            "content_type": "application/pdf",
            "size": 41200,
            "is_inline": False,
            "content_id": "",
            "url": None,
            "stored": True,
            "failure": None,
        }
    ],
}
WHOLE_EMAIL = {**EMAIL, "text": "Please find our offer attached.", "html": None}
EMAIL_PAGE = {"items": [EMAIL], "next": "ZzVrMmEzbDAvdnVwazN1NmE4MGRxNGZqYjhmYzN0N25sMg"}

CURSOR = "cjhvNjFxZmcvMS8yLzE"
CHANGE_PAGE = {
    "changes": [
        {
            "cursor": CURSOR,
            "type": "created",
            "kind": "email",
            "item_id": ITEM_ID,
            "at": "2026-11-21T10:15:02Z",
            "item": EMAIL,
        }
    ],
    "next": CURSOR,
}

STATUS = {
    "operator_id": "alice",
    "mailbox": "alice@example.com",
    "at": "2026-11-21T10:20:00Z",
    "kinds": {
        "email": {
            "state": "live",
            "reason": "Exchange reports changes at once",
            "last_sync_at": "2026-11-21T10:15:01Z",
            "lag_seconds": 0,
            "asked_at": None,
            "syncing": False,
            "items": 214,
            "window_from": "2026-11-18T09:00:00Z",
            "folders": [{"path": "Inbox", "phase": "live"}, {"path": "Sent Items", "phase": "live"}],
            "paused": None,
            "subscription": {
                "live": True,
                "created_at": "2026-11-21T09:00:00Z",
                "last_heard_at": "2026-11-21T10:15:00Z",
                "failure": None,
            },
            "failure": None,
            "retry_at": None,
            "held": None,
            "failed_items": 0,
            "notes": [],
        },
        "calendar": {"state": "off", "reason": "calendar comes with a later version"},
        "contacts": {"state": "off", "reason": "contacts comes with a later version"},
    },
}

DISCOVER = {"address": "alice@example.com", "connection": "auto"}
DISCOVERED: dict[str, Any] = {
    "address": "alice@example.com",
    "url": "https://mail.example.com/EWS/Exchange.asmx",
    "internal_url": None,
    "build": "15.2.1748.39",
    "version": "Exchange2019",
    "schemas": ["Exchange2007", "Exchange2010"],
    "connection": "default",
    "untrusted_hosts": [],
    "steps": [
        {
            "way": "soap",
            "url": "https://autodiscover.example.com/autodiscover/autodiscover.svc",
            "address": "alice@example.com",
            "credentials_of": "default",
            "outcome": "EWS is at https://mail.example.com/EWS/Exchange.asmx",
            "code": None,
            "remedy": None,
            "seconds": 0.21,
        }
    ],
    "commands": [
        "exsync settings set connections.default.url=https://mail.example.com/EWS/Exchange.asmx "
        "connections.default.version=Exchange2019"
    ],
    "code": None,
    "detail": None,
    "remedy": None,
}

SETTINGS_PATCH = {
    "connections": {"default": {"url": "https://mail.example.com/EWS/Exchange.asmx", "version": "Exchange2019"}},
    "notifications": {"url": "https://exsync.example.com/api/ews/notifications"},
    "email": {"enabled": True, "sync_from_days": 7},
}
DEEP_HEALTH = {
    "status": "ok",
    "checks": [
        {"name": "storage", "ok": True, "detail": "answers", "code": None, "remedy": None},
        {"name": "settings", "ok": True, "detail": "1 connection", "code": None, "remedy": None},
    ],
}

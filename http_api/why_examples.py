"""The example of `why`, for its description: a mail that its reader has given the category `No CRM`."""

from typing import Any


def _step(what: str, *, ok: bool | None = True, at: str | None = None, **more: str) -> dict[str, Any]:
    texts = {name: more.get(name) for name in ("setting", "code", "who", "remedy")}
    return {"at": at, "what": what, "ok": ok, **texts}


_DECIDED = _step(
    "Its category keeps it out (email.exclude_category)",
    ok=False,
    setting="email.exclude_category",
    who="operator",
    remedy="Take the category off the mail in Outlook: the next sync takes it.",
)
EXPLAINED: dict[str, Any] = {
    "operator_id": "alice",
    "mailbox": "alice@example.com",
    "at": "2026-11-21T10:20:00Z",
    "message_id": "<1@customer.example>",
    "subject": None,
    "looked_in": ["Deleted Items", "Drafts", "Inbox", "Junk Email", "Sent Items"],
    "mails": [
        {
            "verdict": "kept_out",
            "decided": _DECIDED,
            "folder": "Inbox",
            "message_id": "<1@customer.example>",
            "subject": "Offer for Bob",
            "received_at": "2026-11-21T10:15:00Z",
            "sent_at": "2026-11-21T10:14:58Z",
            "stored": None,
            "steps": [
                _step("Email is switched on, in the settings and for the operator"),
                _step("The last complete sync of 2 folders began then", at="2026-11-21T10:15:01Z"),
                _step("Exchange has it in Inbox", at="2026-11-21T10:15:00Z"),
                _step("Inbox is watched", setting="email.folders"),
                _step(
                    "It was received after 2026-11-18 09:00:00 UTC, where the window begins",
                    at="2026-11-21T10:15:00Z",
                    setting="email.sync_from_days",
                ),
                _DECIDED,
                _step("The application does not hold it", ok=None, at="2026-11-21T10:20:00Z"),
            ],
        }
    ],
}

"""Examples of the import's and the export's routes, for their description."""

from typing import Any

CSV = (
    "operator_id,mailbox,connection,email_sync,calendar_sync,contact_sync,time_zone\n"
    "alice,alice@example.com,default,true,false,false,Europe/Berlin\n"
)
LINE: dict[str, Any] = {
    "line": 2,
    "operator_id": "alice",
    "outcome": "changed",
    "changes": {"email_sync": {"from": False, "to": True}},
    "items_removed": [],
    "code": None,
    "reason": None,
}
IMPORTED: dict[str, Any] = {
    "dry_run": False,
    "encoding": "utf-8",
    "columns": {"Operator": "operator_id", "Email": "mailbox", "Email sync": "email_sync"},
    "ignored": ["Name"],
    "created": 0,
    "changed": 1,
    "unchanged": 0,
    "refused": 1,
    "lines": [
        LINE,
        {
            **LINE,
            "line": 3,
            "operator_id": "bob",
            "outcome": "refused",
            "changes": {},
            "code": "mailbox-taken",
            "reason": "alice@example.com belongs to operator alice: change or delete that one first",
        },
    ],
}

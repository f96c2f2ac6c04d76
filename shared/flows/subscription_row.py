"""The stored subscription of a mailbox: one row in a partition of its own, so that listeners do not meet."""

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from shared.model.collection import Trouble
from shared.model.email import timestamp
from shared.model.subscription import Subscription
from shared.ports import Row, Rows, Value

TABLE = "subscriptions"
KEY = "subscription"
_NAMES = tuple(field.name for field in fields(Subscription))


async def read_subscription(rows: Rows, mailbox_key: str) -> tuple[Subscription | None, Row | None]:
    """The subscription of a mailbox and its row; None, None where there never was one."""
    row = await rows.get(TABLE, mailbox_key, KEY)
    if row is None:
        return None, None
    facts: dict[str, Any] = {name: row.values[name] for name in _NAMES if name in row.values}
    return Subscription(**facts), row


def subscription_columns(subscription: Subscription) -> dict[str, Value]:
    """The columns of a subscription; what is None is left out."""
    return {name: value for name in _NAMES if (value := getattr(subscription, name)) is not None}


def noted_trouble(subscription: Subscription | None) -> Trouble | None:
    """Why there is no push, where that is so."""
    if subscription is None or not subscription.failure:
        return None
    noted = json.loads(subscription.failure)
    since, ids = datetime.fromisoformat(noted["since"]), tuple(noted.get("request_ids", ()))
    alike = noted.get("alike", 1)
    return Trouble(
        noted["code"], noted["detail"], since, since, noted.get("count", alike), alike=alike, request_ids=ids
    )


def note_of(trouble: Trouble) -> str:
    """A failure as the column `failure` has it."""
    facts = {"code": trouble.code, "detail": trouble.detail, "since": timestamp(trouble.since)}
    return json.dumps({**facts, "count": trouble.count, "alike": trouble.alike, "request_ids": trouble.request_ids})

"""A storage queue's message as a queue function sees it. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from azure.storage.queue import QueueMessage

from .protos import TypedData

_BY_HAND_LIFETIME = timedelta(days=7)


class UndecodableMessage(Exception):
    """The text is not the base64 that host.json promises."""


def message_data(text: str, *, base64_encoded: bool) -> TypedData:
    """The body as a function gets it: text, or bytes where it is not UTF-8. Raises UndecodableMessage."""
    if not base64_encoded:
        return TypedData(string=text)
    try:
        body = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UndecodableMessage("the message is not base64") from None
    try:
        return TypedData(string=body.decode())
    except UnicodeDecodeError:
        return TypedData(bytes=body)


def message_metadata(message: QueueMessage) -> Mapping[str, TypedData]:
    return {
        "Id": TypedData(string=message.id),
        "DequeueCount": TypedData(json=str(message.dequeue_count)),
        "InsertionTime": _moment(message.inserted_on),
        "ExpirationTime": _moment(message.expires_on),
        "NextVisibleTime": _moment(message.next_visible_on),
        "PopReceipt": TypedData(string=message.pop_receipt),
    }


def metadata_by_hand(message_id: str, now: datetime) -> Mapping[str, TypedData]:
    """For a message that came through the admin endpoint and never was in a queue."""
    return {
        "Id": TypedData(string=message_id),
        "DequeueCount": TypedData(json="1"),
        "InsertionTime": _moment(now),
        "ExpirationTime": _moment(now + _BY_HAND_LIFETIME),
        "NextVisibleTime": _moment(now),
        "PopReceipt": TypedData(string=""),
    }


def _moment(moment: datetime | None) -> TypedData:
    if moment is None:
        return TypedData(json="null")
    return TypedData(json=json.dumps(moment.astimezone(UTC).isoformat()))

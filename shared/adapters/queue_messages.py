"""A queue's messages as the Functions host expects them: JSON in base64 (`host.json` messageEncoding), small.

PROTOCOL 18: 64 KiB after encoding, visible after at most 7 days.
"""

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.ports import QUEUES

MAX_MESSAGE = 64 * 1024
MAX_DELAY = timedelta(days=7)


def encoded(queue: str, message: Mapping[str, Any], delay: timedelta) -> str:
    """The text to enqueue. Raises ValueError for what no queue would take: our own mistake."""
    if queue not in QUEUES:
        raise ValueError(f"unknown queue {queue!r}: name it in shared/ports.py QUEUES")
    if not timedelta(0) <= delay <= MAX_DELAY:
        raise ValueError(f"delay {delay}: 0 to {MAX_DELAY}")
    text = base64.b64encode(json.dumps(dict(message), separators=(",", ":")).encode()).decode()
    if len(text) > MAX_MESSAGE:
        raise ValueError(f"a message of {len(text)} characters for {queue}: at most {MAX_MESSAGE}, encoded")
    return text


def decoded(text: str) -> dict[str, Any]:
    """The message that `encoded` made a text of."""
    message: dict[str, Any] = json.loads(base64.b64decode(text, validate=True))
    return message

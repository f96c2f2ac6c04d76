"""When a collection is due without anybody having asked: the timer is the truth, push is a hint. DESIGN 4, step 3."""

import hashlib
from datetime import datetime, timedelta

from shared.model.collection import Head
from shared.model.configuration import Configuration
from shared.model.keys import hashed
from shared.model.operator import Operator

RETRY = timedelta(minutes=5)
"""When to look again at a collection that was just enqueued."""


def spread(mailbox_key: str) -> timedelta:
    """A part of RETRY that is each mailbox's own, so that many are not due in the same minute."""
    return RETRY * (int.from_bytes(hashlib.sha256(mailbox_key.encode()).digest()[2:4]) / 65536)


def due_at(head: Head | None, *, live_push: bool, sweep: timedelta, poll: timedelta) -> datetime | None:
    """When the next sweep of a collection is due; None: at once, since it was never synchronised to the end."""
    if head is None or head.complete_at is None:
        return None
    # `complete_at` was taken before Exchange was read, so nothing that came later is taken for seen.
    return head.complete_at + (sweep if live_push else poll)


def circumstances(configuration: Configuration, operator: Operator) -> str:
    """A short name for what decides whether a sync can succeed; what failed under others is tried again at once."""
    return hashed(repr((configuration, operator.mailbox, operator.connection)))


def is_paused(head: Head, now: datetime, under: str) -> bool:
    """Whether a collection rests after a failure, in the same circumstances as then."""
    return head.retry_at is not None and head.retry_at > now and head.rests_under == under


def is_resting(head: Head | None, now: datetime, under: str) -> bool:
    """Whether a worker has the collection, or it is paused: it will go on by itself."""
    if head is None:
        return False
    return (head.until is not None and head.until > now) or is_paused(head, now, under)

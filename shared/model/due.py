"""When a collection is due without anybody having asked: the timer is the truth, push is a hint. DESIGN 4, step 3."""

from datetime import datetime, timedelta

from shared.model.collection import Head

RETRY = timedelta(minutes=5)
"""When to look again at a collection that was just enqueued."""


def due_at(head: Head | None, *, live_push: bool, sweep: timedelta, poll: timedelta) -> datetime | None:
    """When the next sweep of a collection is due; None: at once, since it was never synchronised to the end."""
    if head is None or head.complete_at is None:
        return None
    # `complete_at` was taken before Exchange was read, so nothing that came later is taken for seen.
    return head.complete_at + (sweep if live_push else poll)


def is_resting(head: Head | None, now: datetime) -> bool:
    """Whether a worker has the collection, or it rests after a failure: it will go on by itself."""
    if head is None:
        return False
    busy = head.until is not None and head.until > now
    return busy or (head.retry_at is not None and head.retry_at > now)

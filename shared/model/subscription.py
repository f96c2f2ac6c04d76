"""The push subscription of one mailbox, and when it is taken for dead. PROTOCOL 4; DESIGN 4, step 1.

    (none) ──Subscribe sent──▶ subscribing ──answer stored──▶ live ──silence, error push, folders changed──▶ (none)

`subscribing_until` is stored before Subscribe is sent: the first status event may come before the answer. Until then
no notification is answered with Unsubscribe.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is stored of a mailbox's subscription. `scope` tells which folders, URL and frequency it was made with."""

    operator_id: str
    subscription_id: str = ""
    watermark: str = ""
    scope: str = ""
    kinds: str = ""
    frequency_minutes: int = 30
    subscribing_until: datetime | None = None
    created_at: datetime | None = None
    last_heard: datetime | None = None
    """When a notification last came; None: never, since the subscription was made."""
    failure: str = ""
    """JSON: code, detail, since, how often in a row it was this same one (`alike`), and `request_ids`, newest first."""
    early_id: str = ""
    """A subscription that was heard of while Subscribe was under way; when, and its watermark."""
    early_at: datetime | None = None
    early_watermark: str = ""
    probing_until: datetime | None = None
    """While somebody tries whether Exchange reaches us, without a subscription that is to stay: what is heard is noted
    as early, and ends."""
    attempts: int = 0
    retry_at: datetime | None = None
    listed_at: datetime | None = None
    """As in the head of a collection: when the failure was last written into the list of failures."""
    rests_under: str = ""
    """As in the head of a collection: in which circumstances the pause until `retry_at` holds."""


def is_live(subscription: Subscription | None, now: datetime) -> bool:
    """Whether push can be relied on: heard within twice the status frequency. PROTOCOL 4.5.

    A subscription never heard from counts for two minutes: Exchange sends a status event at once.
    """
    if subscription is None or not subscription.subscription_id or subscription.created_at is None:
        return False
    if subscription.last_heard is None:
        return now - subscription.created_at < timedelta(minutes=2)
    return now - subscription.last_heard < 2 * timedelta(minutes=subscription.frequency_minutes)


def next_look(subscription: Subscription) -> datetime | None:
    """When a live subscription must be looked at next: the moment it would count as dead."""
    if subscription.last_heard is not None:
        return subscription.last_heard + 2 * timedelta(minutes=subscription.frequency_minutes)
    if subscription.created_at is not None:
        return subscription.created_at + timedelta(minutes=2)
    return None

"""GetEvents: what happened since a watermark, for pull subscriptions. Source: PROTOCOL 4.6, wsr/getevents-operation."""

import time
from collections.abc import Iterable

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.notifications import Event, notification_element
from devtools.exchange_simulator.soap import ItemError, M, Piece
from devtools.exchange_simulator.watching import Watch, place_of

EVENTS_PER_CALL = 50


def answer(call: Call) -> Iterable[Piece]:
    """Answer one Notification of at most 50 events; without any it has a StatusEvent."""
    try:
        content = _notification(call)
    except ItemError as error:
        return soap.answer(call.operation, [soap.failure(call.operation, error)])
    return soap.answer(call.operation, [soap.success(call.operation, [content])])


def _notification(call: Call) -> str:
    watch = _watch(call)
    watch.asked = time.monotonic()
    previous = call.body.findtext(M + "Watermark") or ""
    try:
        events = watch.events_since(place_of(watch.mailbox, previous))
    except ValueError as error:
        raise ItemError("ErrorInvalidWatermark", "The watermark is invalid or too old.") from error
    page = events[:EVENTS_PER_CALL] or [Event(previous, None)]
    more = len(events) > EVENTS_PER_CALL
    return notification_element("m", watch.mailbox, watch.id, previous, page, more=more)


def _watch(call: Call) -> Watch:
    """Find the pull subscription; push and streaming ones have no GetEvents (PROTOCOL 4.4). Raises ItemError."""
    given = call.body.findtext(M + "SubscriptionId") or ""
    found = call.watches.get(given)
    if given in call.push.live or (found is not None and found.timeout is None):
        raise ItemError("ErrorInvalidPullSubscriptionId", "The subscription is no pull subscription.")
    if found is None or found.mailbox is not call.mailbox:
        raise ItemError("ErrorSubscriptionNotFound", "The subscription was not found.")
    return found

"""Subscribe: push subscriptions. Source: PROTOCOL 4.1 and 4.6. Pull and streaming are refused honestly."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.batches import injected
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.push import Subscription
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece, T


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message. The first StatusEvent is on its way before the answer is read."""
    try:
        injected(call)
        wanted = call.body.find(M + "PushSubscriptionRequest")
        if wanted is None:
            raise ItemError("ErrorInvalidSubscriptionRequest", "Only push subscriptions are simulated.")
        subscription, mark = _start(call, wanted)
    except ItemError as error:
        return soap.answer(call.operation, [soap.failure(call.operation, error)])
    content: list[Piece] = [
        f"<m:SubscriptionId>{subscription.id}</m:SubscriptionId><m:Watermark>{mark}</m:Watermark>",
    ]
    return soap.answer(call.operation, [soap.success(call.operation, content)])


def _start(call: Call, wanted: Element) -> tuple[Subscription, str]:
    if len(call.push.of(call.mailbox)) >= call.push.limit:
        raise ItemError("ErrorExceededSubscriptionCount", "The mailbox has too many subscriptions.")
    url = (wanted.findtext(T + "URL") or "").strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or len(url) > 2082:
        raise ItemError("ErrorInvalidPushSubscriptionUrl", "The URL is no http or https URL.")
    subscription = Subscription(
        mailbox=call.mailbox,
        folders=_folders(call, wanted),
        event_types=frozenset((one.text or "").strip() for one in elements(wanted.find(T + "EventTypes"))),
        frequency=int(wanted.findtext(T + "StatusFrequency") or 30),
        url=url,
        version=call.version,
        old_header=call.product.build[0] == 14,
    )
    try:
        return subscription, call.push.add(subscription, wanted.findtext(T + "Watermark"))
    except ValueError as error:
        raise ItemError("ErrorInvalidWatermark", "The watermark is invalid or too old.") from error


def _folders(call: Call, wanted: Element) -> frozenset[int] | None:
    given = elements(wanted.find(T + "FolderIds"))
    everywhere = wanted.get("SubscribeToAllFolders") in ("true", "1")
    if everywhere == bool(given):
        raise ItemError("ErrorInvalidSubscriptionRequest", "Give folders or SubscribeToAllFolders, one of the two.")
    return None if everywhere else frozenset(folder_of(call, one).number for one in given)

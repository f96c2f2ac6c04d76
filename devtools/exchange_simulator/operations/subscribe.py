"""Subscribe: push, pull and streaming. Source: PROTOCOL 4.1 and 4.6, wsr/subscribe-operation."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from lxml import etree

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.batches import injected
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.identifiers import watermark
from devtools.exchange_simulator.push import Subscription
from devtools.exchange_simulator.soap import Element, ItemError, Piece, T
from devtools.exchange_simulator.watching import Watch, place_of


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message. The first StatusEvent of a push subscription is on its way before the answer is read."""
    try:
        injected(call)
        if len(call.push.of(call.mailbox)) + len(call.watches.of(call.mailbox)) >= call.push.limit:
            raise ItemError("ErrorExceededSubscriptionCount", "The mailbox has too many subscriptions.")
        wanted = elements(call.body)[0]
        push = etree.QName(wanted).localname == "PushSubscriptionRequest"
        subscription, mark = _start(call, wanted) if push else _watch(call, wanted)
    except ItemError as error:
        return soap.answer(call.operation, [soap.failure(call.operation, error)])
    shown = f"<m:Watermark>{mark}</m:Watermark>" if mark and call.push.watermarks else ""
    content: list[Piece] = [f"<m:SubscriptionId>{subscription}</m:SubscriptionId>{shown}"]
    return soap.answer(call.operation, [soap.success(call.operation, content)])


def _watch(call: Call, wanted: Element) -> tuple[str, str]:
    """Start a pull subscription, or a streaming one, which has no watermark. Raises ItemError."""
    mailbox, timeout, since = call.mailbox, wanted.findtext(T + "Timeout"), wanted.findtext(T + "Watermark")
    try:
        place = place_of(mailbox, since) if since else mailbox.happenings
    except ValueError as error:
        raise ItemError("ErrorInvalidWatermark", "The watermark is invalid or too old.") from error
    watch = Watch(mailbox, _folders(call, wanted), _types(wanted), float(timeout) if timeout else None, place)
    call.watches.live[watch.id] = watch
    return watch.id, (since or watermark(mailbox.guid, place)) if timeout else ""


def _types(wanted: Element) -> frozenset[str]:
    return frozenset((one.text or "").strip() for one in elements(wanted.find(T + "EventTypes")))


def _start(call: Call, wanted: Element) -> tuple[str, str]:
    url = (wanted.findtext(T + "URL") or "").strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or len(url) > 2082:
        raise ItemError("ErrorInvalidPushSubscriptionUrl", "The URL is no http or https URL.")
    subscription = Subscription(
        mailbox=call.mailbox,
        folders=_folders(call, wanted),
        event_types=_types(wanted),
        frequency=int(wanted.findtext(T + "StatusFrequency") or 30),
        url=url,
        version=call.version,
        old_header=call.product.build[0] == 14,
    )
    try:
        return subscription.id, call.push.add(subscription, wanted.findtext(T + "Watermark"))
    except ValueError as error:
        raise ItemError("ErrorInvalidWatermark", "The watermark is invalid or too old.") from error


def _folders(call: Call, wanted: Element) -> frozenset[int] | None:
    given = elements(wanted.find(T + "FolderIds"))
    everywhere = wanted.get("SubscribeToAllFolders") in ("true", "1")
    if everywhere == bool(given):
        raise ItemError("ErrorInvalidSubscriptionRequest", "Give folders or SubscribeToAllFolders, one of the two.")
    return None if everywhere else frozenset(folder_of(call, one).number for one in given)

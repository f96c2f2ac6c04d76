"""GetStreamingEvents: one HTTP answer that stays open and holds one SOAP envelope after another (PROTOCOL 4.1).

Sources: wsr/getstreamingevents-operation, Messages.xsd. An envelope with ConnectionStatus OK comes at once and as a
heartbeat; events come as they happen; ConnectionTimeout minutes later comes Closed and the answer ends.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.call import Call, elements
from devtools.exchange_simulator.identifiers import watermark
from devtools.exchange_simulator.notifications import notification_element
from devtools.exchange_simulator.soap import M
from devtools.exchange_simulator.watching import Watch

_HEARTBEAT = 0.75


async def stream(call: Call) -> AsyncIterator[bytes]:
    """Give the envelopes. Subscriptions that are not there end it with an error that names them."""
    wanted = [one.text or "" for one in elements(call.body.find(M + "SubscriptionIds"))]
    found = {one: call.watches.get(one) for one in wanted}
    watches = [one for one in found.values() if one and one.timeout is None and one.mailbox is call.mailbox]
    missing = [one for one in wanted if found[one] not in watches]
    if missing:
        yield _unknown(call, missing)
        return
    minute = call.watches.seconds_per_minute
    end = asyncio.get_running_loop().time() + int(call.body.findtext(M + "ConnectionTimeout") or "1") * minute
    yield _message(call, "<m:ConnectionStatus>OK</m:ConnectionStatus>")
    while asyncio.get_running_loop().time() < end:
        for one in watches:
            one.wake.clear()
        notifications = "".join(_taken(one) for one in watches)
        if notifications:
            yield _message(call, f"<m:Notifications>{notifications}</m:Notifications>")
        elif not await _woken(watches, min(end - asyncio.get_running_loop().time(), _HEARTBEAT * minute)):
            yield _message(call, "<m:ConnectionStatus>OK</m:ConnectionStatus>")
    yield _message(call, "<m:ConnectionStatus>Closed</m:ConnectionStatus>")


def _taken(watch: Watch) -> str:
    """Write what happened since the last time, and remember that it was told."""
    events = watch.events_since(watch.place)
    if not events:
        return ""
    previous = watermark(watch.mailbox.guid, watch.place)
    watch.place = watch.mailbox.happenings
    return notification_element("t", watch.mailbox, watch.id, previous, events, more=False)


async def _woken(watches: Sequence[Watch], seconds: float) -> bool:
    waiting = [asyncio.create_task(one.wake.wait()) for one in watches]
    try:
        done, _ = await asyncio.wait(waiting, timeout=max(seconds, 0), return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for one in waiting:
            one.cancel()


def _message(call: Call, content: str) -> bytes:
    pieces = soap.answer(call.operation, [soap.success(call.operation, [content])])
    return b"".join(soap.written(soap.envelope(call.product, pieces)))


def _unknown(call: Call, missing: Sequence[str]) -> bytes:
    named = "".join(f"<t:SubscriptionId>{one}</t:SubscriptionId>" for one in missing if call.watches.get(one) is None)
    error = soap.ItemError("ErrorSubscriptionNotFound", "A subscription was not found.")
    content = f"<m:ErrorSubscriptionIds>{named}</m:ErrorSubscriptionIds>" if named else ""
    pieces = soap.answer(call.operation, [soap.failure(call.operation, error, content)])
    return b"".join(soap.written(soap.envelope(call.product, pieces)))

"""Unsubscribe: ends pull and streaming subscriptions; push ones do not have it. Source: PROTOCOL 4.4."""

from collections.abc import Iterable

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.soap import ItemError, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer ErrorInvalidPullSubscriptionId for a push id, ErrorSubscriptionNotFound for an unknown one."""
    given = call.body.findtext(M + "SubscriptionId") or ""
    found = call.watches.get(given)
    if found is not None and found.mailbox is call.mailbox:
        del call.watches.live[given]
        return soap.answer(call.operation, [soap.success(call.operation, [])])
    code = "ErrorInvalidPullSubscriptionId" if given in call.push.live else "ErrorSubscriptionNotFound"
    return soap.answer(call.operation, [soap.failure(call.operation, ItemError(code))])

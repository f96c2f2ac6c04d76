"""GetEvents: push subscriptions do not have it (PROTOCOL 4.4), and only push subscriptions are simulated."""

from collections.abc import Iterable

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.soap import ItemError, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer ErrorInvalidPullSubscriptionId for a push id, ErrorSubscriptionNotFound for an unknown one."""
    known = (call.body.findtext(M + "SubscriptionId") or "") in call.push.live
    code = "ErrorInvalidPullSubscriptionId" if known else "ErrorSubscriptionNotFound"
    return soap.answer(call.operation, [soap.failure(call.operation, ItemError(code))])

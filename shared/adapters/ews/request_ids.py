"""When, and under which ids, a request is found in the logs of Exchange: what its administrator's support asks for. PROTOCOL 2.

https://learn.microsoft.com/exchange/client-developer/exchange-web-services/instrumenting-client-requests-for-ews-and-rest-in-exchange
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from shared.model.email import timestamp

_OF_THE_ANSWER = ("request-id", "X-FEServer", "X-CalculatedBETarget", "X-TargetBEServer", "x-ms-diagnostics")
_LONGEST = 200


def request_id(sent: Mapping[str, str], received: Mapping[str, str], now: datetime) -> str:
    """One line: the time, our id, then what the answer's headers name. Both mappings find a header in any case."""
    return " ".join([str(timestamp(now)), *_named(sent, ("client-request-id",)), *_named(received, _OF_THE_ANSWER)])


def _named(headers: Mapping[str, str], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = "".join(each for each in headers.get(name, "")[:_LONGEST] if each.isprintable())
        if value:
            yield f"{name}={value}"

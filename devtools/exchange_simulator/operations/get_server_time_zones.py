"""GetServerTimeZones: the Windows zones that are known, by id and name. Source: wsr/getservertimezones-operation.

The rules themselves (ReturnFullTimeZoneData) are not simulated.
"""

from collections.abc import Iterable

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.call import Call, elements
from devtools.exchange_simulator.markup import attribute
from devtools.exchange_simulator.soap import ItemError, M, Piece
from devtools.exchange_simulator.time_zones import ZONES


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message; ids that are not known are left out of it."""
    if call.body.get("ReturnFullTimeZoneData") in ("true", "1"):
        error = ItemError("ErrorInvalidOperation", "The rules of time zones are not simulated.")
        return soap.answer(call.operation, [soap.failure(call.operation, error, "<m:TimeZoneDefinitions/>")])
    asked = [(one.text or "").strip() for one in elements(call.body.find(M + "Ids"))]
    shown = "".join(
        f'<t:TimeZoneDefinition Id="{attribute(one)}" Name="{attribute(one)}"/>'
        for one in ZONES
        if not asked or one in asked
    )
    content = [f"<m:TimeZoneDefinitions>{shown}</m:TimeZoneDefinitions>"]
    return soap.answer(call.operation, [soap.success(call.operation, content)])

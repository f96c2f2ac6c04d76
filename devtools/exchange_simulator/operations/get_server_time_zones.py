"""GetServerTimeZones: the Windows zones that are known, by id and name, with their rules when they are asked for.

Source: wsr/getservertimezones-operation.
"""

from collections.abc import Iterable

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.call import Call, elements
from devtools.exchange_simulator.markup import attribute
from devtools.exchange_simulator.soap import M, Piece
from devtools.exchange_simulator.time_zone_rules import definition
from devtools.exchange_simulator.time_zones import ZONES


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message; ids that are not known are left out of it."""
    whole = call.body.get("ReturnFullTimeZoneData") in ("true", "1")
    asked = [(one.text or "").strip() for one in elements(call.body.find(M + "Ids"))]
    shown = "".join(definition(one) if whole else _name(one) for one in ZONES if not asked or one in asked)
    content = [f"<m:TimeZoneDefinitions>{shown}</m:TimeZoneDefinitions>"]
    return soap.answer(call.operation, [soap.success(call.operation, content)])


def _name(windows_id: str) -> str:
    return f'<t:TimeZoneDefinition Id="{attribute(windows_id)}" Name="{attribute(windows_id)}"/>'

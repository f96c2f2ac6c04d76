"""What of a calendar item can be restricted and sorted by: properties as they are shown, read back as values."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lxml import etree

from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import TYPES, moment
from devtools.exchange_simulator.properties import PROPERTIES, Property, element_name
from devtools.exchange_simulator.rendering import Rendering

_TYPES: dict[type, str] = {
    datetime: "Start End OriginalStart RecurrenceId AppointmentReplyTime",
    bool: "IsAllDayEvent IsMeeting IsCancelled IsRecurring MeetingRequestWasSent IsResponseRequested",
    int: "AppointmentSequenceNumber AppointmentState",
    str: "UID LegacyFreeBusyStatus Location When CalendarItemType MyResponseType Organizer",
}
_KINDS = {f"calendar:{name}": kind for kind, names in _TYPES.items() for name in names.split()}


def calendar_value(path: str, mailbox: Mailbox) -> tuple[type, Callable[[Item], Any]] | None:
    """Give a path's type and how an item has it; None for what cannot be queried."""
    if path not in _KINDS:
        return None
    kind = _KINDS[path]
    rows = [one for one in PROPERTIES if one.path == path]

    def value(item: Item) -> Any:
        shown = _shown(item, mailbox, rows)
        if not shown:
            return None
        if kind is datetime:
            return moment(shown)
        if kind is bool:
            return shown == "true"
        return int(shown) if kind is int else shown

    return kind, value


def _shown(item: Item, mailbox: Mailbox, rows: list[Property]) -> str:
    element = element_name(item.item_class)
    row = next((one for one in rows if element in one.elements), None)
    written = row.render(Rendering(item, item, item.facts(), mailbox, "Exchange2016")) if row else ""
    texts = etree.fromstring(f'<r xmlns:t="{TYPES}">{written}</r>').itertext() if written else ()
    return "".join(str(one) for one in texts)

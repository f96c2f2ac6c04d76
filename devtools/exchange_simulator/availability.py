"""When somebody is free or busy: the events of a calendar in a window, and the same in equal slices (wsr/freebusyview).

Who is not the owner sees when somebody is busy and no more, as calendars are shared by default.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from devtools.exchange_simulator.appointments import is_meeting, said, times
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import boolean, text
from devtools.exchange_simulator.properties import element_name
from devtools.exchange_simulator.sent_time_zones import SentTimeZone
from devtools.exchange_simulator.series import in_view

_DIGITS = {"Free": 0, "Tentative": 1, "Busy": 2, "OOF": 3, "NoData": 4}
_WITHOUT_DETAILS = {"Detailed": "FreeBusy", "DetailedMerged": "FreeBusyMerged"}


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked for: from when to when, in which slices, how much of it, and in whose wall clock to answer."""

    begin: datetime
    end: datetime
    slice: timedelta
    view: str
    zone: SentTimeZone


def free_busy_view(mailbox: Mailbox, window: Window, *, as_owner: bool, working_hours: str) -> str:
    """Write the FreeBusyView of a mailbox."""
    view = window.view if as_owner else _WITHOUT_DETAILS.get(window.view, window.view)
    events = _events(mailbox, window)
    merged = f"<t:MergedFreeBusy>{_merged(events, window)}</t:MergedFreeBusy>" if "Merged" in view else ""
    shown = "".join(_event(one, window.zone, detailed=view.startswith("Detailed")) for one in events)
    listed = f"<t:CalendarEventArray>{shown}</t:CalendarEventArray>" if shown and view != "MergedOnly" else ""
    kind = f"<t:FreeBusyViewType>{view}</t:FreeBusyViewType>"
    return f"<m:FreeBusyView>{kind}{merged}{listed}{working_hours}</m:FreeBusyView>"


def _events(mailbox: Mailbox, window: Window) -> list[Item]:
    """Give what is in the calendar itself; other calendars of the mailbox do not make anybody busy."""
    items = mailbox.distinguished["calendar"].items.values()
    appointments = (one for one in items if element_name(one.item_class) == "CalendarItem")
    found = [one for item in appointments for one in in_view(item, window.begin, window.end)]
    return sorted(found, key=lambda one: times(one.facts())[0])


def _busy(item: Item) -> str:
    return said(item.facts(), "LegacyFreeBusyStatus") or "Busy"


def _merged(events: Iterable[Item], window: Window) -> str:
    """Give one digit per slice: that of the busiest event that touches it."""
    slices = [0] * -((window.begin - window.end) // window.slice)
    for item in events:
        start, end = times(item.facts())
        first = max((start - window.begin) // window.slice, 0)
        after = min(-((window.begin - end) // window.slice), len(slices))
        for place in range(first, after):
            slices[place] = max(slices[place], _DIGITS.get(_busy(item), 0))
    return "".join(map(str, slices))


def _event(item: Item, zone: SentTimeZone, *, detailed: bool) -> str:
    start, end = (zone.local(one).isoformat() for one in times(item.facts()))
    details = _details(item) if detailed else ""
    return (
        f"<t:CalendarEvent><t:StartTime>{start}</t:StartTime><t:EndTime>{end}</t:EndTime>"
        f"<t:BusyType>{_busy(item)}</t:BusyType>{details}</t:CalendarEvent>"
    )


def _details(item: Item) -> str:
    facts = item.facts()
    kind = said(facts, "CalendarItemType")
    truths = {
        "IsMeeting": is_meeting(facts),
        "IsRecurring": kind in ("Occurrence", "Exception"),
        "IsException": kind == "Exception",
        "IsReminderSet": "item:ReminderIsSet" in facts.properties,
        "IsPrivate": item.sensitivity == "Private",
    }
    words = {"ID": item.id, "Subject": item.subject, "Location": said(facts, "Location")}
    inner = "".join(f"<t:{name}>{text(value)}</t:{name}>" for name, value in words.items() if value)
    inner += "".join(f"<t:{name}>{boolean(value)}</t:{name}>" for name, value in truths.items())
    return f"<t:CalendarEventDetails>{inner}</t:CalendarEventDetails>"

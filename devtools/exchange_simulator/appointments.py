"""What calendar items have beside the properties of every item (PROTOCOL 11): times, zones, attendees, recurrence.

Source: Types.xsd (CalendarItemType, in its order). Attendees are kept; no meeting mail is sent yet.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile
from secrets import token_hex

from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.kept_elements import inside
from devtools.exchange_simulator.mail import Address, MailFacts
from devtools.exchange_simulator.markup import boolean, moment, stamp
from devtools.exchange_simulator.recurrence import Recurrence, dates, read_recurrence
from devtools.exchange_simulator.rendering import Render, Rendering, kept, mailbox_of
from devtools.exchange_simulator.soap import ItemError
from devtools.exchange_simulator.time_zones import instant, zone_of
from devtools.exchange_simulator.written import WrittenContent

_ORDER = """
    UID Start End OriginalStart IsAllDayEvent LegacyFreeBusyStatus Location When IsMeeting IsCancelled IsRecurring
    MeetingRequestWasSent IsResponseRequested CalendarItemType MyResponseType Organizer RequiredAttendees
    OptionalAttendees Resources Duration Recurrence StartTimeZone EndTimeZone ConferenceType AllowNewTimeProposal
    MeetingWorkspaceUrl NetShowUrl
"""
ORDER = tuple(_ORDER.split())
_COMPUTED = """
    OriginalStart IsMeeting IsCancelled IsRecurring MeetingRequestWasSent CalendarItemType MyResponseType Organizer
    Duration
"""
COMPUTED = frozenset(_COMPUTED.split())
_ATTENDEES = ("RequiredAttendees", "OptionalAttendees", "Resources")
GET_ONLY = frozenset({*_ATTENDEES, "Recurrence", "StartTimeZone", "EndTimeZone"})
_GLOBAL_OBJECT_ID = "040000008200E00074C5B7101A82E008"


def _time(facts: MailFacts, name: str) -> datetime:
    found, zone = inside(facts, name), inside(facts, f"{name}TimeZone")
    if found is None:
        raise ItemError("ErrorRequiredPropertyMissing", f"{name} is missing.")
    return instant(found.text or "", (zone.get("Id") or "") if zone is not None else "")


def completed(facts: MailFacts) -> MailFacts:
    """Check a calendar item that was written, and fill in what the server fills in. Raises ItemError."""
    start, end = _time(facts, "Start"), _time(facts, "End")
    if end < start:
        raise ItemError("ErrorCalendarEndDateIsEarlierThanStartDate", "The end is before the start.")
    uid = _GLOBAL_OBJECT_ID + "00000000" + token_hex(16).upper()
    times = {"calendar:Start": f"<t:Start>{stamp(start)}</t:Start>", "calendar:End": f"<t:End>{stamp(end)}</t:End>"}
    found = replace(facts, properties={"calendar:UID": f"<t:UID>{uid}</t:UID>", **facts.properties, **times})
    rule = recurrence(found)
    if rule is not None and next(dates(rule), None) is None:
        raise ItemError("ErrorRecurrenceHasNoOccurrence", "The range has no occurrence.")
    return found


def times(facts: MailFacts) -> tuple[datetime, datetime]:
    """Give start and end of a calendar item that is stored."""
    start, end = inside(facts, "Start"), inside(facts, "End")
    assert start is not None and end is not None
    return moment(start.text or ""), moment(end.text or "")


def recurrence(facts: MailFacts) -> Recurrence | None:
    """Give the recurrence of a master; None for a single item."""
    found = inside(facts, "Recurrence")
    return None if found is None else read_recurrence(found)


def occurrences(facts: MailFacts, begin: datetime, end: datetime) -> list[tuple[int, datetime, datetime]]:
    """Give index, start and end of what overlaps a window: PROTOCOL 11.2, end > begin of it and start < end of it."""
    before_end = takewhile(lambda one: one[1] < end, _each(facts))
    return [one for one in before_end if one[2] > begin]


def _each(facts: MailFacts) -> Iterator[tuple[int, datetime, datetime]]:
    """Give every occurrence in order, from index 1; a single item is its own, with index 0.

    The wall clock of the series' zone stays the same over daylight saving (PROTOCOL 11.5).
    """
    first, last = times(facts)
    rule = recurrence(facts)
    if rule is None:
        yield 0, first, last
        return
    zone_element = inside(facts, "StartTimeZone")
    zone = zone_of((zone_element.get("Id") or "UTC") if zone_element is not None else "UTC")
    clock, length = first.astimezone(zone).timetz(), last - first
    for index, day in enumerate(dates(rule), start=1):
        start = datetime.combine(day, clock).astimezone(UTC)
        yield index, start, start + length


def occurrence(item: Item, index: int) -> Item:
    """Give one occurrence of a series as an item; its id is the master's with the index in it. Raises ItemError."""
    facts = item.facts()
    if recurrence(facts) is None:
        raise ItemError("ErrorCalendarCannotUseIdForRecurringMasterId", "The item is no recurring master.")
    found = next((one for one in _each(facts) if one[0] == index), None)
    if found is None:
        raise ItemError("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange", "The series has no such occurrence.")
    return _as_item(item, *found)


def in_view(item: Item, begin: datetime, end: datetime) -> list[Item]:
    """Give what a CalendarView shows of an item: the single item itself, or the occurrences of a series."""
    found = occurrences(item.facts(), begin, end)
    return [_as_item(item, *one) if one[0] else item for one in found]


def _as_item(item: Item, index: int, start: datetime, end: datetime) -> Item:
    facts = item.facts()
    own = {
        "calendar:Start": f"<t:Start>{stamp(start)}</t:Start>",
        "calendar:End": f"<t:End>{stamp(end)}</t:End>",
        "calendar:OriginalStart": f"<t:OriginalStart>{stamp(start)}</t:OriginalStart>",
        "calendar:CalendarItemType": "<t:CalendarItemType>Occurrence</t:CalendarItemType>",
    }
    kept_ones = {path: value for path, value in facts.properties.items() if path != "calendar:Recurrence"}
    shown = replace(facts, properties={**kept_ones, **own})
    return replace(item, instance=index, content=WrittenContent(shown, item.search_key))


def _is_meeting(view: Rendering) -> bool:
    return any(f"calendar:{name}" in view.facts.properties for name in _ATTENDEES)


def _kind(view: Rendering) -> str:
    kind = "RecurringMaster" if "calendar:Recurrence" in view.facts.properties else "Single"
    return view.facts.properties.get("calendar:CalendarItemType", f"<t:CalendarItemType>{kind}</t:CalendarItemType>")


def _recurring(view: Rendering) -> str:
    return f"<t:IsRecurring>{boolean('>Single<' not in _kind(view))}</t:IsRecurring>"


def _duration(view: Rendering) -> str:
    start, end = times(view.facts)
    return f"<t:Duration>PT{int((end - start).total_seconds()) // 60}M</t:Duration>"


def _organizer(view: Rendering) -> str:
    return f"<t:Organizer>{mailbox_of(Address(view.mailbox.name, view.mailbox.address))}</t:Organizer>"


def _my_response(view: Rendering) -> str:
    return f"<t:MyResponseType>{'Organizer' if _is_meeting(view) else 'Unknown'}</t:MyResponseType>"


def renders() -> list[tuple[str, Render, bool]]:
    """Give every property in the schema's order: path, how it is written, whether Find and Sync give it."""
    false = {name: f"<t:{name}>false</t:{name}>" for name in ORDER if name.startswith("Is")}
    special: dict[str, Render] = {
        "LegacyFreeBusyStatus": kept(
            "calendar:LegacyFreeBusyStatus", "<t:LegacyFreeBusyStatus>Busy</t:LegacyFreeBusyStatus>"
        ),
        "IsMeeting": lambda view: f"<t:IsMeeting>{boolean(_is_meeting(view))}</t:IsMeeting>",
        "IsRecurring": _recurring,
        "MeetingRequestWasSent": lambda _: "<t:MeetingRequestWasSent>false</t:MeetingRequestWasSent>",
        "CalendarItemType": _kind,
        "MyResponseType": _my_response,
        "Organizer": _organizer,
        "Duration": _duration,
    }
    return [
        (f"calendar:{one}", special.get(one) or kept(f"calendar:{one}", false.get(one, "")), one not in GET_ONLY)
        for one in ORDER
    ]

"""What calendar items have beside the properties of every item (PROTOCOL 11): times, zones, attendees, recurrence.

Source: Types.xsd (CalendarItemType, in its order). How they are shown is in appointment_properties.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from secrets import token_hex

from devtools.exchange_simulator.kept_elements import inside
from devtools.exchange_simulator.mail import MailFacts
from devtools.exchange_simulator.markup import moment, stamp
from devtools.exchange_simulator.recurrence import Recurrence, dates, read_recurrence
from devtools.exchange_simulator.soap import ItemError
from devtools.exchange_simulator.time_zones import instant, zone_of

_ORDER = """
    UID RecurrenceId Start End OriginalStart IsAllDayEvent LegacyFreeBusyStatus Location When IsMeeting IsCancelled IsRecurring
    MeetingRequestWasSent IsResponseRequested CalendarItemType MyResponseType Organizer RequiredAttendees
    OptionalAttendees Resources Duration AppointmentReplyTime AppointmentSequenceNumber AppointmentState Recurrence
    FirstOccurrence LastOccurrence ModifiedOccurrences DeletedOccurrences StartTimeZone EndTimeZone ConferenceType
    AllowNewTimeProposal MeetingWorkspaceUrl NetShowUrl StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId
"""
ORDER = tuple(_ORDER.split())
_COMPUTED = """
    RecurrenceId OriginalStart IsMeeting IsCancelled IsRecurring MeetingRequestWasSent CalendarItemType MyResponseType
    Organizer Duration AppointmentReplyTime AppointmentSequenceNumber AppointmentState FirstOccurrence LastOccurrence
    ModifiedOccurrences DeletedOccurrences StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId
"""
COMPUTED = frozenset(_COMPUTED.split())
ATTENDEES = ("RequiredAttendees", "OptionalAttendees", "Resources")
_SERIES = ("Recurrence", "FirstOccurrence", "LastOccurrence", "ModifiedOccurrences", "DeletedOccurrences")
GET_ONLY = frozenset({*ATTENDEES, *_SERIES, "StartTimeZone", "EndTimeZone"})
Slot = tuple[int, datetime, datetime]
_LONGEST, _LAST_DAY = timedelta(days=5 * 366), date(4500, 9, 1)
_GLOBAL_OBJECT_ID = "040000008200E00074C5B7101A82E008"


def _time(facts: MailFacts, name: str, context: str) -> datetime:
    found, zone = inside(facts, name), inside(facts, f"{name}TimeZone")
    if found is None:
        raise ItemError("ErrorRequiredPropertyMissing", f"{name} is missing.")
    return instant(found.text or "", (zone.get("Id") if zone is not None else None) or context)


def completed(facts: MailFacts, context: str) -> MailFacts:
    """Check a calendar item that was written, and fill in what the server fills in. Raises ItemError.

    `context` is the zone of bare local times when the item has none of its own (PROTOCOL 11.5).
    """
    start, end = _time(facts, "Start", context), _time(facts, "End", context)
    if end < start:
        raise ItemError("ErrorCalendarEndDateIsEarlierThanStartDate", "The end is before the start.")
    if end - start > _LONGEST:
        raise ItemError("ErrorCalendarDurationIsTooLong", "A calendar item lasts five years at most.")
    uid = _GLOBAL_OBJECT_ID + "00000000" + token_hex(16).upper()
    times = {"calendar:Start": f"<t:Start>{stamp(start)}</t:Start>", "calendar:End": f"<t:End>{stamp(end)}</t:End>"}
    found = replace(facts, properties={"calendar:UID": f"<t:UID>{uid}</t:UID>", **facts.properties, **times})
    rule = recurrence(found)
    if rule is not None and rule.end is not None and rule.end > _LAST_DAY:
        raise ItemError("ErrorRecurrenceEndDateTooBig", "A series ends on 1 September 4500 at the latest.")
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


def said(facts: MailFacts, name: str) -> str:
    """Give the text of a property that is kept; empty without one."""
    found = inside(facts, name)
    return "" if found is None else found.text or ""


def saying(facts: MailFacts, values: Mapping[str, str]) -> MailFacts:
    """Give the facts with these properties, which the server writes as plain text."""
    written = {f"calendar:{name}": f"<t:{name}>{value}</t:{name}>" for name, value in values.items()}
    return replace(facts, properties={**facts.properties, **written})


def is_meeting(facts: MailFacts) -> bool:
    """Whether anybody is invited, or somebody else invited the owner."""
    return is_received(facts) or any(f"calendar:{name}" in facts.properties for name in ATTENDEES)


def is_received(facts: MailFacts) -> bool:
    """Whether somebody else is the organizer, who is kept only then."""
    return "calendar:Organizer" in facts.properties


def is_cancelled(facts: MailFacts) -> bool:
    """Whether the organizer took the meeting back."""
    return said(facts, "IsCancelled") == "true"


def has_moved(facts: MailFacts, before: MailFacts) -> bool:
    """Whether time or pattern differ: then exceptions are discarded and attendees are asked again (PROTOCOL 11.2)."""
    paths = ("calendar:Start", "calendar:End", "calendar:Recurrence")
    return any(facts.properties.get(path) != before.properties.get(path) for path in paths)


def slots(facts: MailFacts) -> Iterator[Slot]:
    """Give index, start and end of every occurrence as the pattern has it; a single item is its own, with index 0.

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


def deleted_starts(facts: MailFacts) -> list[datetime]:
    """Give the original starts of the occurrences that were deleted from a series."""
    gone = {index for index, one in facts.exceptions.items() if one is None}
    last = max(gone, default=0)
    return [one[1] for one in takewhile(lambda one: one[0] <= last, slots(facts)) if one[0] in gone]

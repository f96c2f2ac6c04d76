"""The MIME form of a calendar item: an iCalendar object with its zone, one VEVENT, and one for each changed occurrence.

Source: MS-OXCICAL 2.1.3, in the order in which Exchange writes.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from itertools import takewhile

from devtools.exchange_simulator.appointments import deleted_starts, slots
from devtools.exchange_simulator.bodies import text_of_html
from devtools.exchange_simulator.icalendar_lines import escaped, folded
from devtools.exchange_simulator.icalendar_rules import rrule
from devtools.exchange_simulator.icalendar_zones import vtimezone
from devtools.exchange_simulator.kept_elements import inside, inside_text
from devtools.exchange_simulator.mail import MailFacts
from devtools.exchange_simulator.markup import moment
from devtools.exchange_simulator.recurrence import read_recurrence
from devtools.exchange_simulator.soap import Element, T
from devtools.exchange_simulator.time_zones import zone_of

BUSY = {"Free": "FREE", "Tentative": "TENTATIVE", "Busy": "BUSY", "OOF": "OOF"}
CLASSES = {"Normal": "PUBLIC", "Personal": "PRIVATE", "Private": "PRIVATE", "Confidential": "CONFIDENTIAL"}
PRIORITIES = {"High": "1", "Normal": "5", "Low": "9"}
ROLES = {"RequiredAttendees": "REQ-PARTICIPANT", "OptionalAttendees": "OPT-PARTICIPANT", "Resources": "NON-PARTICIPANT"}


def icalendar(facts: MailFacts) -> bytes:
    """Write the item."""
    windows_id = _zone_id(facts)
    head = ["BEGIN:VCALENDAR", "METHOD:PUBLISH", "PRODID:-//Exchange simulator//EN", "VERSION:2.0"]
    events = [*_event(facts, windows_id), *_changed(facts, windows_id)]
    return folded([*head, *vtimezone(windows_id), *events, "END:VCALENDAR"])


def _changed(facts: MailFacts, windows_id: str) -> Iterator[str]:
    last = max(facts.exceptions, default=0)
    starts = {index: start for index, start, _ in takewhile(lambda one: one[0] <= last, slots(facts))}
    for index, exception in sorted(facts.exceptions.items()):
        if exception is not None:
            yield from _event(exception.facts, windows_id, instead_of=starts[index])


def _zone_id(facts: MailFacts) -> str:
    zone = inside(facts, "StartTimeZone")
    return (zone.get("Id") if zone is not None else None) or "UTC"


def _event(facts: MailFacts, windows_id: str, *, instead_of: datetime | None = None) -> list[str]:
    """`instead_of` is where the pattern has the occurrence that this one is an exception of."""
    zone = zone_of(windows_id)
    start = moment(inside_text(facts, "Start")).astimezone(zone)
    rule = inside(facts, "Recurrence") if instead_of is None else None
    deleted = [] if rule is None else deleted_starts(facts)
    lines = ["BEGIN:VEVENT", *_people(facts)]
    text = facts.text if facts.text is not None else text_of_html(facts.html or "")
    lines += [f"DESCRIPTION:{escaped(text)}"] if text else []
    lines += [f"RRULE:{rrule(read_recurrence(rule), start)}"] if rule is not None else []
    lines += [_time("EXDATE", one.astimezone(zone), windows_id) for one in deleted]
    lines += [_time("RECURRENCE-ID", instead_of.astimezone(zone), windows_id)] if instead_of is not None else []
    lines += [f"UID:{escaped(inside_text(facts, 'UID'))}", f"SUMMARY:{escaped(facts.subject)}"]
    lines += [_time("DTSTART", start, windows_id), _time("DTEND", _end(facts, zone), windows_id)]
    lines += [f"CLASS:{CLASSES[facts.sensitivity]}", f"PRIORITY:{PRIORITIES[facts.importance]}"]
    lines += [f"CATEGORIES:{','.join(escaped(one) for one in facts.categories)}"] if facts.categories else []
    return [*lines, *_state(facts), *_alarm(facts), "END:VEVENT"]


def _end(facts: MailFacts, zone: tzinfo) -> datetime:
    return moment(inside_text(facts, "End")).astimezone(zone)


def _time(name: str, at: datetime, windows_id: str) -> str:
    return f"{name};TZID={windows_id}:{at:%Y%m%dT%H%M%S}"


def _state(facts: MailFacts) -> list[str]:
    busy = BUSY.get(inside_text(facts, "LegacyFreeBusyStatus", "Busy"), "BUSY")
    all_day = inside_text(facts, "IsAllDayEvent", "false").upper()
    return [
        f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        f"TRANSP:{'TRANSPARENT' if busy == 'FREE' else 'OPAQUE'}",
        f"STATUS:{'TENTATIVE' if busy == 'TENTATIVE' else 'CONFIRMED'}",
        "SEQUENCE:0",
        f"LOCATION:{escaped(inside_text(facts, 'Location'))}",
        f"X-MICROSOFT-CDO-BUSYSTATUS:{busy}",
        f"X-MICROSOFT-CDO-ALLDAYEVENT:{all_day}",
    ]


def _people(facts: MailFacts) -> list[str]:
    """Write organizer and attendees, once the organizer is kept with the item."""
    organizer = inside(facts, "Organizer")
    if organizer is None:
        return []
    lines = [_person("ORGANIZER", one) for one in organizer.iter(T + "Mailbox")]
    for name, role in ROLES.items():
        people: Iterable[Element] = () if (found := inside(facts, name)) is None else found.iter(T + "Mailbox")
        lines += [_person(f"ATTENDEE;ROLE={role};PARTSTAT=NEEDS-ACTION;RSVP=TRUE", one) for one in people]
    return lines


def _person(head: str, mailbox: Element) -> str:
    name = (mailbox.findtext(T + "Name") or mailbox.findtext(T + "EmailAddress") or "").replace('"', "'")
    return f'{head};CN="{name}":MAILTO:{mailbox.findtext(T + "EmailAddress") or ""}'


def _alarm(facts: MailFacts) -> list[str]:
    if inside_text(facts, "ReminderIsSet", "false", space="item") != "true":
        return []
    minutes = inside_text(facts, "ReminderMinutesBeforeStart", "0", space="item")
    trigger = f"TRIGGER;RELATED=START:-PT{minutes}M"
    return ["BEGIN:VALARM", "DESCRIPTION:REMINDER", trigger, "ACTION:DISPLAY", "END:VALARM"]

"""An iCalendar object that a client gives as the MimeContent of a calendar item, to the item's facts.

Source: MS-OXCICAL 2.1.3. One VEVENT is read, with the occurrences that it excludes. Changed occurrences (further VEVENTs)
are refused: they are written as what they are, by UpdateItem of the occurrence.
"""

import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import takewhile

from devtools.exchange_simulator.appointments import recurrence, slots
from devtools.exchange_simulator.icalendar_lines import Line, component, plain, read_lines, texts
from devtools.exchange_simulator.icalendar_rules import recurrence_element
from devtools.exchange_simulator.icalendar_writing import BUSY, PRIORITIES, ROLES
from devtools.exchange_simulator.mail import MailFacts
from devtools.exchange_simulator.markup import stamp
from devtools.exchange_simulator.markup import text as escaped
from devtools.exchange_simulator.soap import ItemError
from devtools.exchange_simulator.time_zones import ZONES, zone_of

_WINDOWS_OF = {iana: windows for windows, iana in ZONES.items()}
_SENSITIVITIES = {"PUBLIC": "Normal", "PRIVATE": "Private", "CONFIDENTIAL": "Confidential"}
_DURATION = re.compile(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def appointment(encoded: str) -> MailFacts:
    """Read the base64 of a MimeContent. Raises ItemError for what is no event."""
    try:
        lines = read_lines(b64decode(encoded))
        if any(line.name == "RECURRENCE-ID" for line in lines):
            raise ItemError("ErrorInvalidOperation", "Changed occurrences are not read from MIME in this simulation.")
        own, inside = component(lines, "VEVENT")
        return _without_excluded(own, _facts(own, [one for one in inside if one[0].value.upper() == "VALARM"]))
    except ValueError as error:
        raise ItemError("ErrorMimeContentInvalid", "The MIME content is no calendar item.") from error


def _without_excluded(own: Sequence[Line], facts: MailFacts) -> MailFacts:
    """Take out of the series what EXDATE names; a time at which it has no occurrence changes nothing."""
    zone = zone_of(_windows_id(next(line for line in own if line.name == "DTSTART").parameters.get("TZID", "")))
    named = [line for line in own if line.name == "EXDATE"]
    excluded = {_moment(replace(line, value=one), zone) for line in named for one in line.value.split(",")}
    if not excluded or recurrence(facts) is None:
        return facts
    there = takewhile(lambda one: one[1] <= max(excluded), slots(facts))
    return replace(facts, exceptions={index: None for index, start, _ in there if start in excluded})


def _facts(own: Sequence[Line], alarms: Sequence[Sequence[Line]]) -> MailFacts:
    by_name = {line.name: line for line in reversed(own)}
    if "DTSTART" not in by_name:
        raise ValueError("no DTSTART")
    if "RDATE" in by_name:
        raise ItemError("ErrorInvalidOperation", "EWS has no form for dates beside the pattern.")  # PROTOCOL 11.2

    def said(name: str) -> str:
        return plain(by_name[name].value) if name in by_name else ""

    written = {**_times(by_name), **_people(own), **_reminder(alarms)}
    written["UID"] = escaped(said("UID"))
    written["Location"] = escaped(said("LOCATION"))
    written["LegacyFreeBusyStatus"] = _busy(said("X-MICROSOFT-CDO-BUSYSTATUS"), said("TRANSP"), said("STATUS"))
    return MailFacts(
        item_class="IPM.Appointment",
        subject=said("SUMMARY"),
        text=said("DESCRIPTION") or None,
        sensitivity=_SENSITIVITIES.get(said("CLASS").upper(), "Normal"),
        importance={number: name for name, number in PRIORITIES.items()}.get(said("PRIORITY"), "Normal"),
        categories=tuple(one for line in own if line.name == "CATEGORIES" for one in texts(line.value)),
        properties={path: value for name, text in written.items() for path, value in [_property(name, text)] if text},
    )


def _property(name: str, text: str) -> tuple[str, str]:
    """Give path and element; what is an element of its own already stays as it is."""
    space = "item" if name.startswith("Reminder") else "calendar"
    return f"{space}:{name}", text if text.startswith("<") else f"<t:{name}>{text}</t:{name}>"


def _times(by_name: dict[str, Line]) -> dict[str, str]:
    first = by_name["DTSTART"]
    all_day = first.parameters.get("VALUE") == "DATE"
    windows_id = _windows_id(first.parameters.get("TZID", ""))
    zone = zone_of(windows_id)
    start = _moment(first, zone)
    if "DTEND" in by_name:
        end = _moment(by_name["DTEND"], zone)
    else:
        length = _length(by_name["DURATION"].value) if "DURATION" in by_name else timedelta(days=all_day)
        end = start + length
    cdo = by_name.get("X-MICROSOFT-CDO-ALLDAYEVENT")
    found = {"Start": stamp(start), "End": stamp(end)}
    if all_day or (cdo is not None and cdo.value.upper() == "TRUE"):
        found["IsAllDayEvent"] = "true"
    if "RRULE" in by_name:
        found["Recurrence"] = recurrence_element(by_name["RRULE"].value, start, zone)
    zones = {name: f'<t:{name} Id="{windows_id}"/>' for name in ("StartTimeZone", "EndTimeZone")}
    return {**found, **zones}


def _windows_id(name: str) -> str:
    """Give the Windows id of a TZID, which may be an IANA name; UTC for one that is unknown here."""
    return name if name in ZONES else _WINDOWS_OF.get(name, "UTC")


def _moment(line: Line, zone: tzinfo) -> datetime:
    own = line.parameters.get("TZID")
    found = datetime.fromisoformat(line.value.strip())
    where = zone_of(_windows_id(own)) if own else zone
    return (found if found.tzinfo else found.replace(tzinfo=where)).astimezone(UTC)


def _length(value: str) -> timedelta:
    found = _DURATION.fullmatch(value.strip().upper())
    if found is None:
        raise ValueError(value)
    weeks, days, hours, minutes, seconds = (int(one or 0) for one in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if found[1] == "-" else length


def _busy(busy: str, transparency: str, status: str) -> str:
    known = {written: name for name, written in BUSY.items()}
    if busy.upper() in known:
        return known[busy.upper()]
    if transparency.upper() == "TRANSPARENT":
        return "Free"
    return "Tentative" if status.upper() == "TENTATIVE" else "Busy"


def _people(own: Sequence[Line]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, role in ROLES.items():
        people = [line for line in own if line.name == "ATTENDEE" and _role(line) == role]
        inside = "".join(_attendee(line) for line in people)
        found[name] = f"<t:{name}>{inside}</t:{name}>" if inside else ""
    return found


def _role(line: Line) -> str:
    return line.parameters.get("ROLE", "REQ-PARTICIPANT").upper()


def _attendee(line: Line) -> str:
    address = re.sub("(?i)^mailto:", "", line.value.strip())
    name = f"<t:Name>{escaped(line.parameters.get('CN', address))}</t:Name>"
    return f"<t:Attendee><t:Mailbox>{name}<t:EmailAddress>{escaped(address)}</t:EmailAddress></t:Mailbox></t:Attendee>"


def _reminder(alarms: Sequence[Sequence[Line]]) -> dict[str, str]:
    trigger = next((line for alarm in alarms for line in alarm if line.name == "TRIGGER"), None)
    if trigger is None or not trigger.value.strip().upper().lstrip("+-").startswith("P"):
        return {}
    minutes = -int(_length(trigger.value).total_seconds()) // 60
    return {"ReminderIsSet": "true", "ReminderMinutesBeforeStart": str(max(0, minutes))}

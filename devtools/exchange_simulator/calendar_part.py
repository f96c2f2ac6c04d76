"""The few lines of a text/calendar part that meeting mail shows; anything unreadable is left out."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from devtools.exchange_simulator.mail import Address, Meeting

_RESPONSES = {"ACCEPTED": "Accept", "DECLINED": "Decline", "TENTATIVE": "Tentative"}
_CLASSES = {"REQUEST": "Request", "CANCEL": "Canceled", "COUNTER": "Resp.Tent"}
_RESPONSE_CLASSES = {"Accept": "Resp.Pos", "Decline": "Resp.Neg", "Tentative": "Resp.Tent"}


def meeting_of(calendar: str, method: str) -> Meeting | None:
    """Read the first VEVENT; None when there is no method, as for a plain .ics that is merely attached."""
    lines = re.sub(r"\r?\n[ \t]", "", calendar).splitlines()
    found: dict[str, tuple[str, str]] = {}
    inside = False
    for line in lines:
        head, _, value = line.partition(":")
        name, _, parameters = head.upper().partition(";")
        if name == "METHOD":
            method = method or value
        inside = (inside or line.upper() == "BEGIN:VEVENT") and line.upper() != "END:VEVENT"
        if inside:
            found.setdefault(name, (parameters, value))
    if not method:
        return None
    return Meeting(
        method=method.strip().upper(),
        uid=found.get("UID", ("", ""))[1],
        start=_moment(*found.get("DTSTART", ("", ""))),
        end=_moment(*found.get("DTEND", ("", ""))),
        location=found.get("LOCATION", ("", ""))[1].replace("\\,", ",").replace("\\n", "\n"),
        organizer=_organizer(*found.get("ORGANIZER", ("", ""))),
        response=_response(found.get("ATTENDEE", ("", ""))[0]),
        all_day="VALUE=DATE" in found.get("DTSTART", ("", ""))[0].split(";"),
    )


def item_class(meeting: Meeting) -> str:
    """Give the item class that Exchange gives meeting mail of this method."""
    if meeting.method == "REPLY":
        return "IPM.Schedule.Meeting." + _RESPONSE_CLASSES.get(meeting.response, "Resp.Tent")
    return "IPM.Schedule.Meeting." + _CLASSES[meeting.method] if meeting.method in _CLASSES else "IPM.Note"


def _moment(parameters: str, value: str) -> datetime | None:
    zone = re.search(r"TZID=\"?([^;\"]+)", parameters, re.IGNORECASE)
    try:
        found = datetime.fromisoformat(value.strip())
        # Parameters were upper-cased; zone names are looked up with their words capitalised.
        where = ZoneInfo(zone.group(1).title()) if zone else UTC
    except (ValueError, ZoneInfoNotFoundError, OSError):
        where = UTC
        try:
            found = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    return (found if found.tzinfo else found.replace(tzinfo=where)).astimezone(UTC)


def _organizer(parameters: str, value: str) -> Address | None:
    if not value:
        return None
    name = re.search(r"CN=\"?([^;\"]+)", parameters)
    return Address(name.group(1).title() if name else "", re.sub("(?i)^mailto:", "", value.strip()))


def _response(parameters: str) -> str:
    found = re.search(r"PARTSTAT=([A-Z-]+)", parameters)
    return _RESPONSES.get(found.group(1), "Unknown") if found else "Unknown"

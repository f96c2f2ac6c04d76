"""VTIMEZONE (RFC 5545 3.6.5): a Windows zone's rules of this year, as Exchange writes them (MS-OXCICAL 2.1.3.1.1.19)."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from devtools.exchange_simulator.time_zones import zone_of

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_STEP = timedelta(minutes=30)
_YEAR = 2026


def vtimezone(windows_id: str) -> list[str]:
    """Write the zone; without daylight saving it has one observance that begins with Windows' time."""
    zone = zone_of(windows_id)
    lines = ["BEGIN:VTIMEZONE", f"TZID:{windows_id}"]
    changes = list(_changes(zone))
    for moment, before, after in changes:
        lines += _observance(moment, before, after)
    if not changes:
        offset = datetime(_YEAR, 1, 1, tzinfo=zone).utcoffset() or timedelta()
        lines += ["BEGIN:STANDARD", "DTSTART:16010101T000000", *_offsets(offset, offset), "END:STANDARD"]
    return [*lines, "END:VTIMEZONE"]


def _changes(zone: tzinfo) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """Give the moments at which the offset changes in the year, with the offset before and after."""
    at = datetime(_YEAR, 1, 1, tzinfo=UTC)
    before = at.astimezone(zone).utcoffset() or timedelta()
    while at.year == _YEAR:
        after = at.astimezone(zone).utcoffset() or timedelta()
        if after != before:
            yield at, before, after
        before = after
        at += _STEP


def _observance(at: datetime, before: timedelta, after: timedelta) -> list[str]:
    kind = "DAYLIGHT" if after > before else "STANDARD"
    local = (at + before).replace(tzinfo=None)
    last = local.day + 7 > monthrange(local.year, local.month)[1]
    place = -1 if last else (local.day - 1) // 7 + 1
    rule = f"RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY={place}{_DAYS[local.weekday()]};BYMONTH={local.month}"
    start = f"DTSTART:16010101T{local:%H%M%S}"
    return [f"BEGIN:{kind}", start, *_offsets(before, after), rule, f"END:{kind}"]


def _offsets(before: timedelta, after: timedelta) -> list[str]:
    return [f"TZOFFSETFROM:{_offset(before)}", f"TZOFFSETTO:{_offset(after)}"]


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"

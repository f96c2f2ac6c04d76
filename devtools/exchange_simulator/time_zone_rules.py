"""The rules of a Windows time zone as a TimeZoneDefinition: periods, groups of transitions, transitions (Types.xsd).

They are worked out of the IANA zone for the present years; what applied in earlier years is not told.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from itertools import pairwise

from devtools.exchange_simulator.markup import attribute
from devtools.exchange_simulator.time_zones import zone_of

_YEARS = range(2024, 2031)
_ORDER = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of the clocks: the local time that it happens at, and the offset from UTC afterwards."""

    at: datetime
    offset: timedelta


@cache
def definition(windows_id: str) -> str:
    """Write the whole definition of a zone that is known. Raises ItemError for another."""
    zone = zone_of(windows_id)
    years = [_changes(zone, year) for year in _YEARS]
    standard = min(_offset(zone, datetime(_YEARS[0], month, 1, tzinfo=UTC)) for month in (1, 7))
    prefix = f"trule:Microsoft/Registry/{windows_id}/"
    periods, group = [_period(prefix, "Standard", standard)], _target("Period", prefix + "Standard")
    if all(len(one) == 2 for one in years):
        daylight = max(one.offset for one in years[0])
        periods.append(_period(prefix, "Daylight", daylight))
        group = "".join(_recurring(prefix, [year[place] for year in years], standard) for place in (0, 1))
    else:
        group = f"<t:Transition>{group}</t:Transition>"
    name = attribute(windows_id)
    return (
        f'<t:TimeZoneDefinition Id="{name}" Name="{name}"><t:Periods>{"".join(periods)}</t:Periods>'
        f'<t:TransitionsGroups><t:TransitionsGroup Id="0">{group}</t:TransitionsGroup></t:TransitionsGroups>'
        f"<t:Transitions><t:Transition>{_target('Group', '0')}</t:Transition></t:Transitions></t:TimeZoneDefinition>"
    )


def _offset(zone: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _changes(zone: tzinfo, year: int) -> list[_Change]:
    """Find the changes of a year to the quarter of an hour; there are never two in one week."""
    found = []
    weeks = (datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=7 * week) for week in range(53))
    for begin, end in pairwise(weeks):
        before, after = _offset(zone, begin), _offset(zone, end)
        if before != after:
            quarters = [begin + timedelta(minutes=15 * step) for step in range(7 * 24 * 4 + 1)]
            at = quarters[bisect_left(quarters, True, key=lambda one: _offset(zone, one) == after)]
            found.append(_Change((at + before).replace(tzinfo=None), after))
    return found


def _period(prefix: str, name: str, offset: timedelta) -> str:
    """Write a period; its bias is what is added to local time to get UTC."""
    return f'<t:Period Bias="{_duration(-offset)}" Name="{name}" Id="{attribute(prefix + name)}"/>'


def _duration(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    return f"{'-' if minutes < 0 else ''}PT{abs(minutes)}M"


def _target(kind: str, value: str) -> str:
    return f'<t:To Kind="{kind}">{attribute(value)}</t:To>'


def _recurring(prefix: str, changes: list[_Change], standard: timedelta) -> str:
    """Write a yearly change: the n-th of a weekday, or the last when it is in the last week every year."""
    first = changes[0]
    at = timedelta(hours=first.at.hour, minutes=first.at.minute)
    last = all((one.at + timedelta(days=7)).month != one.at.month for one in changes)
    occurrence = (first.at.day - 1) // 7 + 1
    occurrence = -1 if last or occurrence == 5 else occurrence
    period = "Standard" if first.offset == standard else "Daylight"
    return (
        f"<t:RecurringDayTransition>{_target('Period', prefix + period)}<t:TimeOffset>{_duration(at)}</t:TimeOffset>"
        f"<t:Month>{first.at.month}</t:Month><t:DayOfWeek>{_ORDER[first.at.weekday()]}</t:DayOfWeek>"
        f"<t:Occurrence>{occurrence}</t:Occurrence></t:RecurringDayTransition>"
    )

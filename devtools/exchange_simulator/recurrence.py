"""Recurrence patterns and ranges to dates: pure, from PROTOCOL 11.2 and MS-OXOCAL. Dates are local to the series' zone."""

import calendar
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from devtools.exchange_simulator.soap import Element, T

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_GROUPS = {"Day": range(7), "Weekday": range(5), "WeekendDay": range(5, 7)}
_PLACES = ("First", "Second", "Third", "Fourth", "Last")
_LAST_YEAR = 4500


@dataclass(frozen=True, slots=True)
class Recurrence:
    """One pattern and one range. `days` are weekdays from Monday 0; `place` is 0 to 3, or 4 for the last."""

    kind: str
    start: date
    interval: int = 1
    days: frozenset[int] = frozenset()
    day_of_month: int = 0
    place: int = 0
    month: int = 0
    week_begins: int = 6
    end: date | None = None
    number: int | None = None


def read_recurrence(element: Element) -> Recurrence:
    """Read a t:Recurrence, which the schema has checked."""
    pattern, range_ = (one for one in element if isinstance(one.tag, str))

    def said(name: str) -> str:
        return (pattern.findtext(T + name) or "").strip()

    last, number = range_.findtext(T + "EndDate"), range_.findtext(T + "NumberOfOccurrences")
    return Recurrence(
        kind=str(pattern.tag).removeprefix(T).removesuffix("Recurrence"),
        start=_date(range_.findtext(T + "StartDate") or ""),
        interval=int(said("Interval") or 1),
        days=frozenset(day for word in said("DaysOfWeek").split() for day in _weekdays(word)),
        day_of_month=int(said("DayOfMonth") or 0),
        place=_PLACES.index(said("DayOfWeekIndex") or "First"),
        month=list(calendar.month_name).index(said("Month")),
        week_begins=_DAYS.index(said("FirstDayOfWeek") or "Sunday"),
        end=_date(last) if last else None,
        number=int(number) if number else None,
    )


def _date(text: str) -> date:
    """Read an xs:date; an offset after it is meaningless here (PROTOCOL 11.2)."""
    return date.fromisoformat(text.strip()[:10])


def _weekdays(word: str) -> range:
    return _GROUPS.get(word) or range(_DAYS.index(word), _DAYS.index(word) + 1)


def dates(rule: Recurrence) -> Iterator[date]:
    """Give the dates of a series in order, from its start to the end of its range."""
    given = 0
    for found in _pattern(rule):
        if found < rule.start:
            continue
        if (rule.end and found > rule.end) or given == rule.number or found.year > _LAST_YEAR:
            return
        given += 1
        yield found


def _pattern(rule: Recurrence) -> Iterator[date]:
    if rule.kind == "Daily":
        yield from (rule.start + timedelta(days=step) for step in count(0, rule.interval))
    elif rule.kind == "Weekly":
        yield from _weekly(rule)
    else:
        yield from _in_months(rule)


def _weekly(rule: Recurrence) -> Iterator[date]:
    first = rule.start - timedelta(days=(rule.start.weekday() - rule.week_begins) % 7)
    for week in count(0, rule.interval):
        for offset in range(7):
            found = first + timedelta(days=7 * week + offset)
            if found.weekday() in rule.days:
                yield found


def _in_months(rule: Recurrence) -> Iterator[date]:
    """Give one date in each month that the pattern meets; a yearly pattern meets one month of every year."""
    yearly = rule.kind.endswith("Yearly")
    begin = rule.start.year * 12 + (rule.month if yearly else rule.start.month) - 1
    for step in count(begin, 12 if yearly else rule.interval):
        yield _in_month(rule, step // 12, step % 12 + 1)


def _in_month(rule: Recurrence, year: int, month: int) -> date:
    if rule.kind.startswith("Absolute"):
        return date(year, month, min(rule.day_of_month, calendar.monthrange(year, month)[1]))
    return _fitting(year, month, rule.days, rule.place)


def _fitting(year: int, month: int, days: Container[int], place: int) -> date:
    """Find the day of a month that is the first (0) to fourth, or the last (4), of some weekdays."""
    length = calendar.monthrange(year, month)[1]
    fitting = [day for day in range(1, length + 1) if date(year, month, day).weekday() in days]
    return date(year, month, fitting[-1 if place == 4 else place])


def nth_weekday(year: int, month: int, word: str, order: int) -> date:
    """Find the first (1) to fourth, or the last (5), of a weekday in a month. Raises ValueError for what is no rule."""
    if not 1 <= order <= len(_PLACES) or not 1 <= month <= 12:
        raise ValueError(f"no {order}-th {word} in month {month}")
    return _fitting(year, month, _weekdays(word), order - 1)

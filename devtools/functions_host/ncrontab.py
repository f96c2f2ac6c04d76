"""Timer schedules: NCRONTAB with six or five fields, and constant intervals. Pure.

Fields are {second} {minute} {hour} {day} {month} {day of week}; without seconds they are zero. All times are UTC.
https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from .timespan import looks_like_timespan, parse_timespan

# 29 February on a given weekday comes at the latest after 40 years, around a year like 2100.
_HORIZON_YEARS = 41
_ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Field:
    """The range and the names of one field."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_FIELDS = (
    Field("second", 0, 59),
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day", 1, 31),
    Field("month", 1, 12, _MONTHS),
    Field("day of week", 0, 6, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Interval:
    """A constant pause between two runs."""

    every: timedelta

    def next_after(self, moment: datetime) -> datetime:
        return moment + self.every


@dataclass(frozen=True, slots=True)
class Cron:
    """The values that each field allows, in order. Day and day of week must both match, as in NCrontab."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence strictly after `moment` (aware). Raises ValueError when there is none."""
        start = moment.astimezone(UTC).replace(microsecond=0) + _ONE_SECOND
        for day in self._dates_from(start.date()):
            floor = start.time() if day == start.date() else time.min
            found = self._time_from(floor)
            if found is not None:
                return datetime.combine(day, found, UTC)
        raise ValueError("the schedule has no occurrence")

    def _dates_from(self, first: date) -> Iterator[date]:
        for year in range(first.year, first.year + _HORIZON_YEARS):
            for month in self.months:
                for number in self.days:
                    day = _date(year, month, number)
                    if day is not None and day >= first and day.isoweekday() % 7 in self.weekdays:
                        yield day

    def _time_from(self, floor: time) -> time | None:
        times = (
            time(hour, minute, second)
            for hour in self.hours
            if hour >= floor.hour
            for minute in self.minutes
            if (hour, minute) >= (floor.hour, floor.minute)
            for second in self.seconds
        )
        return next((moment for moment in times if moment >= floor), None)


type Schedule = Cron | Interval


def parse_schedule(text: str) -> Schedule:
    """Parse a timer's schedule. Raises ValueError with the field and the reason."""
    if looks_like_timespan(text):
        return _parse_interval(text)
    words = text.split()
    if len(words) == 5:
        words.insert(0, "0")
    if len(words) != 6:
        raise ValueError(
            f"{text!r} has {len(words)} fields: six are needed, {{s}} {{m}} {{h}} {{day}} {{month}} {{dow}}"
        )
    cron = Cron(*(_parse_field(field, word) for field, word in zip(_FIELDS, words, strict=True)))
    cron.next_after(datetime(2000, 1, 1, tzinfo=UTC))  # 30 February is an error of whoever wrote it, to be told now
    return cron


def _parse_interval(text: str) -> Interval:
    every = parse_timespan(text)
    if every < _ONE_SECOND:
        raise ValueError(f"{text!r} is shorter than a second")
    return Interval(every)


def _parse_field(field: Field, text: str) -> tuple[int, ...]:
    values: set[int] = set()
    for part in text.split(","):
        values.update(_parse_part(field, part))
    return tuple(sorted(values))


def _parse_part(field: Field, part: str) -> range:
    """`*`, `5`, `2-4`, each with an optional step. `5/15` runs from 5 to the field's end."""
    bounds, slash, step_text = part.partition("/")
    step = _parse_step(field, step_text) if slash else 1
    if bounds == "*":
        return range(field.first, field.last + 1, step)
    low_text, dash, high_text = bounds.partition("-")
    low = _parse_value(field, low_text)
    if not dash:
        return range(low, field.last + 1, step) if slash else range(low, low + 1)
    high = _parse_value(field, high_text)
    if high < low:
        raise ValueError(f"{field.name}: {bounds!r} runs backwards; write two ranges")
    return range(low, high + 1, step)


def _parse_step(field: Field, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError(f"{field.name}: {text!r} is not a step")
    return int(text)


def _parse_value(field: Field, text: str) -> int:
    if field.names and len(text) >= 3:
        for offset, name in enumerate(field.names):
            if name.startswith(text.lower()):
                return field.first + offset
    if not text.isascii() or not text.isdigit() or not field.first <= int(text) <= field.last:
        raise ValueError(f"{field.name}: {text!r} is not within {field.first} to {field.last}")
    return int(text)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None

"""Recurrence: tables of what PROTOCOL 11.2 says, and properties that hold of every pattern."""

import calendar
from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.exchange_simulator.recurrence import Recurrence, dates

_START = date(2026, 11, 24)  # a Tuesday


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Recurrence("Daily", _START, interval=3), ["11-24", "11-27", "11-30"]),
        (Recurrence("Weekly", _START, days=frozenset({1, 3})), ["11-24", "11-26", "12-01"]),
        (Recurrence("Weekly", _START, interval=2, days=frozenset({6, 1}), week_begins=0), ["11-24", "11-29", "12-08"]),
        (Recurrence("Weekly", _START, interval=2, days=frozenset({6, 1}), week_begins=6), ["11-24", "12-06", "12-08"]),
        (Recurrence("AbsoluteMonthly", _START, interval=1, day_of_month=31), ["11-30", "12-31", "01-31"]),
        (Recurrence("RelativeMonthly", _START, days=frozenset({4}), place=4), ["11-27", "12-25", "01-29"]),
        (Recurrence("RelativeMonthly", _START, days=frozenset(range(5)), place=0), ["12-01", "01-01", "02-01"]),
        (Recurrence("AbsoluteYearly", _START, day_of_month=29, month=2), ["02-28", "02-29", "02-28"]),
        (Recurrence("RelativeYearly", _START, days=frozenset({3}), place=3, month=11), ["11-26", "11-25", "11-23"]),
        (Recurrence("Daily", _START, end=date(2026, 11, 25)), ["11-24", "11-25"]),
        (Recurrence("Daily", _START, number=1), ["11-24"]),
    ],
)
def test_patterns_and_ranges(rule: Recurrence, expected: list[str]) -> None:
    found = [f"{one:%m-%d}" for one in islice(dates(rule), len(expected) + 1)]
    assert found[: len(expected)] == expected
    assert len(found) == len(expected) + (rule.end is None and rule.number is None)


_DAYS = st.frozensets(st.integers(0, 6), min_size=1)
_RULES = st.builds(
    Recurrence,
    kind=st.sampled_from(["Daily", "Weekly", "AbsoluteMonthly", "RelativeMonthly", "AbsoluteYearly", "RelativeYearly"]),
    start=st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    interval=st.integers(1, 99),
    days=_DAYS,
    day_of_month=st.integers(1, 31),
    place=st.integers(0, 4),
    month=st.integers(1, 12),
    week_begins=st.integers(0, 6),
    number=st.integers(1, 30),
)


@given(_RULES)
def test_a_numbered_series_has_that_many_dates_in_order_from_its_start_on(rule: Recurrence) -> None:
    found = list(dates(rule))
    assert len(found) == rule.number
    assert found[0] >= rule.start
    assert all(one < other for one, other in pairwise(found))


@given(_RULES, st.integers(0, 2000))
def test_an_end_date_only_cuts_the_series(rule: Recurrence, days: int) -> None:
    end = rule.start + timedelta(days=days)
    cut = Recurrence(**{**{name: getattr(rule, name) for name in Recurrence.__slots__}, "end": end})
    assert list(dates(cut)) == [one for one in dates(rule) if one <= end]


@given(_RULES)
def test_every_date_is_one_of_the_pattern(rule: Recurrence) -> None:
    for one in dates(rule):
        if rule.kind == "Daily":
            assert (one - rule.start).days % rule.interval == 0
        if rule.kind == "Weekly" or rule.kind.startswith("Relative"):
            assert one.weekday() in rule.days
        if rule.kind.endswith("Yearly"):
            assert one.month == rule.month
        if rule.kind.startswith("Absolute"):
            assert one.day == min(rule.day_of_month, calendar.monthrange(one.year, one.month)[1])

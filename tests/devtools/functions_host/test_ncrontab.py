"""Timer schedules as a table: the next times after Tuesday, 3 March 2026, 10:07:30 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from devtools.functions_host.ncrontab import parse_schedule

NOW = datetime(2026, 3, 3, 10, 7, 30, tzinfo=UTC)


def following(schedule: str, count: int, after: datetime = NOW) -> list[str]:
    moments = [parse_schedule(schedule).next_after(after)]
    while len(moments) < count:
        moments.append(parse_schedule(schedule).next_after(moments[-1]))
    return [moment.strftime("%Y-%m-%d %H:%M:%S") for moment in moments]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("* * * * * *", ["2026-03-03 10:07:31", "2026-03-03 10:07:32"]),
        ("30 * * * * *", ["2026-03-03 10:08:30", "2026-03-03 10:09:30"]),
        ("0 */5 * * * *", ["2026-03-03 10:10:00", "2026-03-03 10:15:00"]),
        ("*/5 * * * *", ["2026-03-03 10:10:00", "2026-03-03 10:15:00"]),
        ("0 5/20 * * * *", ["2026-03-03 10:25:00", "2026-03-03 10:45:00", "2026-03-03 11:05:00"]),
        ("0 0 10 * * *", ["2026-03-04 10:00:00", "2026-03-05 10:00:00"]),
        ("0 0,30 9-11/2 * * *", ["2026-03-03 11:00:00", "2026-03-03 11:30:00", "2026-03-04 09:00:00"]),
        (
            "0 30 9 * * 1-5",
            ["2026-03-04 09:30:00", "2026-03-05 09:30:00", "2026-03-06 09:30:00", "2026-03-09 09:30:00"],
        ),
        ("0 30 9 * * Mon,fri", ["2026-03-06 09:30:00", "2026-03-09 09:30:00"]),
        ("0 0 0 * Jan-February sunday", ["2027-01-03 00:00:00"]),
        ("0 0 0 31 * *", ["2026-03-31 00:00:00", "2026-05-31 00:00:00"]),
        ("0 0 0 29 2 *", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        # Both the day and the day of week must match.
        ("0 0 0 13 * 5", ["2026-03-13 00:00:00", "2026-11-13 00:00:00"]),
        ("59 59 23 31 12 *", ["2026-12-31 23:59:59", "2027-12-31 23:59:59"]),
        ("00:05:00", ["2026-03-03 10:12:30", "2026-03-03 10:17:30"]),
        ("1.00:00:00", ["2026-03-04 10:07:30"]),
    ],
)
def test_the_next_times_of_a_schedule(schedule: str, expected: list[str]) -> None:
    assert following(schedule, len(expected)) == expected


def test_the_next_time_is_after_a_fraction_of_a_second_too() -> None:
    assert following("* * * * * *", 1, NOW + timedelta(milliseconds=1)) == ["2026-03-03 10:07:31"]


def test_the_weekday_of_29_february_is_found_across_a_year_without_one() -> None:
    assert following("0 0 0 29 2 0", 1, datetime(2072, 3, 1, tzinfo=UTC)) == ["2112-02-28 00:00:00"] or following(
        "0 0 0 29 2 1", 1, datetime(2072, 3, 1, tzinfo=UTC)
    ) == ["2112-02-29 00:00:00"]


def test_times_are_utc_wherever_one_asks_from() -> None:
    in_india = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert following("0 0 10 * * *", 1, in_india) == ["2026-03-04 10:00:00"]


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("0 60 * * * *", "minute: '60' is not within 0 to 59"),
        ("0 0 0 0 * *", "day: '0' is not within 1 to 31"),
        ("0 0 0 * * 7", "day of week: '7' is not within 0 to 6"),
        ("0 0 0 * Foo *", "month: 'Foo'"),
        ("*/0 * * * * *", "second: '0' is not a step"),
        ("0 0 22-2 * * *", "runs backwards"),
        ("0 -1 * * * *", "minute: ''"),
        ("0 1, * * * *", "minute: ''"),
        ("0 0 0 30 2 *", "no occurrence"),
        ("24:00:00", "out of range"),
        ("00:00:00", "shorter than a second"),
    ],
)
def test_a_wrong_schedule_is_refused_with_the_reason(schedule: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_schedule(schedule)

"""exchangelib 5 against the simulator: time zones with their rules, and when people are free or busy."""

import datetime
from typing import Any

import exchangelib
import pytest
from exchangelib.errors import ErrorMailRecipientNotFound
from exchangelib.properties import TimeZone
from exchangelib.recurrence import DailyPattern, Recurrence

from tests.interop.conftest import ALICE, BOB

BERLIN = exchangelib.EWSTimeZone("Europe/Berlin")
MONDAY = datetime.datetime(2026, 10, 26, 0, 0, tzinfo=BERLIN)
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


def note(account: Any, start: datetime.datetime, **more: Any) -> None:
    item = exchangelib.CalendarItem(
        account=account, folder=account.calendar, **{"subject": "Secret", "start": start, "end": start + HOUR, **more}
    )
    item.save()


def ask(account: Any, *addresses: str, days: int = 1, **more: Any) -> list[Any]:
    people = [(one, "Required", False) for one in addresses]
    return list(account.protocol.get_free_busy_info(accounts=people, start=MONDAY, end=MONDAY + days * DAY, **more))


def test_events_are_told_in_the_wall_clock_of_the_request_and_merged_in_slices(alice: Any) -> None:
    note(alice, MONDAY + 9 * HOUR)
    note(alice, MONDAY + 9 * HOUR + HOUR / 2, legacy_free_busy_status="OOF")
    note(alice, MONDAY + 14 * HOUR, legacy_free_busy_status="Tentative")
    note(alice, MONDAY + 16 * HOUR, legacy_free_busy_status="Free")
    note(alice, MONDAY + 2 * DAY)
    (view,) = ask(alice, ALICE, merged_free_busy_interval=60)
    assert [(one.start, one.end, one.busy_type) for one in view.calendar_events] == [
        (MONDAY + 9 * HOUR, MONDAY + 10 * HOUR, "Busy"),
        (MONDAY + 9 * HOUR + HOUR / 2, MONDAY + 10 * HOUR + HOUR / 2, "OOF"),
        (MONDAY + 14 * HOUR, MONDAY + 15 * HOUR, "Tentative"),
        (MONDAY + 16 * HOUR, MONDAY + 17 * HOUR, "Free"),
    ]
    assert view.merged == "000000000330001000000000"
    assert view.working_hours[0].weekdays == [1, 2, 3, 4, 5]


def test_others_learn_when_somebody_is_busy_and_nothing_else(alice: Any) -> None:
    note(alice, MONDAY + 9 * HOUR)
    (view,) = ask(alice, ALICE, requested_view="DetailedMerged")
    assert (view.view_type, view.calendar_events[0].details) == ("FreeBusyMerged", None)


def test_every_mailbox_has_its_own_answer_and_a_series_its_occurrences(alice: Any, bob: Any) -> None:
    rule = Recurrence(pattern=DailyPattern(interval=1), start=MONDAY.date(), number=5)
    note(bob, MONDAY + 8 * HOUR, recurrence=rule)
    for_alice, for_bob = ask(alice, ALICE, BOB, days=3, requested_view="FreeBusy")
    assert (for_alice.calendar_events, for_alice.merged) == (None, None)
    assert [one.start for one in for_bob.calendar_events] == [MONDAY + days * DAY + 8 * HOUR for days in range(3)]


def test_whoever_has_no_mailbox_has_an_error_of_their_own(alice: Any) -> None:
    found = ask(alice, "nobody@contoso.example", ALICE)
    assert isinstance(found[0], ErrorMailRecipientNotFound)
    assert found[1].view_type == "FreeBusyMerged"


@pytest.mark.parametrize(
    ("zone", "bias", "begins", "ends"),
    [
        ("Europe/Berlin", -60, (3, 5, 2), (10, 5, 3)),
        ("America/Los_Angeles", 480, (3, 2, 2), (11, 1, 2)),
        ("Australia/Sydney", -600, (10, 1, 2), (4, 1, 3)),
    ],
)
def test_a_zone_comes_with_the_rules_of_its_summer_time(
    alice: Any, zone: str, bias: int, begins: tuple[int, int, int], ends: tuple[int, int, int]
) -> None:
    (found,) = alice.protocol.get_timezones(timezones=[exchangelib.EWSTimeZone(zone)], return_full_timezone_data=True)
    rules = TimeZone.from_server_timezone(tz_definition=found, for_year=2026)
    assert (rules.bias, rules.daylight_time.bias, rules.standard_time.bias) == (bias, -60, 0)
    told = [(one.iso_month, one.occurrence, one.time.hour) for one in (rules.daylight_time, rules.standard_time)]
    assert told == [begins, ends]
    assert {rules.daylight_time.weekday, rules.standard_time.weekday} == {7}


def test_a_zone_without_summer_time_has_one_period(alice: Any) -> None:
    (found,) = alice.protocol.get_timezones(
        timezones=[exchangelib.EWSTimeZone("Asia/Tokyo")], return_full_timezone_data=True
    )
    assert [(one.name, one.bias_in_minutes) for one in found.periods] == [("Standard", -540)]


def test_every_zone_is_given_with_its_rules(alice: Any) -> None:
    found = list(alice.protocol.get_timezones(return_full_timezone_data=True))
    assert len(found) > 60
    assert all(TimeZone.from_server_timezone(tz_definition=one, for_year=2026).bias is not None for one in found)

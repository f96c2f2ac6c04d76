"""exchangelib 5 against the simulator: calendar items that concern nobody but their owner, single and recurring."""

import datetime
from typing import Any

import exchangelib
import pytest
from exchangelib.errors import ErrorCannotCreateCalendarItemInNonCalendarFolder
from exchangelib.recurrence import Recurrence, WeeklyPattern

from devtools.exchange_simulator import ExchangeSimulator
from tests.interop.conftest import ALICE, OpenAccount

BERLIN = exchangelib.EWSTimeZone("Europe/Berlin")


def visit(account: Any, **more: Any) -> Any:
    given = {
        "subject": "Visit",
        "start": datetime.datetime(2026, 11, 24, 9, 0, tzinfo=BERLIN),
        "end": datetime.datetime(2026, 11, 24, 10, 30, tzinfo=BERLIN),
        **more,
    }
    return exchangelib.CalendarItem(account=account, folder=account.calendar, **given)


def test_a_calendar_item_is_what_was_written(exchange: ExchangeSimulator, alice: Any) -> None:
    written = visit(alice, location="Hamburg & more", body="Bring samples", categories=["Sales"]).save()
    (found,) = alice.calendar.all()
    assert (found.id, found.subject, found.location) == (written.id, "Visit", "Hamburg & more")
    assert (found.start, found.end) == (written.start, written.end)
    assert (found.type, found.is_recurring, found.legacy_free_busy_status) == ("Single", False, "Busy")
    assert (found.categories, found.body.strip(), found.duration) == (["Sales"], "Bring samples", "PT90M")
    assert found.uid.startswith("040000008200E00074C5B7101A82E008")
    assert [row.item_class for row in exchange.items(ALICE, "calendar")] == ["IPM.Appointment"]


def test_an_all_day_event_lasts_from_midnight_to_midnight(alice: Any) -> None:
    day = datetime.date(2026, 11, 24)
    visit(alice, start=day, end=day, is_all_day=True).save()
    (found,) = alice.calendar.all()
    assert (found.is_all_day, found.start, found.end) == (True, day, day)


def test_a_calendar_item_is_changed_and_deleted(exchange: ExchangeSimulator, alice: Any) -> None:
    visit(alice).save()
    (item,) = alice.calendar.all()
    uid = item.uid
    item.location, item.end = "Bremen", item.end + datetime.timedelta(hours=1)
    item.save(update_fields=["location", "end"])
    (found,) = alice.calendar.all()
    assert (found.location, found.duration, found.uid) == ("Bremen", "PT150M", uid)
    found.delete()
    assert exchange.items(ALICE, "calendar") == []


def test_a_series_keeps_its_pattern_and_range(alice: Any) -> None:
    rule = Recurrence(
        pattern=WeeklyPattern(interval=2, weekdays=["Tuesday", "Thursday"]), start=datetime.date(2026, 11, 24), number=7
    )
    visit(alice, recurrence=rule).save()
    (found,) = alice.calendar.all()
    assert (found.type, found.is_recurring) == ("RecurringMaster", True)
    assert found.recurrence.pattern.interval == 2
    assert found.recurrence.boundary.number == 7


def test_a_calendar_item_is_not_made_in_a_mail_folder(alice: Any) -> None:
    item = visit(alice)
    item.folder = alice.inbox
    with pytest.raises(ErrorCannotCreateCalendarItemInNonCalendarFolder):
        item.save()


def test_a_view_shows_occurrences_that_keep_their_wall_clock_over_daylight_saving(alice: Any) -> None:
    rule = Recurrence(
        pattern=WeeklyPattern(interval=1, weekdays=["Tuesday"]), start=datetime.date(2026, 10, 20), number=3
    )
    start = datetime.datetime(2026, 10, 20, 9, 0, tzinfo=BERLIN)
    master = visit(alice, start=start, end=start + datetime.timedelta(hours=1), recurrence=rule).save()
    window = [datetime.datetime(2026, month, 1, tzinfo=BERLIN) for month in (10, 12)]
    found = list(alice.calendar.view(start=window[0], end=window[1]))
    assert [one.start.astimezone(BERLIN).strftime("%d.%m. %H:%M") for one in found] == [
        "20.10. 09:00",
        "27.10. 09:00",
        "03.11. 09:00",
    ]
    assert {one.type for one in found} == {"Occurrence"}
    assert len({one.id for one in found} | {master.id}) == 4
    second = alice.calendar.all().get(id=master.id).occurrence(2)
    second.refresh()
    assert (second.id, second.original_start) == (found[1].id, found[1].start)


def test_calendar_items_are_found_and_sorted_by_their_times(alice: Any) -> None:
    first = datetime.datetime(2026, 11, 24, 9, 0, tzinfo=BERLIN)
    for days in (2, 0, 1):
        start = first + datetime.timedelta(days=days)
        end = start + datetime.timedelta(hours=1)
        visit(alice, subject=f"Visit {days}", start=start, end=end, location=f"Hall {days % 2}").save()
    later = alice.calendar.filter(start__gt=first, end__lt=first + datetime.timedelta(days=9))
    assert [one.subject for one in later.order_by("start")] == ["Visit 1", "Visit 2"]
    assert [one.subject for one in alice.calendar.all().order_by("-start")] == ["Visit 2", "Visit 1", "Visit 0"]
    assert [one.subject for one in alice.calendar.filter(location="Hall 1")] == ["Visit 1"]
    assert alice.calendar.filter(is_meeting=True).count() == 0


def test_an_all_day_event_is_the_same_day_for_a_client_that_lives_in_its_zone(open_account: OpenAccount) -> None:
    account = open_account(ALICE)
    account.default_timezone = BERLIN
    day = datetime.date(2026, 11, 24)
    visit(account, start=day, end=day, is_all_day=True).save()
    (found,) = account.calendar.all()
    assert (found.start, found.end) == (day, day)

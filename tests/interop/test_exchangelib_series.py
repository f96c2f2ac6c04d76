"""exchangelib 5 against the simulator: occurrences of a series that are changed or deleted one by one."""

import datetime
from typing import Any

import exchangelib
import pytest
from exchangelib.errors import ErrorCalendarOccurrenceIsDeletedFromRecurrence
from exchangelib.recurrence import DailyPattern, Recurrence

UTC = exchangelib.UTC
FIRST = datetime.datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY, HOUR = datetime.timedelta(days=1), datetime.timedelta(hours=1)


def daily(account: Any, *, number: int = 4) -> Any:
    """Write a series of one hour every morning, and give its master."""
    rule = Recurrence(pattern=DailyPattern(interval=1), start=FIRST.date(), number=number)
    written = exchangelib.CalendarItem(
        account=account, folder=account.calendar, subject="Stand-up", start=FIRST, end=FIRST + HOUR, recurrence=rule
    ).save()
    return account.calendar.all().get(id=written.id)


def in_view(account: Any) -> list[Any]:
    return list(account.calendar.view(start=FIRST - DAY, end=FIRST + 30 * DAY))


def test_an_occurrence_that_is_moved_is_an_exception_of_its_series(alice: Any) -> None:
    master = daily(alice)
    second = in_view(alice)[1]
    second.subject, second.start, second.end = "Later", second.start + 3 * HOUR, second.end + 3 * HOUR
    second.save(update_fields=["subject", "start", "end"])
    found = in_view(alice)
    assert [(one.subject, one.type) for one in found] == [
        ("Stand-up", "Occurrence"),
        ("Later", "Exception"),
        ("Stand-up", "Occurrence"),
        ("Stand-up", "Occurrence"),
    ]
    assert (found[1].id, found[1].start, found[1].original_start) == (second.id, FIRST + DAY + 3 * HOUR, FIRST + DAY)
    assert found[1].recurrence_id == FIRST + DAY
    master.refresh()
    (modified,) = master.modified_occurrences
    assert (modified.id, modified.start, modified.original_start) == (second.id, found[1].start, FIRST + DAY)
    assert (master.subject, master.type) == ("Stand-up", "RecurringMaster")


def test_an_exception_that_leaves_the_window_of_its_slot_is_seen_where_it_went(alice: Any) -> None:
    daily(alice, number=2)
    second = in_view(alice)[1]
    second.start, second.end = second.start + 9 * DAY, second.end + 9 * DAY
    second.save(update_fields=["start", "end"])
    assert [one.start for one in alice.calendar.view(start=FIRST - DAY, end=FIRST + 2 * DAY)] == [FIRST]
    assert [one.start for one in alice.calendar.view(start=FIRST + 9 * DAY, end=FIRST + 20 * DAY)] == [second.start]


def test_an_occurrence_that_is_deleted_leaves_a_hole_and_its_index(alice: Any) -> None:
    master = daily(alice)
    in_view(alice)[0].delete()
    assert [one.start for one in in_view(alice)] == [FIRST + DAY, FIRST + 2 * DAY, FIRST + 3 * DAY]
    master.refresh()
    assert [one.start for one in master.deleted_occurrences] == [FIRST]
    assert (master.first_occurrence.start, master.last_occurrence.start) == (FIRST + DAY, FIRST + 3 * DAY)
    with pytest.raises(ErrorCalendarOccurrenceIsDeletedFromRecurrence):
        master.occurrence(1).refresh()
    second = master.occurrence(2)
    second.refresh()
    assert second.start == FIRST + DAY


def test_an_occurrence_is_changed_and_deleted_by_its_index(alice: Any) -> None:
    master = daily(alice)
    third = master.occurrence(3)
    third.refresh()
    third.location = "Bremen"
    third.save(update_fields=["location"])
    assert [one.location for one in in_view(alice)] == [None, None, "Bremen", None]
    master.refresh()
    fourth = master.occurrence(4)
    fourth.refresh()
    fourth.delete()
    assert len(in_view(alice)) == 3


def test_exceptions_are_kept_while_only_words_change_and_discarded_with_a_new_pattern(alice: Any) -> None:
    master = daily(alice)
    second, third = in_view(alice)[1:3]
    second.subject = "Later"
    second.save(update_fields=["subject"])
    third.refresh()
    third.delete()
    master.refresh()
    master.location = "Bremen"
    master.save(update_fields=["location"])
    assert [one.subject for one in in_view(alice)] == ["Stand-up", "Later", "Stand-up"]
    master.refresh()
    master.recurrence = Recurrence(pattern=DailyPattern(interval=2), start=FIRST.date(), number=3)
    master.save(update_fields=["recurrence"])
    assert [(one.subject, one.start) for one in in_view(alice)] == [
        ("Stand-up", FIRST + days * DAY) for days in (0, 2, 4)
    ]
    master.refresh()
    assert (master.modified_occurrences, master.deleted_occurrences) == (None, None)


def test_an_occurrence_leads_to_its_master(alice: Any) -> None:
    master = daily(alice)
    found = in_view(alice)[2].recurring_master()
    found.refresh()
    assert (found.id, found.type) == (master.id, "RecurringMaster")


def test_a_series_without_end_has_a_first_occurrence_only(alice: Any) -> None:
    rule = Recurrence(pattern=DailyPattern(interval=1), start=FIRST.date())
    exchangelib.CalendarItem(
        account=alice, folder=alice.calendar, subject="Ever", start=FIRST, end=FIRST + HOUR, recurrence=rule
    ).save()
    (master,) = alice.calendar.all()
    assert (master.first_occurrence.start, master.last_occurrence) == (FIRST, None)

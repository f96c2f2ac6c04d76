"""exchangelib 5 against the simulator: Alice organizes meetings, Bob attends them, Charlie hears of none."""

import datetime
from typing import Any

import exchangelib
import pytest
from exchangelib.errors import (
    ErrorCalendarIsCancelledForAccept,
    ErrorCalendarIsNotOrganizer,
    ErrorCalendarIsOrganizerForAccept,
    ErrorCalendarMeetingRequestIsOutOfDate,
)
from exchangelib.items import (
    SEND_ONLY_TO_ALL,
    SEND_ONLY_TO_CHANGED,
    SEND_TO_ALL_AND_SAVE_COPY,
    SEND_TO_NONE,
    MeetingCancellation,
    MeetingRequest,
    MeetingResponse,
)
from exchangelib.recurrence import DailyPattern, Recurrence

from devtools.exchange_simulator import ExchangeSimulator
from tests.interop.conftest import ALICE, BOB, CHARLIE

START = datetime.datetime(2026, 11, 24, 9, 0, tzinfo=exchangelib.UTC)
DAY, HOUR = datetime.timedelta(days=1), datetime.timedelta(hours=1)
Exchange = ExchangeSimulator


def meet(organizer: Any, *, send: str = SEND_ONLY_TO_ALL, attendees: tuple[str, ...] = (BOB,), **more: Any) -> Any:
    """Write a meeting, and give the organizer's item."""
    given = {"subject": "Review", "start": START, "end": START + HOUR, "body": "Bring figures", **more}
    item = exchangelib.CalendarItem(
        account=organizer, folder=organizer.calendar, required_attendees=list(attendees), **given
    )
    written = item.save(send_meeting_invitations=send)
    return organizer.calendar.all().get(id=written.id)


def only(folder: Any) -> Any:
    (found,) = folder.all()
    return found


def answer_of(meeting: Any) -> str:
    meeting.refresh()
    return str(meeting.required_attendees[0].response_type)


def test_an_invitation_is_a_request_and_a_tentative_item_of_the_attendee(
    exchange: Exchange, alice: Any, bob: Any
) -> None:
    mine = meet(alice, location="Hall 4", legacy_free_busy_status="OOF")
    assert (mine.is_meeting, mine.meeting_request_was_sent, mine.my_response_type) == (True, True, "Organizer")
    assert mine.appointment_state == ("Meeting",)
    request, theirs = only(bob.inbox), only(bob.calendar)
    assert isinstance(request, MeetingRequest)
    assert (request.item_class, request.subject, request.is_read) == ("IPM.Schedule.Meeting.Request", "Review", False)
    assert (request.sender.email_address, request.start, request.location) == (ALICE, START, "Hall 4")
    assert (request.associated_calendar_item_id.id, request.meeting_request_type) == (theirs.id, "NewMeetingRequest")
    assert (request.intended_free_busy_status, request.is_out_of_date, request.has_been_processed) == (
        "OOF",
        False,
        True,
    )
    assert (theirs.subject, theirs.start, theirs.uid) == ("Review", START, mine.uid)
    assert (theirs.organizer.email_address, theirs.my_response_type) == (ALICE, "NoResponseReceived")
    assert (theirs.legacy_free_busy_status, theirs.appointment_state) == ("Tentative", ("Meeting", "Received"))
    assert theirs.body.strip() == "Bring figures"
    assert exchange.items(ALICE, "sentitems") == []
    assert exchange.items(CHARLIE, "inbox") == exchange.items(CHARLIE, "calendar") == []


def test_a_meeting_that_is_sent_to_none_is_known_to_none(exchange: Exchange, alice: Any) -> None:
    mine = meet(alice, send=SEND_TO_NONE)
    assert (mine.is_meeting, mine.meeting_request_was_sent) == (True, False)
    assert exchange.items(BOB, "inbox") == exchange.items(BOB, "calendar") == []


def test_a_copy_of_the_request_is_saved_and_guests_outside_get_mail(exchange: Exchange, alice: Any) -> None:
    meet(alice, send=SEND_TO_ALL_AND_SAVE_COPY, attendees=("guest@elsewhere.example",))
    assert [row.item_class for row in exchange.items(ALICE, "sentitems")] == ["IPM.Schedule.Meeting.Request"]
    (mail,) = exchange.directory.outgoing
    assert (mail.sender, mail.recipients) == (ALICE, ("guest@elsewhere.example",))


@pytest.mark.parametrize(
    ("verb", "response", "busy", "prefix", "item_class"),
    [
        ("accept", "Accept", "OOF", "Accepted: ", "Resp.Pos"),
        ("tentatively_accept", "Tentative", "Tentative", "Tentative: ", "Resp.Tent"),
    ],
)
def test_an_answer_reaches_the_organizer(
    exchange: Exchange, alice: Any, bob: Any, verb: str, response: str, busy: str, prefix: str, item_class: str
) -> None:
    mine = meet(alice, legacy_free_busy_status="OOF")
    getattr(only(bob.inbox), verb)(body="With pleasure")
    theirs, told = only(bob.calendar), only(alice.inbox)
    assert (theirs.my_response_type, theirs.legacy_free_busy_status) == (response, busy)
    assert theirs.appointment_reply_time is not None
    assert isinstance(told, MeetingResponse)
    assert (told.subject, told.response_type, told.sender.email_address) == (prefix + "Review", response, BOB)
    assert (told.item_class, told.body.strip()) == (f"IPM.Schedule.Meeting.{item_class}", "With pleasure")
    assert told.associated_calendar_item_id.id == mine.id
    assert answer_of(mine) == response
    assert mine.required_attendees[0].last_response_time is not None
    assert exchange.items(BOB, "inbox") == []
    assert [row.item_class for row in exchange.items(BOB, "deleteditems")] == ["IPM.Schedule.Meeting.Request"]
    assert [row.subject for row in exchange.items(BOB, "sentitems")] == [prefix + "Review"]


def test_a_meeting_that_is_declined_goes_to_deleted_items(exchange: Exchange, alice: Any, bob: Any) -> None:
    mine = meet(alice)
    only(bob.inbox).decline()
    assert exchange.items(BOB, "calendar") == exchange.items(BOB, "inbox") == []
    assert {row.item_class for row in exchange.items(BOB, "deleteditems")} == {
        "IPM.Appointment",
        "IPM.Schedule.Meeting.Request",
    }
    assert (answer_of(mine), only(alice.inbox).response_type) == ("Decline", "Decline")


def test_an_answer_by_the_calendar_item_that_is_only_saved_tells_nobody(
    exchange: Exchange, alice: Any, bob: Any
) -> None:
    mine = meet(alice)
    only(bob.calendar).accept(message_disposition="SaveOnly", folder=bob.calendar)
    assert only(bob.calendar).my_response_type == "Accept"
    assert (answer_of(mine), exchange.items(ALICE, "inbox")) == ("Unknown", [])


def test_another_time_is_proposed(alice: Any, bob: Any) -> None:
    mine = meet(alice)
    only(bob.inbox).tentatively_accept(proposed_start=START + DAY, proposed_end=START + DAY + HOUR)
    told = only(alice.inbox)
    assert (told.proposed_start, told.proposed_end) == (START + DAY, START + DAY + HOUR)
    mine.refresh()
    assert mine.required_attendees[0].proposed_start == START + DAY


def test_a_new_time_asks_again_and_outdates_the_old_request(alice: Any, bob: Any) -> None:
    mine = meet(alice)
    old = only(bob.inbox)
    only(bob.calendar).accept()
    mine.refresh()
    mine.start, mine.end = START + DAY, START + DAY + HOUR
    mine.save(update_fields=["start", "end"], send_meeting_invitations=SEND_ONLY_TO_ALL)
    theirs = only(bob.calendar)
    assert (theirs.start, theirs.my_response_type) == (START + DAY, "NoResponseReceived")
    assert answer_of(mine) == "Unknown"
    old.refresh()
    new = (
        bob.inbox.all().exclude(id=old.id).get() if False else next(one for one in bob.inbox.all() if one.id != old.id)
    )
    assert (old.is_out_of_date, new.is_out_of_date, new.meeting_request_type) == (True, False, "FullUpdate")
    with pytest.raises(ErrorCalendarMeetingRequestIsOutOfDate):
        old.accept()
    new.accept()
    assert answer_of(mine) == "Accept"


def test_new_words_leave_the_answer_as_it_is(alice: Any, bob: Any) -> None:
    mine = meet(alice)
    only(bob.inbox).accept()
    mine.refresh()
    mine.location = "Hall 5"
    mine.save(update_fields=["location"], send_meeting_invitations=SEND_ONLY_TO_ALL)
    theirs = only(bob.calendar)
    assert (theirs.location, theirs.my_response_type, theirs.legacy_free_busy_status) == ("Hall 5", "Accept", "Busy")
    assert only(bob.inbox).meeting_request_type == "InformationalUpdate"
    assert answer_of(mine) == "Accept"


def test_only_those_who_come_and_go_hear_of_a_change_of_the_list(
    exchange: Exchange, alice: Any, bob: Any, open_account: Any
) -> None:
    mine = meet(alice, attendees=(BOB, "guest@elsewhere.example"))
    mine.required_attendees = [
        mine.required_attendees[1],
        exchangelib.Attendee(mailbox=exchangelib.Mailbox(email_address=CHARLIE)),
    ]
    mine.save(update_fields=["required_attendees"], send_meeting_invitations=SEND_ONLY_TO_CHANGED)
    assert [one.item_class for one in bob.inbox.all()] == [
        "IPM.Schedule.Meeting.Canceled",
        "IPM.Schedule.Meeting.Request",
    ]
    assert only(bob.calendar).is_cancelled
    assert only(open_account(CHARLIE).calendar).subject == "Review"
    assert len(exchange.directory.outgoing) == 1


@pytest.mark.parametrize("way", ["cancel", "delete"])
def test_a_cancelled_meeting_is_off_for_everybody(exchange: Exchange, alice: Any, bob: Any, way: str) -> None:
    mine = meet(alice)
    only(bob.inbox).delete()
    if way == "cancel":
        mine.cancel(new_body="Too much to do")
    else:
        mine.move_to_trash(send_meeting_cancellations=SEND_ONLY_TO_ALL)
    assert exchange.items(ALICE, "calendar") == []
    assert len(exchange.items(ALICE, "deleteditems")) == 1
    told, theirs = only(bob.inbox), only(bob.calendar)
    assert isinstance(told, MeetingCancellation)
    assert (told.subject, told.associated_calendar_item_id.id) == ("Canceled: Review", theirs.id)
    assert told.body.strip() == ("Too much to do" if way == "cancel" else "Bring figures")
    assert (theirs.is_cancelled, theirs.legacy_free_busy_status, theirs.subject) == (True, "Free", "Canceled: Review")
    assert theirs.appointment_state == ("Meeting", "Received", "Canceled")
    with pytest.raises(ErrorCalendarIsCancelledForAccept):
        theirs.accept()


def test_only_attendees_answer_and_only_organizers_cancel(alice: Any, bob: Any) -> None:
    mine = meet(alice)
    with pytest.raises(ErrorCalendarIsOrganizerForAccept):
        mine.accept()
    with pytest.raises(ErrorCalendarIsNotOrganizer):
        only(bob.calendar).cancel()


def test_one_occurrence_of_a_series_of_meetings_is_moved_and_cancelled_for_everybody(alice: Any, bob: Any) -> None:
    rule = Recurrence(pattern=DailyPattern(interval=1), start=START.date(), number=3)
    meet(alice, recurrence=rule)
    only(bob.inbox).accept()
    days = list(alice.calendar.view(start=START - DAY, end=START + 9 * DAY))
    days[1].start, days[1].end = days[1].start + HOUR, days[1].end + HOUR
    days[1].save(update_fields=["start", "end"], send_meeting_invitations=SEND_ONLY_TO_ALL)
    theirs = list(bob.calendar.view(start=START - DAY, end=START + 9 * DAY))
    assert [(one.start, one.my_response_type) for one in theirs] == [
        (START, "Accept"),
        (START + DAY + HOUR, "NoResponseReceived"),
        (START + 2 * DAY, "Accept"),
    ]
    request = only(bob.inbox)
    assert (request.original_start, request.associated_calendar_item_id.id) == (START + DAY, theirs[1].id)
    request.decline()
    assert len(list(bob.calendar.view(start=START - DAY, end=START + 9 * DAY))) == 2
    moved = list(alice.calendar.view(start=START - DAY, end=START + 9 * DAY))
    assert [answer_of(one) for one in moved] == ["Accept", "Decline", "Accept"]
    moved[2].refresh()
    moved[2].delete(send_meeting_cancellations=SEND_ONLY_TO_ALL)
    left = list(bob.calendar.view(start=START - DAY, end=START + 9 * DAY))
    assert [(one.start, one.is_cancelled) for one in left] == [(START, False), (START + 2 * DAY, True)]


def test_whoever_is_invited_to_one_occurrence_only_has_that_one(alice: Any, bob: Any, open_account: Any) -> None:
    rule = Recurrence(pattern=DailyPattern(interval=1), start=START.date(), number=3)
    meet(alice, recurrence=rule)
    second = list(alice.calendar.view(start=START - DAY, end=START + 9 * DAY))[1]
    second.refresh()
    guest = exchangelib.Attendee(mailbox=exchangelib.Mailbox(email_address=CHARLIE))
    second.required_attendees = [*second.required_attendees, guest]
    second.save(update_fields=["required_attendees"], send_meeting_invitations=SEND_ONLY_TO_CHANGED)
    charlie = open_account(CHARLIE)
    assert [one.start for one in charlie.calendar.view(start=START - DAY, end=START + 9 * DAY)] == [START + DAY]
    only(charlie.inbox).accept()
    second.refresh()
    assert [one.response_type for one in second.required_attendees] == ["Unknown", "Accept"]
    assert len(list(bob.inbox.all())) == 1

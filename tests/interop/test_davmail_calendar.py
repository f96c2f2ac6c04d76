"""DavMail against the simulator: the calendar through its CalDAV, with plain HTTP.

Where DavMail and PROTOCOL disagree, the test says who is right.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import exchangelib
import httpx
import pytest
from exchangelib.recurrence import Recurrence, WeeklyPattern

from devtools.exchange_simulator import series
from devtools.exchange_simulator.appointments import saying
from devtools.exchange_simulator.items import Item
from tests.interop.conftest import OpenOwnAccount
from tests.interop.davmail_gateway import Gateway, Person

# Quirk: DavMail takes an event without TRANSP for free time; by RFC 5545 3.8.2.7 it is OPAQUE, so it is said here.
VISIT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Contoso//Test//EN
BEGIN:VEVENT
UID:visit-1
DTSTAMP:20260301T080000Z
DTSTART:20260302T100000Z
DTEND:20260302T110000Z
SUMMARY:Visit
LOCATION:Room 1
DESCRIPTION:Bring the offer\\, please
CLASS:PRIVATE
TRANSP:OPAQUE
CATEGORIES:Clients
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15M
DESCRIPTION:Visit
END:VALARM
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
WEEKLY = VISIT.replace("visit-1", "weekly-1").replace(
    "SUMMARY:Visit", "SUMMARY:Weekly\r\nRRULE:FREQ=WEEKLY;COUNT=4;BYDAY=MO,TH"
)
LIST = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:displayname/></D:prop></D:propfind>'
QUERY = (
    '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/>'
    '</D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="{}" '
    'end="{}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>'
)


@pytest.fixture
def alice(gateway: Gateway) -> Person:
    return gateway.person("alice")


def events(gateway: Gateway, person: Person) -> list[Item]:
    return list(gateway.exchange.mailbox(person.address).distinguished["calendar"].items.values())


def kept(item: Item, name: str) -> str:
    return re.sub("<[^>]*>", "", item.facts().properties[f"calendar:{name}"])


def lines(calendar: str) -> set[str]:
    return set(calendar.replace("\r\n ", "").split("\r\n"))


def between(calendar: httpx.Client, begin: str, end: str) -> str:
    """What a calendar-query finds in a window."""
    answer = calendar.request("REPORT", "", content=QUERY.format(begin, end), headers={"Depth": "1"})
    assert answer.status_code == 207
    return answer.text


def test_an_event_is_made_by_icalendar_and_read_back(gateway: Gateway, alice: Person) -> None:
    with alice.dav("calendar") as calendar:
        made = calendar.put("visit-1.ics", content=VISIT, headers={"If-None-Match": "*"})
        assert (made.status_code, bool(made.headers.get("etag"))) == (201, True)
        read = calendar.get("visit-1.ics")
    # DavMail tells times in the zone that the user chose in Outlook on the web, here W. Europe Standard Time.
    assert {
        *("UID:visit-1", "SUMMARY:Visit", "LOCATION:Room 1"),
        *("CLASS:PRIVATE", "TRANSP:OPAQUE", "CATEGORIES:Clients", "TRIGGER;RELATED=START:-PT15M"),
        *('DTSTART;TZID="Europe/Berlin":20260302T110000', 'DTEND;TZID="Europe/Berlin":20260302T120000'),
        *("TZID:Europe/Berlin", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3"),
    } <= lines(read.text)
    # Quirk: DavMail leaves the comma of a text without its backslash, against RFC 5545 3.3.11.
    assert "DESCRIPTION:Bring the offer, please" in lines(read.text)
    (event,) = events(gateway, alice)
    assert event.facts().text == "Bring the offer, please"
    assert (event.subject, event.sensitivity, event.categories) == ("Visit", "Private", ("Clients",))
    assert (kept(event, "Start"), kept(event, "End")) == ("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z")
    assert (kept(event, "UID"), kept(event, "LegacyFreeBusyStatus")) == ("visit-1", "Busy")


def test_events_are_listed_and_found_by_their_time(alice: Person) -> None:
    with alice.dav("calendar") as calendar:
        calendar.put("visit-1.ics", content=VISIT)
        calendar.put("visit-2.ics", content=VISIT.replace("visit-1", "visit-2").replace("202603", "202605"))
        listed = calendar.request("PROPFIND", "", content=LIST, headers={"Depth": "1"})
        assert (listed.status_code, len(re.findall(r"<D:href>", listed.text))) == (207, 3)
        march = between(calendar, "20260301T000000Z", "20260401T000000Z")
        april = between(calendar, "20260401T000000Z", "20260501T000000Z")
    assert ("UID:visit-1" in march, "UID:visit-2" in march, "UID:visit" in april) == (True, False, False)


def test_an_event_is_changed_where_it_is(gateway: Gateway, alice: Person) -> None:
    with alice.dav("calendar") as calendar:
        calendar.put("visit-1.ics", content=VISIT)
        (before,) = events(gateway, alice)
        read = calendar.get("visit-1.ics")
        # Quirk: in a change, DavMail leaves the Z of a time away and so moves it into the user's zone; by PROTOCOL 11.5
        # the server is right to take it there. Clients change what they read, which has times with a zone.
        changed = read.text.replace("Room 1", "Room 2").replace("T120000", "T123000")
        changed = changed.replace("SUMMARY:Visit", "SUMMARY:Call")
        answer = calendar.put("visit-1.ics", content=changed, headers={"If-Match": read.headers["etag"]})
        assert answer.status_code == 200
        now = lines(calendar.get("visit-1.ics").text)
    assert {"LOCATION:Room 2", "SUMMARY:Call", 'DTEND;TZID="Europe/Berlin":20260302T123000'} <= now
    (event,) = events(gateway, alice)
    assert (event.id, event.subject) == (before.id, "Call")
    assert (kept(event, "Start"), kept(event, "End")) == ("2026-03-02T10:00:00Z", "2026-03-02T11:30:00Z")


def test_an_event_that_was_changed_meanwhile_is_not_overwritten(alice: Person) -> None:
    with alice.dav("calendar") as calendar:
        calendar.put("visit-1.ics", content=VISIT)
        answer = calendar.put("visit-1.ics", content=VISIT, headers={"If-Match": "2000-01-01T00:00:00Z"})
    assert answer.status_code == 412


def test_a_series_is_made_changed_and_found(gateway: Gateway, alice: Person) -> None:
    with alice.dav("calendar") as calendar:
        assert calendar.put("weekly-1.ics", content=WEEKLY).status_code == 201
        (series,) = events(gateway, alice)
        assert kept(series, "Recurrence").split() == ["1Monday", "ThursdayMonday2026-03-024"]
        rule = next(line for line in lines(calendar.get("weekly-1.ics").text) if line.startswith("RRULE:FREQ=WEEKLY"))
        assert {"COUNT=4", "BYDAY=MO,TH"} <= set(rule.removeprefix("RRULE:").split(";"))
        assert "UID:weekly-1" in between(calendar, "20260305T000000Z", "20260306T000000Z")
        # Quirk: DavMail 6.0 changes a series without its COUNT, so that it has no end; it does keep an UNTIL.
        read = calendar.get("weekly-1.ics")
        until = read.text.replace("COUNT=4", "UNTIL=20260316T100000Z").replace("Room 1", "Room 3")
        answer = calendar.put("weekly-1.ics", content=until, headers={"If-Match": read.headers["etag"]})
        assert answer.status_code == 200
        now = calendar.get("weekly-1.ics").text
    assert "UNTIL=20260316T100000Z" in now and "LOCATION:Room 3" in now
    (series,) = events(gateway, alice)
    assert "<t:EndDate>2026-03-16</t:EndDate>" in series.facts().properties["calendar:Recurrence"]


def test_a_series_is_read_with_what_was_taken_out_and_moved(gateway: Gateway, alice: Person) -> None:
    """MS-OXCICAL 2.1.3: EXDATE for what was deleted, a VEVENT of its own for what was changed. DavMail relies on it."""
    with alice.dav("calendar") as calendar:
        assert calendar.put("weekly-1.ics", content=WEEKLY).status_code == 201
        (item,) = events(gateway, alice)
        box = gateway.exchange.mailbox(alice.address)
        series.take_away(box, series.occurrence(item, 2), "hard")
        (item,) = events(gateway, alice)
        third = series.occurrence(item, 3)
        later = {"Start": "2026-03-09T15:00:00Z", "End": "2026-03-09T16:00:00Z"}
        series.keep(box, third, replace(saying(third.facts(), later), subject="Moved"), {})
        text = calendar.get("weekly-1.ics").text
    assert (text.count("BEGIN:VEVENT"), text.count("RECURRENCE-ID")) == (2, 1)
    assert {
        *('EXDATE;TZID="Europe/Berlin":20260305T110000', "RECURRENCE-ID:20260309T100000Z"),
        *('DTSTART;TZID="Europe/Berlin":20260309T160000', "SUMMARY:Moved", "SUMMARY:Weekly"),
    } <= lines(text)


def test_an_occurrence_that_the_client_excludes_is_not_there(gateway: Gateway, alice: Person) -> None:
    without = WEEKLY.replace("UID:", "EXDATE:20260305T100000Z\r\nUID:")
    with alice.dav("calendar") as calendar:
        assert calendar.put("weekly-1.ics", content=without).status_code == 201
    (item,) = events(gateway, alice)
    assert series.deleted(item) == [datetime(2026, 3, 5, 10, tzinfo=UTC)]


def test_a_whole_day_stays_a_day(gateway: Gateway, alice: Person) -> None:
    whole = VISIT.replace("DTSTART:20260302T100000Z", "DTSTART;VALUE=DATE:20260305")
    whole = whole.replace("DTEND:20260302T110000Z", "DTEND;VALUE=DATE:20260306")
    with alice.dav("calendar") as calendar:
        assert calendar.put("visit-1.ics", content=whole).status_code == 201
        read = lines(calendar.get("visit-1.ics").text)
    assert {"DTSTART;VALUE=DATE:20260305", "DTEND;VALUE=DATE:20260306"} <= read
    (event,) = events(gateway, alice)
    assert (kept(event, "IsAllDayEvent"), kept(event, "Start")) == ("true", "2026-03-04T23:00:00Z")


def made_elsewhere(account: Any, **more: Any) -> None:
    """Write a calendar item with exchangelib."""
    start = datetime(2026, 3, 2, 10, tzinfo=exchangelib.EWSTimeZone("Europe/Berlin"))
    exchangelib.CalendarItem(
        account=account,
        folder=account.calendar,
        subject="From elsewhere",
        start=start,
        end=start.replace(hour=11),
        **more,
    ).save(send_meeting_invitations="SendToNone")


def test_an_event_that_another_client_made_is_read(alice: Person, open_own_account: OpenOwnAccount) -> None:
    made_elsewhere(open_own_account(alice), location="Hall", is_all_day=False)
    with alice.dav("calendar") as calendar:
        found = between(calendar, "20260302T000000Z", "20260303T000000Z")
    assert {"SUMMARY:From elsewhere", "LOCATION:Hall"} <= set(found.split("\n")) | lines(found)
    assert 'DTSTART;TZID="Europe/Berlin":20260302T100000' in found.replace("&quot;", '"')


def test_a_series_that_another_client_made_is_read(alice: Person, open_own_account: OpenOwnAccount) -> None:
    pattern = WeeklyPattern(interval=2, weekdays=["Monday"], first_day_of_week="Monday")
    day = exchangelib.EWSDate(2026, 3, 2)
    made_elsewhere(open_own_account(alice), recurrence=Recurrence(pattern=pattern, start=day, number=3))
    with alice.dav("calendar") as calendar:
        found = between(calendar, "20260316T000000Z", "20260317T000000Z")
    assert "RRULE:FREQ=WEEKLY;COUNT=3;INTERVAL=2;BYDAY=MO;WKST=MO" in found


def test_an_event_is_deleted(gateway: Gateway, alice: Person) -> None:
    with alice.dav("calendar") as calendar:
        calendar.put("visit-1.ics", content=VISIT)
        # DavMail asks for cancellations in any case; of an item that nobody was invited to, none are written.
        assert calendar.delete("visit-1.ics").status_code == 200
        assert calendar.get("visit-1.ics").status_code == 404
    assert events(gateway, alice) == []
    assert [row.subject for row in gateway.exchange.items(alice.address, "deleteditems")] == ["Visit"]
    assert gateway.exchange.items(alice.address, "sentitems") == []


def test_the_clock_of_a_series_is_that_of_its_zone_over_daylight_saving(gateway: Gateway, alice: Person) -> None:
    zoned = WEEKLY.replace("DTSTART:20260302T100000Z", "DTSTART;TZID=Europe/Berlin:20260323T100000")
    zoned = zoned.replace("DTEND:20260302T110000Z", "DTEND;TZID=Europe/Berlin:20260323T110000")
    with alice.dav("calendar") as calendar:
        assert calendar.put("weekly-1.ics", content=zoned).status_code == 201
    (series,) = events(gateway, alice)
    assert kept(series, "Start") == "2026-03-23T09:00:00Z"
    assert 'Id="W. Europe Standard Time"' in series.facts().properties["calendar:StartTimeZone"]

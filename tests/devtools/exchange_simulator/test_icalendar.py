"""Calendar items as iCalendar: what a client gives as MimeContent is kept, and what it reads is the item."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.icalendar_lines import Line, component, escaped, folded, plain, read_lines, texts
from devtools.exchange_simulator.icalendar_rules import recurrence_element, rrule
from devtools.exchange_simulator.icalendar_zones import vtimezone
from devtools.exchange_simulator.markup import TYPES
from devtools.exchange_simulator.recurrence import read_recurrence
from devtools.exchange_simulator.soap import ItemError
from tests.devtools.exchange_simulator.talk import ALICE, Answer, M, T, Talk, item_shape

BERLIN = ZoneInfo("Europe/Berlin")
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:visit-1
DTSTART;TZID=Europe/Berlin:20260302T110000
DURATION:PT1H30M
SUMMARY:A visit that has a subject so long that the line of it has to be folded\\, twice
 if need be
LOCATION:Room 1
DESCRIPTION:Bring:\\nthe offer
ATTENDEE;CN="Bob; B.";ROLE=REQ-PARTICIPANT:mailto:bob@contoso.example
X-MICROSOFT-CDO-BUSYSTATUS:OOF
END:VEVENT
END:VCALENDAR
"""
CALENDAR = '<t:DistinguishedFolderId Id="calendar"/>'


async def create(talk: Talk, calendar: str) -> Answer:
    mime = f"<t:MimeContent>{b64encode(calendar.encode()).decode()}</t:MimeContent>"
    items = f"<m:Items><t:CalendarItem>{mime}</t:CalendarItem></m:Items>"
    return await talk.ask(f'<m:CreateItem SendMeetingInvitations="SendToNone">{items}</m:CreateItem>')


async def mime_of(talk: Talk, *ids: str) -> list[str]:
    shape = item_shape(base="IdOnly", more="<t:IncludeMimeContent>true</t:IncludeMimeContent>")
    answer = await talk.get_item(*ids, shape=shape)
    raw = b64decode(answer.texts(T + "MimeContent")[0]).decode()
    return raw.replace("\r\n ", "").split("\r\n")


async def test_an_icalendar_object_becomes_the_calendar_item(talk: Talk) -> None:
    created = await create(talk, EVENT)
    assert created.codes == ["NoError"]
    shown = await talk.get_item(*created.ids(), shape=item_shape("item:Body", "calendar:RequiredAttendees"))
    assert shown.texts(T + "Subject") == [
        "A visit that has a subject so long that the line of it has to be folded, twiceif need be"
    ]
    assert (shown.texts(T + "Start"), shown.texts(T + "End")) == (["2026-03-02T10:00:00Z"], ["2026-03-02T11:30:00Z"])
    assert (shown.texts(T + "UID"), shown.texts(T + "Location")) == (["visit-1"], ["Room 1"])
    assert (shown.texts(T + "LegacyFreeBusyStatus"), shown.texts(T + "Body")) == (["OOF"], ["Bring:\r\nthe offer"])
    assert shown.one(T + "StartTimeZone").get("Id") == "W. Europe Standard Time"
    assert shown.one(T + "RequiredAttendees").findtext(f"{T}Attendee/{T}Mailbox/{T}Name") == "Bob; B."


async def test_the_mime_of_a_calendar_item_is_icalendar_in_its_zone(talk: Talk) -> None:
    created = await create(talk, EVENT)
    found = await mime_of(talk, *created.ids())
    assert {
        *("BEGIN:VCALENDAR", "UID:visit-1", "LOCATION:Room 1", "DESCRIPTION:Bring:\\nthe offer"),
        *("DTSTART;TZID=W. Europe Standard Time:20260302T110000", "DTEND;TZID=W. Europe Standard Time:20260302T123000"),
        *("TZID:W. Europe Standard Time", "X-MICROSOFT-CDO-BUSYSTATUS:OOF", "X-MICROSOFT-CDO-ALLDAYEVENT:FALSE"),
    } <= set(found)


@pytest.mark.parametrize(
    ("calendar", "code"),
    [
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "ErrorMimeContentInvalid"),
        (EVENT.replace("DTSTART;TZID=Europe/Berlin:20260302T110000", "DTSTART:soon"), "ErrorMimeContentInvalid"),
        (EVENT.replace("PT1H30M", "a while"), "ErrorMimeContentInvalid"),
        (EVENT.replace("UID:", "RRULE:FREQ=SECONDLY\nUID:"), "ErrorMimeContentInvalid"),
        (EVENT.replace("UID:", "RDATE:20260303T100000Z\nUID:"), "ErrorInvalidOperation"),
        (EVENT.replace("UID:", "RECURRENCE-ID:20260302T100000Z\nUID:"), "ErrorInvalidOperation"),
        (EVENT.replace("PT1H30M", "-PT1H"), "ErrorCalendarEndDateIsEarlierThanStartDate"),
    ],
)
async def test_what_cannot_be_kept_is_refused(talk: Talk, calendar: str, code: str) -> None:
    assert (await create(talk, calendar)).codes == [code]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;COUNT=3;INTERVAL=2",
        "FREQ=WEEKLY;UNTIL=20260401T090000Z;INTERVAL=1;BYDAY=MO,FR;WKST=MO",
        "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=31",
        "FREQ=MONTHLY;COUNT=4;INTERVAL=1;BYDAY=TU;BYSETPOS=-1",
        "FREQ=YEARLY;INTERVAL=1;BYMONTHDAY=2;BYMONTH=3",
        "FREQ=YEARLY;INTERVAL=1;BYDAY=SU;BYSETPOS=2;BYMONTH=5",
    ],
)
def test_a_rule_is_kept_and_written_as_it_was(rule: str) -> None:
    start = datetime(2026, 3, 2, 11, tzinfo=BERLIN)
    element = etree.fromstring(f'<r xmlns:t="{TYPES}">{recurrence_element(rule, start.astimezone(UTC), BERLIN)}</r>')[0]
    assert rrule(read_recurrence(element), start) == rule


@pytest.mark.parametrize(
    "rule",
    ["FREQ=HOURLY", "FREQ=YEARLY;INTERVAL=2", "FREQ=DAILY;BYDAY=MO", "FREQ=DAILY;BYHOUR=8", "FREQ=MONTHLY;BYDAY=MO,TU"],
)
def test_a_rule_that_ews_cannot_say_is_refused(rule: str) -> None:
    with pytest.raises(ItemError, match="ErrorMimeContentInvalid"):
        recurrence_element(rule, datetime(2026, 3, 2, 11, tzinfo=BERLIN), BERLIN)


@pytest.mark.parametrize(
    ("zone", "lines"),
    [
        (
            "Eastern Standard Time",
            {
                *(
                    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3",
                    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11",
                ),
                *("BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:-0500", "TZOFFSETTO:-0400"),
            },
        ),
        (
            "India Standard Time",
            {"BEGIN:STANDARD", "TZOFFSETFROM:+0530", "TZOFFSETTO:+0530", "DTSTART:16010101T000000"},
        ),
    ],
)
def test_a_zone_is_written_with_its_rules(zone: str, lines: set[str]) -> None:
    written = vtimezone(zone)
    assert lines <= set(written)
    assert sum(line == "BEGIN:DAYLIGHT" for line in written) == ("BEGIN:DAYLIGHT" in lines)


def test_lines_are_folded_at_75_octets_and_unfolded() -> None:
    long = "SUMMARY:" + "Grüße " * 30
    raw = folded([long])
    assert all(len(one) <= 75 for one in raw.split(b"\r\n"))
    assert read_lines(raw) == [Line("SUMMARY", long.removeprefix("SUMMARY:"))]


def test_texts_are_escaped_and_read_back() -> None:
    text = "Bring; the offer,\r\nand a \\ pen"
    assert plain(escaped(text)) == text
    assert texts("Clients,A\\, B") == ["Clients", "A, B"]


def test_a_component_is_told_from_those_inside_it() -> None:
    lines = read_lines(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nUID:2\nEND:VALARM\nEND:VEVENT\nUID:3\n")
    own, inside = component(lines, "VEVENT")
    assert ([one.value for one in own], [one.value for one in inside[0]]) == (["1"], ["VALARM", "2"])


async def test_events_are_found_by_their_times_and_say_what_of_a_series_they_are(talk: Talk) -> None:
    ids = [
        *(await create(talk, EVENT)).ids(),
        *(await create(talk, EVENT.replace("UID:", "RRULE:FREQ=DAILY\nUID:"))).ids(),
    ]
    await create(talk, EVENT.replace("20260302", "20260402"))
    end = '<t:FieldURIOrConstant><t:Constant Value="2026-03-02T11:30:00Z"/></t:FieldURIOrConstant>'
    restriction = f'<t:IsLessThanOrEqualTo><t:FieldURI FieldURI="calendar:End"/>{end}</t:IsLessThanOrEqualTo>'
    name = 'PropertyName="urn:schemas:calendar:instancetype" PropertyType="Integer"'
    kind = f'<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" {name}/>'
    recurring = (
        '<t:ExtendedFieldURI DistinguishedPropertySetId="Appointment" PropertyId="33315" PropertyType="Boolean"/>'
    )
    order = f'<m:SortOrder><t:FieldOrder Order="Ascending">{recurring}</t:FieldOrder></m:SortOrder>'
    found = await talk.find(
        f"<m:Restriction>{restriction}</m:Restriction>{order}",
        shape=item_shape(base="IdOnly", fields=kind + recurring),
        folders=CALENDAR,
    )
    assert found.ids() == ids
    assert found.texts(T + "Value") == ["0", "false", "1", "true"]


async def test_no_cancellation_is_written_where_nobody_was_invited(exchange: ExchangeSimulator, talk: Talk) -> None:
    alone = "\n".join(line for line in EVENT.split("\n") if not line.startswith("ATTENDEE"))
    (item,) = (await create(talk, alone)).ids()
    answer = await talk.ask(
        '<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToAllAndSaveCopy"><m:ItemIds>'
        f'<t:ItemId Id="{item}"/></m:ItemIds></m:DeleteItem>'
    )
    assert (answer.codes, exchange.items(ALICE, "sentitems")) == (["NoError"], [])


async def test_the_users_time_zone_is_among_the_options_of_outlook_on_the_web(
    exchange: ExchangeSimulator, talk: Talk
) -> None:
    exchange.mailbox(ALICE).time_zone = "Tokyo Standard Time"

    async def options(name: str, folder: str) -> Answer:
        where = (
            f'<m:UserConfigurationName Name="{name}"><t:DistinguishedFolderId Id="{folder}"/></m:UserConfigurationName>'
        )
        asked = "<m:UserConfigurationProperties>Dictionary</m:UserConfigurationProperties>"
        return await talk.ask(f"<m:GetUserConfiguration>{where}{asked}</m:GetUserConfiguration>")

    found = await options("OWA.UserOptions", "root")
    assert found.texts(T + "Value") == ["timezone", "Tokyo Standard Time"]
    assert found.one(M + "UserConfiguration").find(T + "UserConfigurationName") is not None
    assert (await options("OWA.UserOptions", "inbox")).codes == ["ErrorItemNotFound"]
    assert (await options("Other", "root")).codes == ["ErrorItemNotFound"]

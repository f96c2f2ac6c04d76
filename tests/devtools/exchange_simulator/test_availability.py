"""The rules of GetUserAvailability that exchangelib does not meet: owners, zones that are sent, and bad questions."""

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.talk import ALICE, BOB, Answer, M, T, Talk

SYDNEY = (
    "<t:TimeZone><t:Bias>-600</t:Bias>"
    "<t:StandardTime><t:Bias>0</t:Bias><t:Time>03:00:00</t:Time><t:DayOrder>1</t:DayOrder><t:Month>4</t:Month>"
    "<t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>"
    "<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>1</t:DayOrder><t:Month>10</t:Month>"
    "<t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>"
)
DAY = ("2026-11-24T00:00:00", "2026-11-25T00:00:00")


async def availability(
    talk: Talk,
    *addresses: str,
    window: tuple[str, str] = DAY,
    zone: str = SYDNEY,
    view: str = "DetailedMerged",
    minutes: int = 60,
) -> Answer:
    people = "".join(
        f"<t:MailboxData><t:Email><t:Address>{one}</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType>"
        "</t:MailboxData>"
        for one in addresses
    )
    times = f"<t:StartTime>{window[0]}</t:StartTime><t:EndTime>{window[1]}</t:EndTime>"
    options = (
        f"<t:FreeBusyViewOptions><t:TimeWindow>{times}</t:TimeWindow>"
        f"<t:MergedFreeBusyIntervalInMinutes>{minutes}</t:MergedFreeBusyIntervalInMinutes>"
        f"<t:RequestedView>{view}</t:RequestedView></t:FreeBusyViewOptions>"
    )
    asked = f"{zone}<m:MailboxDataArray>{people}</m:MailboxDataArray>{options}"
    return await talk.ask(f"<m:GetUserAvailabilityRequest>{asked}</m:GetUserAvailabilityRequest>")


async def busy(talk: Talk, start: str, end: str) -> None:
    times = f"<t:Start>{start}</t:Start><t:End>{end}</t:End><t:Location>Hall 4</t:Location>"
    item = f"<t:CalendarItem><t:Subject>Visit</t:Subject>{times}</t:CalendarItem>"
    asked = f'<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items>{item}</m:Items></m:CreateItem>'
    assert (await talk.ask(asked)).codes == ["NoError"]


async def test_the_owner_sees_what_it_is_and_others_only_when(talk: Talk) -> None:
    await busy(talk, "2026-11-24T01:00:00Z", "2026-11-24T02:30:00Z")
    own = await availability(talk, ALICE)
    assert own.texts(T + "FreeBusyViewType") == ["DetailedMerged"]
    assert (own.texts(T + "Subject"), own.texts(T + "Location")) == (["Visit"], ["Hall 4"])
    foreign = await availability(talk.but(mailbox=BOB), ALICE)
    assert foreign.texts(T + "FreeBusyViewType") == ["FreeBusyMerged"]
    assert (foreign.texts(T + "BusyType"), foreign.texts(T + "CalendarEventDetails")) == (["Busy"], [])


async def test_summer_south_of_the_equator_spans_the_new_year(talk: Talk) -> None:
    await busy(talk, "2026-11-24T01:00:00Z", "2026-11-24T02:30:00Z")
    await busy(talk, "2026-06-24T01:00:00Z", "2026-06-24T02:30:00Z")
    summer = await availability(talk, ALICE)
    assert summer.texts(T + "StartTime") == ["2026-11-24T12:00:00"]
    assert summer.texts(T + "MergedFreeBusy") == ["000000000000" + "22" + "0000000000"]
    winter = await availability(talk, ALICE, window=("2026-06-24T00:00:00", "2026-06-25T00:00:00"))
    assert winter.texts(T + "StartTime") == ["2026-06-24T11:00:00"]


async def test_only_slices_are_given_when_only_they_are_asked_for(talk: Talk) -> None:
    await busy(talk, "2026-11-24T01:00:00Z", "2026-11-24T02:30:00Z")
    found = await availability(talk, ALICE, view="MergedOnly", zone="", minutes=1440)
    assert (found.texts(T + "MergedFreeBusy"), found.texts(T + "CalendarEvent")) == (["2"], [])


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"window": (DAY[1], DAY[0])}, "ErrorInvalidTimeInterval"),
        ({"window": (DAY[0], "2027-02-01T00:00:00")}, "ErrorTimeIntervalTooBig"),
        ({"minutes": 4}, "ErrorInvalidMergedFreeBusyInterval"),
        ({"view": "None"}, "ErrorInvalidFreeBusyViewType"),
        ({"zone": SYDNEY.replace("<t:Month>4<", "<t:Month>14<")}, "ErrorTimeZone"),
    ],
)
async def test_a_question_that_makes_no_sense_is_answered_with_an_error_each(
    talk: Talk, asked: dict[str, object], code: str
) -> None:
    found = await availability(talk, ALICE, BOB, **asked)  # type: ignore[arg-type]
    assert found.texts(M + "ResponseCode") == [code, code]


async def test_nobody_is_asked_for_without_a_mailbox(exchange: ExchangeSimulator, talk: Talk) -> None:
    assert (await availability(talk)).fault == "ErrorMailboxDataArrayEmpty"
    assert exchange.journal.entries[-1].operation == "GetUserAvailability"

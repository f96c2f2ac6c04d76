"""The rules of calendar items that exchangelib keeps by itself: attributes, times, zones, views, and zones by id."""

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.talk import ALICE, IDS, Answer, T, Talk

TIMES = "<t:Start>2026-11-24T09:00:00</t:Start><t:End>2026-11-24T10:00:00</t:End>"
BERLIN = '<t:StartTimeZone Id="W. Europe Standard Time"/><t:EndTimeZone Id="W. Europe Standard Time"/>'
DAILY = (
    "<t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:NumberedRecurrence>"
    "<t:StartDate>2026-11-24</t:StartDate><t:NumberOfOccurrences>3</t:NumberOfOccurrences></t:NumberedRecurrence>"
    "</t:Recurrence>"
)


async def create(talk: Talk, content: str, *, invitations: str = "SendToNone") -> Answer:
    asked = f' SendMeetingInvitations="{invitations}"' if invitations else ""
    item = f"<t:CalendarItem>{content}</t:CalendarItem>"
    return await talk.ask(f"<m:CreateItem{asked}><m:Items>{item}</m:Items></m:CreateItem>")


async def view(talk: Talk, begin: str, end: str, *, folder: str = "calendar") -> Answer:
    window = f'<m:CalendarView StartDate="{begin}T00:00:00Z" EndDate="{end}T00:00:00Z"/>'
    where = f'<m:ParentFolderIds><t:DistinguishedFolderId Id="{folder}"/></m:ParentFolderIds>'
    return await talk.ask(f'<m:FindItem Traversal="Shallow">{IDS}{window}{where}</m:FindItem>')


async def test_a_bare_local_time_is_one_of_its_zone(talk: Talk) -> None:
    (item,) = (await create(talk, TIMES + BERLIN)).ids()
    shown = await talk.get_item(item)
    assert (shown.texts(T + "Start"), shown.texts(T + "End")) == (["2026-11-24T08:00:00Z"], ["2026-11-24T09:00:00Z"])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<t:Start>2026-11-24T09:00:00Z</t:Start>", "ErrorRequiredPropertyMissing"),
        (
            "<t:Start>2026-11-24T09:00:00Z</t:Start><t:End>2026-11-24T08:00:00Z</t:End>",
            "ErrorCalendarEndDateIsEarlierThanStartDate",
        ),
        (TIMES + '<t:StartTimeZone Id="Nowhere Standard Time"/>', "ErrorTimeZone"),
    ],
)
async def test_a_calendar_item_that_makes_no_sense_is_not_made(
    exchange: ExchangeSimulator, talk: Talk, content: str, code: str
) -> None:
    assert (await create(talk, content)).codes == [code]
    assert exchange.items(ALICE, "calendar") == []


async def test_writing_says_whether_meeting_mail_is_sent(talk: Talk) -> None:
    assert (await create(talk, TIMES, invitations="")).codes == ["ErrorSendMeetingInvitationsRequired"]
    assert (await create(talk, TIMES, invitations="SendOnlyToAll")).codes == ["ErrorInvalidOperation"]
    (item,) = (await create(talk, TIMES)).ids()
    delete = f'<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:DeleteItem>'
    assert (await talk.ask(delete)).codes == ["ErrorSendMeetingCancellationsRequired"]


async def test_a_view_overlaps_and_has_its_limits(talk: Talk) -> None:
    (master,) = (await create(talk, TIMES + DAILY)).ids()
    assert len((await view(talk, "2026-11-25", "2026-12-01")).ids()) == 2
    assert (await view(talk, "2026-11-27", "2026-12-01")).ids() == []
    assert master not in (await view(talk, "2026-11-01", "2026-12-01")).ids()
    assert (await view(talk, "2026-01-01", "2028-02-01")).codes == ["ErrorCalendarViewRangeTooBig"]
    inbox = await view(talk, "2026-11-01", "2026-12-01", folder="inbox")
    assert inbox.codes == ["ErrorCalendarFolderIsInvalidForCalendarView"]


async def test_occurrences_are_read_by_index_and_id_and_lead_back_to_their_master(talk: Talk) -> None:
    async def get(which: str) -> Answer:
        return await talk.ask(f"<m:GetItem>{IDS}<m:ItemIds>{which}</m:ItemIds></m:GetItem>")

    (master,) = (await create(talk, TIMES + DAILY)).ids()
    (second,) = (await get(f'<t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="2"/>')).ids()
    assert second in (await view(talk, "2026-11-25", "2026-11-26")).ids()
    assert (await get(f'<t:RecurringMasterItemId OccurrenceId="{second}"/>')).ids() == [master]
    beyond = await get(f'<t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="4"/>')
    assert beyond.codes == ["ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange"]


async def test_time_zones_are_given_by_id_to_an_account_without_a_mailbox(talk: Talk) -> None:
    ids = "<m:Ids><t:Id>Tokyo Standard Time</t:Id><t:Id>Nowhere Standard Time</t:Id></m:Ids>"
    asked = f'<m:GetServerTimeZones ReturnFullTimeZoneData="false">{ids}</m:GetServerTimeZones>'
    answer = await talk.but(mailbox=None).ask(asked)
    assert answer.ids(T + "TimeZoneDefinition") == ["Tokyo Standard Time"]

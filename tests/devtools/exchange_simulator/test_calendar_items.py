"""The rules of calendar items that exchangelib keeps by itself: attributes, times, zones, views, and zones by id."""

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.talk import ALICE, BOB, CHARLIE, IDS, Answer, T, Talk, envelope, item_shape, mail

TIMES = "<t:Start>2026-11-24T09:00:00</t:Start><t:End>2026-11-24T10:00:00</t:End>"
BERLIN = '<t:StartTimeZone Id="W. Europe Standard Time"/><t:EndTimeZone Id="W. Europe Standard Time"/>'
DAILY = (
    "<t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:NumberedRecurrence>"
    "<t:StartDate>2026-11-24</t:StartDate><t:NumberOfOccurrences>3</t:NumberOfOccurrences></t:NumberedRecurrence>"
    "</t:Recurrence>"
)
ENDING = (
    "<t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:EndDateRecurrence>"
    "<t:StartDate>2026-11-24</t:StartDate><t:EndDate>{}</t:EndDate></t:EndDateRecurrence></t:Recurrence>"
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
        (TIMES.replace("2026-11-24T10", "2032-11-24T10"), "ErrorCalendarDurationIsTooLong"),
        (TIMES + ENDING.format("4500-09-02"), "ErrorRecurrenceEndDateTooBig"),
        (TIMES + ENDING.format("2026-11-23"), "ErrorRecurrenceHasNoOccurrence"),
    ],
)
async def test_a_calendar_item_that_makes_no_sense_is_not_made(
    exchange: ExchangeSimulator, talk: Talk, content: str, code: str
) -> None:
    assert (await create(talk, content)).codes == [code]
    assert exchange.items(ALICE, "calendar") == []


async def test_writing_says_whether_meeting_mail_is_sent(talk: Talk) -> None:
    assert (await create(talk, TIMES, invitations="")).codes == ["ErrorSendMeetingInvitationsRequired"]
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


def attendee(address: str) -> str:
    return f"<t:Attendee><t:Mailbox><t:EmailAddress>{address}</t:EmailAddress></t:Mailbox></t:Attendee>"


async def respond(talk: Talk, kind: str, item: str, *, disposition: str = "SendOnly") -> Answer:
    reference = f'<t:{kind}><t:ReferenceItemId Id="{item}"/></t:{kind}>'
    asked = f'<m:CreateItem MessageDisposition="{disposition}"><m:Items>{reference}</m:Items></m:CreateItem>'
    return await talk.ask(asked)


async def test_a_cancelled_meeting_is_cleared_away_with_its_cancellation(
    exchange: ExchangeSimulator, talk: Talk
) -> None:
    guests = f"<t:OptionalAttendees>{attendee(BOB)}</t:OptionalAttendees>"
    (mine,) = (await create(talk, TIMES + guests, invitations="SendOnlyToAll")).ids()
    bob = talk.but(mailbox=BOB)
    (request,) = (await bob.find()).ids()
    assert (await respond(talk, "RemoveItem", mine)).codes == ["ErrorCalendarIsOrganizerForRemove"]
    assert (await respond(bob, "RemoveItem", request)).codes == ["ErrorInvalidItemForOperationRemoveItem"]
    assert (await respond(talk, "CancelCalendarItem", mine)).codes == ["NoError"]
    cancellation = next(one for one in exchange.items(BOB, "inbox") if one.item_class.endswith("Canceled"))
    assert (await respond(bob, "AcceptItem", request)).codes == ["ErrorCalendarIsCancelledForAccept"]
    assert (await respond(bob, "RemoveItem", cancellation.id)).codes == ["NoError"]
    assert exchange.items(BOB, "calendar") == []
    assert [one.id for one in exchange.items(BOB, "inbox")] == [request]


async def test_mail_is_no_meeting_that_could_be_answered(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.deliver(ALICE, mail())
    (item,) = (await talk.find()).ids()
    assert (await respond(talk, "DeclineItem", item)).codes == ["ErrorInvalidItemForOperationDeclineItem"]
    assert (await respond(talk, "CancelCalendarItem", item)).codes == ["ErrorInvalidItemForOperationCancelItem"]
    assert (await respond(talk, "AcceptItem", item, disposition="SaveOnly")).codes == [
        "ErrorInvalidItemForOperationAcceptItem"
    ]


async def test_an_attendee_is_appended_and_invited(exchange: ExchangeSimulator, talk: Talk) -> None:
    guests = f"<t:RequiredAttendees>{attendee(BOB)}</t:RequiredAttendees>"
    (mine,) = (await create(talk, TIMES + guests, invitations="SendOnlyToAll")).ids()
    more = f"<t:RequiredAttendees>{attendee(CHARLIE)}</t:RequiredAttendees>"
    update = (
        '<t:AppendToItemField><t:FieldURI FieldURI="calendar:RequiredAttendees"/>'
        f"<t:CalendarItem>{more}</t:CalendarItem></t:AppendToItemField>"
    )
    asked = (
        '<m:UpdateItem ConflictResolution="AlwaysOverwrite" SendMeetingInvitationsOrCancellations="SendOnlyToChanged">'
        f'<m:ItemChanges><t:ItemChange><t:ItemId Id="{mine}"/><t:Updates>{update}</t:Updates></t:ItemChange>'
        "</m:ItemChanges></m:UpdateItem>"
    )
    assert (await talk.ask(asked)).codes == ["NoError"]
    assert (await talk.get_item(mine)).texts(f"{T}Attendee/{T}Mailbox/{T}EmailAddress") == [BOB, CHARLIE]
    assert len(exchange.items(BOB, "inbox")) == len(exchange.items(CHARLIE, "inbox")) == 1


async def test_a_meeting_of_no_valid_address_is_neither_sent_nor_saved(exchange: ExchangeSimulator, talk: Talk) -> None:
    guests = f"<t:RequiredAttendees>{attendee('nobody')}</t:RequiredAttendees>"
    assert (await create(talk, TIMES + guests, invitations="SendOnlyToAll")).codes == ["ErrorInvalidRecipients"]
    assert exchange.items(ALICE, "calendar") == []


async def test_the_zone_of_the_request_is_that_of_bare_times_and_of_the_answer(talk: Talk) -> None:
    async def in_zone(zone: str, body: str) -> Answer:
        context = f'<t:TimeZoneContext><t:TimeZoneDefinition Id="{zone}"/></t:TimeZoneContext>'
        written = envelope(body, mailbox=ALICE).replace("<s:Header>", f"<s:Header>{context}")
        return await talk.raw(written)

    item = f"<t:CalendarItem><t:Subject>2026-11-24T09:00:00Z</t:Subject>{TIMES}</t:CalendarItem>"
    asked = f'<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items>{item}</m:Items></m:CreateItem>'
    (written,) = (await in_zone("Tokyo Standard Time", asked)).ids()
    assert (await talk.get_item(written)).texts(T + "Start") == ["2026-11-24T00:00:00Z"]
    get = f'<m:GetItem>{item_shape()}<m:ItemIds><t:ItemId Id="{written}"/></m:ItemIds></m:GetItem>'
    shown = await in_zone("W. Europe Standard Time", get)
    assert shown.texts(T + "Start") == ["2026-11-24T01:00:00+01:00"]
    assert shown.texts(T + "DateTimeCreated")[0][-6:] in ("+01:00", "+02:00")
    assert shown.texts(T + "Subject") == ["2026-11-24T09:00:00Z"]
    assert (await in_zone("Nowhere Standard Time", get)).fault == "ErrorTimeZone"


async def test_what_is_not_in_the_calendar_has_no_time_to_be_found_by(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.deliver(ALICE, mail())
    after = '<t:IsGreaterThan><t:FieldURI FieldURI="calendar:Start"/><t:FieldURIOrConstant>'
    constant = '<t:Constant Value="2026-01-01T00:00:00Z"/></t:FieldURIOrConstant></t:IsGreaterThan>'
    assert (await talk.find(f"<m:Restriction>{after}{constant}</m:Restriction>")).ids() == []
    unknown = '<t:Exists><t:FieldURI FieldURI="calendar:Recurrence"/></t:Exists>'
    answer = await talk.find(f"<m:Restriction>{unknown}</m:Restriction>")
    assert answer.codes == ["ErrorUnsupportedPathForQuery"]


async def test_the_wall_clock_is_shown_since_2013(talk: Talk) -> None:
    (item,) = (await create(talk, TIMES + BERLIN)).ids()
    shown = await talk.get_item(item)
    assert shown.texts(T + "StartWallClock") == ["2026-11-24T09:00:00+01:00"]
    assert shown.texts(T + "EndTimeZoneId") == ["W. Europe Standard Time"]
    older = talk.but(version="Exchange2010_SP2")
    assert (await older.get_item(item)).texts(T + "StartWallClock") == []
    asked = item_shape("calendar:StartWallClock", base="IdOnly")
    assert (await older.get_item(item, shape=asked)).fault == "ErrorIncorrectSchemaVersion"


async def test_a_meeting_says_what_it_can_be_answered_with(talk: Talk) -> None:
    async def answers(who: Talk, item: str) -> list[str]:
        found = (await who.get_item(item)).one(T + "ResponseObjects")
        return [str(one.tag).removeprefix(T) for one in found][:-3]

    guests = f"<t:RequiredAttendees>{attendee(BOB)}</t:RequiredAttendees>"
    (mine,) = (await create(talk, TIMES + guests, invitations="SendOnlyToAll")).ids()
    bob = talk.but(mailbox=BOB)
    (theirs,) = (await bob.find(folders='<t:DistinguishedFolderId Id="calendar"/>')).ids()
    (request,) = (await bob.find()).ids()
    assert await answers(talk, mine) == ["CancelCalendarItem"]
    assert (
        await answers(bob, theirs)
        == await answers(bob, request)
        == ["AcceptItem", "TentativelyAcceptItem", "DeclineItem"]
    )
    await respond(talk, "CancelCalendarItem", mine)
    assert await answers(bob, theirs) == ["RemoveItem"]

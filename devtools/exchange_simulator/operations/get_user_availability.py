"""GetUserAvailability: when people are free or busy, one answer per mailbox. Suggestions of times are not simulated.

Source: wsr/getuseravailability-operation. Quirk: the request's element ends with Request, and its answers have neither
ResponseMessages nor their class around them.
"""

from collections.abc import Iterable
from datetime import timedelta

from devtools.exchange_simulator import markup
from devtools.exchange_simulator.availability import Window, free_busy_view
from devtools.exchange_simulator.batches import injected
from devtools.exchange_simulator.call import Call, elements
from devtools.exchange_simulator.sent_time_zones import read_sent_time_zone
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece, SoapFault, T
from devtools.exchange_simulator.writable import as_written

_MOST_MAILBOXES = 100
_LONGEST = timedelta(days=62)


def answer(call: Call) -> Iterable[Piece]:
    """Answer one FreeBusyResponse per mailbox, in order."""
    people = elements(call.body.find(M + "MailboxDataArray"))
    if not people:
        raise SoapFault("ErrorMailboxDataArrayEmpty", "No mailbox is asked for.")
    if len(people) > _MOST_MAILBOXES:
        raise SoapFault("ErrorMailboxDataArrayTooBig", "Too many mailboxes are asked for.")
    shown = "".join(f"<m:FreeBusyResponse>{_response(call, one)}</m:FreeBusyResponse>" for one in people)
    listed = f"<m:FreeBusyResponseArray>{shown}</m:FreeBusyResponseArray>"
    return [f"<m:GetUserAvailabilityResponse>{listed}</m:GetUserAvailabilityResponse>"]


def _response(call: Call, asked: Element) -> str:
    try:
        injected(call)
        view = _view(call, asked.findtext(f"{T}Email/{T}Address") or "")
    except ItemError as error:
        message = (
            f"<m:MessageText>{markup.text(error.text)}</m:MessageText><m:ResponseCode>{error.code}</m:ResponseCode>"
        )
        link = "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>"
        return f'<m:ResponseMessage ResponseClass="Error">{message}{link}</m:ResponseMessage>'
    code = "<m:ResponseCode>NoError</m:ResponseCode>"
    return f'<m:ResponseMessage ResponseClass="Success">{code}</m:ResponseMessage>{view}'


def _view(call: Call, address: str) -> str:
    window = _window(call.body)
    mailbox = call.directory.get(address)
    if mailbox is None:
        raise ItemError("ErrorMailRecipientNotFound", f"There is no mailbox {address!r}.")
    hours = _working_hours(call.body.find(T + "TimeZone"))
    return free_busy_view(mailbox, window, as_owner=mailbox is call.mailbox, working_hours=hours)


def _window(body: Element) -> Window:
    """Read what is asked for. Raises ItemError."""
    options = body.find(T + "FreeBusyViewOptions")
    if options is None:
        raise ItemError("ErrorInvalidFreeBusyViewType", "FreeBusyViewOptions is missing.")
    zone = read_sent_time_zone(body.find(T + "TimeZone"))
    begin, end = (zone.instant(options.findtext(f"{T}TimeWindow/{T}{one}") or "") for one in ("StartTime", "EndTime"))
    if end <= begin:
        raise ItemError("ErrorInvalidTimeInterval", "The window ends before it begins.")
    if end - begin > _LONGEST:
        raise ItemError("ErrorTimeIntervalTooBig", "The window is too long.")
    minutes = int(options.findtext(T + "MergedFreeBusyIntervalInMinutes") or 30)
    if not 5 <= minutes <= 1440:
        raise ItemError("ErrorInvalidMergedFreeBusyInterval", "An interval is 5 to 1440 minutes long.")
    view = (options.findtext(T + "RequestedView") or "FreeBusyMerged").strip()
    if not view or view == "None":
        raise ItemError("ErrorInvalidFreeBusyViewType", "None cannot be asked for.")
    return Window(begin, end, timedelta(minutes=minutes), view, zone)


def _working_hours(zone: Element | None) -> str:
    """Say that everybody works from nine to five in the zone of the request."""
    if zone is None:
        return ""
    period = (
        "<t:WorkingPeriod><t:DayOfWeek>Monday Tuesday Wednesday Thursday Friday</t:DayOfWeek>"
        "<t:StartTimeInMinutes>540</t:StartTimeInMinutes><t:EndTimeInMinutes>1020</t:EndTimeInMinutes></t:WorkingPeriod>"
    )
    return f"<t:WorkingHours>{as_written(zone)}<t:WorkingPeriodArray>{period}</t:WorkingPeriodArray></t:WorkingHours>"

"""How meeting mail is shown: what it has beside the properties of a message, in the schema's order.

Source: Types.xsd (MeetingMessageType and its kin). Meeting mail of this organisation has properties of its own; what
came from outside has a text/calendar part instead, and shows what that says.
"""

from collections.abc import Callable

from devtools.exchange_simulator import appointment_properties
from devtools.exchange_simulator.appointments import said
from devtools.exchange_simulator.mail import Meeting
from devtools.exchange_simulator.markup import boolean
from devtools.exchange_simulator.meeting_copies import copy_of
from devtools.exchange_simulator.meeting_messages import is_older
from devtools.exchange_simulator.rendering import Render, Rendering, kept, person, string, time

_ALL = frozenset({"MeetingRequest", "MeetingResponse", "MeetingCancellation"})
_REQUEST, _RESPONSE = frozenset({"MeetingRequest"}), frozenset({"MeetingResponse"})
_SHORT = frozenset({"Start", "End", "Location"})
_OF_REQUEST = """
    OriginalStart IsAllDayEvent LegacyFreeBusyStatus Location When IsMeeting IsCancelled IsRecurring
    MeetingRequestWasSent CalendarItemType MyResponseType Organizer RequiredAttendees OptionalAttendees Resources
    Duration AppointmentSequenceNumber AppointmentState Recurrence StartTimeZone EndTimeZone ConferenceType
    AllowNewTimeProposal MeetingWorkspaceUrl NetShowUrl
"""
Row = tuple[str, Render, frozenset[str], bool, str]
"""Path, how it is written, the elements that have it, whether Find and Sync give it, the least shape."""


def _has_own(view: Rendering) -> bool:
    return "calendar:UID" in view.facts.properties


def _said[Value](value: Callable[[Meeting], Value], otherwise: Value) -> Callable[[Rendering], Value]:
    return lambda view: value(view.facts.meeting) if view.facts.meeting else otherwise


def _associated(view: Rendering) -> str:
    found = copy_of(view.mailbox, view.facts) if _has_own(view) else None
    return f'<t:AssociatedCalendarItemId Id="{found.id}" ChangeKey="{found.change_key}"/>' if found else ""


def _out_of_date(view: Rendering) -> str:
    found = copy_of(view.mailbox, view.facts) if _has_own(view) else None
    outdated = found is not None and is_older(view.facts, found.facts())
    return f"<t:IsOutOfDate>{boolean(outdated)}</t:IsOutOfDate>"


def _response_type(view: Rendering) -> str:
    told = f"<t:ResponseType>{_said(lambda one: one.response, 'Unknown')(view)}</t:ResponseType>"
    return view.facts.properties.get("meeting:ResponseType", told)


def _all_day(view: Rendering) -> str:
    return f"<t:IsAllDayEvent>{boolean(_said(lambda one: one.all_day, False)(view))}</t:IsAllDayEvent>"


def _intended(view: Rendering) -> str:
    found = said(view.facts, "IntendedFreeBusyStatus")
    return f"<t:IntendedFreeBusyStatus>{found}</t:IntendedFreeBusyStatus>" if found else ""


_OF_PART: dict[str, Render] = {
    "UID": string("UID", _said(lambda one: one.uid, "")),
    "Start": time("Start", _said(lambda one: one.start, None)),
    "End": time("End", _said(lambda one: one.end, None)),
    "IsAllDayEvent": _all_day,
    "Location": string("Location", _said(lambda one: one.location, "")),
    "Organizer": person("Organizer", _said(lambda one: one.organizer, None)),
}
_OF_ITEM = {path: (render, find) for path, render, find in appointment_properties.renders()}


def _row(name: str, elements: frozenset[str] = _ALL) -> Row:
    """A property that a calendar item has too: shown as there, else as the text/calendar part has it."""
    path = f"calendar:{name}"
    own, find = _OF_ITEM[path]
    part = _OF_PART.get(name)

    def render(view: Rendering) -> str:
        return own(view) if _has_own(view) else part(view) if part else ""

    return path, render, elements, find, "Default" if name in _SHORT else "AllProperties"


def _whole(path: str, render: Render, elements: frozenset[str] = _ALL) -> Row:
    return path, render, elements, True, "AllProperties"


ROWS: tuple[Row, ...] = (
    _whole("meeting:AssociatedCalendarItemId", _associated),
    _whole("meeting:IsDelegated", lambda view: "<t:IsDelegated>false</t:IsDelegated>" if _has_own(view) else ""),
    _whole("meeting:IsOutOfDate", _out_of_date),
    _whole(
        "meeting:HasBeenProcessed",
        kept("meeting:HasBeenProcessed", "<t:HasBeenProcessed>false</t:HasBeenProcessed>"),
    ),
    _whole("meeting:ResponseType", _response_type),
    _row("UID"),
    _row("RecurrenceId"),
    _whole(
        "meetingRequest:MeetingRequestType",
        kept("meetingRequest:MeetingRequestType", "<t:MeetingRequestType>NewMeetingRequest</t:MeetingRequestType>"),
        _REQUEST,
    ),
    _whole("meetingRequest:IntendedFreeBusyStatus", _intended, _REQUEST),
    _row("Start"),
    _row("End"),
    _row("Location", _ALL - _REQUEST),
    *(_row(name, _REQUEST) for name in _OF_REQUEST.split()),
    _row("Recurrence", _ALL - _REQUEST),
    _whole("meeting:ProposedStart", kept("meeting:ProposedStart"), _RESPONSE),
    _whole("meeting:ProposedEnd", kept("meeting:ProposedEnd"), _RESPONSE),
)

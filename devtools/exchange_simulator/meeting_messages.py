"""What meeting mail says: requests, cancellations and responses, made of the facts of a calendar item.

Sources: PROTOCOL 11.3 and 11.4; item classes and subject prefixes after MS-OXOCAL 2.2.6 to 2.2.8.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_bytes

from devtools.exchange_simulator.appointments import said, saying
from devtools.exchange_simulator.attendees import Attendee, attendees, unanswered
from devtools.exchange_simulator.mail import Address, MailFacts, SeriesException
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import stamp
from devtools.exchange_simulator.rendering import mailbox_of

_CARRIED = """
    UID RecurrenceId Start End OriginalStart IsAllDayEvent Location When IsResponseRequested CalendarItemType
    RequiredAttendees OptionalAttendees Resources AppointmentSequenceNumber Recurrence StartTimeZone EndTimeZone
    ConferenceType AllowNewTimeProposal MeetingWorkspaceUrl NetShowUrl
"""
_CARRIED_PATHS = frozenset(f"calendar:{name}" for name in _CARRIED.split())
_REMINDERS = frozenset({"item:ReminderIsSet", "item:ReminderMinutesBeforeStart"})
CANCELLED = "Canceled: "


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to answer a meeting request; `word` is what error codes say of it."""

    response: str
    prefix: str
    item_class: str
    word: str
    wrong_item: str


ANSWERS = {
    "AcceptItem": Answer("Accept", "Accepted: ", "Resp.Pos", "Accept", "AcceptItem"),
    "TentativelyAcceptItem": Answer("Tentative", "Tentative: ", "Resp.Tent", "Tentative", "Tentative"),
    "DeclineItem": Answer("Decline", "Declined: ", "Resp.Neg", "Decline", "DeclineItem"),
}


def owner(mailbox: Mailbox) -> Address:
    """Give the name and address of a mailbox's owner."""
    return Address(mailbox.name, mailbox.address)


def received(facts: MailFacts, organizer: Address) -> MailFacts:
    """Give the attendee's copy of a meeting: tentative and not answered; others' answers are not in it."""
    carried = {path: facts.properties[path] for path in facts.properties if path in _CARRIED_PATHS | _REMINDERS}
    exceptions = {
        index: None if one is None else SeriesException(received(one.facts, organizer), {})
        for index, one in facts.exceptions.items()
    }
    copy = MailFacts(
        item_class="IPM.Appointment",
        subject=facts.subject,
        text=facts.text,
        html=facts.html,
        importance=facts.importance,
        sensitivity=facts.sensitivity,
        attachments=facts.attachments,
        properties={**carried, "calendar:Organizer": f"<t:Organizer>{mailbox_of(organizer)}</t:Organizer>"},
        exceptions=exceptions,
    )
    intended = said(facts, "LegacyFreeBusyStatus") or "Busy"
    state = {"MyResponseType": "NoResponseReceived", "LegacyFreeBusyStatus": "Tentative"}
    return unanswered(saying(copy, {**state, "IntendedFreeBusyStatus": intended, "MeetingRequestWasSent": "true"}))


def is_older(facts: MailFacts, than: MailFacts) -> bool:
    """Whether a message is outdated because the calendar knows a later one (PidLidAppointmentSequence)."""
    return sequence(facts) < sequence(than)


def sequence(facts: MailFacts) -> int:
    """Give how often attendees were asked anew."""
    return int(said(facts, "AppointmentSequenceNumber") or 0)


def cancelled(facts: MailFacts) -> MailFacts:
    """Give a copy of a meeting that was taken back: it no longer keeps anybody busy."""
    subject = facts.subject if facts.subject.startswith(CANCELLED) else CANCELLED + facts.subject
    exceptions = {
        index: None if one is None else replace(one, facts=cancelled(one.facts))
        for index, one in facts.exceptions.items()
    }
    state = {"IsCancelled": "true", "LegacyFreeBusyStatus": "Free"}
    return replace(saying(facts, state), subject=subject, exceptions=exceptions)


def request(facts: MailFacts, organizer: Address, kind: str) -> MailFacts:
    """Write the request that invites to a meeting, or the update of one; `kind` is its MeetingRequestType."""
    message = _message(facts, organizer, attendees(facts))
    properties = {
        **received(facts, organizer).properties,
        "meetingRequest:MeetingRequestType": f"<t:MeetingRequestType>{kind}</t:MeetingRequestType>",
        "meeting:ResponseType": "<t:ResponseType>NoResponseReceived</t:ResponseType>",
        "meeting:HasBeenProcessed": "<t:HasBeenProcessed>true</t:HasBeenProcessed>",
    }
    return replace(message, item_class="IPM.Schedule.Meeting.Request", properties=properties)


def cancellation(facts: MailFacts, organizer: Address, people: list[Attendee]) -> MailFacts:
    """Write the message that takes a meeting back."""
    message = _message(facts, organizer, people)
    return replace(
        message,
        item_class="IPM.Schedule.Meeting.Canceled",
        subject=CANCELLED + facts.subject,
        properties={**_carried(facts), "meeting:ResponseType": "<t:ResponseType>Unknown</t:ResponseType>"},
    )


def response(
    answer: Answer,
    copy: MailFacts,
    attendee: Address,
    *,
    organizer: Address,
    proposed: tuple[datetime, datetime] | None,
) -> MailFacts:
    """Write an attendee's answer to the organizer; its body is what the attendee says."""
    message = replace(_message(copy, attendee, []), to=(organizer,), text="", html=None, attachments=())
    more = {"meeting:ResponseType": f"<t:ResponseType>{answer.response}</t:ResponseType>"}
    for name, time in zip(("ProposedStart", "ProposedEnd"), proposed or (), strict=False):
        more[f"meeting:{name}"] = f"<t:{name}>{stamp(time)}</t:{name}>"
    return replace(
        message,
        item_class=f"IPM.Schedule.Meeting.{answer.item_class}",
        subject=answer.prefix + copy.subject,
        properties={**_carried(copy), **more},
    )


def _carried(facts: MailFacts) -> dict[str, str]:
    kept = {path: value for path, value in facts.properties.items() if path in _CARRIED_PATHS}
    return {**kept, "meeting:HasBeenProcessed": "<t:HasBeenProcessed>true</t:HasBeenProcessed>"}


def _message(facts: MailFacts, author: Address, people: list[Attendee]) -> MailFacts:
    """Address a message as Outlook does: required ones in To, optional ones in Cc, resources in Bcc."""

    def of(role: str) -> tuple[Address, ...]:
        return tuple(one.address for one in people if one.role == role)

    return MailFacts(
        subject=facts.subject,
        from_=author,
        sender=author,
        to=of("RequiredAttendees"),
        cc=of("OptionalAttendees"),
        bcc=of("Resources"),
        sent=datetime.now(UTC).replace(microsecond=0),
        message_id=f"<{token_bytes(16).hex()}@{author.address.partition('@')[2]}>",
        text=facts.text,
        html=facts.html,
        importance=facts.importance,
        sensitivity=facts.sensitivity,
        attachments=facts.attachments,
        topic=facts.subject,
    )

"""How attendees answer a meeting request, and how meetings are cancelled and cleared away (PROTOCOL 11.4).

AcceptItem, TentativelyAcceptItem, DeclineItem, CancelCalendarItem and RemoveItem are items of CreateItem; each gives
the calendar item as it is afterwards, or None.
"""

from dataclasses import replace
from datetime import UTC, datetime

from devtools.exchange_simulator.appointments import is_cancelled, is_received, said, saying
from devtools.exchange_simulator.attendees import attendees, inviting
from devtools.exchange_simulator.call import Call, elements, shown_item_of
from devtools.exchange_simulator.change_keys import check_key
from devtools.exchange_simulator.items import Item, Overrides
from devtools.exchange_simulator.kept_elements import inside
from devtools.exchange_simulator.mail import Address, MailFacts
from devtools.exchange_simulator.markup import moment, stamp
from devtools.exchange_simulator.meeting_copies import copy_of
from devtools.exchange_simulator.meeting_messages import ANSWERS, Answer, cancelled, is_older, owner, response
from devtools.exchange_simulator.properties import element_name
from devtools.exchange_simulator.scheduling import Meetings, send
from devtools.exchange_simulator.series import keep, take_away
from devtools.exchange_simulator.soap import Element, ItemError, T
from devtools.exchange_simulator.writable import address_of

Proposal = tuple[datetime, datetime] | None
MEETING_RESPONSES = frozenset({*ANSWERS, "CancelCalendarItem", "RemoveItem"})


def respond(call: Call, kind: str, element: Element) -> Item | None:
    """Do what one of these items asks for. Raises ItemError."""
    reference = element.find(T + "ReferenceItemId")
    if reference is None:
        raise ItemError("ErrorMissingInformationReferenceItemId", "ReferenceItemId is missing.")
    original = shown_item_of(call, reference)
    check_key(call.mailbox, original, reference.get("ChangeKey"))
    if kind == "CancelCalendarItem":
        return _cancel(call, element, original)
    if kind == "RemoveItem":
        return _remove(call, original)
    return _answer(call, ANSWERS[kind], element, original)


def _answer(call: Call, answer: Answer, element: Element, original: Item) -> Item | None:
    copy = _copy(call, original, "MeetingRequest", answer.wrong_item)
    facts = copy.facts()
    if not is_received(facts):
        raise ItemError(f"ErrorCalendarIsOrganizerFor{answer.word}", "One's own meeting cannot be answered.")
    if is_cancelled(facts):
        raise ItemError(f"ErrorCalendarIsCancelledFor{answer.word}", "The meeting was cancelled.")
    if is_older(original.facts(), facts):
        raise ItemError("ErrorCalendarMeetingRequestIsOutOfDate", "There is a later request.")
    now = datetime.now(UTC).replace(microsecond=0)
    kept = keep(call.mailbox, copy, _answered(facts, answer, now), Overrides(**copy.set))
    disposition = call.body.get("MessageDisposition") or ""
    if disposition != "SaveOnly":
        _inform(call, answer, element, facts, now)
    if original.number != kept.number:
        call.mailbox.delete(original, "deleted_items")
    return take_away(call.mailbox, kept, "deleted_items") if answer.response == "Decline" else kept


def _copy(call: Call, original: Item, message: str, wrong: str) -> Item:
    """Find the calendar item that is meant: the one referred to, or that of a message of the right kind."""
    kind = element_name(original.item_class)
    if kind not in ("CalendarItem", message):
        raise ItemError(f"ErrorInvalidItemForOperation{wrong}", f"The reference is a {kind}.")
    found = original if kind == "CalendarItem" else copy_of(call.mailbox, original.facts())
    if found is None:
        raise ItemError("ErrorItemNotFound", "The calendar item of the message was not found.")
    return found


def _answered(facts: MailFacts, answer: Answer, now: datetime) -> MailFacts:
    busy = (said(facts, "IntendedFreeBusyStatus") or "Busy") if answer.response == "Accept" else "Tentative"
    state = {"MyResponseType": answer.response, "AppointmentReplyTime": stamp(now), "LegacyFreeBusyStatus": busy}
    return saying(facts, state)


def _inform(call: Call, answer: Answer, element: Element, facts: MailFacts, now: datetime) -> None:
    """Send the answer to the organizer, and note it in the organizer's item."""
    organizer = _organizer(facts)
    proposed = _proposed(element)
    message = response(answer, facts, owner(call.mailbox), organizer=organizer, proposed=proposed)
    message = _with_body(message, element.find(T + "Body"))
    box = call.directory.get(organizer.address)
    held = copy_of(box, facts) if box is not None else None
    if box is not None and held is not None:
        people = [
            replace(one, response=answer.response, replied=now, proposed=proposed) if one.is_of(call.mailbox) else one
            for one in attendees(held.facts())
        ]
        keep(box, held, inviting(held.facts(), people), Overrides(**held.set))
    save_copy = call.body.get("MessageDisposition") == "SendAndSaveCopy"
    send(call.directory, call.mailbox, message, [organizer], save_copy=save_copy)


def _organizer(facts: MailFacts) -> Address:
    found = inside(facts, "Organizer")
    return Address("", "") if found is None else address_of(elements(found)[0])


def _proposed(element: Element) -> Proposal:
    begin, end = (element.findtext(T + name) for name in ("ProposedStart", "ProposedEnd"))
    return (moment(begin), moment(end)) if begin and end else None


def _with_body(facts: MailFacts, body: Element | None) -> MailFacts:
    if body is None:
        return facts
    said_of_it = body.text or ""
    html = body.get("BodyType") == "HTML"
    return replace(facts, text=None if html else said_of_it, html=said_of_it if html else None)


def _cancel(call: Call, element: Element, original: Item) -> Item | None:
    if element_name(original.item_class) != "CalendarItem":
        raise ItemError("ErrorInvalidItemForOperationCancelItem", "The reference is no calendar item.")
    facts = original.facts()
    if is_received(facts):
        raise ItemError("ErrorCalendarIsNotOrganizer", "Only the organizer cancels a meeting.")
    how = "SendToAllAndSaveCopy" if call.body.get("MessageDisposition") == "SendAndSaveCopy" else "SendOnlyToAll"
    meetings = Meetings(call.directory, call.mailbox, how)
    meetings.cancel(_with_body(facts, element.find(T + "NewBodyContent")))
    kept = keep(call.mailbox, original, cancelled(facts), Overrides(**original.set))
    return take_away(call.mailbox, kept, "deleted_items")


def _remove(call: Call, original: Item) -> Item | None:
    copy = _copy(call, original, "MeetingCancellation", "RemoveItem")
    if not is_received(copy.facts()):
        raise ItemError("ErrorCalendarIsOrganizerForRemove", "One's own meeting is cancelled, not removed.")
    if original.number != copy.number:
        call.mailbox.delete(original, "deleted_items")
    return take_away(call.mailbox, copy, "deleted_items")

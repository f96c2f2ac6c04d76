"""What the organizer of a meeting sets going: requests, updates and cancellations, and the attendees' copies.

Sources: PROTOCOL 11.1 and 11.4. The calendars of this organisation are updated at once, as Exchange's calendar
attendant does it; attendees outside of it get mail only.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_bytes

from devtools.exchange_simulator.appointments import has_moved, is_received, said, saying
from devtools.exchange_simulator.attendees import Attendee, attendees, inviting, unanswered
from devtools.exchange_simulator.directory import Directory, Outgoing
from devtools.exchange_simulator.items import Overrides
from devtools.exchange_simulator.mail import Address, MailFacts
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.meeting_copies import copy_of
from devtools.exchange_simulator.meeting_messages import cancellation, cancelled, owner, received, request, sequence
from devtools.exchange_simulator.sending import valid_address
from devtools.exchange_simulator.series import keep
from devtools.exchange_simulator.soap import ItemError
from devtools.exchange_simulator.written import WrittenContent

NEW, FULL, WORDS = "NewMeetingRequest", "FullUpdate", "InformationalUpdate"
_STATES = ("calendar:MyResponseType", "calendar:LegacyFreeBusyStatus", "calendar:AppointmentReplyTime")


@dataclass(frozen=True, slots=True)
class Meetings:
    """The verbs of one organizer. `how` is the value of SendMeetingInvitations or one of its kin."""

    directory: Directory
    organizer: Mailbox
    how: str

    def concerns(self, *versions: MailFacts) -> bool:
        """Whether mail goes out: it is wanted, somebody is or was invited, and the meeting is one's own."""
        invited = any(attendees(one) for one in versions)
        return self.how != "SendToNone" and invited and not any(is_received(one) for one in versions)

    def announced(self, facts: MailFacts, before: MailFacts | None = None) -> MailFacts:
        """Give the organizer's item as it is once the mail is sent. Raises ItemError for no address.

        The server tracks the answers: what a client writes as such does not count.
        """
        if any(not valid_address(one.address.address) for one in attendees(facts)):
            raise ItemError("ErrorInvalidRecipients", "An attendee has no valid address.")
        told = saying(facts, {"MeetingRequestWasSent": "true", "MyResponseType": "Organizer"})
        if before is None or not _was_sent(before):
            return unanswered(told)
        if has_moved(facts, before):
            return unanswered(saying(told, {"AppointmentSequenceNumber": str(sequence(before) + 1)}))
        known = {one.key: one for one in attendees(before)}
        tracked = [replace(known.get(one.key, one), role=one.role) for one in attendees(unanswered(told))]
        return inviting(told, tracked)

    def invite(self, facts: MailFacts, before: MailFacts | None = None) -> None:
        """Tell the attendees of a meeting as it is; `before` is what they know of it."""
        known = {one.key for one in attendees(before)} if before is not None and _was_sent(before) else set()
        new = [one for one in attendees(facts) if one.key not in known]
        self._send(facts, new, NEW)
        if before is None or not known:
            return
        staying = [one for one in attendees(facts) if one.key in known]
        if "Changed" not in self.how:
            self._send(facts, staying, FULL if has_moved(facts, before) else WORDS)
        present = {one.key for one in attendees(facts)}
        self._take_back(facts, [one for one in attendees(before) if one.key not in present])

    def cancel(self, facts: MailFacts) -> None:
        """Tell every attendee that the meeting is off."""
        if _was_sent(facts):
            self._take_back(facts, attendees(facts))

    def _send(self, facts: MailFacts, people: list[Attendee], kind: str) -> None:
        def received_by(box: Mailbox) -> None:
            _put(box, facts, owner(self.organizer), kind)

        if people:
            self._deliver(request(facts, owner(self.organizer), kind), people, received_by)

    def _take_back(self, facts: MailFacts, people: list[Attendee]) -> None:
        def received_by(box: Mailbox) -> None:
            copy = copy_of(box, facts)
            if copy is not None:
                keep(box, copy, cancelled(copy.facts()), Overrides(**copy.set))

        if people:
            self._deliver(cancellation(facts, owner(self.organizer), people), people, received_by)

    def _deliver(self, message: MailFacts, people: list[Attendee], received_by: Callable[[Mailbox], None]) -> None:
        guests = [one.address for one in people if not one.is_of(self.organizer)]
        inside = [box for one in guests if (box := self.directory.get(one.address)) is not None]
        for box in inside:
            received_by(box)
        send(self.directory, self.organizer, message, guests, save_copy=self.how.endswith("SaveCopy"))


def send(
    directory: Directory, sender: Mailbox, message: MailFacts, recipients: list[Address], *, save_copy: bool
) -> None:
    """Put meeting mail into the recipients' Inboxes, and a copy into the sender's Sent Items."""
    now, content = datetime.now(UTC), WrittenContent(replace(message, bcc=()), token_bytes(16))
    outside = tuple(one.address for one in recipients if directory.get(one.address) is None)
    for one in recipients:
        box = directory.get(one.address)
        if box is not None:
            box.add(content, box.distinguished["inbox"], received=now, new_mail=True)
    if outside:
        directory.outgoing.append(Outgoing(sender.address, outside, b"".join(content.mime_blocks())))
    if save_copy:
        own = WrittenContent(message, content.search_key)
        sender.add(own, sender.distinguished["sentitems"], received=now, read=True)


def _was_sent(facts: MailFacts) -> bool:
    return said(facts, "MeetingRequestWasSent") == "true"


def _put(box: Mailbox, facts: MailFacts, organizer: Address, kind: str) -> None:
    """Write an attendee's copy; what was answered stays answered while only words changed."""
    copy, fresh = copy_of(box, facts), received(facts, organizer)
    if copy is None:
        content = WrittenContent(fresh, token_bytes(16))
        box.add(content, box.distinguished["calendar"], received=datetime.now(UTC), read=True)
        return
    known = copy.facts()
    if kind == WORDS:
        states = {path: known.properties[path] for path in _STATES if path in known.properties}
        fresh = replace(fresh, properties={**fresh.properties, **states}, exceptions=known.exceptions)
    keep(box, copy, replace(fresh, categories=known.categories), Overrides(**copy.set))

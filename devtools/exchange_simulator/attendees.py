"""Who is invited to a meeting and what they answered: read from and written into a calendar item (PROTOCOL 11.3)."""

from dataclasses import dataclass, replace
from datetime import datetime

from devtools.exchange_simulator.appointments import ATTENDEES
from devtools.exchange_simulator.kept_elements import inside
from devtools.exchange_simulator.mail import Address, MailFacts
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import moment, stamp
from devtools.exchange_simulator.rendering import mailbox_of
from devtools.exchange_simulator.soap import Element, T
from devtools.exchange_simulator.writable import address_of

_PATHS = frozenset(f"calendar:{role}" for role in ATTENDEES)


@dataclass(frozen=True, slots=True)
class Attendee:
    """One attendee; `role` is the list that names it. Answers are only in the organizer's copy."""

    role: str
    address: Address
    response: str = "Unknown"
    replied: datetime | None = None
    proposed: tuple[datetime, datetime] | None = None

    def is_of(self, mailbox: Mailbox) -> bool:
        """Whether this is the owner of a mailbox, by any address."""
        return self.key in {one.casefold() for one in (mailbox.address, *mailbox.aliases)}

    @property
    def key(self) -> str:
        return self.address.address.casefold()


def attendees(facts: MailFacts) -> list[Attendee]:
    """Give everybody who is invited: required, optional, resources."""
    found = ((role, inside(facts, role)) for role in ATTENDEES)
    return [_read(role, one) for role, some in found if some is not None for one in some]


def inviting(facts: MailFacts, people: list[Attendee]) -> MailFacts:
    """Give the facts with these attendees instead."""
    properties = {path: value for path, value in facts.properties.items() if path not in _PATHS}
    for role in ATTENDEES:
        listed = "".join(_written(one) for one in people if one.role == role)
        if listed:
            properties[f"calendar:{role}"] = f"<t:{role}>{listed}</t:{role}>"
    return replace(facts, properties=properties)


def unanswered(facts: MailFacts) -> MailFacts:
    """Give the facts as if nobody had answered."""
    return inviting(facts, [Attendee(one.role, one.address) for one in attendees(facts)])


def _read(role: str, element: Element) -> Attendee:
    mailbox = element.find(T + "Mailbox")
    begin, end, replied = (_time(element, name) for name in ("ProposedStart", "ProposedEnd", "LastResponseTime"))
    return Attendee(
        role,
        Address("", "") if mailbox is None else address_of(mailbox),
        element.findtext(T + "ResponseType") or "Unknown",
        replied,
        (begin, end) if begin and end else None,
    )


def _time(element: Element, name: str) -> datetime | None:
    found = element.findtext(T + name)
    return moment(found) if found else None


def _written(one: Attendee) -> str:
    replied = f"<t:LastResponseTime>{stamp(one.replied)}</t:LastResponseTime>" if one.replied else ""
    proposed = ""
    if one.proposed:
        begin, end = one.proposed
        proposed = f"<t:ProposedStart>{stamp(begin)}</t:ProposedStart><t:ProposedEnd>{stamp(end)}</t:ProposedEnd>"
    answer = f"<t:ResponseType>{one.response}</t:ResponseType>{replied}{proposed}"
    return f"<t:Attendee>{mailbox_of(one.address)}{answer}</t:Attendee>"

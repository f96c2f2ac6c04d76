"""People in mail: `Mailbox` elements, alone or in lists."""

from shared.model.email import Participant
from shared.wire.ews.envelope import TYPES
from shared.wire.ews.reading import Element, text

_NAME, _ADDRESS = f"{{{TYPES}}}Name", f"{{{TYPES}}}EmailAddress"


def read_participant(holder: Element) -> Participant | None:
    """The first mailbox of a holder such as From or Sender."""
    return _read(holder[0]) if len(holder) else None


def read_participants(holder: Element) -> tuple[Participant, ...]:
    """All mailboxes of a holder such as ToRecipients.

    Quirk: RoutingType `EX` makes the address a legacy distinguished name; it is kept as given.
    """
    return tuple([_read(mailbox) for mailbox in holder])


def _read(mailbox: Element) -> Participant:
    # Nearly always name and address come first, and most elements of an email are people: so look there first.
    if len(mailbox) > 1:
        name, address = mailbox[0], mailbox[1]
        if name.tag == _NAME and address.tag == _ADDRESS:
            return Participant(name.text or "", address.text or "")
    return Participant(text(mailbox, "Name"), text(mailbox, "EmailAddress"))

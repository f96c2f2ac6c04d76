"""An operator: a CRM user with a mailbox and a flag for each kind. Frozen facts, standard library only."""

from dataclasses import dataclass
from enum import StrEnum

from shared.model.configuration import AUTO


class Kind(StrEnum):
    """What can be synchronised. This version synchronises email; the other two are accepted and wait."""

    EMAIL = "email"
    CALENDAR = "calendar"
    CONTACTS = "contacts"


AVAILABLE_KINDS = (Kind.EMAIL,)


@dataclass(frozen=True, slots=True)
class Operator:
    """`mailbox_key` is minted once and names the operator's collections for good; `removed`: deleted, items kept."""

    id: str
    mailbox: str
    mailbox_key: str
    connection: str = "default"
    email_sync: bool = False
    calendar_sync: bool = False
    contact_sync: bool = False
    time_zone: str = "UTC"
    removed: bool = False

    def flag(self, kind: Kind) -> bool:
        """Whether the operator is switched on for this kind."""
        return (
            not self.removed
            and {
                Kind.EMAIL: self.email_sync,
                Kind.CALENDAR: self.calendar_sync,
                Kind.CONTACTS: self.contact_sync,
            }[kind]
        )


def may_be_one_mailbox(one: str, other: str) -> bool:
    """Whether the same address may be the same mailbox by these two connections.

    Two that are named apart are two Exchange organisations, each with its own; `auto` may turn out to be any of them.
    """
    return one == other or AUTO in (one, other)

"""An operator: a CRM user with a mailbox and a flag for each kind. Frozen facts, standard library only."""

from dataclasses import dataclass
from enum import StrEnum


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

"""The failure registry: every code that can be met, what causes it, what mends it and who can do that. DESIGN 4.1.

The entries stand in `failure_tables/`. docs/failures.md is written from them, and a test holds that each code raised anywhere
is among them.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import Invalid, Permanent, Reconfigure, Resync, SyncError, Transient
from shared.model.failure_tables.calls import INPUT
from shared.model.failure_tables.items import PERMANENT
from shared.model.failure_tables.mailboxes import MAILBOXES
from shared.model.failure_tables.passing import RESYNC, TRANSIENT
from shared.model.failure_tables.servers import SERVERS
from shared.model.failure_tables.sign_in import SIGN_IN
from shared.model.failure_tables.warnings import WARNING
from shared.model.failure_tables.words import MEANWHILE, REPEAT, WAIT
from shared.model.failure_tables.words import Owner as Owner


class FailureClass(StrEnum):
    """What becomes of it: tried again; rebuilt; tried again once an administrator acted; recorded; answered; shown."""

    TRANSIENT = "transient"
    RESYNC = "resync"
    RECONFIGURE = "reconfigure"
    PERMANENT = "permanent"
    INPUT = "input"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry. `cause` is one sentence; `remedy` names the exact command, setting or call."""

    code: str
    failure_class: FailureClass
    owner: Owner
    cause: str
    remedy: str

    @property
    def remedy_of_call(self) -> str:
        """The remedy where a call, or a command, ends with it: the sync tries again by itself, a call does not."""
        return self.remedy.replace(WAIT, REPEAT)

    @property
    def remedy_of_lasting(self) -> str:
        """The remedy of what has lasted, for an alert: that it may pass by itself is no help any more."""
        if not self.remedy.startswith(WAIT):
            return self.remedy
        rest = self.remedy.removeprefix(WAIT).strip().removeprefix("If it lasts, ")
        return f"{rest[:1].upper()}{rest[1:]} {MEANWHILE}"


def failure(code: str) -> Failure:
    """The entry of a code; for one that is unknown (a newer worker wrote it) that of `internal-error`."""
    known = REGISTRY.get(code)
    if known:
        return known
    other = REGISTRY["internal-error"]
    return Failure(code, other.failure_class, other.owner, other.cause, other.remedy)


def remedy_on(remedy: str, connection: str) -> str:
    """A remedy with the connection's own name in it, so that its command can be run as it stands."""
    return remedy.replace("<name>", connection).replace("<connection>", connection) if connection else remedy


def error_class(code: str) -> type[SyncError]:
    """The class of error that a code of the registry is raised as."""
    return _ERRORS[REGISTRY[code].failure_class]


_ERRORS: dict[FailureClass, type[SyncError]] = {
    FailureClass.TRANSIENT: Transient,
    FailureClass.RESYNC: Resync,
    FailureClass.RECONFIGURE: Reconfigure,
    FailureClass.PERMANENT: Permanent,
    FailureClass.INPUT: Invalid,
}
_BY_CLASS = {
    FailureClass.TRANSIENT: TRANSIENT,
    FailureClass.RESYNC: RESYNC,
    FailureClass.RECONFIGURE: (*MAILBOXES, *SIGN_IN, *SERVERS),
    FailureClass.PERMANENT: PERMANENT,
    FailureClass.INPUT: INPUT,
    FailureClass.WARNING: WARNING,
}
REGISTRY = {
    code: Failure(code, failure_class, owner, cause, remedy)
    for failure_class, entries in _BY_CLASS.items()
    for code, owner, cause, remedy in entries
}

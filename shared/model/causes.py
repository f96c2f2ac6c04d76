"""What is told as one thing: a cause, and what one look at the failures counts of it."""

from dataclasses import dataclass, field, replace
from datetime import datetime

NAMED = 5
"""How many operators are named; a command shows the rest."""
MOST_CAUSES = 200
"""How many causes are told apart: more than there are codes that a sync can fail with, on any few connections."""
DOWN = "exchange-unavailable"
_WAYS_OF_BEING_DOWN = frozenset(
    {
        DOWN,
        "answer-truncated",
        "connection-lost",
        "connection-refused",
        "exchange-busy",
        "exchange-internal-error",
        "exchange-timeout",
        "exchange-unreachable",
    }
)
"""By which codes one server that is down, or goes down, or comes up again, is met in turn: one cause, named DOWN."""
OF_THE_APP = frozenset({"poison-message", "queue-stalled", "timer-late"})
"""What fails of the app itself, and hits no mailbox in particular."""
ITEMS_FAILED = "items-failed"
"""Some items of a mailbox cannot be read; the mailbox itself is well."""
_LEAST = {ITEMS_FAILED: 10}
"""How many mailboxes a cause must hit to be told, where one is no news: every large Exchange has a few damaged mails, of which
the list of failures is enough. In as many mailboxes at once it is no accident of theirs, but a scanner, a limit or a version."""
_NOWHERE = "-"
_NEVER = ""


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """What is wrong, and on which connection (empty where no connection was known yet)."""

    code: str
    connection: str

    @staticmethod
    def of(code: str, connection: str) -> "Cause":
        """What a failure with this code is counted under."""
        return Cause(DOWN if code in _WAYS_OF_BEING_DOWN else code, connection)

    @property
    def id(self) -> str:
        """How the group is named in storage and on the interface: neither part has a dot."""
        return f"{self.code}.{self.connection or _NOWHERE}"


@dataclass(slots=True)
class Tally:
    """What one look at the failures counts of a cause: mailboxes, each once, and nothing that grows with their number.

    `lasting` are those that fail for so long that it is told; `stands`: one has failed for CLEAR_FOR. `paused` and `suspended`
    are left out of all of these. `places` are the first rows, where details are found; `detail` is there where there are none.
    """

    mailboxes: int = 0
    lasting: int = 0
    stands: bool = False
    paused: int = 0
    suspended: int = 0
    since: datetime | None = None
    kinds: set[str] = field(default_factory=set)
    codes: dict[str, int] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    last: str = _NEVER
    last_lasting: str = _NEVER
    detail: str = ""

    def count(self, mailbox: str, kind: str, code: str, *, since: datetime, lasts: bool, place: str) -> None:
        """Count one failing collection. A mailbox's rows come one after the other, so each is counted once."""
        self.mailboxes += mailbox != self.last
        self.last = mailbox
        self.kinds.add(kind)
        self.codes[code] = self.codes.get(code, 0) + 1
        self.since = since if self.since is None else min(self.since, since)
        if lasts and mailbox != self.last_lasting:
            self.lasting += 1
            self.last_lasting = mailbox
            if len(self.places) < NAMED:
                self.places.append(place)


def least_mailboxes(cause: Cause) -> int:
    """From how many mailboxes on a cause is told."""
    return _LEAST.get(cause.code, 1)


def worth_telling(cause: Cause, tally: Tally) -> Tally:
    """What is to be told of a cause: nothing where it hits too few; what is paused may still be enough to wait for."""
    least = least_mailboxes(cause)
    if least == 1 or tally.lasting >= least:
        return tally
    return replace(tally, lasting=0, stands=False) if tally.lasting + tally.paused >= least else Tally()

"""Why a mail is or is not in the application: the facts that decide, the steps they are told in, and the verdict.

`model/explain.py` makes the steps: first those of the sync, then of the mail in Exchange, then of what is stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.model.collection import Head, StoredItem, Tree
from shared.model.configuration import Configuration
from shared.model.email import Email, timestamp
from shared.model.exchange import ItemFailure
from shared.model.failures import failure
from shared.model.operator import Kind, Operator
from shared.model.pauses import Pause
from shared.model.rules import KeepRules, is_same_item
from shared.model.switches import why_off


class Verdict(StrEnum):
    """What became of a mail."""

    STORED = "stored"
    GONE = "gone"
    """Held and marked: it left the watched folders, or was deleted."""
    COMING = "coming"
    """Nothing keeps it out: the sync has not got to it."""
    KEPT_OUT = "kept_out"
    FAILED = "failed"
    STOPPED = "stopped"
    """The sync itself does not run."""
    PASSED_OVER = "passed_over"
    """The sync has looked there since, and nothing keeps the mail out as things are now."""
    NOT_FOUND = "not_found"


_HELD = (Verdict.STORED, Verdict.GONE)
_GENERAL = (Verdict.STOPPED, Verdict.COMING, Verdict.PASSED_OVER)
"""Verdicts that hold for every mail alike: one of the mail's own says more."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at. `verdict`: what becomes of the mail by it; None where it passes, or is only `told`.

    `setting` decided, `code` is of the failure registry, `who` can do what `remedy` says.
    """

    what: str
    at: datetime | None = None
    verdict: Verdict | None = None
    told: bool = False
    setting: str = ""
    code: str = ""
    who: str = ""
    remedy: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether the mail passes; None where that is not the question."""
        return None if self.told else self.verdict in (None, *_HELD)


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail as Exchange has it now, without its bodies; `refusal` where Exchange does not give it."""

    id: str
    folder_id: str
    email: Email | None = None
    refusal: ItemFailure | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail as the application holds it. `created` and `changed` are the times that its feed tells."""

    item: StoredItem
    folder: str = ""
    page: int = 0
    created: datetime | None = None
    changed: datetime | None = None
    gone_at: datetime | None = None
    leaving_since: datetime | None = None
    removal_is_held: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A mail that the sync could not read."""

    code: str
    detail: str
    first: datetime | None
    last: datetime | None
    count: int


@dataclass(frozen=True, slots=True)
class Situation:
    """What is the same for each mail of a mailbox. `tree`: its folders now; `unsearched`: code and detail of why Exchange
    was not searched."""

    now: datetime
    operator: Operator
    configuration: Configuration
    keep: KeepRules = field(default_factory=KeepRules)
    head: Head = field(default_factory=Head)
    pauses: tuple[Pause, ...] = ()
    asked_at: datetime | None = None
    tree: Tree = field(default_factory=Tree)
    unsearched: tuple[str, str] | None = None

    @property
    def off(self) -> str:
        """The switch that is off; empty when email runs."""
        return why_off(self.configuration, self.operator, Kind.EMAIL)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict on one mail, the step that decided, and all steps in order."""

    verdict: Verdict
    decided: Step
    steps: tuple[Step, ...]


def paired(seen: Sequence[Seen], kept: Sequence[Kept]) -> list[tuple[Seen | None, Kept | None]]:
    """Which mail in Exchange is which one in the application: by its id, else as the sync finds one that moved."""
    by_id = {each.item.exchange_id: each for each in kept if not each.item.gone}
    pairs: dict[str, Kept] = {each.id: by_id[each.id] for each in seen if each.id in by_id}
    free = [each for each in kept if each.item.item_id not in {one.item.item_id for one in pairs.values()}]
    for each in seen:
        moved = next((one for one in free if each.email and is_same_item(each.email, one.item)), None)
        if each.id not in pairs and moved is not None:
            pairs[each.id] = moved
            free.remove(moved)
    return [*((each, pairs.get(each.id)) for each in seen), *((None, each) for each in free)]


def conclude(steps: Iterable[Step]) -> Explanation:
    """The verdict of these steps: the mail's own first stop, else the first that stops every mail.

    The last step is about the store, and decides where the mail is held.
    """
    made = tuple(steps)
    last = made[-1]
    stops = [step for step in made if step.verdict]
    own = [step for step in stops if step.verdict not in _GENERAL]
    decided = last if last.verdict in _HELD else (*own, *stops)[0]
    assert decided.verdict is not None
    return Explanation(decided.verdict, decided, made)


def failing(code: str, at: datetime | None, detail: str, *, verdict: Verdict | None = None) -> Step:
    """What the failure registry says of a code, as a step; only told where it does not stop the mail."""
    entry = failure(code)
    what = entry.cause.rstrip(".") + (f": {detail}" if detail else "")
    return Step(what, at, verdict, verdict is None, code=code, who=entry.owner.value, remedy=entry.remedy)


def shown(moment: datetime | None) -> str:
    """A time as people read it."""
    return (timestamp(moment) or "unknown").replace("T", " ").replace("Z", " UTC")

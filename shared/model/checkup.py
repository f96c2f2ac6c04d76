"""What the doctor finds: one finding for each thing that was looked at, and which of them to mend first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.errors import Reconfigure

TOLERATED = timedelta(minutes=1)
"""How far clocks may be apart. Leases and due times are compared across machines; tokens and NTLM bear 5 minutes."""
_GRACE = timedelta(minutes=5)
_FIRST_RUN = timedelta(hours=1)


class State(StrEnum):
    """What became of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check saw that did not fail. `warning` is a code of the failure registry, "" for none."""

    detail: str
    warning: str = ""
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's answer. `code` is of the failure registry, "" where nothing is wrong; `connection` is "" for
    what is not of one."""

    name: str
    state: State
    detail: str
    code: str = ""
    seconds: float = 0.0
    connection: str = ""


@dataclass(frozen=True, slots=True)
class TimerRun:
    """When a timer ran last, and how long it usually pauses; None where it ran only once."""

    name: str
    at: datetime
    pause: timedelta | None

    def is_late(self, now: datetime) -> bool:
        """Whether it should have run again by now: a run may be long, and a host may restart."""
        return now - self.at > (_FIRST_RUN if self.pause is None else 2 * self.pause + _GRACE)


def usual_pause(before: TimerRun, now: datetime) -> timedelta:
    """How long a timer that runs now pauses. A restart makes it run twice in a row, and an outage makes it late: so the
    pause before still counts by half."""
    return max(now - before.at, (before.pause or timedelta(0)) / 2)


def first_to_mend(findings: Iterable[Finding]) -> Finding | None:
    """The first that failed: checks are in the order of dependence, so what comes after may only follow from it."""
    return next((each for each in findings if each.state is State.FAILED), None)


def compare_clocks(whose: str, theirs: datetime, ours: datetime) -> str:
    """In words, how far a clock is from the app's. Raises Reconfigure("clock-wrong") beyond what is tolerated.

    What is told by headers has whole seconds, so a second is nothing.
    """
    ahead = theirs - ours
    seconds = abs(round(ahead.total_seconds()))
    words = f"{whose} is {seconds} s {'ahead of' if ahead > timedelta(0) else 'behind'} the app's clock"
    if abs(ahead) > TOLERATED:
        raise Reconfigure("clock-wrong", words)
    return words if seconds > 1 else f"{whose} agrees with the app's clock"

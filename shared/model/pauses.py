"""Pauses: what an administrator has stopped for a while, and why. DESIGN 3, `exsync pause`.

A scope is `all`, `kind-email`, or `operator-alice`: also the key of the pause's row and its place in the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.model.operator import Kind

ALL = "all"
KIND, OPERATOR = "kind-", "operator-"
LASTS_AFTER = timedelta(days=1)
"""From when on a pause is recalled each day: nobody should find out by chance."""


@dataclass(frozen=True, slots=True)
class Pause:
    """`by` is who paused it, as the audit names him."""

    scope: str
    reason: str
    by: str
    at: datetime

    @property
    def kind(self) -> str | None:
        """The kind that it is for; None where it is for an operator or for all."""
        return self.scope.removeprefix(KIND) if self.scope.startswith(KIND) else None

    @property
    def operator_id(self) -> str | None:
        """The operator that it is for; None where it is for a kind or for all."""
        return self.scope.removeprefix(OPERATOR) if self.scope.startswith(OPERATOR) else None

    def lasts(self, now: datetime) -> bool:
        """Whether it is to be recalled."""
        return now - self.at >= LASTS_AFTER


@dataclass(frozen=True, slots=True)
class Pauses:
    """All pauses in force, by scope."""

    by_scope: Mapping[str, Pause] = field(default_factory=dict)

    def of_kind(self, kind: Kind) -> Pause | None:
        """What pauses this kind for everybody."""
        return self.by_scope.get(ALL) or self.by_scope.get(f"{KIND}{kind}")

    def of(self, operator_id: str, kind: Kind) -> Pause | None:
        """What pauses this kind of this operator."""
        return self.of_kind(kind) or self.by_scope.get(f"{OPERATOR}{operator_id}")

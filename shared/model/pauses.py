"""Pauses: what an administrator has stopped for a while, and why. DESIGN 3, `exsync pause`.

A scope is `all`, `kind-email`, or `operator-alice`: also the key of the pause's row and its place in the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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

    @property
    def of(self) -> str:
        """What is paused, in a word."""
        return self.kind or self.operator_id or "everything"

    @property
    def resumed_by(self) -> str:
        """The command that ends it."""
        option = (
            f"--kind {self.kind}" if self.kind else f"--operator {self.operator_id}" if self.operator_id else "--all"
        )
        return f"exsync resume {option}"

    def lasts(self, now: datetime) -> bool:
        """Whether it is to be recalled."""
        return now - self.at >= LASTS_AFTER


@dataclass(frozen=True, slots=True)
class Pauses:
    """All pauses in force, by scope."""

    by_scope: Mapping[str, Pause] = field(default_factory=dict)

    @property
    def everything(self) -> bool:
        """Whether nothing runs at all."""
        return ALL in self.by_scope

    def of_kind(self, kind: str) -> Pause | None:
        """What pauses this kind for everybody."""
        return self.by_scope.get(ALL) or self.by_scope.get(f"{KIND}{kind}")

    def of(self, operator_id: str, kind: str) -> Pause | None:
        """What pauses this kind of this operator."""
        return next(iter(self.all_of(operator_id, kind)), None)

    def all_of(self, operator_id: str, kind: str) -> tuple[Pause, ...]:
        """Every pause that this kind of this operator is under, the widest first."""
        return tuple(self.by_scope[scope] for scope in scopes_of(operator_id, kind) if scope in self.by_scope)


def scopes_of(operator_id: str, kind: str) -> tuple[str, str, str]:
    """The scopes that a kind of an operator is in, the widest first."""
    return ALL, f"{KIND}{kind}", f"{OPERATOR}{operator_id}"

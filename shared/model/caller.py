"""Who calls the HTTP interface, and what each role may do. DESIGN 8."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a caller may do. `READER`: status and failures, no content. `SALES_OPS`: operators, import, verify, sync now.
    `ADMINISTRATOR`: all that is set up and paused, no content. `APPLICATION`: items, feed and commands."""

    READER = "reader"
    SALES_OPS = "sales_ops"
    ADMINISTRATOR = "administrator"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a program. `name` is what the audit shows."""

    name: str
    roles: frozenset[Role]

    def may(self, roles: frozenset[Role]) -> bool:
        """Whether one of these roles is the caller's."""
        return not self.roles.isdisjoint(roles)


KEY_HOLDER = Caller("function key", frozenset(Role))
"""Whoever has a function key of the app (locally everybody on this machine) may do everything."""

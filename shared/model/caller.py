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


CONTENT = frozenset({Role.APPLICATION})
"""Who may read what is in a mail, its subject too."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a program. `name` is what the audit shows. `operators`: to which ones the role `application` is
    limited; None: to none, it is for all of them."""

    name: str
    roles: frozenset[Role]
    operators: frozenset[str] | None = None

    def may(self, roles: frozenset[Role]) -> bool:
        """Whether one of these roles is the caller's."""
        return not self.roles.isdisjoint(roles)

    def may_see(self, roles: frozenset[Role], operator_id: str | None) -> bool:
        """Whether one of these roles is the caller's for this operator; None: for whatever belongs to no single one."""
        is_limited = self.roles & roles == {Role.APPLICATION} and self.operators is not None
        return self.may(roles) and (not is_limited or operator_id in (self.operators or ()))


KEY_HOLDER = Caller("function key", frozenset(Role))
"""Whoever has a function key of the app (locally everybody on this machine) may do everything."""

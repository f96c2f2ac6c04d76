"""Which operators of many: by text, connection, and what is on. Pure."""

from dataclasses import dataclass

from shared.model.operator import Kind, Operator


@dataclass(frozen=True, slots=True)
class OperatorFilter:
    """`search`: part of the id or the mailbox, in any case. `on`: whether `kind` is on, or any kind where none is named.

    What is not given keeps nobody out; a kind alone means that it is on.
    """

    search: str = ""
    connection: str = ""
    kind: Kind | None = None
    on: bool | None = None

    def matches(self, operator: Operator) -> bool:
        """Whether the operator is one of them."""
        sought = self.search.lower()
        found = sought in operator.id.lower() or sought in operator.mailbox.lower()
        return found and self.connection in ("", operator.connection) and self._is_switched_so(operator)

    def _is_switched_so(self, operator: Operator) -> bool:
        if self.kind is None and self.on is None:
            return True
        is_on = any(operator.flag(kind) for kind in ((self.kind,) if self.kind else Kind))
        return is_on == (self.on is not False)

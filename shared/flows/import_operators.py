"""Many operators at once, line by line: each line is done or refused for itself, and says what it changed.

A line may be repeated at will: what is done already changes nothing. Lines run side by side. One that wants a mailbox which
another line gives up is tried again after that; what two operators exchange is refused, since somebody must let go first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.errors import Invalid, SyncError, Transient
from shared.flows.audit import Entry, recorded
from shared.flows.mailbox_claims import ensure_mailbox_is_free, operators_of_mailbox
from shared.flows.operator_row import read_operator
from shared.flows.operators import change_operator, check_operator, remove_items_of
from shared.flows.side_by_side import side_by_side
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator
from shared.model.operator_change import changes_between, operator_after, switched_off
from shared.model.operator_table import CONNECTION, ITEMS, MAILBOX, OPERATOR_ID, OperatorLine
from shared.ports import World

_ATTEMPTS = 3
_ACTION = "import_one_operator"
"""What the audit calls a line, beside the call that had it."""


class Outcome(StrEnum):
    """What became of a line, or would become of it."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LineResult:
    """`before` and `after` as the line found the operator and left it. `removed`: the kinds whose items are taken out."""

    line: OperatorLine
    before: Operator | None = None
    after: Operator | None = None
    removed: tuple[Kind, ...] = ()
    refusal: SyncError | None = None

    @property
    def outcome(self) -> Outcome:
        """What became of it."""
        if self.refusal or not self.after:
            return Outcome.REFUSED
        if self.before is None or self.before.removed:
            return Outcome.CREATED
        return Outcome.UNCHANGED if self.after == self.before else Outcome.CHANGED


async def import_operators(
    world: World, lines: Sequence[OperatorLine], *, by: str, remove_items: bool = False, dry_run: bool = False
) -> list[LineResult]:
    """Do what the lines say, in their order. `remove_items`: take out what the kinds that go off hold. `by` is for the audit,
    which has an entry for each operator that is changed."""
    work = _Import(world, by, remove_items=remove_items, dry_run=dry_run)
    results = await side_by_side(work.line, lines)
    while freed := _freed(results) - work.free:
        work.free |= freed
        for at, result in enumerate(results):
            if _waits_for(freed, result):
                results[at] = await work.line(result.line)
    return results


class _Import:
    """One run. `free`: the addresses that lines of it gave up, or would."""

    def __init__(self, world: World, by: str, *, remove_items: bool, dry_run: bool) -> None:
        self.free: set[str] = set()
        self._world = world
        self._by = by
        self._remove_items = remove_items
        self._dry_run = dry_run

    async def line(self, line: OperatorLine) -> LineResult:
        """Do one line, or only look what it would do."""
        if line.refusal:
            return LineResult(line, refusal=line.refusal)
        try:
            line = line if line.operator_id else await self._with_id(line)
            return await (self._look(line) if self._dry_run else self._do_recorded(line))
        except SyncError as error:
            return LineResult(line, refusal=error)

    async def _with_id(self, line: OperatorLine) -> OperatorLine:
        """The line with the id of the operator whose mailbox it names. Raises Invalid("operator-unknown")."""
        address, connection = line.cells[MAILBOX], line.cells.get(CONNECTION)
        found = await operators_of_mailbox(self._world.rows, address)
        names = sorted(each.id for each in found if connection in (None, each.connection))
        if len(names) == 1:
            return replace(line, cells={**line.cells, OPERATOR_ID: names[0]})
        who = f"operators {' and '.join(names)} have" if names else "no operator has"
        raise Invalid("operator-unknown", f"{who} the mailbox {address}; say which by a column operator_id")

    async def _look(self, line: OperatorLine) -> LineResult:
        before, _ = await read_operator(self._world.rows, line.operator_id)
        after = operator_after(line, before)
        check_operator(after)
        if after != before and after.mailbox.lower() not in self.free:
            await ensure_mailbox_is_free(self._world, after)
        return LineResult(line, before, after, self._to_remove(line, before, after))

    async def _do_recorded(self, line: OperatorLine) -> LineResult:
        before, _ = await read_operator(self._world.rows, line.operator_id)
        after = operator_after(line, before)
        changed = ", ".join(changes_between(before, after))
        if not changed and not self._to_remove(line, before, after):
            return await self._do(line)
        async with recorded(self._world, Entry(self._by, _ACTION, line.operator_id, {"changed": changed})):
            return await self._do(line)

    async def _do(self, line: OperatorLine) -> LineResult:
        seen: list[Operator | None] = []

        def decide(before: Operator | None) -> Operator:
            seen.append(before)
            return operator_after(line, before)

        for left in reversed(range(_ATTEMPTS)):
            try:
                _, after = await change_operator(self._world, line.operator_id, decide)
                # What the first attempt saw counts: a later one may find its own work.
                removed = self._to_remove(line, seen[0], after)
                await remove_items_of(self._world, after, removed)
                return LineResult(line, seen[0], after, removed)
            except Transient:
                if not left:
                    raise
        raise AssertionError

    def _to_remove(self, line: OperatorLine, before: Operator | None, after: Operator) -> tuple[Kind, ...]:
        """The kinds whose items go. A line that itself says `remove` means also what was off before."""
        items = line.cells.get(ITEMS)
        if items == "remove":
            return tuple(kind for kind in AVAILABLE_KINDS if not after.flag(kind))
        return switched_off(before, after) if self._remove_items and not items else ()


def _freed(results: Sequence[LineResult]) -> set[str]:
    return {
        result.before.mailbox.lower()
        for result in results
        if result.before and result.after and result.before.mailbox.lower() != result.after.mailbox.lower()
    }


def _waits_for(freed: set[str], result: LineResult) -> bool:
    taken = result.refusal is not None and result.refusal.code == "mailbox-taken"
    return taken and result.line.cells.get(MAILBOX, "").lower() in freed

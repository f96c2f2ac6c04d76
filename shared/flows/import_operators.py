"""Many operators at once, line by line: each line is done or refused for itself, and says what it changed.

A line may be repeated at will: what is done already changes nothing. Lines run side by side. One that wants a mailbox which
another line gives up is tried again after that; those who exchange their mailboxes among them do so all at once.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from shared.errors import Invalid, SyncError, Transient
from shared.flows.audit import Entry, recorded
from shared.flows.gathered_rows import GatheredRows
from shared.flows.mailbox_claims import ensure_mailbox_is_free, operators_of_mailbox
from shared.flows.operator_row import OPERATOR_ID as OPERATOR
from shared.flows.operator_row import PARTITION, TABLE, read_operator
from shared.flows.operators import change_operator, check_operator, known_connections, remove_items_of
from shared.flows.side_by_side import side_by_side
from shared.flows.swap_mailboxes import MOST, rings_of, swap_mailboxes
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator
from shared.model.operator_change import changes_between, operator_after, switched_off, unknown_connection
from shared.model.operator_table import CONNECTION, ITEMS, MAILBOX, OPERATOR_ID, OperatorLine
from shared.ports import World

_ATTEMPTS = 3
_ACTION = "import_one_operator"
"""What the audit calls a line, beside the call that had it."""
_AT_ONCE = 64
"""Lines that are worked on at once: so many writes may go together."""
_MANY = 20
"""Lines whose operators are worth a query, which may read others between them."""


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
    known = await known_connections(world.rows)
    # Many lines write to few partitions, so what they write goes together.
    rows = GatheredRows(world.rows)
    if len(names := {line.operator_id for line in lines if OPERATOR.fullmatch(line.operator_id)}) >= _MANY:
        await rows.read_ahead(TABLE, PARTITION, names)
    work = _Import(replace(world, rows=rows), known, by=by, remove_items=remove_items, dry_run=dry_run)
    results = await side_by_side(work.line, lines, limit=_AT_ONCE)
    while freed := _freed(results) - work.free:
        work.free |= freed
        for at, result in enumerate(results):
            if _waits_for(freed, result):
                results[at] = await work.line(result.line)
    for ring in await work.rings(results):
        for at, result in zip(ring, await work.swap([results[at].line for at in ring]), strict=True):
            results[at] = result
    return results


class _Import:
    """One run. `free`: the addresses that lines of it gave up, or would."""

    def __init__(self, world: World, known: Collection[str], *, by: str, remove_items: bool, dry_run: bool) -> None:
        self.free: set[str] = set()
        self._world = world
        self._known = known
        self._by = by
        self._remove_items = remove_items
        self._dry_run = dry_run

    async def line(self, line: OperatorLine) -> LineResult:
        """Do one line, or only look what it would do."""
        if line.refusal:
            return LineResult(line, refusal=line.refusal)
        try:
            line = line if line.operator_id else await self._with_id(line)
            if self._dry_run:
                return await self._look(line)
            async with await self._recorded(line):
                return await self._do(line)
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
        after = self._decided(line, before)
        if after != before and after.mailbox.lower() not in self.free:
            await ensure_mailbox_is_free(self._world, after)
        return await self._done(line, before, after)

    async def rings(self, results: Sequence[LineResult]) -> list[list[int]]:
        """The lines that exchange their mailboxes among them: each was refused for that of the next."""
        taken = [at for at, result in enumerate(results) if _is_taken(result)]
        holders: dict[str, int] = {}
        for at in taken:
            before, _ = await read_operator(self._world.rows, results[at].line.operator_id)
            if before is not None and not before.removed:
                holders[before.mailbox.lower()] = at
        wanted = {at: _mailbox(results[at]) for at in taken}
        rings = rings_of({at: holders[address] for at, address in wanted.items() if address in holders})
        return [ring for ring in rings if len(ring) <= MOST]

    async def swap(self, lines: Sequence[OperatorLine]) -> list[LineResult]:
        """Do all of these lines at once, or none; or only look what they would do."""
        decisions = {line.operator_id: partial(self._decided, line) for line in lines}
        try:
            async with AsyncExitStack() as entries:
                for line in lines:
                    await entries.enter_async_context(await self._recorded(line))
                swapped = await swap_mailboxes(self._world, decisions, dry_run=self._dry_run)
                done = zip(lines, swapped, strict=True)
                return [await self._done(line, each.before, each.after) for line, each in done]
        except SyncError as error:
            return [LineResult(line, refusal=error) for line in lines]

    def _decided(self, line: OperatorLine, before: Operator | None) -> Operator:
        after = operator_after(line, before)
        check_operator(after, unknown_connection(before, after, self._known))
        return after

    async def _recorded(self, line: OperatorLine) -> AbstractAsyncContextManager[None]:
        """The audit's entry of what a line is about to change."""
        before, _ = await read_operator(self._world.rows, line.operator_id)
        after = self._decided(line, before)
        changed = ", ".join(changes_between(before, after))
        if self._dry_run or not (changed or self._to_remove(line, before, after)):
            return nullcontext()
        return recorded(self._world, Entry(self._by, _ACTION, line.operator_id, {"changed": changed}))

    async def _do(self, line: OperatorLine) -> LineResult:
        seen: list[Operator | None] = []

        def decide(before: Operator | None) -> Operator:
            seen.append(before)
            return self._decided(line, before)

        for left in reversed(range(_ATTEMPTS)):
            try:
                _, after = await change_operator(self._world, line.operator_id, decide)
                # What the first attempt saw counts: a later one may find its own work.
                return await self._done(line, seen[0], after)
            except Transient:
                if not left:
                    raise
        raise AssertionError

    async def _done(self, line: OperatorLine, before: Operator | None, after: Operator) -> LineResult:
        removed = self._to_remove(line, before, after)
        if not self._dry_run:
            await remove_items_of(self._world, after, removed)
        return LineResult(line, before, after, removed)

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
    return _is_taken(result) and _mailbox(result) in freed


def _is_taken(result: LineResult) -> bool:
    return result.refusal is not None and result.refusal.code == "mailbox-taken"


def _mailbox(result: LineResult) -> str:
    return result.line.cells.get(MAILBOX, "").lower()

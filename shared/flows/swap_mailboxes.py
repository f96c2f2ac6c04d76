"""Operators who exchange their mailboxes among them: none can go first, so they are changed all at once, or not at all.

All claims are one transaction and all operators another (each is one partition). A crash between the two leaves claims that
lapse, one after them claims that nobody stands by: as for one operator, in `mailbox_claims.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.errors import Conflict, Invalid, Transient, Unclear
from shared.flows.mailbox_claims import claim_mailboxes, ensure_mailbox_is_free, give_mailbox_up
from shared.flows.operator_row import PARTITION, TABLE, operator_columns, read_operator
from shared.flows.operators import being_changed, check_operator, set_going
from shared.model.operator import Operator
from shared.ports import Replace, Row, Rows, World

MOST = 100
"""Operators who can be changed at once: the writes of a transaction. PROTOCOL 18."""
_ATTEMPTS = 5

type Decide = Callable[[Operator | None], Operator]


@dataclass(frozen=True, slots=True)
class Swapped:
    """One of the operators, as he was and as he is."""

    before: Operator
    after: Operator
    row: Row


async def swap_mailboxes(world: World, decisions: Mapping[str, Decide], *, dry_run: bool = False) -> list[Swapped]:
    """Make of each operator what is decided for him; each takes the mailbox that another of them gives up.

    Raises what `change_operator` does, and Transient where one of them is being changed elsewhere.
    """
    begun = world.now()
    for _ in range(_ATTEMPTS):
        swapped = [await _decided(world.rows, name, decide) for name, decide in decisions.items()]
        after = [each.after for each in swapped]
        if dry_run:
            for operator in after:
                await ensure_mailbox_is_free(world, operator, leaving=decisions)
            return swapped
        if await claim_mailboxes(world, after) and await _store(world.rows, swapped):
            for each in swapped:
                await give_mailbox_up(world.rows, each.before, since=begun)
                await set_going(world, each.before, each.after)
            return swapped
    raise being_changed(" or ".join(decisions))


def rings_of(onward: Mapping[int, int]) -> list[list[int]]:
    """Those that lead from one to the next and back to the first, of all who lead to one other."""
    rings: list[list[int]] = []
    seen: set[int] = set()
    for at in onward:
        path: list[int] = []
        while at in onward and at not in seen:
            seen.add(at)
            path.append(at)
            at = onward[at]
        if at in path:
            rings.append(path[path.index(at) :])
    return rings


async def _decided(rows: Rows, operator_id: str, decide: Decide) -> Swapped:
    before, row = await read_operator(rows, operator_id)
    wanted = decide(before)
    check_operator(wanted)
    if before is None or row is None:
        raise Invalid("operator-unknown", f"there is no operator {operator_id}")
    return Swapped(before, replace(wanted, mailbox_key=before.mailbox_key, removed=False), row)


async def _store(rows: Rows, swapped: Sequence[Swapped]) -> bool:
    """Write them all, unless somebody else changed one of them since it was read; then False."""
    writes = [Replace(each.after.id, operator_columns(each.after), each.row.etag) for each in swapped]
    try:
        await rows.transact(TABLE, PARTITION, writes)
    except Conflict:
        return False
    except Unclear as unclear:
        raise Transient("storage-unavailable", "a write was not acknowledged; repeat the request") from unclear
    return True

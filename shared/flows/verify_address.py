"""What the directory says of an operator's address: whether it is known, the primary one, and of a mailbox.

It is asked in the operator's own name; where that mailbox does not open, in the name of a neighbour on the same
connection, since a distribution list or a misprint has no mailbox to ask by.
"""

from collections.abc import Sequence
from dataclasses import replace

from shared.errors import SyncError
from shared.flows.mailbox_claims import holder_of
from shared.flows.operators import list_operators
from shared.model.exchange import Mailbox, Resolved
from shared.model.operator import AVAILABLE_KINDS, Operator
from shared.model.rules import is_shut
from shared.model.verification import Check, entry_of, judge_entries, not_told
from shared.ports import World

type _Judged = tuple[tuple[Check, Check, Check], str]
_NEIGHBOURS = 20
_WITNESSES = 2


async def verify_address(world: World, operator: Operator, mailbox: Mailbox, access: Check) -> _Judged:
    """The three checks, and the primary address where the given one is its alias. `access`: how the mailbox opened."""
    if access.ok:
        askers = [mailbox]
    elif is_shut(access.code):
        askers = await _neighbours(world, operator, mailbox)
    else:
        return _unasked("Exchange could not be asked"), ""
    why = "no other mailbox of this connection is known by which the directory could be asked"
    for asker in askers:
        try:
            return await _judged(world, operator, await world.exchange.resolve(asker, operator.mailbox))
        except SyncError as wrong:
            why = f"the directory could not be asked: {wrong.code}"
    return _unasked(why), ""


async def _judged(world: World, operator: Operator, entries: Sequence[Resolved]) -> _Judged:
    entry = entry_of(operator.mailbox, entries)
    if entry is None or entry.address.casefold() == operator.mailbox.casefold():
        return judge_entries(operator.mailbox, entries), ""
    taken = await holder_of(world, replace(operator, mailbox=entry.address))
    return judge_entries(operator.mailbox, entries, primary_taken=taken), entry.address


def _unasked(why: str) -> tuple[Check, Check, Check]:
    return not_told("address", why), not_told("primary", why), not_told("mailbox", why)


async def _neighbours(world: World, operator: Operator, mailbox: Mailbox) -> list[Mailbox]:
    """A few other mailboxes of the same connection: those next by id, the ones that are switched on first."""
    after = (await list_operators(world.rows, after=operator.id, limit=_NEIGHBOURS)).operators
    first = (await list_operators(world.rows, limit=_NEIGHBOURS)).operators
    others = [each for each in (*after, *first) if each.id != operator.id and each.connection == operator.connection]
    others.sort(key=lambda each: not any(each.flag(kind) for kind in AVAILABLE_KINDS))
    addresses = dict.fromkeys(each.mailbox for each in others)
    return [replace(mailbox, address=address) for address in addresses][:_WITNESSES]

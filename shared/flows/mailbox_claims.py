"""A mailbox belongs to one operator: claim it before the operator is written, give it up when he has another.

One row per address holds the claims of all operators on it, under one etag: an operator whose connection Autodiscover
finds may meet any of the others, so they must not be claimed apart. A claim counts for the first minute as it stands;
after that its operator's own row is the truth, so what a crash left behind keeps nobody out and lets nobody in.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import Conflict, Invalid, Unclear
from shared.flows.operator_row import TABLE, read_operator
from shared.model.keys import hashed
from shared.model.operator import Operator, may_be_one_mailbox
from shared.ports import Delete, Insert, Replace, Row, Rows, World, Write

_PARTITION = "mailbox"
_STANDS = timedelta(minutes=1)
"""How long a claim counts before its operator is written: the time between two writes, amply."""
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class _Claim:
    connection: str
    at: datetime


type _Claims = Mapping[str, _Claim]
"""By operator id."""


async def claim_mailbox(world: World, operator: Operator) -> bool:
    """Take the mailbox for this operator; False where somebody else claims the address at this moment.

    Claims that nobody stands by any more are dropped. Raises Invalid("mailbox-taken"), which names the other operator.
    """
    kept, row = await _with_own(world, operator)
    return await _write(world.rows, [_change(operator.mailbox, kept, row)])


async def claim_mailboxes(world: World, operators: Sequence[Operator]) -> bool:
    """Take the mailboxes for all of these operators or for none; what one of them has now is no hindrance to another.

    The caller writes them all at once. False and raises as `claim_mailbox`.
    """
    leaving = frozenset(operator.id for operator in operators)
    changes = []
    for operator in operators:
        kept, row = await _with_own(world, operator, leaving)
        changes.append(_change(operator.mailbox, kept, row))
    return await _write(world.rows, changes)


async def ensure_mailbox_is_free(world: World, operator: Operator, *, leaving: Collection[str] = ()) -> None:
    """Raise what `claim_mailbox` would, and write nothing. `leaving`: operators who give up what they have."""
    await _with_own(world, operator, leaving)


async def operators_of_mailbox(rows: Rows, address: str) -> tuple[Operator, ...]:
    """Who has the address: more than one only by connections that are named apart."""
    claims, _ = await _read(rows, address)
    found = [(await read_operator(rows, name))[0] for name in claims]
    return tuple(each for each in found if each and not each.removed and each.mailbox.lower() == address.lower())


async def _with_own(world: World, operator: Operator, leaving: Collection[str] = ()) -> tuple[_Claims, Row | None]:
    """The claims that stand, with this operator's, and the row of the address."""
    claims, row = await _read(world.rows, operator.mailbox)
    kept = {operator.id: _Claim(operator.connection, world.now())}
    for name, claim in claims.items():
        if name == operator.id:
            continue
        connections = await _connections(world, name, claim, operator.mailbox)
        for connection in connections:
            if name not in leaving and may_be_one_mailbox(connection, operator.connection):
                raise Invalid("mailbox-taken", _words(operator, name, connection))
        if connections:
            kept[name] = claim
    return kept, row


async def give_mailbox_up(rows: Rows, operator: Operator, *, since: datetime) -> None:
    """Withdraw the claim of an operator who had this mailbox until `since`; not one that was made after that."""
    for _ in range(_ATTEMPTS):
        claims, row = await _read(rows, operator.mailbox)
        kept = {name: claim for name, claim in claims.items() if name != operator.id or claim.at > since}
        if kept == claims or await _write(rows, [_change(operator.mailbox, kept, row)]):
            return
    # It is left lying: after a minute it counts no more, and who claims the address next clears it away.


async def holder_of(world: World, operator: Operator) -> str:
    """In words, which other operator has the mailbox that this one names; empty for none. Writes nothing."""
    claims, _ = await _read(world.rows, operator.mailbox)
    for name, claim in claims.items():
        for connection in await _connections(world, name, claim, operator.mailbox) if name != operator.id else ():
            if may_be_one_mailbox(connection, operator.connection):
                return _words(operator, name, connection)
    return ""


async def claimed_by(rows: Rows, address: str) -> list[str]:
    """The operators, not removed, whose mailbox has this address."""
    claims, _ = await _read(rows, address)
    operators = [(await read_operator(rows, name))[0] for name in claims]
    return [each.id for each in operators if each and not each.removed and each.mailbox.lower() == address.lower()]


async def _connections(world: World, name: str, claim: _Claim, address: str) -> set[str]:
    """By which connections an operator has this address, or is about to: none for a claim that was left behind."""
    other, _ = await read_operator(world.rows, name)
    about_to = {claim.connection} if world.now() - claim.at < _STANDS else set()
    if other is None or other.removed or other.mailbox.lower() != address.lower():
        return about_to
    return about_to | {other.connection}


def _words(operator: Operator, other: str, connection: str) -> str:
    by = (
        ""
        if connection == operator.connection
        else f' by the connection "{connection}", which may lead to the same one'
    )
    return f"{operator.mailbox} belongs to operator {other}{by}: change or delete that one first"


async def _read(rows: Rows, address: str) -> tuple[dict[str, _Claim], Row | None]:
    row = await rows.get(TABLE, _PARTITION, hashed(address.lower()))
    stored = json.loads(str(row.values["claims"])) if row else {}
    return {name: _Claim(connection, datetime.fromisoformat(at)) for name, (connection, at) in stored.items()}, row


async def _write(rows: Rows, changes: Sequence[Write]) -> bool:
    """Whether the claims are stored; False also for an unclear answer: look again."""
    try:
        await rows.transact(TABLE, _PARTITION, changes)
    except (Conflict, Unclear):
        return False
    return True


def _change(address: str, claims: _Claims, row: Row | None) -> Write:
    key = hashed(address.lower())
    text = json.dumps({name: (claim.connection, claim.at.isoformat()) for name, claim in claims.items()})
    if row is None:
        return Insert(key, {"claims": text})
    return Replace(key, {"claims": text}, row.etag) if claims else Delete(key, row.etag)

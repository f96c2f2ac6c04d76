"""Hold a collection for work that asks nothing of Exchange: to take items out, while no sync can write to it.

Whoever synchronises it meanwhile is fenced out, and nobody's wish is lost: it is served as soon as the hold ends. What was
taken out is told as any other news is.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.flows.advances import tell_advance
from shared.flows.claim import Claim
from shared.flows.email.leaving import load_leaving
from shared.flows.email.resume import load_failing
from shared.flows.email.run import EmailRules, Run
from shared.flows.head import HEAD, TABLE, WANTED
from shared.model.collection import Phase, States
from shared.model.exchange import Mailbox
from shared.model.keys import collection_key
from shared.model.operator import Kind, Operator
from shared.ports import COLLECTIONS_QUEUE, World


class Busy(Exception):
    """Somebody synchronises the collection just now: come again in a moment."""


@asynccontextmanager
async def hold(world: World, operator: Operator, *, deadline: datetime, job: str) -> AsyncIterator[Run | None]:
    """The operator's email in our hands; None where nothing was ever synchronised. Raises Busy, and LeaseLost as it goes."""
    key = collection_key(operator.mailbox_key, Kind.EMAIL)
    if await world.rows.get(TABLE, key, HEAD) is None:
        yield None
        return
    claim = Claim(world, key, world.new_id())
    now = world.now()
    if not await claim.take(now, job=job):
        raise Busy(key)
    known = claim.head.visible_news
    await claim.commit(**_without_intent(claim))
    run = Run(world, claim, Mailbox(operator.mailbox, operator.connection), EmailRules(), now, deadline)
    await load_leaving(run)
    await load_failing(run)
    yield run
    await tell_advance(world, operator, Kind.EMAIL, claim.head, known)
    await _let_go(claim, operator)


def _without_intent(claim: Claim) -> dict[str, Any]:
    """A page that was begun and not finished needs Exchange to go on: its folders are drained instead, which comes to the
    same. This first commit is also what fences out a worker that has read the collection without claiming it."""
    if claim.head.intent is None:
        return {}
    drained = (
        replace(folder, phase=Phase.DRAIN, sync_state=None, drain_state=None, unseen=None)
        for folder in claim.head.states.folders
    )
    return {"intent": None, "states": States(tuple(drained))}


async def _let_go(claim: Claim, operator: Operator) -> None:
    """Whoever came for it meanwhile was sent away, in the belief that the holder serves his wish."""
    rows = claim.world.rows
    wanted = await rows.get(TABLE, claim.key, WANTED)
    if (wanted is None or "at" not in wanted.values) and await claim.release():
        return
    await claim.set_aside()
    await claim.world.queues.send(COLLECTIONS_QUEUE, {"operator_id": operator.id, "kind": Kind.EMAIL.value})

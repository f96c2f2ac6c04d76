"""Bring one collection up to date: what the collections queue asks for. DESIGN 4, step 4.

Known failures never raise: they are noted in the head, and the collection is enqueued again after a pause. The truth
is what Exchange says since the stored sync state; who asked, and how often, does not matter.
"""

import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial

from shared.errors import LeaseLost, Permanent, SyncError
from shared.flows.advances import tell_advance
from shared.flows.claim import Claim
from shared.flows.email.bring_up_to_date import bring_up_to_date, remove_everything
from shared.flows.email.run import EmailRules, OutOfTime, Run
from shared.flows.failing_items import close_failing_items, list_failing_items
from shared.flows.failure_index import (
    bring_in_line,
    close_failure,
    listing_time,
    listing_time_after_success,
    newest_ids,
    now_wrong,
)
from shared.flows.keep_subscription import subscribe_again
from shared.flows.operators import find_operator
from shared.flows.pauses import holds_back
from shared.flows.settings_document import in_force, settings_in_force
from shared.flows.whereabouts import doubt, mailbox_of
from shared.model.collection import Trouble
from shared.model.configuration import Configuration
from shared.model.due import circumstances, is_paused
from shared.model.exchange import Mailbox
from shared.model.forgotten import Forgotten
from shared.model.keys import collection_key
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator
from shared.model.people import compared
from shared.model.rules import PROBE_EVERY, KeepRules, is_shut, is_suspended, lasting, lower, pause_after
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, World

log = logging.getLogger(__name__)
_STUBBORN_AFTER = 3


async def sync_collection(world: World, operator_id: str, kind: Kind, *, budget: timedelta, job: str = "") -> str:
    """Synchronise until nothing is wanted any more, or the budget is spent. The outcome in one word, for the log.

    A busy collection is its holder's to go round with again. `job` names the message that is served: a holder that had
    the same one has failed, or it would not have come again, and does not keep us out until its lease ends.
    """
    operator = await find_operator(world.rows, operator_id)
    if operator is None or kind not in AVAILABLE_KINDS:
        return "unknown"
    if await holds_back(world, operator, kind):
        return "paused"
    claim = Claim(world, collection_key(operator.mailbox_key, kind), world.new_id())
    if not await claim.take(world.now(), job=job):
        return "busy"
    known = claim.head.visible_news
    try:
        return await _serve(world, claim, operator, kind, budget)
    except LeaseLost:
        return "overtaken"
    finally:  # what was committed is there, whatever came after it
        await tell_advance(world, operator, kind, claim.head, known)


async def _serve(world: World, claim: Claim, operator: Operator, kind: Kind, budget: timedelta) -> str:
    again = {"operator_id": operator.id, "kind": kind.value}
    try:
        return await _run(world, claim, operator, kind, budget)
    except OutOfTime:
        before = claim.head
        listed_at = listing_time_after_success(before, world.now())
        await claim.set_aside(trouble=None, retry_at=None, listed_at=listed_at)
        await bring_in_line(world, operator, kind, before, claim.head)
        await world.queues.send(COLLECTIONS_QUEUE, again)
        return "continued"
    except SyncError as failure:
        pause = await _note(claim, operator, kind, failure)
        await doubt(world, operator, failure)
        await world.queues.send(COLLECTIONS_QUEUE, again, delay=pause)
        log.warning("%s of %s fails: %s (%s)", kind.value, operator.id, failure, failure.request_id or "no request")
        return "failed"
    except LeaseLost:
        raise
    except Exception as unknown:
        # Not ours to handle, but status must not be silent about it: the queue repeats it and then keeps it as poison.
        await _note(claim, operator, kind, Permanent("internal-error", type(unknown).__name__), resting=False)
        raise


async def _run(world: World, claim: Claim, operator: Operator, kind: Kind, budget: timedelta) -> str:
    now_in_force = await in_force(world)
    configuration = now_in_force.configuration
    deadline = world.now() + budget
    is_on = configuration.email.enabled and operator.flag(kind)
    under = circumstances(configuration, operator)
    await _forget_listed(claim, operator, kind)
    if is_on:
        await list_failing_items(claim, operator, kind)
    found = claim.head
    while True:
        begun = world.now()
        run = Run(world, claim, Mailbox(operator.mailbox, operator.connection), EmailRules(), begun, deadline)
        run.is_held_back = partial(holds_back, replace(world, pauses=None), operator, kind)
        run.stubborn = claim.head.trouble is not None and claim.head.trouble.count >= _STUBBORN_AFTER
        if claim.remove_items:
            await remove_everything(run)
        elif not is_on:
            pass
        elif is_paused(claim.head, world.now(), under) and not claim.at_once:
            await claim.set_aside()
            return "paused"
        else:
            claim.carry(retry_at=None, rests_under=under)
            run.mailbox = await mailbox_of(world, operator, configuration)
            run.rules = email_rules(configuration, run.mailbox, now_in_force.forgotten)
            await bring_up_to_date(run)
            if run.folders_changed:
                await world.queues.send(SHARDS_QUEUE, {"task": "subscription", "operator_id": operator.id})
            if claim.at_once or (claim.head.trouble is not None and is_shut(claim.head.trouble.code)):
                await subscribe_again(world, operator)
            if claim.released:
                return "done"
            await list_failing_items(claim, operator, kind, begun=found)
            before = claim.head
            if await claim.release(**run.closing):
                await bring_in_line(world, operator, kind, before, claim.head)
                return "done"
            run.check_time()
            continue
        await close_failing_items(claim, operator, kind)
        if await claim.release(trouble=None, retry_at=None, failed_listed=0):
            if claim.head.listed_at is not None:
                await close_failure(world, operator.mailbox_key, kind)
            return "off"


async def _forget_listed(claim: Claim, operator: Operator, kind: Kind) -> None:
    """Remove what a crash left of a trouble that is over from the list of failures; the next commit stores that."""
    if claim.head.listed_at is not None and now_wrong(claim.head, claim.world.now()) is None:
        await close_failure(claim.world, operator.mailbox_key, kind)
        claim.carry(listed_at=None)


async def _note(claim: Claim, operator: Operator, kind: Kind, failure: SyncError, *, resting: bool = True) -> timedelta:
    """Keep the failure in the head, and in the list of failures: since when, how often, until when the collection rests."""
    now = claim.world.now()
    before = claim.head
    old = claim.head.trouble
    count = 1 if old is None else old.count + 1
    alike = 1 if old is None or old.code not in (failure.code, lasting(failure.code, old.alike)) else old.alike + 1
    since = now if old is None else old.since
    code = lasting(failure.code, alike)
    pause = pause_after(count, failure.retry_after, shut=alike if is_shut(code) else 0)
    shut_since = (old.shut_since if old else None) or (now if is_shut(code) else None)
    ids = newest_ids(failure, () if old is None else old.request_ids)
    trouble = Trouble(code, failure.detail, since, now, count, alike, failure.exchange_code, ids, shut_since)
    if shut_since and is_suspended(trouble, (await settings_in_force(claim.world)).operators.suspend_after_days, now):
        pause = PROBE_EVERY
    listed_at = listing_time(now_wrong(before, now), before.listed_at, trouble, now)
    await claim.rest(trouble=trouble, retry_at=now + pause if resting else None, listed_at=listed_at)
    await bring_in_line(claim.world, operator, kind, before, claim.head)
    return pause


def email_rules(configuration: Configuration, mailbox: Mailbox, forgotten: Forgotten) -> EmailRules:
    """The settings that this mailbox's email sync works by, and whose mail is kept out."""
    email = configuration.email
    return EmailRules(
        folders=email.folders,
        exclude_folders=email.exclude_folders,
        batch_size=configuration.connections[mailbox.connection].batch_size,
        window_days=email.sync_from_days,
        keep=KeepRules(
            lower(email.skip_sensitivity),
            frozenset(map(compared, email.exclude_addresses)),
            frozenset(map(compared, email.exclude_domains)),
            email.exclude_category.strip().lower(),
            frozenset(map(compared, email.internal_domains)),
            forgotten.fingerprints,
        ),
        remove_left=email.on_leave == "remove",
        remove_deleted=email.on_delete == "remove",
        attachment_bytes=configuration.attachments.max_mb * 1024 * 1024,
        kept_days=configuration.retention.email_days,
    )

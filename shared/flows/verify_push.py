"""Whether Exchange reaches our listener for a mailbox: a subscription's first status event must arrive. PROTOCOL 4.5.

A mailbox that is synchronised shows it by its own subscription, which is made if there is none. One that is off is
given a probe: a subscription that the listener ends with its first word, so nothing of it stays on the server.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from shared.errors import Permanent, SyncError
from shared.flows.keep_subscription import keep_subscription, listener_url, subscribe_again
from shared.flows.receive_notification import write
from shared.flows.status import noted_failure
from shared.flows.subscription_row import KEY, TABLE, read_subscription
from shared.model.configuration import Configuration
from shared.model.exchange import Mailbox
from shared.model.operator import AVAILABLE_KINDS, Operator
from shared.model.subscription import Subscription, is_live
from shared.model.switches import why_off
from shared.model.verification import Check, not_told
from shared.ports import Touch, Value, World

NAME = "push"
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_FREQUENCY_MINUTES = 1
"""Of a probe: should its end not reach Exchange, the next status event brings it."""


async def verify_push(
    world: World,
    configuration: Configuration,
    operator: Operator,
    mailbox: Mailbox,
    *,
    inbox: str,
    patience: timedelta,
) -> Check:
    """Wait for a word of Exchange's, at most `patience`. A server that has no push is polled, which is no fault."""
    if configuration.notifications.mode == "poll":
        return not_told(NAME, "notifications.mode is poll: Exchange is asked, and reaches nobody")
    try:
        if any(not why_off(configuration, operator, kind) for kind in AVAILABLE_KINDS):
            return await _by_its_own(world, operator, patience)
        return await _by_a_probe(world, configuration, operator, mailbox, inbox, patience)
    except Permanent as refused:
        return not_told(NAME, f"this server refuses push, so the mailbox is polled: {refused.detail}")
    except SyncError as failure:
        return Check(NAME, False, failure.detail, failure.code)


async def _by_its_own(world: World, operator: Operator, patience: timedelta) -> Check:
    subscription, _ = await read_subscription(world.rows, operator.mailbox_key)
    if not _is_heard(world, subscription):
        await subscribe_again(world, operator)
        await keep_subscription(world, operator.id)
        subscription = await _until(
            world, operator, lambda seen: _is_heard(world, seen) or bool(seen and seen.failure), patience
        )
    if subscription is not None and _is_heard(world, subscription):
        return Check(NAME, True, f"Exchange was heard at {subscription.last_heard:%Y-%m-%dT%H:%M:%SZ}")
    noted = noted_failure(subscription)
    if noted is None:
        return _silence(patience)
    if noted["code"] == "operation-not-supported":
        return not_told(NAME, f"this server refuses push, so the mailbox is polled: {noted['detail']}")
    return Check(NAME, False, noted["detail"], noted["code"])


async def _by_a_probe(
    world: World, configuration: Configuration, operator: Operator, mailbox: Mailbox, inbox: str, patience: timedelta
) -> Check:
    """Have the listener's own row say that it was reached: only Exchange is told the URL with this mailbox's key."""
    url = await listener_url(world, configuration, operator)
    before, _ = await read_subscription(world.rows, operator.mailbox_key)
    heard_before = before.early_at if before else None
    probing: dict[str, Value] = {
        "operator_id": operator.id,
        "probing_until": world.now() + patience + timedelta(minutes=1),
    }
    await write(world.rows, TABLE, operator.mailbox_key, Touch(KEY, probing))
    await world.exchange.subscribe(mailbox, [inbox], url=url, frequency_minutes=_FREQUENCY_MINUTES)
    heard = await _until(world, operator, lambda seen: seen is not None and seen.early_at != heard_before, patience)
    if heard is None or heard.early_at is None or heard.early_at == heard_before:
        return _silence(patience)
    return Check(NAME, True, f"a probe's status event arrived at {heard.early_at:%Y-%m-%dT%H:%M:%SZ}")


def _is_heard(world: World, subscription: Subscription | None) -> bool:
    return subscription is not None and subscription.last_heard is not None and is_live(subscription, world.now())


def _silence(patience: timedelta) -> Check:
    waited = f"nothing of Exchange's came within {patience.total_seconds():g} s of Subscribe"
    return Check(NAME, False, waited, "push-not-arriving")


async def _until(
    world: World, operator: Operator, holds: Callable[[Subscription | None], bool], patience: timedelta
) -> Subscription | None:
    """The mailbox's row once it holds, or as it is when patience is at its end."""
    pause, left = _FIRST_PAUSE, patience.total_seconds()
    subscription, _ = await read_subscription(world.rows, operator.mailbox_key)
    while not holds(subscription) and left > 0:
        await asyncio.sleep(min(pause, left))
        pause, left = min(pause * 1.5, _LONGEST_PAUSE), left - pause
        subscription, _ = await read_subscription(world.rows, operator.mailbox_key)
    return subscription

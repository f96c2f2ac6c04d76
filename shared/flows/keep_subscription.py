"""Keep one push subscription per mailbox alive, over the folders of the kinds that are on. DESIGN 4, step 1.

A fresh Subscribe without watermark, then a sync of the collections: that covers any gap. PROTOCOL 4.6.
"""

import hashlib
import json
import logging
from dataclasses import replace
from datetime import datetime, timedelta

from shared.errors import Conflict, Permanent, Reconfigure, SyncError, Transient, Unclear
from shared.flows.failure_index import SUBSCRIPTION, close_failure, list_failure, listing_time, newest_ids
from shared.flows.head import read_head
from shared.flows.operators import DUE, due_partition, find_operator
from shared.flows.receive_notification import want, write
from shared.flows.settings_document import read_settings, settings_in_force
from shared.flows.subscription_row import (
    KEY,
    TABLE,
    note_of,
    noted_trouble,
    read_subscription,
    subscription_columns,
)
from shared.flows.whereabouts import mailbox_of
from shared.model.collection import Trouble
from shared.model.configuration import Configuration
from shared.model.due import RETRY, circumstances
from shared.model.exchange import Mailbox
from shared.model.keys import collection_key, listener_key
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator
from shared.model.rules import PROBE_EVERY, is_shut, is_suspended, lasting, pause_after
from shared.model.subscription import Subscription, is_live, next_look
from shared.ports import SHARDS_QUEUE, Insert, Merge, Replace, Row, Touch, Value, World

log = logging.getLogger(__name__)
_ATTEMPTS = 8
_SUBSCRIBING = timedelta(minutes=2)
_NOT_SUPPORTED = timedelta(days=1)
"""When to ask again a server that has no push: the mailbox is polled meanwhile."""
_WELL_KNOWN = ("inbox", "sentitems")
SECRET = "listener-key"


async def keep_subscription(world: World, operator_id: str) -> datetime | None:
    """Make, renew or end the subscription of an operator's mailbox; when to look again, None when there is none to keep.

    A failure is noted in the row for status, never raised: the collections are polled meanwhile.
    """
    operator = await find_operator(world.rows, operator_id)
    if operator is None:
        return None
    subscription, row = await read_subscription(world.rows, operator.mailbox_key)
    configuration, _ = await read_settings(world.rows)
    kinds = [kind for kind in AVAILABLE_KINDS if operator.flag(kind)]
    now = world.now()
    if subscription is not None and subscription.listed_at is not None and not subscription.failure:
        subscription, row = await _forget_listed(world, operator, subscription, row)
    if not kinds or not configuration.email.enabled or configuration.notifications.mode != "push":
        ended = await _end(world, operator, subscription, row)
        return now + RETRY if kinds or not ended else None
    if subscription is not None and subscription.subscribing_until and subscription.subscribing_until > now:
        return subscription.subscribing_until
    under = circumstances(configuration, operator)
    rests_until = subscription.retry_at if subscription and subscription.rests_under == under else None
    if rests_until is not None and rests_until > now:
        return rests_until
    old = subscription or Subscription(operator_id)
    try:
        again = await _renew(world, configuration, operator, kinds, old, row)
        return again if await _is_still_on(world, operator) else None
    except (Conflict, Unclear):
        return now + timedelta(minutes=1)
    except SyncError as failure:
        return await _note_failure(world, operator, failure, under)


async def subscribe_again(world: World, operator: Operator) -> None:
    """Ask for push at once where it was refused, whatever the pause: the mailbox has shown that it is open to us."""
    subscription, _ = await read_subscription(world.rows, operator.mailbox_key)
    if subscription is None or not subscription.failure:
        return
    await write(world.rows, TABLE, operator.mailbox_key, Merge(KEY, {"retry_at": world.now()}))
    await world.queues.send(SHARDS_QUEUE, {"task": "subscription", "operator_id": operator.id})


async def _renew(
    world: World,
    configuration: Configuration,
    operator: Operator,
    kinds: list[Kind],
    old: Subscription,
    row: Row | None,
) -> datetime | None:
    now = world.now()
    url = await listener_url(world, configuration, operator)
    mailbox = await mailbox_of(world, operator, configuration)
    folders = await _folders(world, operator, mailbox)
    frequency = configuration.notifications.frequency_minutes
    made_with = json.dumps([sorted(folders), url, frequency, mailbox.address, mailbox.connection, mailbox.url])
    scope = hashlib.sha256(made_with.encode()).hexdigest()[:32]
    if is_live(old, now) and old.scope == scope:
        return next_look(old)
    claimed = replace(old, operator_id=operator.id, kinds=" ".join(kinds), subscribing_until=now + _SUBSCRIBING)
    await _write(world, operator, claimed, row)
    made = await world.exchange.subscribe(mailbox, folders, url=url, frequency_minutes=frequency)
    new = Subscription(
        operator.id,
        made.id,
        made.watermark,
        scope,
        claimed.kinds,
        frequency,
        created_at=world.now(),
        listed_at=old.listed_at,
    )
    # Asked for before the answer is stored: whoever dies in between subscribes anew, and no gap goes unseen.
    for kind in kinds:
        await want(world, collection_key(operator.mailbox_key, kind), operator.id, kind)
    if not old.subscription_id or old.last_heard is not None:
        await _store_answer(world, operator, new)
        return next_look(new)
    # The last one was never heard of: where Exchange cannot reach us, each new one is only one more on its server.
    silent = replace(new, attempts=old.attempts + 1)
    await _store_answer(world, operator, silent)
    return max(next_look(silent) or now, now + pause_after(silent.attempts, None))


async def _is_still_on(world: World, operator: Operator) -> bool:
    """Whether the operator was not switched off while Subscribe was under way; else the new subscription ends too."""
    current = await find_operator(world.rows, operator.id)
    if current is not None and any(current.flag(kind) for kind in AVAILABLE_KINDS):
        return True
    await _end(world, operator, *await read_subscription(world.rows, operator.mailbox_key))
    return False


async def _store_answer(world: World, operator: Operator, new: Subscription) -> None:
    """Store a subscription that was made, with what the listener heard of it before its id was known."""
    for _ in range(_ATTEMPTS):
        current, row = await read_subscription(world.rows, operator.mailbox_key)
        if current is not None and current.early_id == new.subscription_id:
            new = replace(new, last_heard=current.early_at, watermark=current.early_watermark)
        try:
            await _write(world, operator, new, row)
            return await _close_listed(world, operator, current)
        except (Conflict, Unclear):
            continue  # the listener has written its heartbeat meanwhile, or this was written and not acknowledged
    raise Transient("storage-unavailable", "the subscription's row is written all the time")


async def listener_url(world: World, configuration: Configuration, operator: Operator) -> str:
    """Where Exchange sends the notifications of a mailbox. Raises Reconfigure for what is missing."""
    base = configuration.notifications.url
    secret = await world.secrets.get(SECRET)
    if not base:
        raise Reconfigure("push-url-invalid", "notifications.url is not set; set it, or notifications.mode to poll")
    if not secret:
        raise Reconfigure("secret-missing", f"the secret {SECRET} is not there")
    return f"{base.rstrip('/')}/{listener_key(secret, operator.mailbox_key)}"


async def _folders(world: World, operator: Operator, mailbox: Mailbox) -> list[str]:
    """The watched folders as the last sync knew them; before the first one, the well-known two."""
    found = await read_head(world.rows, world.blobs, collection_key(operator.mailbox_key, Kind.EMAIL))
    if found is not None and found[0].states.folders:
        return [folder.id for folder in found[0].states.folders]
    folders = await world.exchange.distinguished_folders(mailbox, _WELL_KNOWN)
    return [folder.id for folder in folders.values()]


async def _end(world: World, operator: Operator, subscription: Subscription | None, row: Row | None) -> bool:
    """Forget the subscription: push ids cannot be unsubscribed, so its next notification is answered Unsubscribe.
    False: it could not be written for sure, look again."""
    for _ in range(_ATTEMPTS):
        if subscription is None or not (subscription.subscription_id or subscription.failure):
            return True
        try:
            await _write(world, operator, Subscription(operator.id, listed_at=subscription.listed_at), row)
        except Unclear:
            return False
        except Conflict:  # the listener has written its heartbeat meanwhile
            subscription, row = await read_subscription(world.rows, operator.mailbox_key)
            continue
        await _close_listed(world, operator, subscription)
        await _poll_from_now(world, operator)
        return True
    return False


async def _close_listed(world: World, operator: Operator, subscription: Subscription | None) -> None:
    """Take a failure that is over out of the list of failures."""
    if subscription is not None and subscription.listed_at is not None:
        await close_failure(world, operator.mailbox_key, SUBSCRIPTION)


async def _forget_listed(
    world: World, operator: Operator, subscription: Subscription, row: Row | None
) -> tuple[Subscription | None, Row | None]:
    """Once more, for a crash may have come between; then remember that it is done. The subscription as it is then."""
    await _close_listed(world, operator, subscription)
    try:
        await _write(world, operator, replace(subscription, listed_at=None), row)
    except (Conflict, Unclear):
        log.debug("the subscription of %s is being written; next time", operator.id)
    return await read_subscription(world.rows, operator.mailbox_key)


async def _poll_from_now(world: World, operator: Operator) -> None:
    """Without push the collections are due sooner than the index says: have them looked at."""
    for kind in AVAILABLE_KINDS:
        if operator.flag(kind):
            due: dict[str, Value] = {"due_at": world.now(), "operator_id": operator.id}
            await write(world.rows, DUE, due_partition(kind, operator.mailbox_key), Touch(operator.mailbox_key, due))


async def _note_failure(world: World, operator: Operator, failure: SyncError, under: str) -> datetime:
    now = world.now()
    subscription, _ = await read_subscription(world.rows, operator.mailbox_key)
    old = subscription or Subscription(operator.id)
    before = noted_trouble(old)
    trouble = _next_trouble(before, failure, now)
    refused = isinstance(failure, Permanent)
    shut = trouble.alike if is_shut(trouble.code) else 0
    pause = _NOT_SUPPORTED if refused else pause_after(old.attempts + 1, failure.retry_after, shut=shut)
    if shut and await _is_suspended(world, operator):
        pause = PROBE_EVERY
    # A server without push is no failure: the mailbox is polled, as its status says.
    listed_at = old.listed_at if refused else listing_time(before, old.listed_at, trouble, now)
    noted: dict[str, Value] = {
        "operator_id": operator.id,
        "subscription_id": "",
        "failure": note_of(trouble),
        "attempts": old.attempts + 1,
        "retry_at": now + pause,
        "rests_under": under,
        "subscribing_until": now,
        **({} if listed_at is None else {"listed_at": listed_at}),
    }
    await write(world.rows, TABLE, operator.mailbox_key, Touch(KEY, noted))
    if listed_at != old.listed_at:
        await list_failure(world, operator, SUBSCRIPTION, trouble)
    if not old.failure:
        await _poll_from_now(world, operator)
    log.warning("no push for %s: %s", operator.id, failure)
    return now + pause


def _next_trouble(before: Trouble | None, failure: SyncError, now: datetime) -> Trouble:
    same = before is not None and before.code in (failure.code, lasting(failure.code, before.alike))
    since, count = (now, 1) if before is None else (before.since, before.count + 1)
    alike = before.alike + 1 if before is not None and same else 1
    ids = newest_ids(failure, () if before is None else before.request_ids)
    code = lasting(failure.code, alike)
    return Trouble(code, failure.detail, since, now, count, alike, failure.exchange_code, ids)


async def _is_suspended(world: World, operator: Operator) -> bool:
    """Whether the sync has found the mailbox shut for long: when it opens again, the sync has push asked for at once."""
    found = await read_head(world.rows, world.blobs, collection_key(operator.mailbox_key, Kind.EMAIL))
    if found is None or found[0].trouble is None:
        return False
    after_days = (await settings_in_force(world)).operators.suspend_after_days
    return is_suspended(found[0].trouble, after_days, world.now())


async def _write(world: World, operator: Operator, subscription: Subscription, row: Row | None) -> None:
    columns = subscription_columns(subscription)
    change = Insert(KEY, columns) if row is None else Replace(KEY, columns, row.etag)
    await world.rows.transact(TABLE, operator.mailbox_key, [change])

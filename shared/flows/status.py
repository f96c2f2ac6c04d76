"""What can be said of an operator's sync just now: a state per kind with its reason, and the items that failed.

The state is the first that holds of: off, paused, suspended, failing, held, waiting, initial, live, polling. DESIGN 8.
"""

from datetime import datetime
from typing import Any

from shared.flows.email.stored import FAILING
from shared.flows.expiring import WARNING, expiring
from shared.flows.head import TABLE, WANTED, read_head
from shared.flows.pauses import pauses_in_force
from shared.flows.reading import Listed
from shared.flows.settings_document import read_settings
from shared.flows.subscription_row import noted_trouble, read_subscription
from shared.flows.whereabouts import connection_of
from shared.model.collection import Head, Phase, Trouble
from shared.model.configuration import Configuration
from shared.model.cursors import read_cursor, write_cursor
from shared.model.email import timestamp
from shared.model.failures import FailureClass, failure
from shared.model.keys import collection_key
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator
from shared.model.pauses import Pause
from shared.model.rules import is_suspended
from shared.model.subscription import Subscription, is_live
from shared.model.switches import why_off
from shared.ports import Row, World

_AFTER_ALL = "~"
_ALL = -1


async def operator_status(world: World, operator: Operator) -> dict[str, Any]:
    """The status of an operator, per kind."""
    configuration, _ = await read_settings(world.rows)
    pauses = await pauses_in_force(world)
    kinds = {
        kind.value: await _kind_status(world, configuration, operator, kind, pauses.of(operator.id, kind))
        for kind in Kind
    }
    return {"operator_id": operator.id, "mailbox": operator.mailbox, "at": timestamp(world.now()), "kinds": kinds}


async def _kind_status(
    world: World, configuration: Configuration, operator: Operator, kind: Kind, paused: Pause | None
) -> dict[str, Any]:
    if kind not in AVAILABLE_KINDS:
        return {"state": "off", "reason": why_off(configuration, operator, kind)}
    key = collection_key(operator.mailbox_key, kind)
    found = await read_head(world.rows, world.blobs, key)
    head = found[0] if found else Head()
    subscription, _ = await read_subscription(world.rows, operator.mailbox_key)
    wanted = await world.rows.get(TABLE, key, WANTED)
    now = world.now()
    live = configuration.notifications.mode == "push" and is_live(subscription, now)
    off = why_off(configuration, operator, kind)
    connection = await connection_of(world, operator, configuration)
    expiring_notes = [f"{WARNING}: {words}" for words in expiring(world, connection)]
    state, reason = ("off", off) if off else state_of(head, configuration, subscription, paused, now, live=live)
    return {
        "state": state,
        "reason": reason,
        "last_sync_at": timestamp(head.complete_at),
        "lag_seconds": None if off else lag_of(head, wanted, now, live=live),
        "asked_at": timestamp(_asked_at(wanted)),
        "syncing": head.until is not None and head.until > now,
        "items": head.items,
        "window_from": "all" if head.window_days == _ALL else timestamp(head.window_from),
        "folders": [{"path": folder.path, "phase": folder.phase.value} for folder in head.states.folders],
        "paused": _paused(paused),
        "subscription": _subscription(subscription, live=live),
        "failure": _trouble(head),
        "retry_at": timestamp(head.retry_at) if head.trouble else None,
        "held": _held(head),
        "failed_items": await count_failing(world, key, head),
        "notes": [*head.notes, *_without_push(subscription), *expiring_notes],
    }


def state_of(
    head: Head,
    configuration: Configuration,
    subscription: Subscription | None,
    paused: Pause | None,
    now: datetime,
    *,
    live: bool,
) -> tuple[str, str]:
    """The state of a kind that is on, and why it is that one."""
    ready = sum(folder.phase is Phase.LIVE for folder in head.states.folders)
    if paused is not None:
        return "paused", paused.reason
    if head.trouble is not None and is_suspended(head.trouble, configuration.operators.suspend_after_days, now):
        return "suspended", failure("mailbox-suspended").cause
    if head.trouble is not None:
        return "failing", failure(head.trouble.code).cause
    if head.held is not None:
        return "held", failure("brake-held").cause
    if head.started_at is None:
        return "waiting", "the first sync has not begun yet"
    if head.complete_at is None or ready < len(head.states.folders):
        return "initial", f"{ready} of {len(head.states.folders)} folders are complete, {head.items} items so far"
    if live:
        return "live", "Exchange reports changes at once"
    return "polling", _why_polling(configuration, subscription)


def _why_polling(configuration: Configuration, subscription: Subscription | None) -> str:
    if configuration.notifications.mode == "poll":
        return "notifications.mode is poll"
    noted = noted_failure(subscription)
    if noted:
        return f"there is no push subscription: {noted['cause']}"
    if subscription is None or not subscription.subscription_id:
        return "there is no push subscription yet"
    return f"no push was heard: {failure('push-not-arriving').remedy}"


def _asked_at(wanted: Row | None) -> datetime | None:
    """When somebody, Exchange or a person, last asked for a sync that was not finished yet."""
    return _moment(wanted.values.get("at")) if wanted else None


def lag_of(head: Head, wanted: Row | None, now: datetime, *, live: bool) -> int | None:
    """Seconds by which the application may be behind Exchange: since somebody asked in vain, or since the last look."""
    since = _asked_at(wanted)
    if since is None and not live:
        since = head.complete_at
    return None if head.complete_at is None else int((now - since).total_seconds()) if since else 0


def _paused(pause: Pause | None) -> dict[str, Any] | None:
    if pause is None:
        return None
    return {"scope": pause.scope, "reason": pause.reason, "by": pause.by, "since": timestamp(pause.at)}


def _subscription(subscription: Subscription | None, *, live: bool) -> dict[str, Any] | None:
    if subscription is None:
        return None
    return {
        "live": live,
        "created_at": timestamp(subscription.created_at),
        "last_heard_at": timestamp(subscription.last_heard),
        "failure": noted_failure(subscription),
    }


def noted_failure(subscription: Subscription | None) -> dict[str, Any] | None:
    """Why a mailbox has no push, with what the registry knows of it; None where nothing was noted."""
    trouble = noted_trouble(subscription)
    if trouble is None:
        return None
    return {
        **explained(trouble.code),
        "detail": trouble.detail,
        "since": timestamp(trouble.since),
        "request_ids": list(trouble.request_ids),
    }


def _without_push(subscription: Subscription | None) -> list[str]:
    noted = noted_failure(subscription)
    if noted is None or noted["class"] != FailureClass.PERMANENT.value:
        return []
    return ["this server refuses push subscriptions: the mailbox is polled, and push is asked for again once a day"]


def _trouble(head: Head) -> dict[str, Any] | None:
    if head.trouble is None:
        return None
    trouble = head.trouble
    return {**explained(trouble.code), **trouble_facts(trouble)}


def trouble_facts(trouble: Trouble) -> dict[str, Any]:
    """What was met, and when: for a program, and for whoever looks it up in the server's logs."""
    return {
        "detail": trouble.detail,
        "exchange_code": trouble.exchange_code or None,
        "since": timestamp(trouble.since),
        "last": timestamp(trouble.last),
        "count": trouble.count,
        "request_ids": list(trouble.request_ids),
    }


def _held(head: Head) -> dict[str, Any] | None:
    if head.held is None:
        return None
    held = head.held
    facts = {"count": held.count, "of": held.of, "detail": held.reason, "since": timestamp(held.since)}
    return {**explained("brake-held"), **facts}


def explained(code: str) -> dict[str, Any]:
    """What the registry knows of a code."""
    entry = failure(code)
    return {
        "code": code,
        "class": entry.failure_class.value,
        "cause": entry.cause,
        "remedy": entry.remedy,
        "owner": entry.owner.value,
    }


async def count_failing(world: World, key: str, head: Head) -> int:
    """How many items fail: the head knows, unless an earlier version wrote it; then their rows are counted."""
    if head.failing is not None:
        return head.failing
    count, after = 0, ""
    while True:
        page = await world.rows.query(
            TABLE, key, first=FAILING, before=FAILING + _AFTER_ALL, after=after, columns=("code",)
        )
        count, after = count + len(page.rows), page.next
        if not after:
            return count


async def list_failures(world: World, operator: Operator, kind: Kind, *, limit: int = 100, after: str = "") -> Listed:
    """The items of a collection that could not be read, each with its remedy. Raises Invalid("cursor-invalid")."""
    key = collection_key(operator.mailbox_key, kind)
    scope = f"{key}/failures"
    place = FAILING + read_cursor(scope, after, parts=1)[0] if after else ""
    page = await world.rows.query(TABLE, key, first=FAILING, before=FAILING + _AFTER_ALL, after=place, limit=limit)
    last = page.rows[-1].key.removeprefix(FAILING) if page.rows else ""
    items = [{"id": f"{operator.id}:{kind}:{row.key.removeprefix(FAILING)}", **_failed_item(row)} for row in page.rows]
    return Listed(items, write_cursor(scope, last) if page.next and last else None)


def _failed_item(row: Row) -> dict[str, Any]:
    values = row.values
    times = {name: timestamp(_moment(values.get(name))) for name in ("received_at", "first_at", "last_at")}
    texts = {name: values.get(name) or None for name in ("detail", "exchange_code", "subject", "request_id")}
    return {**explained(str(values["code"])), **texts, **times, "count": values["count"]}


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None

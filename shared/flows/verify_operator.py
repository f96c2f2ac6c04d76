"""Verify one operator: from its connection and address to its folders and the push listener. DESIGN 8.

Each step is a check that is told, never an error. Nothing is changed but what `fix` asks for, and a push subscription
that is missing where a kind is on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.errors import Invalid, SyncError
from shared.flows.head import read_head
from shared.flows.operators import get_operator, put_operator
from shared.flows.settings_document import read_settings
from shared.flows.subscription_row import read_subscription
from shared.flows.verify_address import verify_address
from shared.flows.verify_folders import INBOX, ROOTS, verify_folders
from shared.flows.verify_push import NAME as PUSH
from shared.flows.verify_push import verify_push
from shared.flows.whereabouts import mailbox_of
from shared.model.collection import Head
from shared.model.configuration import Configuration
from shared.model.email import timestamp
from shared.model.exchange import Folder, Mailbox
from shared.model.failures import failure
from shared.model.keys import collection_key
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator
from shared.model.switches import FLAGS, why_off
from shared.model.verification import (
    Check,
    KindFacts,
    all_is_well,
    is_only_an_alias,
    judge_kind,
    not_told,
)
from shared.ports import World

PATIENCE = timedelta(seconds=15)
"""How long the first status event may take: Exchange sends it at once."""
_ASKING = timedelta(seconds=30)
"""How long Exchange may take over the questions before that, all together."""
_ADDRESS = ("address", "primary", "mailbox")
_INSIDE = ("folders", PUSH)


async def verify_operator(
    world: World,
    operator: Operator,
    *,
    kinds: Sequence[Kind] | None = None,
    fix: bool = False,
    patience: timedelta = PATIENCE,
) -> dict[str, Any]:
    """All checks of an operator, for the kinds that are on or, where given, are to go on.

    `fix`: adopt the primary address where an alias in its place is the only fault; the checks are of the operator after that.
    Raises Invalid("kind-not-available").
    """
    for kind in kinds or ():
        if kind not in AVAILABLE_KINDS:
            raise Invalid("kind-not-available", f"{kind} comes with a later version")
    checks, primary = await _checks(world, operator, kinds, patience)
    adopted = None
    if fix and primary and is_only_an_alias(checks):
        current = await get_operator(world.rows, operator.id)
        if current.mailbox == operator.mailbox:  # to verify takes a while, and somebody may have written another one
            adopted = {"from": operator.mailbox, "to": primary}
            operator, _ = await put_operator(world, replace(current, mailbox=primary))
            checks, _ = await _checks(world, operator, kinds, patience)
    return {
        "operator_id": operator.id,
        "mailbox": operator.mailbox,
        "at": timestamp(world.now()),
        "ok": all_is_well(checks),
        "adopted": adopted,
        "checks": [_document(check) for check in checks],
    }


def _document(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "ok": check.ok,
        "detail": check.detail,
        "code": check.code or None,
        "remedy": failure(check.code).remedy_of_call if check.code else None,
    }


async def _checks(
    world: World, operator: Operator, kinds: Sequence[Kind] | None, patience: timedelta
) -> tuple[list[Check], str]:
    """The checks in the order in which faults are best mended; and the primary address in place of an alias."""
    configuration, _ = await read_settings(world.rows)
    looked_at = [kind for kind in AVAILABLE_KINDS if (operator.flag(kind) if kinds is None else kind in kinds)]
    # Before the mailbox is touched: what the push check may make is not to be taken for what was there.
    of_kinds = [await _kind(world, configuration, operator, kind, wanted=kind in looked_at) for kind in AVAILABLE_KINDS]
    try:
        mailbox = await mailbox_of(world, operator, configuration)
    except SyncError as wrong:
        unreached = [not_told(name, "no connection leads to the mailbox") for name in (*_ADDRESS, "access", *_INSIDE)]
        return [Check("connection", False, wrong.detail, wrong.code), *unreached, *of_kinds], ""
    place = f" at {mailbox.url}" if mailbox.url else ""
    found = Check("connection", True, f"connection {mailbox.connection}{place}")
    of_mailbox, primary = await _of_mailbox(world, configuration, operator, mailbox, looked_at, patience)
    return [found, *of_mailbox, *of_kinds], primary


async def _of_mailbox(
    world: World,
    configuration: Configuration,
    operator: Operator,
    mailbox: Mailbox,
    kinds: Sequence[Kind],
    patience: timedelta,
) -> tuple[list[Check], str]:
    try:
        async with asyncio.timeout(_ASKING.total_seconds()):
            access, roots = await _open(world, mailbox)
            directory, primary = await verify_address(world, operator, mailbox, access)
            why_not = "" if access.ok else "the mailbox does not open"
            why_not = why_not or ("" if kinds else "no kind is on")
            if why_not:
                return [*directory, access, *(not_told(name, why_not) for name in _INSIDE)], primary
            folders = await verify_folders(world, configuration.email, mailbox, roots)
    except TimeoutError:
        late = f"Exchange did not answer within {_ASKING.total_seconds():g} s"
        unasked = [not_told(name, late) for name in (*_ADDRESS, *_INSIDE)]
        return [*unasked[:3], Check("access", False, late, "exchange-timeout"), *unasked[3:]], ""
    push = await _push(world, configuration, operator, mailbox, roots, patience)
    return [*directory, access, folders, push], primary


async def _open(world: World, mailbox: Mailbox) -> tuple[Check, dict[str, Folder]]:
    """Sign in, act in the operator's name, and look for the well-known folders."""
    try:
        roots = await world.exchange.distinguished_folders(mailbox, ROOTS)
    except SyncError as wrong:
        return Check("access", False, wrong.detail, wrong.code), {}
    return Check("access", True, "signed in, and acting in the operator's name"), roots


async def _push(
    world: World,
    configuration: Configuration,
    operator: Operator,
    mailbox: Mailbox,
    roots: dict[str, Folder],
    patience: timedelta,
) -> Check:
    if INBOX not in roots:
        return not_told(PUSH, "there is no Inbox to subscribe to")
    return await verify_push(world, configuration, operator, mailbox, inbox=roots[INBOX].id, patience=patience)


async def _kind(world: World, configuration: Configuration, operator: Operator, kind: Kind, *, wanted: bool) -> Check:
    found = await read_head(world.rows, world.blobs, collection_key(operator.mailbox_key, kind))
    head = found[0] if found else Head()
    subscription, _ = await read_subscription(world.rows, operator.mailbox_key)
    everything_is_off = not any(operator.flag(each) for each in AVAILABLE_KINDS)
    flags: dict[str, Any] = {FLAGS[kind]: True}
    facts = KindFacts(
        kind,
        operator.flag(kind),
        why_off(configuration, replace(operator, **flags), kind),
        begun=head.started_at is not None,
        complete=head.complete_at is not None,
        items=head.items,
        syncing=head.until is not None and head.until > world.now(),
        subscribed=everything_is_off and subscription is not None and bool(subscription.subscription_id),
        trouble_code=head.trouble.code if head.trouble else "",
        trouble=head.trouble.detail if head.trouble else "",
        held=f"{head.held.count} of {head.held.of} items: {head.held.reason}" if head.held else "",
    )
    return judge_kind(facts, wanted=wanted)

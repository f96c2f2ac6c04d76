"""Verify one operator: from its connection and address to its folders and the push listener. DESIGN 8.

Each step is a check that is told, never an error. Nothing is changed but what `fix` asks for, and a push subscription
that is missing where a kind is on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from shared.errors import Invalid, Resync, SyncError
from shared.flows.head import read_head
from shared.flows.operators import put_operator
from shared.flows.settings_document import read_settings
from shared.flows.subscription_row import read_subscription
from shared.flows.verify_address import verify_address
from shared.flows.verify_push import NAME as PUSH
from shared.flows.verify_push import verify_push
from shared.flows.whereabouts import mailbox_of
from shared.model.collection import Head, Tree
from shared.model.configuration import Configuration
from shared.model.email import timestamp
from shared.model.exchange import Folder, Mailbox
from shared.model.failures import failure
from shared.model.folders import watched_folders
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
_ROOTS = ("inbox", "sentitems", "deleteditems", "drafts", "outbox", "junkemail")


@dataclass(frozen=True, slots=True)
class _Opened:
    """What came of opening the mailbox: its well-known folders, or why it does not open."""

    access: Check
    folders: dict[str, Folder]


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
        adopted = {"from": operator.mailbox, "to": primary}
        operator, _ = await put_operator(world, replace(operator, mailbox=primary))
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
    """The checks in the order in which faults are best mended; and the primary address, where the directory tells it."""
    configuration, _ = await read_settings(world.rows)
    looked_at = [kind for kind in AVAILABLE_KINDS if (operator.flag(kind) if kinds is None else kind in kinds)]
    # Before the mailbox is touched: what the push check may make is not to be taken for what was there.
    of_kinds = [await _kind(world, configuration, operator, kind, wanted=kind in looked_at) for kind in AVAILABLE_KINDS]
    try:
        mailbox = await mailbox_of(world, operator, configuration)
    except SyncError as wrong:
        names = ("address", "primary", "mailbox", "access", "folders", PUSH)
        unreached = [not_told(name, "no connection leads to the mailbox") for name in names]
        return [Check("connection", False, wrong.detail, wrong.code), *unreached, *of_kinds], ""
    found = Check(
        "connection", True, f"connection {mailbox.connection}" + (f" at {mailbox.url}" if mailbox.url else "")
    )
    try:
        async with asyncio.timeout(_ASKING.total_seconds()):
            opened = await _open(world, mailbox)
            directory, primary = await verify_address(world, operator, mailbox, opened.access)
            folders = await _folders(world, configuration, mailbox, opened, looked_at)
    except TimeoutError:
        late = f"Exchange did not answer within {_ASKING.total_seconds():g} s"
        unasked = [not_told(name, late) for name in ("address", "primary", "mailbox", "folders", PUSH)]
        return [found, Check("access", False, late, "exchange-timeout"), *unasked, *of_kinds], ""
    push = await _push(world, configuration, operator, mailbox, opened, looked_at, patience)
    return [found, *directory, opened.access, folders, push, *of_kinds], primary


async def _open(world: World, mailbox: Mailbox) -> _Opened:
    """Sign in, act in the operator's name, and look for the well-known folders."""
    try:
        folders = await world.exchange.distinguished_folders(mailbox, _ROOTS)
    except SyncError as wrong:
        return _Opened(Check("access", False, wrong.detail, wrong.code), {})
    return _Opened(Check("access", True, "signed in, and acting in the operator's name"), folders)


async def _folders(
    world: World, configuration: Configuration, mailbox: Mailbox, opened: _Opened, kinds: Sequence[Kind]
) -> Check:
    """Whether the folders that the settings name are there and can be read; their subfolders come with them."""
    if not opened.access.ok:
        return not_told("folders", "the mailbox does not open")
    if Kind.EMAIL not in kinds:
        return not_told("folders", "no kind is on")
    email = configuration.email
    roots = tuple((name, folder.id) for name, folder in opened.folders.items())
    read, missing = [], []
    try:
        tree = Tree(await world.exchange.find_folders(mailbox), roots)
        for name in email.folders:
            watched = watched_folders(tree, (name,), email.exclude_folders)
            if not watched:
                missing.append(name)
                continue
            try:
                await world.exchange.sync_folder_items(mailbox, watched[0].id, None, limit=1)
            except SyncError as wrong:
                code = "access-denied" if isinstance(wrong, Resync) else wrong.code
                return Check("folders", False, f"{watched[0].path}: {wrong.detail}", code)
            read.append(watched[0].path)
    except SyncError as wrong:
        return Check("folders", False, wrong.detail, wrong.code)
    if "inbox" not in opened.folders or not read:
        return Check(
            "folders", False, f"none of these is there: {', '.join(missing) or 'inbox'}", "exchange-inconsistent"
        )
    words = f"{', '.join(read)} can be read"
    return Check("folders", True, f"{words}; not in this mailbox: {', '.join(missing)}" if missing else words)


async def _push(
    world: World,
    configuration: Configuration,
    operator: Operator,
    mailbox: Mailbox,
    opened: _Opened,
    kinds: Sequence[Kind],
    patience: timedelta,
) -> Check:
    if not opened.access.ok or "inbox" not in opened.folders:
        return not_told(PUSH, "the mailbox does not open")
    if not kinds:
        return not_told(PUSH, "no kind is on")
    inbox = opened.folders["inbox"].id
    return await verify_push(world, configuration, operator, mailbox, inbox=inbox, patience=patience)


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

"""Operators: put, read, list and remove them, and ask for work on their mailboxes. DESIGN 2, 4 and 8.

Two partitions, so two transactions, in an order that a repeated PUT completes after a crash: the mailbox is claimed
first (it belongs to one operator), then the operator is written, then work is asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from shared.errors import Conflict, Invalid, Transient, Unclear
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.head import WANTED, read_head
from shared.flows.hints import folders_column
from shared.flows.mailbox_claims import claim_mailbox, give_mailbox_up
from shared.flows.operator_row import OPERATOR_ID, PARTITION, TABLE, operator_columns, operator_of, read_operator
from shared.flows.settings_document import read_document, read_settings
from shared.model.configuration import CONNECTION_NAME
from shared.model.due import spread
from shared.model.keys import collection_key, shard_of
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator
from shared.model.operator_change import is_same_mailbox, switched_off, unknown_connection
from shared.model.setting_values import is_address
from shared.model.switches import why_off
from shared.ports import (
    COLLECTIONS_QUEUE,
    SHARDS_QUEUE,
    Insert,
    Replace,
    Row,
    Rows,
    Touch,
    Value,
    World,
    Write,
)

DUE = "due"
SUBSCRIPTIONS = "subscriptions"
"""What is due beside the kinds: the look after a mailbox's subscription."""

_ATTEMPTS = 5
_MOST_LOOKED_AT = 1000
_LONGEST_SHOWN = 100
_CALLS = frozenset({"import", "export"})
"""What stands in the place of an operator's id in addresses of the API."""


@dataclass(frozen=True, slots=True)
class OperatorPage:
    """Operators in order of their id. `next` is the id to continue after; empty when there is no more."""

    operators: tuple[Operator, ...]
    next: str


async def find_operator(rows: Rows, operator_id: str) -> Operator | None:
    """The operator of that id, also a removed one; None where there never was one."""
    return (await read_operator(rows, operator_id))[0]


async def get_operator(rows: Rows, operator_id: str, *, removed: bool = False) -> Operator:
    """The operator of that id. Raises Invalid("operator-unknown"), with `removed` not for those whose items are kept."""
    operator = await find_operator(rows, operator_id)
    if operator is None or (operator.removed and not removed):
        raise Invalid("operator-unknown", f"there is no operator {operator_id}")
    return operator


async def list_operators(
    rows: Rows, *, wanted: Callable[[Operator], bool] | None = None, after: str = "", limit: int = 100
) -> OperatorPage:
    """Operators that are not removed, with an id after `after`: at most `limit`, fewer where others are between.

    With `wanted`, which picks some of them, a call looks at no more than a thousand.
    """
    page = await rows.query(TABLE, PARTITION, after=after, limit=_MOST_LOOKED_AT if wanted else limit)
    found = [each for each in map(operator_of, page.rows) if not each.removed and (wanted is None or wanted(each))]
    if len(found) > limit:
        return OperatorPage(tuple(found[:limit]), found[limit - 1].id)
    return OperatorPage(tuple(found), page.rows[-1].key if page.next else "")


async def put_operator(world: World, wanted: Operator, *, remove_items: bool = False) -> tuple[Operator, bool]:
    """Write the operator whole and set its kinds going; the operator as stored, and whether it is new.

    `wanted.mailbox_key` is ignored: it is minted once and stays. `remove_items` takes what the kinds that are off
    hold out of the application. Raises Invalid("operator-invalid") and Invalid("mailbox-taken").
    """
    known = await known_connections(world.rows)

    def decide(before: Operator | None) -> Operator:
        check_operator(wanted, unknown_connection(before, wanted, known))
        return wanted

    before, operator = await change_operator(world, wanted.id, decide)
    if remove_items:
        await remove_items_of(world, operator, AVAILABLE_KINDS)
    return operator, before is None or before.removed


async def known_connections(rows: Rows) -> frozenset[str]:
    """The names of the settings' connections."""
    document, _ = await read_document(rows)
    return frozenset(document.get("connections", {}))


async def change_operator(
    world: World, operator_id: str, decide: Callable[[Operator | None], Operator]
) -> tuple[Operator | None, Operator]:
    """Make of the operator, as it is at this moment, what `decide` says; as it was, and as it is now stored.

    `decide` may be asked again where somebody else changes the operator meanwhile. Where it changes nothing, nothing is
    written. Raises what `decide` raises, Invalid("operator-invalid") and Invalid("mailbox-taken").
    """
    begun = world.now()
    for _ in range(_ATTEMPTS):
        before, row = await read_operator(world.rows, operator_id)
        wanted = decide(before)
        check_operator(wanted)
        operator = replace(wanted, mailbox_key=before.mailbox_key if before else world.new_id(), removed=False)
        if operator == before or (await _claim(world, before, operator) and await _store(world.rows, row, operator)):
            if before is not None and before.mailbox.lower() != operator.mailbox.lower():
                await give_mailbox_up(world.rows, before, since=begun)
            await set_going(world, before, operator)
            return before, operator
    raise being_changed(operator_id)


async def _claim(world: World, before: Operator | None, operator: Operator) -> bool:
    """Take the mailbox, if it is not his already; False where it is to be tried again."""
    return is_same_mailbox(before, operator) or await claim_mailbox(world, operator)


async def remove_operator(world: World, operator_id: str, *, remove_items: bool = False) -> None:
    """Switch everything off and hide the operator; what it holds stays readable unless `remove_items`. Repeatable."""
    begun = world.now()
    for _ in range(_ATTEMPTS):
        before, row = await read_operator(world.rows, operator_id)
        if before is None:
            raise Invalid("operator-unknown", f"there is no operator {operator_id}")
        after = replace(before, email_sync=False, calendar_sync=False, contact_sync=False, removed=True)
        if await _store(world.rows, row, after):
            await give_mailbox_up(world.rows, before, since=begun)
            await _look_after_subscription(world, after)
            await _settle(world, before, after)
            if remove_items:
                await remove_items_of(world, after, AVAILABLE_KINDS)
            return
    raise being_changed(operator_id)


async def wake(
    world: World,
    operator: Operator,
    kind: Kind,
    *,
    force: bool | None = None,
    release: bool | None = None,
    remove: bool | None = None,
) -> None:
    """Ask for a sync of one collection: note the wish, then enqueue it.

    `force`: do not wait out the pause after a failure. `release`: let go what the brake holds. `remove`: take all
    items out of the application, the kind being off; False takes that wish back. None leaves what was asked before.
    """
    now = world.now()
    asked = {"force": force, "release": release, "remove": remove}
    wish: dict[str, Value] = {name: value for name, value in asked.items() if value is not None}
    wish |= {"at": now, "enqueued_at": now, **folders_column(None)}
    await _touch(world.rows, COLLECTIONS, collection_key(operator.mailbox_key, kind), Touch(WANTED, wish))
    await world.queues.send(COLLECTIONS_QUEUE, {"operator_id": operator.id, "kind": kind.value})


async def ask_for_sync(world: World, operator: Operator, kinds: Sequence[Kind]) -> None:
    """Ask for a sync now, whatever the pause. Raises Invalid("kind-not-available") or Invalid("kind-off")."""
    configuration, _ = await read_settings(world.rows)
    for kind in kinds:
        if off := why_off(configuration, operator, kind):
            raise Invalid("kind-off" if kind in AVAILABLE_KINDS else "kind-not-available", off)
    for kind in kinds:
        await wake(world, operator, kind, force=True)


async def release_brake(world: World, operator: Operator, kind: Kind) -> None:
    """Let a held removal take place. Raises Invalid("nothing-held") where the brake holds nothing."""
    found = await read_head(world.rows, world.blobs, collection_key(operator.mailbox_key, kind))
    if found is None or found[0].held is None:
        raise Invalid("nothing-held", f"nothing of {kind} is held for {operator.id}")
    await wake(world, operator, kind, force=True, release=True)


async def remove_items_of(world: World, operator: Operator, kinds: Sequence[Kind]) -> None:
    """Take out of the application what those of the kinds that are off hold."""
    for kind in kinds:
        if kind in AVAILABLE_KINDS and not operator.flag(kind):
            await wake(world, operator, kind, force=True, remove=True)


async def set_going(world: World, before: Operator | None, operator: Operator) -> None:
    """Ask for what the change of an operator calls for; again where an earlier call was cut off before it did."""
    changed = before is None or replace(before, time_zone=operator.time_zone) != operator
    on = [kind for kind in AVAILABLE_KINDS if operator.flag(kind)]
    was_on = before is not None and any(map(before.flag, AVAILABLE_KINDS))
    if (changed and (on or was_on)) or (on and await _is_not_due(world.rows, SUBSCRIPTIONS, operator)):
        await _look_after_subscription(world, operator)
    for kind in on:
        if changed or await _is_not_due(world.rows, kind, operator):
            await _note_due(world, kind, operator)
            await wake(world, operator, kind, force=True, remove=False)
    await _settle(world, before, operator)


async def _settle(world: World, before: Operator | None, operator: Operator) -> None:
    """Have what went off looked at once more, so that its failure is not told until its next try would be due."""
    for kind in switched_off(before, operator):
        if kind in AVAILABLE_KINDS:
            await wake(world, operator, kind)


async def _look_after_subscription(world: World, operator: Operator) -> None:
    await _note_due(world, SUBSCRIPTIONS, operator)
    await world.queues.send(SHARDS_QUEUE, {"task": "subscription", "operator_id": operator.id})


def due_partition(what: str, mailbox_key: str) -> str:
    """The shard of the index of due work; `what` is a kind or SUBSCRIPTIONS."""
    return f"{what}-{shard_of(mailbox_key):02d}"


async def _is_not_due(rows: Rows, what: str, operator: Operator) -> bool:
    return await rows.get(DUE, due_partition(what, operator.mailbox_key), operator.mailbox_key) is None


async def _note_due(world: World, what: str, operator: Operator) -> None:
    """Have the timer look at it too. The queue has been asked already, or will be: so not at once, and not at all of
    those that are switched on together in the same minute."""
    due_at = world.now() + spread(operator.mailbox_key)
    columns: dict[str, Value] = {"due_at": due_at, "operator_id": operator.id}
    partition = due_partition(what, operator.mailbox_key)
    await _touch(world.rows, DUE, partition, Touch(operator.mailbox_key, columns))


async def _store(rows: Rows, row: Row | None, operator: Operator) -> bool:
    """Write the operator unless somebody else did since `row` was read; then False."""
    columns = operator_columns(operator)
    try:
        lock = Replace(operator.id, columns, row.etag) if row else Insert(operator.id, columns)
        await _touch(rows, TABLE, PARTITION, lock)
    except Conflict:
        return False
    return True


async def _touch(rows: Rows, table: str, partition: str, write: Write) -> None:
    """One write. An unclear one is left to the caller's repetition, which every write here bears."""
    try:
        await rows.transact(table, partition, [write])
    except Unclear as unclear:
        raise Transient("storage-unavailable", "a write was not acknowledged; repeat the request") from unclear


def being_changed(operator_id: str) -> Transient:
    """What is raised where every attempt met somebody else's change."""
    return Transient("storage-unavailable", f"operator {operator_id} is being changed elsewhere; repeat the request")


def check_operator(operator: Operator, about_connection: str = "") -> None:
    """Raise Invalid("operator-invalid") with a line for each mistake. `about_connection`: of `unknown_connection`."""
    problems = []
    if not OPERATOR_ID.fullmatch(operator.id):
        problems.append(f"operator_id: {_shown(operator.id)} is none; write 1 to 128 of A-Z a-z 0-9 . _ @ -")
    if operator.id in _CALLS:
        problems.append(f'operator_id: "{operator.id}" is the name of a call; use another')
    if not is_address(operator.mailbox):
        problems.append(
            f'mailbox: {_shown(operator.mailbox)} is not an SMTP address; write for example "alice@example.com"'
        )
    if about_connection:
        problems.append(f"connection: {about_connection}")
    elif not CONNECTION_NAME.fullmatch(operator.connection):
        problems.append(f'connection: {_shown(operator.connection)} is no name of a connection; the first is "default"')
    if not _is_time_zone(operator.time_zone):
        problems.append(
            f'time_zone: {_shown(operator.time_zone)} is not an IANA name; write for example "Europe/Berlin"'
        )
    if problems:
        raise Invalid("operator-invalid", "\n".join(problems))


def _shown(text: str) -> str:
    """As it is, quoted, but for what nobody reads to its end."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def _is_time_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name).key)
    except (ValueError, OSError, LookupError):
        return False

"""Items on their way out: marked when their Delete is read, settled when every watched folder was drained after it.

Until then nobody knows whether the item was deleted, moved out of sight, or moved to another watched folder. Large
removals that no Delete of Exchange's announces one by one are held by the brake. DESIGN 4.1.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.flows.documents import fetch_apart, store_apart
from shared.flows.email.items import remove_item
from shared.flows.email.pages import Unit, commit_page
from shared.flows.email.run import Run
from shared.flows.email.stored import (
    LEAVING,
    Leaving,
    every,
    id_key,
    item_key,
    item_of,
    leaving_columns,
    leaving_of,
)
from shared.flows.head import TABLE, WANTED
from shared.flows.side_by_side import side_by_side
from shared.model.collection import ChangeType, Held, StoredItem
from shared.model.exchange import Located
from shared.model.folders import unwatched_folders
from shared.model.rules import holds_the_brake
from shared.ports import Delete, Merge, Touch, Upsert

_LOCATED_AT_ONCE = 50
_FOLDERS_AT_ONCE = 100
_REVIEWED = 100


async def load_leaving(run: Run) -> None:
    """Read what an earlier pass left unsettled."""
    run.leaving, run.marked = {}, set()
    if not run.claim.head.marks:
        return
    async for row in every(run.world.rows, run.key, LEAVING):
        leaving = leaving_of(row)
        run.leaving[leaving.item.item_id] = leaving


def mark_leaving(run: Run, item: StoredItem) -> Unit:
    """The unit that marks an item. The feed says nothing yet."""
    leaving = Leaving(item, run.world.now())
    run.leaving[item.item_id] = leaving
    return Unit((Upsert(LEAVING + item.item_id, leaving_columns(leaving)),))


async def take_away(run: Run, items: Sequence[StoredItem], *, of: int, reason: str) -> None:
    """Mark items that are missing though no Delete told of each; too many at once are held instead. `of` is how many
    the collection has that are not gone or going. What other folders missed in this run counts too."""
    going = [item for item in items if item.item_id not in run.leaving]
    if holds_the_brake(run.taken_away + len(going), run.taken_away + of):
        await _hold(run, going, of, reason)
    elif going:
        run.taken_away += len(going)
        await commit_page(run, [mark_leaving(run, item) for item in going])


async def _hold(run: Run, items: Sequence[StoredItem], of: int, reason: str) -> None:
    head = run.claim.head
    names = {item.item_id for item in items}
    since = run.world.now()
    if head.held is not None:
        names |= set(await _held_names(run, head.held))
        since = head.held.since
    held = Held(len(names), of, reason, since, await store_apart(run.world.blobs, run.key, sorted(names)))
    if held != head.held:
        await run.claim.commit(held=held)


async def release_brake(run: Run) -> None:
    """An administrator has released what is held: what is really not there any more leaves, the rest stays. It was
    this removal that was released: the next one is held again."""
    run.claim.release_brake = False
    held = run.claim.head.held
    if held is None:
        return
    missing = await _still_missing(run, await _held_names(run, held))
    await commit_page(run, [mark_leaving(run, item) for item in missing])
    await run.claim.commit([Touch(WANTED, {"release": False})], held=None)


async def review_hold(run: Run) -> None:
    """End a hold by itself where what was missing is there again, as after a folder was restored."""
    held = run.claim.head.held
    if held is None:
        return
    names = await _held_names(run, held)
    if len(await _still_missing(run, names[:_REVIEWED])) == len(names[:_REVIEWED]):
        return
    missing = await _still_missing(run, names)
    if holds_the_brake(len(missing), held.of):
        items = await store_apart(run.world.blobs, run.key, sorted(item.item_id for item in missing))
        await run.claim.commit(held=replace(held, count=len(missing), items=items))
        return
    await commit_page(run, [mark_leaving(run, item) for item in missing])
    await run.claim.commit(held=None)


async def _still_missing(run: Run, names: Sequence[str]) -> list[StoredItem]:
    """Those of these items that are held by the store, and not to be found in a watched folder under their id."""
    rows = await side_by_side(lambda name: run.world.rows.get(TABLE, run.key, item_key(name)), names)
    items = [item for row in rows if row is not None and not (item := item_of(row)).gone]
    watched = {folder.id for folder in run.claim.head.states.folders}
    alive: set[str] = set()
    candidates = [item.exchange_id for item in items if item.folder_id in watched]
    for start in range(0, len(candidates), _REVIEWED):
        alive |= await _alive(run, candidates[start : start + _REVIEWED])
        await run.keep_lease()
    return [item for item in items if item.exchange_id not in alive]


async def settle(run: Run, ripe: Sequence[str]) -> None:
    """Decide on items whose Delete was read before every watched folder was drained again: `left` or `deleted`."""
    due = [run.leaving[name] for name in ripe if name in run.leaving]
    for start in range(0, len(due), _LOCATED_AT_ONCE):
        part = due[start : start + _LOCATED_AT_ONCE]
        outcomes = await _outcomes(run, [leaving.item for leaving in part])
        await commit_page(run, [_settled(run, leaving.item, outcomes[leaving.item.item_id]) for leaving in part])
        run.check_time()


async def _outcomes(run: Run, items: Sequence[StoredItem]) -> dict[str, ChangeType | None]:
    """What became of each item; None: it is where it was, as when its folder is back."""
    watched = {folder.id for folder in run.claim.head.states.folders}
    trash, others = unwatched_folders(run.claim.head.tree, watched)
    alive = await _alive(run, [item.exchange_id for item in items])
    here = {item.item_id for item in items if item.exchange_id in alive and item.folder_id in watched}
    deleted = await _found_in(run, trash, [item for item in items if item.item_id not in here])
    missing = [item for item in items if item.item_id not in here | deleted]
    left = await _found_in(run, others, missing) | {item.item_id for item in missing if item.exchange_id in alive}
    outcomes: dict[str, ChangeType | None] = dict.fromkeys((item.item_id for item in items), ChangeType.DELETED)
    return outcomes | dict.fromkeys(left, ChangeType.LEFT) | dict.fromkeys(here)


async def _found_in(run: Run, folders: Sequence[str], items: Sequence[StoredItem]) -> set[str]:
    keys = [item.search_key for item in items if item.search_key]
    messages = [item.message_id for item in items if item.message_id and not item.search_key]
    found: list[Located] = []
    for start in range(0, len(folders) if keys or messages else 0, _FOLDERS_AT_ONCE):
        part = folders[start : start + _FOLDERS_AT_ONCE]
        found += await run.world.exchange.locate(run.mailbox, part, search_keys=keys, message_ids=messages)
    names = {located.search_key for located in found} | {located.internet_message_id for located in found}
    return {item.item_id for item in items if (item.search_key or item.message_id or None) in names}


async def _alive(run: Run, exchange_ids: Sequence[str]) -> set[str]:
    return await run.world.exchange.existing(run.mailbox, exchange_ids) if exchange_ids else set()


def _settled(run: Run, item: StoredItem, outcome: ChangeType | None) -> Unit:
    if outcome is None:
        run.leaving.pop(item.item_id, None)
        return Unit((Delete(LEAVING + item.item_id),))
    remove = run.rules.remove_left if outcome is ChangeType.LEFT else run.rules.remove_deleted
    if remove:
        return remove_item(run, item, outcome)
    run.leaving.pop(item.item_id, None)
    now: datetime = run.world.now()
    writes = (
        Merge(item_key(item.item_id), {"gone": outcome.value, "gone_at": now}),
        Delete(id_key(item.exchange_id)),
        Delete(LEAVING + item.item_id),
    )
    return Unit(writes, ((outcome, item.item_id),))


async def _held_names(run: Run, held: Held) -> list[str]:
    names: list[str] = await fetch_apart(run.world.blobs, held.items)
    return names

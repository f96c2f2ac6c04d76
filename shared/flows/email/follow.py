"""Follow a folder from its sync state: created, updated, read, deleted or moved away. DESIGN 4.1."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from shared.errors import Resync
from shared.flows.email.items import gone_failures, import_items, read_flag, remove_item
from shared.flows.email.leaving import mark_leaving
from shared.flows.email.pages import Unit, commit_page
from shared.flows.email.run import Run
from shared.flows.email.stored import at_times, by_exchange_id
from shared.model.collection import Phase, States, StoredItem, WatchedFolder
from shared.model.exchange import ItemChanges, ItemStub
from shared.model.folders import watched_folders
from shared.model.rules import moment_of

LOOK_EVERY = timedelta(minutes=15)
"""How long notifications alone say where to look, before all folders are looked at again."""


async def follow_folder(run: Run, folder: WatchedFolder, *, is_last: bool = False) -> None:
    """Apply all changes since the stored state, a page at a time. Raises Resync where that state is void.

    `is_last`: nothing is left to do after this folder, so that its last page may conclude the pass.
    """
    while True:
        current = run.claim.head.folder(folder.id) or folder
        changes = await run.world.exchange.sync_folder_items(
            run.mailbox, folder.id, current.sync_state, limit=run.rules.batch_size
        )
        run.is_concluding = is_last and changes.is_last
        new = replace(current, sync_state=changes.state)
        if changes.state != current.sync_state or _is_something(changes):
            await apply_changes(run, current, changes, states=run.claim.head.states.with_folder(new))
        if changes.is_last:
            return
        run.check_time()


async def follow_named(run: Run) -> bool:
    """Follow only the folders that notifications named: all that an arrival needs. False: all must be looked at,
    since the hint is none, or something turned up that one folder alone cannot answer."""
    folders = _named(run)
    if folders is None:
        return False
    try:
        for folder in folders:
            await follow_folder(run, folder, is_last=folder is folders[-1])
    except Resync:
        return False
    finally:
        run.is_concluding = False
    return not (run.leaving or run.failing)


def _named(run: Run) -> list[WatchedFolder] | None:
    """The watched folders among those named; None where the hint cannot be relied on."""
    head, where = run.claim.head, run.claim.where
    if where is None or head.marks or not head.is_calm:
        return None
    if head.looked_at is None or run.begun - head.looked_at >= LOOK_EVERY:
        return None
    if head.mailbox != run.mailbox_label or (head.window_from, head.window_days) != run.window:
        return None
    watched = {folder.id for folder in watched_folders(head.tree, run.rules.folders, run.rules.exclude_folders)}
    is_as_set = watched == {folder.id for folder in head.states.folders}
    if not is_as_set or not where <= {folder.id for folder in head.tree.folders}:
        return None
    return [folder for folder in head.states.folders if folder.id in where]


async def forget_state(run: Run, folder: WatchedFolder) -> None:
    """Send a folder back to the drain; nothing held is touched until it is reconciled."""
    void = replace(folder, phase=Phase.DRAIN, sync_state=None, drain_state=None, unseen=None)
    await run.claim.commit(states=run.claim.head.states.with_folder(void))


def _is_something(changes: ItemChanges) -> bool:
    return bool(changes.created or changes.updated or changes.deleted or changes.read)


async def apply_changes(run: Run, folder: WatchedFolder, changes: ItemChanges, *, states: States | None) -> None:
    """Decide on one answer's changes, fetch what is needed and commit the page, with `states` where it ends there."""
    stubs = list({stub.id: stub for stub in (*changes.created, *changes.updated)}.values())
    mentioned = [stub.id for stub in stubs] + list(changes.deleted) + [stub.id for stub, _ in changes.read]
    held = await by_exchange_id(run.world.rows, run.key, mentioned)
    units = _read_flags(changes, held)
    hidden = [stub for stub in stubs if stub.sensitivity in run.rules.keep.skip_sensitivity]
    units += [remove_item(run, held[stub.id]) for stub in hidden if stub.id in held]
    departures = _departures(run, folder, changes, held)
    fetched = await _worth_fetching(run, folder, [stub for stub in stubs if stub not in hidden], held)
    units += await import_items(run, folder, fetched, held)
    units += [mark for name, mark in departures.items() if name in run.leaving]
    units += gone_failures(run, set(changes.deleted) - {stub.id for stub in fetched})
    await commit_page(run, units, states=states, folder_id=folder.id)
    run.marked.clear()


def _departures(run: Run, folder: WatchedFolder, changes: ItemChanges, held: dict[str, StoredItem]) -> dict[str, Unit]:
    """Marks for what went, by item id. What comes back in the same answer under a new id takes its mark back."""
    gone = [held[name] for name in changes.deleted if name in held]
    going = [item for item in gone if item.folder_id == folder.id and item.item_id not in run.leaving]
    run.marked = {item.item_id for item in going}
    return {item.item_id: mark_leaving(run, item) for item in going}


def _read_flags(changes: ItemChanges, held: dict[str, StoredItem]) -> list[Unit]:
    fetched = {stub.id for stub in (*changes.created, *changes.updated)}
    return [
        read_flag(held[stub.id], stub, is_read)
        for stub, is_read in changes.read
        if stub.id in held and stub.id not in fetched and held[stub.id].is_read != is_read
    ]


async def _worth_fetching(
    run: Run, folder: WatchedFolder, stubs: Iterable[ItemStub], held: dict[str, StoredItem]
) -> list[ItemStub]:
    """New mail of the window, held mail that changed, and older mail that may be a held one under a new id."""
    start = run.start
    wanted: list[ItemStub] = []
    doubtful: list[ItemStub] = []
    for stub in stubs:
        known = held.get(stub.id)
        moment = moment_of(stub, by_sent=folder.by_sent)
        if known is not None:
            is_changed = known.change_key != stub.change_key or stub.is_read not in (None, known.is_read)
            if is_changed or known.item_id in run.leaving:
                wanted.append(stub)
        elif moment is None or moment >= start:
            wanted.append(stub)
        else:
            doubtful.append(stub)
    if doubtful:
        times = {time for stub in doubtful for time in (stub.received, stub.sent)} - {None}
        moments = {item.moment for item in await at_times(run.world.rows, run.key, times)}
        wanted += [stub for stub in doubtful if moments & {stub.received, stub.sent}]
    return wanted

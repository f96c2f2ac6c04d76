"""One email collection from whatever state it is in to all that Exchange has: the story of a sync. DESIGN 4.1."""

from dataclasses import replace

from shared.errors import Resync, Transient
from shared.flows.documents import blob_prefix, on_demand_prefix
from shared.flows.email.drain import drain_folder
from shared.flows.email.follow import follow_folder, follow_named, forget_state
from shared.flows.email.items import remove_item
from shared.flows.email.leaving import load_leaving, release_brake, review_hold, settle
from shared.flows.email.notes import note_server
from shared.flows.email.pages import Unit, commit_page
from shared.flows.email.resume import load_failing, retry_failing, roll_forward, sweep_blobs
from shared.flows.email.run import LookAgain, Run
from shared.flows.email.stored import FACTS, ITEM, every, item_of
from shared.flows.email.watch import look_at_folders
from shared.flows.email.window import fill_window
from shared.flows.head import WANTED
from shared.model.collection import Phase, States, Tree, WatchedFolder
from shared.ports import Delete, Merge

_LOOKS = 3
_REMOVED_AT_ONCE = 300


async def bring_up_to_date(run: Run) -> None:
    """Synchronise all watched folders, page by page. Raises OutOfTime with everything so far put down."""
    if await follow_named(run):
        return
    run.is_whole = True
    await load_failing(run)
    await load_leaving(run)
    await roll_forward(run)
    await _set_window(run)
    await _set_mailbox(run)
    for look in range(_LOOKS):
        try:
            await _pass(run, afresh=look > 0)
        except LookAgain:
            continue
        break
    else:
        raise Transient("exchange-inconsistent", "the folders change as we look at them")
    await retry_failing(run)
    await note_server(run)
    await sweep_blobs(run)


async def _pass(run: Run, *, afresh: bool) -> None:
    """Go through all folders; once more while something is leaving, since only what was read after its Delete can say
    where it went. The folders are looked at each time: it may have gone into a new one."""
    await load_leaving(run)
    while True:
        ripe = list(run.leaving)
        await look_at_folders(run, afresh=afresh)
        await note_server(run)
        if run.claim.release_brake:
            await release_brake(run)
        for folder in run.claim.head.states.folders:
            await _advance(run, folder)
        await review_hold(run)
        await settle(run, ripe)
        if not run.leaving:
            return
        run.check_time()
        afresh = False


async def _advance(run: Run, folder: WatchedFolder) -> None:
    """Take one folder through its phases to where it is followed; a void state sends it back to the drain."""
    try:
        await _take_further(run, folder)
    except Resync as void:
        await forget_state(run, _current(run, folder))
        if void.code != "sync-state-invalid":
            raise LookAgain(void.code) from void
        await drain_folder(run, _current(run, folder))


async def _take_further(run: Run, folder: WatchedFolder) -> None:
    if folder.phase is Phase.WINDOW:
        if folder.sync_state is not None:
            await follow_folder(run, folder)
        await fill_window(run, _current(run, folder))
    if _current(run, folder).phase is Phase.DRAIN:
        await drain_folder(run, _current(run, folder))
    elif folder.phase is Phase.LIVE:
        await follow_folder(run, folder)


def _current(run: Run, folder: WatchedFolder) -> WatchedFolder:
    return run.claim.head.folder(folder.id) or folder


async def _set_window(run: Run) -> None:
    """Store the window's absolute start when the collection begins; move it back when an administrator enlarges it."""
    head = run.claim.head
    start, days = run.window
    if (start, days) == (head.window_from, head.window_days):
        return
    enlarged = [replace(folder, phase=Phase.WINDOW, before=None) for folder in head.states.folders]
    await run.claim.commit(window_from=start, window_days=days, states=States(tuple(enlarged)))


async def _set_mailbox(run: Run) -> None:
    """Look at the folders afresh where the operator's mailbox has another address or connection than before. The same
    mailbox has the same folders; another one's items leave under the brake."""
    if run.claim.head.mailbox != run.mailbox_label:
        await run.claim.commit(mailbox=run.mailbox_label, tree=Tree())


async def remove_everything(run: Run) -> None:
    """Take every item out of the application, with a feed entry for each, and forget the folders' states."""
    await load_leaving(run)
    await load_failing(run)
    await run.claim.commit(intent=None, held=None, states=States(), tree=Tree(), window_from=None, window_days=None)
    units: list[Unit] = [Unit((Delete(key),)) for key in run.failing]
    async for row in every(run.world.rows, run.key, ITEM, FACTS):
        units.append(remove_item(run, item_of(row)))
        if len(units) >= _REMOVED_AT_ONCE:
            await commit_page(run, units)
            run.check_time()
            units = []
    await commit_page(run, units)
    for prefix in (blob_prefix(run.key), on_demand_prefix(run.key)):
        async for blob in run.world.blobs.names(prefix):
            await run.world.blobs.delete(blob.name)
            await run.keep_lease()
    await run.claim.commit([Merge(WANTED, {"remove": False})])

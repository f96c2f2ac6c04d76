"""The initial window of one folder: newest first, so that today's mail is there within seconds. DESIGN 4.1, step 1.

Nothing here needs an intent: the drain that follows compares everything held with everything there.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from shared.flows.email.items import import_items
from shared.flows.email.pages import commit_page
from shared.flows.email.run import OutOfTime, Run
from shared.flows.email.stored import between
from shared.model.collection import Phase, StoredItem, WatchedFolder
from shared.model.exchange import FoundItems, ItemStub
from shared.model.rules import BEGINNING, moment_of

_PAGE = 250
"""Exchange gives no more at once where there is a restriction. PROTOCOL 6."""


async def fill_window(run: Run, folder: WatchedFolder) -> None:
    """Import the folder's window from where an earlier run stopped, then leave the folder to the drain.

    A run that goes on first looks at the newest page again: mail that came meanwhile does not wait for the rest. A
    folder that has a sync state already (its window was enlarged) needs no drain.
    """
    if folder.before is not None and folder.sync_state is None:
        await _import(run, folder, await _find(run, folder, until=None, offset=0))
    async with aclosing(_pages(run, folder)) as pages:
        async for found in pages:
            oldest = await _import(run, folder, found)
            if run.out_of_time() and not found.is_last and oldest != folder.before:
                await _put(run, folder, replace(folder, before=oldest or folder.before))
                raise OutOfTime
    phase = Phase.DRAIN if folder.sync_state is None else Phase.LIVE
    await _put(run, folder, replace(folder, phase=phase, before=None))


async def _put(run: Run, folder: WatchedFolder, new: WatchedFolder) -> None:
    current = run.claim.head.folder(folder.id)
    sync_state = folder.sync_state if current is None else current.sync_state
    await run.claim.commit(states=run.claim.head.states.with_folder(replace(new, sync_state=sync_state)))


async def _pages(run: Run, folder: WatchedFolder) -> AsyncGenerator[FoundItems]:
    """The window's pages, newest first. The next one is listed while one is fetched: a slow line is waited for once."""
    listing = asyncio.ensure_future(_find(run, folder, until=folder.before, offset=0))
    try:
        while True:
            found = await listing
            if found.is_last:
                yield found
                return
            listing = asyncio.ensure_future(_find(run, folder, until=folder.before, offset=found.next_offset))
            yield found
    finally:
        listing.cancel()
        await asyncio.gather(listing, return_exceptions=True)


async def _find(run: Run, folder: WatchedFolder, *, until: datetime | None, offset: int) -> FoundItems:
    start = run.start
    return await run.world.exchange.find_items(
        run.mailbox,
        folder.id,
        since=None if start == BEGINNING else start,
        until=until,
        by_sent=folder.by_sent,
        offset=offset,
        limit=_PAGE,
    )


async def _import(run: Run, folder: WatchedFolder, found: FoundItems) -> datetime | None:
    """Import what is new of one page; the time of its oldest item."""
    times = [moment for stub in found.items if (moment := moment_of(stub, by_sent=folder.by_sent)) is not None]
    held = await _held(run, times)
    fresh = [stub for stub in found.items if _is_wanted(run, stub, held)]
    step = run.rules.batch_size * 3
    for start in range(0, len(fresh), step):
        await commit_page(run, await import_items(run, folder, fresh[start : start + step], {}))
    return min(times, default=None)


async def _held(run: Run, moments: list[datetime]) -> dict[str, StoredItem]:
    if not moments or run.claim.head.items == 0:
        return {}
    items = await between(run.world.rows, run.key, max(moments), min(moments))
    return {item.exchange_id: item for item in items if not item.gone and item.item_id not in run.leaving}


def _is_wanted(run: Run, stub: ItemStub, held: dict[str, StoredItem]) -> bool:
    return stub.id not in held and stub.sensitivity not in run.rules.keep.skip_sensitivity

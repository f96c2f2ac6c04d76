"""Drain a folder's sync from nothing to its end and reconcile: the one way to a sync state. DESIGN 4.1, steps 2 to 4.

It ends an initial window, and it mends a void sync state and a mailbox that came back with new ids: what is there and
not held is fetched, what is held and not there leaves. Only then is the state stored; a crash on the way starts anew.
"""

from collections.abc import Sequence
from dataclasses import replace

from shared.errors import Transient
from shared.flows.documents import fetch_apart, store_apart
from shared.flows.email.follow import apply_changes
from shared.flows.email.leaving import take_away
from shared.flows.email.run import OutOfTime, Run
from shared.flows.email.stored import FACTS, ITEM, by_exchange_id, every, item_of
from shared.model.collection import Phase, StoredItem, WatchedFolder
from shared.model.exchange import ItemChanges, ItemStub
from shared.model.keys import time_prefix
from shared.model.rules import moment_of

_MOST = 512
"""As many as Exchange gives, whatever the batch size: an id and a few facts each. PROTOCOL 5."""


async def drain_folder(run: Run, folder: WatchedFolder) -> None:
    """Reach the folder's current sync state and reconcile the store with it."""
    unseen, times, of = await _held(run, folder)
    state = folder.drain_state
    while True:
        changes = await run.world.exchange.sync_folder_items(run.mailbox, folder.id, state, limit=_MOST)
        worth = _worth_a_look(run, folder, changes, unseen, times)
        await apply_changes(run, folder, worth, states=None)
        state = changes.state
        if changes.is_last:
            break
        await run.keep_lease()
        if run.out_of_time():
            await _put_down(run, folder, state, unseen)
    missing = await _missing(run, list(unseen))
    await take_away(run, missing, of=of, reason="a comparison with Exchange found items missing")
    done = replace(folder, phase=Phase.LIVE, sync_state=state, drain_state=None, unseen=None, before=None)
    await run.claim.commit(states=run.claim.head.states.with_folder(done))


async def _held(run: Run, folder: WatchedFolder) -> tuple[dict[str, tuple[str, bool]], set[str], int]:
    """What the folder should have, as change key and read flag by ItemId; the times at which anything is held; and how
    many items of the collection are not gone or going."""
    unseen: dict[str, tuple[str, bool]] = {}
    times: set[str] = set()
    of = 0
    async for row in every(run.world.rows, run.key, ITEM, FACTS):
        item = item_of(row)
        times.add(time_prefix(item.moment))
        of += not item.gone and item.item_id not in run.leaving
        if item.folder_id == folder.id and not item.gone and item.item_id not in run.leaving:
            unseen[item.exchange_id] = (item.change_key, item.is_read)
    if folder.unseen is not None:
        still = set(await fetch_apart(run.world.blobs, folder.unseen))
        unseen = {name: facts for name, facts in unseen.items() if name in still}
    return unseen, times, of


def _worth_a_look(
    run: Run, folder: WatchedFolder, changes: ItemChanges, unseen: dict[str, tuple[str, bool]], times: set[str]
) -> ItemChanges:
    """Tick off what is held as it is there; leave what is new, changed, or may be an old item under a new id."""
    start = run.start

    def deserves_a_look(stub: ItemStub) -> bool:
        held = unseen.pop(stub.id, None)
        if held is not None:
            return held[0] != stub.change_key or stub.is_read not in (None, held[1])
        moment = moment_of(stub, by_sent=folder.by_sent)
        return moment is None or moment >= start or not times.isdisjoint(map(time_prefix, (stub.received, stub.sent)))

    created = tuple(stub for stub in (*changes.created, *changes.updated) if deserves_a_look(stub))
    return replace(changes, created=created, updated=())


async def _missing(run: Run, unseen: Sequence[str]) -> list[StoredItem]:
    """Those of the unseen that are really not there. One that is there though the drain did not name it means that the
    answer was not the whole truth: an empty answer never means that everything was deleted."""
    held = await by_exchange_id(run.world.rows, run.key, unseen)
    missing = [item for item in held.values() if item.item_id not in run.leaving and not item.gone]
    for start in range(0, len(missing), 100):
        part = [item.exchange_id for item in missing[start : start + 100]]
        alive = await run.world.exchange.existing(run.mailbox, part)
        if alive:
            raise Transient("exchange-inconsistent", f"{len(alive)} items exist that the folder's sync did not name")
        await run.keep_lease()
    return missing


async def _put_down(run: Run, folder: WatchedFolder, state: str, unseen: dict[str, tuple[str, bool]]) -> None:
    names = await store_apart(run.world.blobs, run.key, sorted(unseen))
    done = replace(folder, drain_state=state, unseen=names)
    await run.claim.commit(states=run.claim.head.states.with_folder(done))
    raise OutOfTime

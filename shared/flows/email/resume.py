"""Take up what an interrupted worker left: roll a page forward, retry items that failed, sweep blobs nobody names."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from shared.flows.documents import blob_prefix, fetch, on_demand_prefix
from shared.flows.email.items import gone_failures, import_items
from shared.flows.email.pages import commit_page, finish_intent, transactions
from shared.flows.email.run import Run
from shared.flows.email.stored import FAILING, ITEM, ON_DEMAND, by_exchange_id, every
from shared.flows.head import HEAD, TABLE
from shared.model.collection import WatchedFolder
from shared.model.exchange import ItemStub
from shared.ports import Delete, Row

_RETRY_EVERY = timedelta(hours=1)
_SWEEP_EVERY = timedelta(days=7)
_BLOB_GRACE = timedelta(days=1)


async def roll_forward(run: Run) -> None:
    """Finish the page that an intent announces: write what is missing of it, skip what is gone, set its states."""
    intent = run.claim.head.intent
    if intent is None:
        return
    held = await by_exchange_id(run.world.rows, run.key, intent.refs)
    missing = [ItemStub(name) for name in intent.refs if name not in held]
    folder = next((known for known in intent.states.folders if known.id == intent.folder_id), None)
    units = await import_items(run, folder or WatchedFolder(intent.folder_id, ""), missing, {})
    await finish_intent(run, transactions(units), intent.states)


async def load_failing(run: Run) -> None:
    """Read which items failed before, and how often. The next commit says how many, also where nobody had counted them."""
    if not run.claim.head.marks:
        return
    rows = every(run.world.rows, run.key, FAILING, ("count",))
    run.failing = {row.key: int(str(row.values["count"])) async for row in rows}
    run.claim.carry(**run.failing_columns)


async def retry_failing(run: Run) -> None:
    """Try items that failed again: after pauses that double from an hour to a day, or when somebody asks for a sync."""
    now = run.world.now()
    last = run.claim.head.failures_retried_at
    at_once = run.claim.at_once
    if not run.failing or (last is not None and now - last < _RETRY_EVERY and not at_once):
        return
    begun = run.claim.head.started_at or now
    due = [
        row
        async for row in every(run.world.rows, run.key, FAILING)
        if _is_due(row, now) or (at_once and _last(row) < begun)
    ]
    for row in due:
        await _retry(run, str(row.values["exchange_id"]), str(row.values["folder_id"]))
    await run.claim.commit(failures_retried_at=now)


async def _retry(run: Run, exchange_id: str, folder_id: str) -> None:
    folder = run.claim.head.folder(folder_id)
    alive = await run.world.exchange.existing(run.mailbox, [exchange_id]) if folder else set()
    if folder is None or not alive:
        await commit_page(run, gone_failures(run, [exchange_id]))
        return
    held = await by_exchange_id(run.world.rows, run.key, [exchange_id])
    await commit_page(run, await import_items(run, folder, [ItemStub(exchange_id)], held))


def _is_due(row: Row, now: datetime) -> bool:
    count = row.values["count"]
    assert isinstance(count, int)
    return now - _last(row) >= min(_RETRY_EVERY * (1 << min(count - 1, 5)), timedelta(days=1))


def _last(row: Row) -> datetime:
    last = row.values["last_at"]
    assert isinstance(last, datetime)
    return last


async def sweep_blobs(run: Run) -> None:
    """Remove, once a week, blobs that nothing of the collection names. Safe under the lease: nobody else writes."""
    now = run.world.now()
    last = run.claim.head.swept_at
    if last is None or now - last < _SWEEP_EVERY:
        if last is None:
            await run.claim.commit(swept_at=now)
        return
    named = await named_blobs(run)
    async for blob in run.world.blobs.names(blob_prefix(run.key)):
        if blob.name not in named and now - blob.modified > _BLOB_GRACE:
            await run.world.blobs.delete(blob.name)
            await run.keep_lease()
    await _sweep_on_demand(run, now)
    await run.claim.commit(swept_at=now)


async def _sweep_on_demand(run: Run, now: datetime) -> None:
    """Contents that were fetched because somebody asked, and the rows that name them."""
    async for row in every(run.world.rows, run.key, ON_DEMAND, ("at",)):
        at = row.values["at"]
        if isinstance(at, datetime) and now - at > _BLOB_GRACE:
            await run.claim.commit([Delete(row.key)])
    async for blob in run.world.blobs.names(on_demand_prefix(run.key)):
        if now - blob.modified > _BLOB_GRACE:
            await run.world.blobs.delete(blob.name)


async def named_blobs(run: Run) -> set[str]:
    """All blobs that the collection needs."""
    head = run.claim.head
    named = {folder.unseen for folder in head.states.folders} | ({head.held.items} if head.held else set())
    row = await run.world.rows.get(TABLE, run.key, HEAD)
    named |= set() if row is None else set(references(row))
    columns = ("facts_ref", "body_ref", "files_ref", "files")
    async for item in every(run.world.rows, run.key, ITEM, columns):
        named |= set(references(item))
        files: list[dict[str, Any]] = await fetch(run.world.blobs, item.values, "files") or []
        named |= {file["blob"] for file in files}
    return {name for name in named if name}


def references(row: Row) -> Iterable[str]:
    """The blobs that a row's documents are in."""
    return [str(value) for name, value in row.values.items() if name.endswith("_ref")]

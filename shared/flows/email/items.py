"""From listed items to units of a page: fetch them whole, apply the rules, join what moved, keep what failed.

A failing item never stops its page: it becomes an `e-` row and is tried again later. DESIGN 4.1.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.errors import Transient
from shared.flows.documents import fetch, place
from shared.flows.email.attachments import store_attachments
from shared.flows.email.pages import Unit
from shared.flows.email.run import Run
from shared.flows.email.stored import LEAVING, at_times, failing_key, id_key, item_key, present
from shared.flows.head import TABLE
from shared.flows.side_by_side import side_by_side
from shared.model.collection import ChangeType, StoredItem, WatchedFolder
from shared.model.email import Email, email_facts
from shared.model.exchange import ItemFailure, ItemStub
from shared.model.keys import item_id
from shared.model.rules import batches, is_same_item, moment_of, reason_to_skip
from shared.ports import Delete, Insert, Merge, Row, Touch, Upsert, Value, Write

_FETCHES_AT_ONCE = 3


async def import_items(
    run: Run, folder: WatchedFolder, stubs: Sequence[ItemStub], known: dict[str, StoredItem]
) -> list[Unit]:
    """Fetch these items and say what is to be written. `known` has those held already, by ItemId."""
    parts = list(batches(stubs, run.rules.batch_size))

    async def fetch_part(part: list[ItemStub]) -> list[Email | ItemFailure]:
        await run.keep_lease()
        return await run.world.exchange.get_emails(run.mailbox, [stub.id for stub in part])

    fetched = await side_by_side(fetch_part, parts, limit=_FETCHES_AT_ONCE)
    answers = [answer for part in fetched for answer in part]
    emails = [answer for answer in answers if isinstance(answer, Email)]
    then = await _held_then(run, [email for email in emails if email.id not in known])
    known = {item.exchange_id: item for item in then if not item.gone} | known
    here = {email.id for email in emails if email.id in known}
    elsewhere = [item for item in then if item.exchange_id not in here]
    joins = await find_moved(run, folder, [email for email in emails if email.id not in known], elsewhere)
    names = {item.item_id for item in then}
    listed = {stub.id: stub for stub in stubs}
    failures = [answer for answer in answers if isinstance(answer, ItemFailure) and not answer.gone]
    units = [_failed(run, folder, failure, listed.get(failure.id)) for failure in failures]

    async def unit(email: Email) -> list[Unit]:
        return await _unit(run, folder, email, known.get(email.id), joins.get(email.id), names)

    return units + [part for parts in await side_by_side(unit, emails, limit=4) for part in parts]


async def _held_then(run: Run, emails: Sequence[Email]) -> list[StoredItem]:
    """The items held of the times that these emails have: each of them is here, if it is held at all."""
    if run.claim.head.items == 0:
        return []
    times = [{email.received, email.sent} - {None} or {email.created} for email in emails]
    return await at_times(run.world.rows, run.key, {time for each in times for time in each})


async def find_moved(
    run: Run, folder: WatchedFolder, emails: Sequence[Email], held: Sequence[StoredItem]
) -> dict[str, StoredItem]:
    """Which held item each new email is under a new id: one that is leaving, has left, or whose old id is dead."""
    pairs = [
        (email, item) for email in emails for item in held if is_same_item(email, item) and item.exchange_id != email.id
    ]
    revived = [(email, item) for email in emails for item in held if item.gone and item.exchange_id == email.id]
    doubtful = {item.exchange_id for _, item in pairs if item.item_id not in run.leaving and not item.gone}
    alive = await run.world.exchange.existing(run.mailbox, sorted(doubtful)) if doubtful else set()
    joins: dict[str, StoredItem] = {}
    taken: set[str] = set()
    for email, item in sorted(revived + pairs, key=lambda pair: pair[1].folder_id != folder.id):
        if item.exchange_id in alive or email.id in joins or item.item_id in taken:
            continue
        joins[email.id] = item
        taken.add(item.item_id)
    return joins


async def _unit(
    run: Run, folder: WatchedFolder, email: Email, held: StoredItem | None, moved: StoredItem | None, names: set[str]
) -> list[Unit]:
    skipped = reason_to_skip(email, run.rules.keep)
    old = held or moved
    if old is None:
        return _closed(run, email.id) if skipped else [await _created(run, folder, email, names)]
    if skipped:
        return [remove_item(run, old)]
    row = await run.world.rows.get(TABLE, run.key, item_key(old.item_id))
    if row is None:
        return [await _created(run, folder, email, names)]
    unit = await _changed(run, folder, email, old, row)
    if held:  # it may have been on its way out with its folder, which is back
        return [replace(unit, writes=(*unit.writes, *_found_again(run, old.item_id)))]
    return [_joined(run, email, old, unit)]


async def _created(run: Run, folder: WatchedFolder, email: Email, names: set[str]) -> Unit:
    """A new item. `names` are taken: an item that came back after its copy took over its name needs another one."""
    moment = moment_of(email, by_sent=folder.by_sent) or email.created
    name, mark = item_id(moment, email.id), 0
    while name in names:
        mark += 1
        name = item_id(moment, f"{email.id} {mark}")
    files = await store_attachments(run, email, [])
    columns = await _columns(run, folder, email, moment, files)
    writes = (Insert(id_key(email.id), {"item_id": name}), Upsert(item_key(name), columns), *_mended(run, email.id))
    return Unit(writes, ((ChangeType.CREATED, name),), 1, email.id)


async def _changed(run: Run, folder: WatchedFolder, email: Email, old: StoredItem, row: Row) -> Unit:
    """An item's new content. What only Exchange can see (a new change key) is stored, but is no change to the CRM."""
    before = await fetch(run.world.blobs, row.values, "files") or []
    files = await store_attachments(run, email, before)
    columns = await _columns(run, folder, email, old.moment, files)
    columns["born"] = row.values["born"]
    changes = ((ChangeType.UPDATED, old.item_id),) if await _is_news(run, email, files, row, folder) else ()
    return Unit((Upsert(item_key(old.item_id), columns), *_mended(run, email.id)), changes)


async def _is_news(run: Run, email: Email, files: list[dict[str, Any]], row: Row, folder: WatchedFolder) -> bool:
    if row.values.get("gone") or row.values["folder_id"] != folder.id or row.values["is_read"] != email.is_read:
        return True
    blobs = run.world.blobs
    if await fetch(blobs, row.values, "facts") != email_facts(email):
        return True
    visible = [{**file, "exchange_id": ""} for file in files]
    before = [{**file, "exchange_id": ""} for file in await fetch(blobs, row.values, "files") or []]
    return visible != before or await fetch(blobs, row.values, "body") != _body(email)


def _joined(run: Run, email: Email, old: StoredItem, changed: Unit) -> Unit:
    """The same item under its new id. The row of the old id goes, unless that went when the item had left."""
    writes: list[Write] = [Insert(id_key(email.id), {"item_id": old.item_id}), *changed.writes]
    if not old.gone:
        writes.append(Delete(id_key(old.exchange_id)))
    writes += _found_again(run, old.item_id)
    return Unit(tuple(writes), changed.changes, 0, email.id)


def _found_again(run: Run, item_id: str) -> list[Write]:
    """Take an item's mark back. A mark of the same page was never written: it is dropped from the page instead."""
    if run.leaving.pop(item_id, None) is None or item_id in run.marked:
        return []
    return [Delete(LEAVING + item_id)]


def remove_item(run: Run, item: StoredItem, change: ChangeType = ChangeType.DELETED) -> Unit:
    """Take an item out of the application altogether."""
    writes: list[Write] = [Delete(item_key(item.item_id))]
    if not item.gone:
        writes.append(Delete(id_key(item.exchange_id)))
    writes += _found_again(run, item.item_id)
    return Unit(tuple(writes), ((change, item.item_id),), -1)


def read_flag(item: StoredItem, stub: ItemStub, is_read: bool) -> Unit:
    """An item's read flag changed and nothing else."""
    columns: dict[str, Value] = {"is_read": is_read}
    if stub.change_key:
        columns["change_key"] = stub.change_key
    return Unit((Merge(item_key(item.item_id), columns),), ((ChangeType.UPDATED, item.item_id),))


async def _columns(
    run: Run, folder: WatchedFolder, email: Email, moment: datetime | None, files: list[dict[str, Any]]
) -> dict[str, Value]:
    blobs = run.world.blobs
    columns = present(
        {
            "exchange_id": email.id,
            "change_key": email.change_key,
            "folder_id": folder.id,
            "folder": folder.path,
            "moment": moment,
            "search_key": email.search_key,
            "message_id": email.internet_message_id[:1024],
        }
    )
    columns |= {"is_read": email.is_read, "size": email.size}
    columns |= await place(blobs, run.key, "facts", email_facts(email))
    columns |= await place(blobs, run.key, "body", _body(email))
    if files:
        columns |= await place(blobs, run.key, "files", files)
    return columns


def _body(email: Email) -> dict[str, str | None]:
    return {"text": email.text, "html": email.html}


def _failed(run: Run, folder: WatchedFolder, failure: ItemFailure, stub: ItemStub | None) -> Unit:
    """Name the item as its owner sees it in Outlook; a retry, which has no listing, keeps the names of before."""
    key = failing_key(failure.id)
    if failure.transient and not run.stubborn and key not in run.failing:
        raise Transient(
            failure.code, failure.detail, exchange_code=failure.exchange_code, request_id=failure.request_id
        )
    now = run.world.now()
    count = run.failing.get(key, 0) + 1
    columns: dict[str, Value] = {
        "exchange_id": failure.id,
        "folder_id": folder.id,
        "code": failure.code,
        "exchange_code": failure.exchange_code,
        "detail": failure.detail[:1000],
        "last_at": now,
        "count": count,
    }
    if stub is not None:
        columns |= present({"subject": stub.subject[:255], "received_at": stub.received or stub.sent})
    if count == 1:
        columns["first_at"] = now
    if failure.request_id:
        columns["request_id"] = failure.request_id
    return Unit((Touch(key, columns),))


def _mended(run: Run, exchange_id: str) -> list[Write]:
    """An item that failed before and does not any more: its failure closes itself."""
    key = failing_key(exchange_id)
    return [Delete(key)] if key in run.failing else []


def _closed(run: Run, exchange_id: str) -> list[Unit]:
    """The failure of an item that can be read now, and is not to be kept."""
    mended = _mended(run, exchange_id)
    return [Unit(tuple(mended))] if mended else []


def gone_failures(run: Run, exchange_ids: Iterable[str]) -> list[Unit]:
    """Failures of items that are not there any more close themselves too."""
    keys = dict.fromkeys(failing_key(exchange_id) for exchange_id in exchange_ids)
    return [Unit((Delete(key),)) for key in keys if key in run.failing]

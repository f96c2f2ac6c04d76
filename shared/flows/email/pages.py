"""Pages: runs of changes that become visible together, cut into transactions. DESIGN 4.1.

A page that fits one transaction is committed with the new sync state at once. Otherwise the changes of items that
Exchange will tell of again (updates, deletions) go first, in finished pages of their own without the state; then the
arrivals, under an intent in the head: a worker that finds it rolls the page forward and never asks Exchange from the
old state, which would give another page and orphan what fell between.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.flows.documents import pack
from shared.flows.email.run import Run
from shared.flows.email.stored import FAILING, ITEM, LEAVING, feed_key
from shared.model.collection import ChangeType, Intent, States
from shared.model.email import timestamp
from shared.ports import Delete, Merge, Touch, Upsert, Value, Write

_ROWS = 97
"""A transaction has at most 100 rows: these, the head, the feed's row and the wish."""
_BYTES = 3 * 1024 * 1024 + 256 * 1024
"""3.5 MiB of serialised JSON, less the head and the feed's row."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Writes that belong together, what the feed says of them, and by how much the number of items changes.

    `exchange_id` is set on arrivals (created, or joined to an item that moved): what an intent names.
    """

    writes: tuple[Write, ...]
    changes: tuple[tuple[ChangeType, str], ...] = ()
    added: int = 0
    exchange_id: str = ""


async def commit_page(run: Run, units: Sequence[Unit], *, states: States | None = None, folder_id: str = "") -> None:
    """Commit all units, and the folders' new states with the last of them. Without states each transaction is a page."""
    changes = [unit for unit in units if not unit.exchange_id]
    arrivals = [unit for unit in units if unit.exchange_id]
    together = list(_transactions([*changes, *arrivals]))
    if len(together) <= 1 or states is None:
        for part in together or [[]]:
            await _finish(run, part, states)
        return
    first, last = list(_transactions(changes)), list(_transactions(arrivals))
    if not last:
        last = [first.pop()]
    for part in first:
        await _finish(run, part, None)
    if len(last) > 1:
        await _announce(run, last.pop(0), arrivals, states, folder_id)
    await finish_intent(run, last, states)


async def finish_intent(run: Run, parts: Sequence[Sequence[Unit]], states: States) -> None:
    """Write the remaining transactions of a page; the last one sets the states and clears the intent."""
    for part in parts[:-1]:
        await _write(run, part, page=run.claim.head.page + 1)
    await _finish(run, parts[-1] if parts else [], states)


def transactions(units: Sequence[Unit]) -> list[list[Unit]]:
    """Units cut into transactions, in order."""
    return list(_transactions(units))


async def _announce(run: Run, part: Sequence[Unit], arrivals: Sequence[Unit], states: States, folder_id: str) -> None:
    page = run.claim.head.page + 1
    refs = tuple(unit.exchange_id for unit in arrivals)
    await _write(run, part, page=page, intent=Intent(page, folder_id, refs, states))


async def _finish(run: Run, part: Sequence[Unit], states: States | None) -> None:
    head = run.claim.head
    if not part and states is None:
        return
    new = {"states": states} if states is not None else {}
    await _write(run, part, page=head.page + 1, finished=True, intent=None, **new)


async def _write(run: Run, part: Sequence[Unit], *, page: int, finished: bool = False, **head: object) -> None:
    claim = run.claim
    now = run.world.now()
    writes = [write for unit in part for write in unit.writes]
    entries = [(change, item_id) for unit in part for change, item_id in unit.changes]
    stamped = [_stamped(write, page, now) for write in writes]
    if entries:
        at = timestamp(now)
        log = pack([[change.value, item_id, at] for change, item_id in entries])
        stamped.append(Upsert(feed_key(page, claim.head.step + 1), {"changes": log}))
        head["news"] = page
    added = sum(unit.added for unit in part)
    if finished:
        head["page"] = page
    head["items"] = claim.head.items + added
    run.failing = _failing_after(run.failing, writes)
    head |= run.failing_columns
    if any(write.key.startswith((LEAVING, FAILING)) and not isinstance(write, Delete) for write in writes):
        head["marks"] = True
    elif run.is_concluding and "states" in head and not (run.leaving or run.failing):
        await claim.conclude(stamped, run.closing, **head)
        return
    await claim.commit(stamped, **head)


def _failing_after(failing: Mapping[str, int], writes: Sequence[Write]) -> dict[str, int]:
    """Which items fail, and how often, once these writes are done."""
    touched = [write for write in writes if write.key.startswith(FAILING)]
    gone = {write.key for write in touched if isinstance(write, Delete)}
    failed = {write.key: int(str(write.values["count"])) for write in touched if isinstance(write, Touch)}
    return {key: count for key, count in failing.items() if key not in gone} | failed


def _stamped(write: Write, page: int, now: datetime) -> Write:
    """Item rows carry the page and the time of their last change; new ones the page of their birth."""
    if isinstance(write, Upsert) and write.key.startswith(ITEM):
        return replace(write, values={"born": page, **write.values, "page": page, "at": now})
    if isinstance(write, Merge) and write.key.startswith(ITEM):
        return replace(write, values={**write.values, "page": page, "at": now})
    return write


def _transactions(units: Sequence[Unit]) -> Iterator[list[Unit]]:
    part: list[Unit] = []
    rows = weight = 0
    for unit in units:
        size = sum(_weight(write) for write in unit.writes)
        if part and (rows + len(unit.writes) > _ROWS or weight + size > _BYTES):
            yield part
            part, rows, weight = [], 0, 0
        part.append(unit)
        rows += len(unit.writes)
        weight += size
    if part:
        yield part


def _weight(write: Write) -> int:
    values = getattr(write, "values", {})
    return 700 + sum(_value_weight(value) for value in values.values())


def _value_weight(value: Value) -> int:
    match value:
        case bytes():
            return len(value) * 4 // 3 + 60
        case str():
            return 6 * len(value) + 40
    return 60

"""Take email out that is older than `retention.email_days`, of all operators, also of those whose sync is off or fails.

Once a day (`daily.py`), through all operators in steps. A collection is held only where something in it is too old: one
query tells. What is below the limit is not imported either (`Run.start`).
"""

from datetime import datetime, timedelta

from shared.errors import LeaseLost
from shared.flows.email.hold import Busy, hold
from shared.flows.email.pages import Unit, commit_page
from shared.flows.email.run import Run
from shared.flows.email.stored import FACTS, FAILING, item_key
from shared.flows.email.take_out import COLUMNS, take_out
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.operator_row import PARTITION, TABLE, operator_of
from shared.flows.operators import find_operator
from shared.flows.settings_document import settings_in_force
from shared.flows.side_by_side import side_by_side
from shared.model.keys import collection_key, time_prefix
from shared.model.operator import Kind, Operator
from shared.ports import SHARDS_QUEUE, Delete, Row, World

TASK = "age-email"
_PAGE = 100
_AT_ONCE = 4
_ITEMS_AT_ONCE = 300
_AGAIN = timedelta(minutes=5)


async def age_email(world: World, after: str, *, budget: timedelta) -> None:
    """Go through the operators after `after`; where the time ends the rest is enqueued anew."""
    deadline = world.now() + budget

    async def age(row: Row) -> None:
        await _age(world, operator_of(row), deadline)

    while (await settings_in_force(world)).retention.email_days is not None:
        page = await world.rows.query(TABLE, PARTITION, after=after, limit=_PAGE)
        await side_by_side(age, page.rows, limit=_AT_ONCE)
        after = page.next
        if not after:
            return
        if world.now() >= deadline:
            await world.queues.send(SHARDS_QUEUE, {"task": TASK, "after": after})
            return


async def age_operator(world: World, operator_id: str, *, budget: timedelta) -> None:
    """The same for one operator, who was busy or had much that is too old."""
    operator = await find_operator(world.rows, operator_id)
    if operator is not None:
        await _age(world, operator, world.now() + budget)


async def _age(world: World, operator: Operator, deadline: datetime) -> None:
    days = (await settings_in_force(world)).retention.email_days
    limit = world.now() - timedelta(days=days or 0)
    if days is None or not await _has_older(world, operator, limit):
        return
    try:
        async with hold(world, operator, deadline=deadline, job=TASK) as run:
            is_done = run is None or await _take_out_older(run, limit)
    except (Busy, LeaseLost):
        is_done = False
    if not is_done:
        await world.queues.send(SHARDS_QUEUE, {"task": TASK, "operator_id": operator.id}, delay=_AGAIN)


async def _has_older(world: World, operator: Operator, limit: datetime) -> bool:
    key = collection_key(operator.mailbox_key, Kind.EMAIL)
    first, before = _older_than(limit)
    items = await world.rows.query(COLLECTIONS, key, first=first, before=before, limit=1, columns=("moment",))
    failed = await world.rows.query(
        COLLECTIONS,
        key,
        first=FAILING,
        before=f"{FAILING}~",
        limit=1,
        at_most=("received_at", limit),
        columns=("code",),
    )
    return bool(items.rows or failed.rows)


def _older_than(limit: datetime) -> tuple[str, str]:
    """The range of keys of what is older. What has no time at all is never too old."""
    return f"{item_key(time_prefix(limit))}~", item_key(time_prefix(None))


async def _take_out_older(run: Run, limit: datetime) -> bool:
    """False where the time is spent before all of it is out."""
    rows, (first, before) = run.world.rows, _older_than(limit)
    failed = await rows.query(
        COLLECTIONS, run.key, first=FAILING, before=f"{FAILING}~", at_most=("received_at", limit), columns=("code",)
    )
    await commit_page(run, [Unit((Delete(row.key),)) for row in failed.rows])
    while True:
        await run.keep_lease()
        page = await rows.query(
            COLLECTIONS, run.key, first=first, before=before, limit=_ITEMS_AT_ONCE, columns=(*FACTS, *COLUMNS)
        )
        await take_out(run, page.rows)
        if not page.next:
            return True
        if run.out_of_time():
            return False

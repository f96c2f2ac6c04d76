"""Take single emails out of the application for good, with all that was stored of them; the feed says `deleted`.

For who holds the collection (`hold.py`). Contents that another email has too stay: they are stored once.
"""

from collections.abc import Sequence

from shared.flows.documents import fetch
from shared.flows.email.items import remove_item
from shared.flows.email.pages import commit_page
from shared.flows.email.resume import named_blobs, references
from shared.flows.email.run import Run
from shared.flows.email.stored import ON_DEMAND, every, item_of
from shared.flows.head import TABLE
from shared.flows.receive_notification import write
from shared.ports import Delete, Row

COLUMNS = ("facts", "facts_ref", "body_ref", "files", "files_ref")
"""What is needed of an item's row beside `stored.FACTS`."""


async def take_out(run: Run, rows: Sequence[Row]) -> None:
    """Remove these items. Whoever dies on the way has removed some of them, and their contents with the next sweep."""
    if not rows:
        return
    contents = {name for row in rows for name in [*references(row), *await _files(run, row)]}
    await commit_page(run, [remove_item(run, item_of(row)) for row in rows])
    for row in rows:
        contents |= await _fetched(run, row)
    if not contents:
        return
    for name in contents - await named_blobs(run):
        await run.world.blobs.delete(name)
        await run.keep_lease()


async def _files(run: Run, row: Row) -> list[str]:
    """The stored attachments of an item."""
    return [file["blob"] for file in await fetch(run.world.blobs, row.values, "files") or [] if file["blob"]]


async def _fetched(run: Run, row: Row) -> set[str]:
    """Forget what was fetched of an item because somebody asked; the contents."""
    prefix = f"{ON_DEMAND}{item_of(row).item_id}-"
    found = [each async for each in every(run.world.rows, run.key, prefix, ("blob",))]
    for each in found:
        await write(run.world.rows, TABLE, run.key, Delete(each.key))
    return {str(each.values["blob"]) for each in found}

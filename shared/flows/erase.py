"""Remove the rows of a partition for good, a transaction at a time, so that who does it may stop in between."""

from collections.abc import AsyncIterator

from shared.errors import Conflict, Unclear
from shared.flows.receive_notification import write
from shared.ports import Delete, Row, Rows

_AT_ONCE = 100


async def erase(
    rows: Rows, table: str, partition: str, *, first: str = "", before: str = ""
) -> AsyncIterator[tuple[Row, ...]]:
    """Remove all rows of a partition, or those of a range; after each transaction the rows that went with it.

    Whoever goes on to the end has removed all that was there. A row that somebody else removes meanwhile does no harm.
    """
    after = ""
    while True:
        page = await rows.query(
            table, partition, first=first, before=before, after=after, limit=_AT_ONCE, columns=("at",)
        )
        if page.rows:
            await _remove(rows, table, partition, page.rows)
            yield page.rows
        after = page.next
        if not after:
            return


async def _remove(rows: Rows, table: str, partition: str, found: tuple[Row, ...]) -> None:
    try:
        await rows.transact(table, partition, [Delete(row.key) for row in found])
    except (Conflict, Unclear):
        for row in found:
            await write(rows, table, partition, Delete(row.key))

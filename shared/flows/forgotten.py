"""The list of the forgotten in storage: a row for each, named by the fingerprint, with when and by whom it was asked for.

The row of the settings carries how often the list was changed (`settings_document.py`), and everybody reads that row
anyway: who knows the list of that number need not read it. A change is first written here and then counted, so a list
is never older than its number.
"""

from datetime import datetime

from shared.errors import Conflict, Transient, Unclear
from shared.flows.receive_notification import write
from shared.model.forgotten import Forgotten
from shared.ports import Delete, Merge, Row, Rows, Upsert

TABLE, PARTITION = "configuration", "forgotten"
_LET_IN = "let_in"
"""The mark of one who is let in again: the row goes once that was counted."""


async def read_forgotten(rows: Rows, number: int, known: Forgotten) -> Forgotten:
    """The list as of its change `number`: the one that is known already, or read anew."""
    if number == known.number:
        return known
    found: set[str] = set()
    after = ""
    while True:
        page = await rows.query(TABLE, PARTITION, after=after, columns=(_LET_IN,))
        found.update(row.key for row in page.rows if not row.values.get(_LET_IN))
        after = page.next
        if not after:
            return Forgotten(number, frozenset(found))


async def put_on_list(rows: Rows, fingerprint: str, *, by: str, at: datetime) -> None:
    """Keep somebody out, once the change is counted. May be repeated."""
    await write(rows, TABLE, PARTITION, Upsert(fingerprint, {"at": at, "by": by}))


async def find_on_list(rows: Rows, fingerprint: str) -> Row | None:
    """Somebody's row, also one that is marked."""
    return await rows.get(TABLE, PARTITION, fingerprint)


async def mark_let_in(rows: Rows, row: Row) -> str:
    """Keep somebody out no more, once the change is counted; the row's etag. Raises Transient where it was changed."""
    try:
        [etag] = await rows.transact(TABLE, PARTITION, [Merge(row.key, {_LET_IN: True}, row.etag)])
    except (Conflict, Unclear) as error:
        raise Transient("storage-unavailable", "somebody else changes the same just now; repeat the request") from error
    return etag


async def take_off_list(rows: Rows, fingerprint: str, etag: str) -> None:
    """Remove a marked row; one that was put on the list again meanwhile stays."""
    await write(rows, TABLE, PARTITION, Delete(fingerprint, etag))

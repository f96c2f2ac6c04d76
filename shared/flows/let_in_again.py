"""Let the mail of a person in again who was forgotten: what comes from then on is kept.

Whoever dies on the way has left the fingerprint's row, so that asking again goes on. At the end nothing is left of it
here but the audit, and nothing of the report.
"""

from shared.errors import Invalid
from shared.flows.forget_job import PARTITION, TABLE, WORKING, fingerprint_in, read_job
from shared.flows.forgotten import find_on_list, mark_let_in, take_off_list
from shared.flows.receive_notification import write
from shared.flows.settings_document import count_change_of_forgotten
from shared.ports import Delete, World


async def let_in_again(world: World, name: str) -> None:
    """Undo the forgetting of an address, by the name of its report.

    Raises Invalid("forget-unknown"), and Invalid("forget-under-way") while mail is taken out: it would take out new mail too.
    """
    fingerprint = fingerprint_in(name)
    row = await find_on_list(world.rows, fingerprint) if fingerprint else None
    if row is None:
        raise Invalid("forget-unknown", "nobody is forgotten by this name")
    job, job_etag = await read_job(world.rows, name)
    if job is not None and job.state == WORKING:
        raise Invalid("forget-under-way", f"it was asked for at {job.asked_at:%Y-%m-%d %H:%M} UTC")
    etag = await mark_let_in(world.rows, row)
    await count_change_of_forgotten(world.rows)
    if job is not None:
        await write(world.rows, TABLE, PARTITION, Delete(name, job_etag))
    await take_off_list(world.rows, fingerprint, etag)

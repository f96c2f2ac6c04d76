"""What status says once of a server that is unlike the settings, or has gaps that force a plainer way."""

from shared.flows.email.run import Run
from shared.model.server import NO_HIERARCHY


async def note_server(run: Run) -> None:
    """Keep in the head what is known of the server by now; writes only what is new."""
    head = run.claim.head
    notes = run.world.exchange.server(run.mailbox).notes
    if head.tree.folders and head.tree.state is None and NO_HIERARCHY not in notes:
        notes = (*notes, NO_HIERARCHY)
    if notes != head.notes:
        await run.claim.commit(notes=notes)

"""Whether the folders that a mailbox's email comes from are there and can be read. DESIGN 3, `email.folders`."""

from shared.errors import Resync, SyncError
from shared.model.collection import Tree
from shared.model.configuration import EmailSettings
from shared.model.exchange import Folder, Mailbox
from shared.model.folders import watched_folders
from shared.model.verification import Check
from shared.ports import World

NAME = "folders"
INBOX = "inbox"
ROOTS = (INBOX, "sentitems", "deleteditems", "drafts", "outbox", "junkemail")
"""Well-known names that every version's schema has."""


async def verify_folders(world: World, email: EmailSettings, mailbox: Mailbox, roots: dict[str, Folder]) -> Check:
    """Ask for one change of each folder that the settings name, as a sync would; subfolders come with them.

    One that is not in this mailbox is told and no fault: it may be made later.
    """
    read, missing = [], []
    try:
        tree = Tree(await world.exchange.find_folders(mailbox), tuple((name, each.id) for name, each in roots.items()))
        for name in email.folders:
            watched = watched_folders(tree, (name,), email.exclude_folders)
            if not watched:
                missing.append(name)
            elif fault := await _fault(world, mailbox, watched[0].id, watched[0].path):
                return fault
            else:
                read.append(watched[0].path)
    except SyncError as wrong:
        return Check(NAME, False, wrong.detail, wrong.code)
    if INBOX not in roots or not read:
        return Check(NAME, False, f"not in this mailbox: {', '.join(missing) or INBOX}", "exchange-inconsistent")
    words = f"{', '.join(read)} can be read"
    return Check(NAME, True, f"{words}; not in this mailbox: {', '.join(missing)}" if missing else words)


async def _fault(world: World, mailbox: Mailbox, folder_id: str, path: str) -> Check | None:
    try:
        await world.exchange.sync_folder_items(mailbox, folder_id, None, limit=1)
    except SyncError as wrong:
        # Quirk: a folder without a right to it answers as if it were gone, though it was just listed. PROTOCOL 13.1.
        code = "access-denied" if isinstance(wrong, Resync) else wrong.code
        return Check(NAME, False, f"{path}: {wrong.detail}", code)
    return None

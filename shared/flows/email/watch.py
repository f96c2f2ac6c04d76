"""Which folders to watch: keep the mailbox's folder tree up to date, and notice what appeared, moved or vanished."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from shared.errors import Permanent, Resync, Transient
from shared.flows.email.leaving import take_away
from shared.flows.email.run import Run
from shared.flows.email.stored import FACTS, ITEM, every, item_of
from shared.model.collection import States, StoredItem, Tree, WatchedFolder
from shared.model.exchange import Folder
from shared.model.folders import watched_folders

_ROOTS = ("inbox", "sentitems", "deleteditems")
_WELL_KNOWN = ("drafts", "outbox", "junkemail")
"""Well-known names that every version's schema has; another one would be refused with the whole request. PROTOCOL 5."""


async def look_at_folders(run: Run, *, afresh: bool = False) -> None:
    """Bring the tree and the watched folders up to date. A new folder starts with its window; one that vanished, or is
    no longer wanted, has its items leave, under the brake."""
    head = run.claim.head
    tree = await _current_tree(run, Tree() if afresh else head.tree)
    wanted = watched_folders(tree, run.rules.folders, run.rules.exclude_folders)
    if not wanted and head.states.folders:
        raise Transient("exchange-inconsistent", "none of the watched folders is there")
    known = {folder.id: folder for folder in head.states.folders}
    folders = tuple(_kept(known[new.id], new) if new.id in known else new for new in wanted)
    vanished = set(known) - {folder.id for folder in folders}
    if (vanished or not tree.folders) and dict(tree.roots)["inbox"] not in {folder.id for folder in tree.folders}:
        # The Inbox cannot be deleted: an answer without it is not the whole truth, and what vanished proves nothing.
        raise Transient("exchange-inconsistent", "the folders that Exchange names are without the Inbox")
    if vanished:
        items = [item async for item in _items(run)]
        going = [item for item in items if item.folder_id in vanished]
        await take_away(run, going, of=len(items), reason="a watched folder vanished")
    run.folders_changed |= set(known) != {folder.id for folder in folders}
    if tree.folders != head.tree.folders or tree.roots != head.tree.roots or folders != head.states.folders:
        await run.claim.commit(tree=tree, states=States(folders))
    else:
        # A newer state alone is worth no transaction: from the old one Exchange only tells the same again.
        run.claim.carry(tree=tree)


def _kept(known: WatchedFolder, new: WatchedFolder) -> WatchedFolder:
    return replace(known, path=new.path, by_sent=new.by_sent)


async def _current_tree(run: Run, tree: Tree) -> Tree:
    roots = tree.roots
    names = root_names(run.rules.folders)
    if not set(names) <= {name for name, _ in roots}:
        roots = await _find_roots(run, names)
    try:
        folders, state = await _changed_folders(run, tree)
    except Resync:
        roots = await _find_roots(run, names)
        folders, state = await _changed_folders(run, Tree())
    except Permanent as refused:
        if refused.code != "operation-not-supported":
            raise
        folders, state = await run.world.exchange.find_folders(run.mailbox), None
    return Tree(folders, roots, state)


def root_names(watched: Sequence[str]) -> list[str]:
    """The well-known folders to ask for: those that every mailbox needs, and those that the settings name."""
    return [*_ROOTS, *(name for name in watched if name in _WELL_KNOWN)]


async def _find_roots(run: Run, names: list[str]) -> tuple[tuple[str, str], ...]:
    found = await run.world.exchange.distinguished_folders(run.mailbox, names)
    if "inbox" not in found:
        raise Transient("exchange-inconsistent", "the mailbox shows no Inbox")
    return tuple((name, folder.id) for name, folder in found.items())


async def _changed_folders(run: Run, tree: Tree) -> tuple[tuple[Folder, ...], str | None]:
    folders = {folder.id: folder for folder in tree.folders}
    state = tree.state
    if state is None:
        folders = {}
    while True:
        changes = await run.world.exchange.sync_folder_hierarchy(run.mailbox, state)
        for folder in changes.changed:
            folders[folder.id] = replace(folder, distinguished="")
        for gone in changes.deleted:
            folders.pop(gone, None)
        state = changes.state
        if changes.is_last:
            return tuple(folders.values()), state


async def _items(run: Run) -> AsyncIterator[StoredItem]:
    async for row in every(run.world.rows, run.key, ITEM, FACTS):
        item = item_of(row)
        if not item.gone and item.item_id not in run.leaving:
            yield item

"""Which folders a collection watches: a pure function of the mailbox's folder tree and the settings. DESIGN 3."""

from collections.abc import Iterable, Iterator, Sequence

from shared.model.collection import Tree, WatchedFolder
from shared.model.exchange import Folder

_MAIL_CLASSES = ("", "IPF", "IPF.Note")
_SENT = "sentitems"


def watched_folders(tree: Tree, names: Sequence[str], excluded: Sequence[str]) -> list[WatchedFolder]:
    """The folders of `names` with their subfolders, less the excluded ones with theirs; each once, parents first.

    A name is a well-known one (`inbox`) or a path of display names (`Projects/2026`); case is ignored. Only mail
    folders are watched. The Sent Items folder goes by sent time. A name that leads nowhere is no error: the folder may
    be made later.
    """
    paths = folder_paths(tree)
    roots = {name.lower(): folder for name, folder in tree.roots}
    by_path = {path.lower(): folder for folder, path in paths.items()}
    left_out = {folder for name in excluded for folder in _below(tree, _find(name, roots, by_path))}
    watched: dict[str, WatchedFolder] = {}
    for name in names:
        for folder in _below(tree, _find(name, roots, by_path)):
            if folder not in left_out and folder not in watched:
                by_sent = folder == roots.get(_SENT)
                watched[folder] = WatchedFolder(folder, paths.get(folder, name), by_sent)
    return list(watched.values())


def folder_paths(tree: Tree) -> dict[str, str]:
    """Each folder's path of display names below the mailbox's root, `Inbox/Customers`, by folder id."""
    by_id = {folder.id: folder for folder in tree.folders}
    return {folder.id: "/".join(reversed(list(_upwards(folder, by_id)))) for folder in tree.folders}


def unwatched_folders(tree: Tree, watched: Iterable[str]) -> tuple[list[str], list[str]]:
    """Where an item may be that left: the deleted items (with folders in it), and every other mail folder."""
    trash = set(_below(tree, dict(tree.roots).get("deleteditems")))
    seen = set(watched)
    others = [folder.id for folder in tree.folders if _is_mail(folder) and folder.id not in trash | seen]
    return sorted(trash - seen), others


def _upwards(folder: Folder, by_id: dict[str, Folder]) -> Iterator[str]:
    steps: Folder | None = folder
    for _ in range(64):
        if steps is None:
            return
        yield steps.name
        steps = by_id.get(steps.parent_id)


def _find(name: str, roots: dict[str, str], by_path: dict[str, str]) -> str | None:
    return roots.get(name.lower()) or by_path.get(name.strip("/").lower())


def _below(tree: Tree, top: str | None) -> list[str]:
    """A folder and its mail subfolders at any depth, parents before children."""
    if top is None:
        return []
    children: dict[str, list[Folder]] = {}
    for folder in tree.folders:
        children.setdefault(folder.parent_id, []).append(folder)
    found, waiting = [top], [top]
    while waiting:
        for child in children.get(waiting.pop(0), ()):
            if _is_mail(child) and child.id not in found:
                found.append(child.id)
                waiting.append(child.id)
    return found


def _is_mail(folder: Folder) -> bool:
    return folder.folder_class in _MAIL_CLASSES or folder.folder_class.startswith("IPF.Note.")

"""What a mailbox tells its subscriptions: one Happening per event of PROTOCOL 4.2, with ids as they stood then."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """One event. `subject` is the id of the item or folder; folders are named by number for matching.

    `audience` says who sees it: `folders` (subscriptions on explicit folders), `everywhere`
    (SubscribeToAllFolders) or `both`; the two kinds see moves and deletions differently (PROTOCOL 4.7).
    """

    kind: str
    number: int
    at: datetime
    subject: str
    parent: int
    folder: int | None = None
    old_subject: str = ""
    old_parent: int | None = None
    unread: int | None = None
    audience: str = "both"


def concerns(one: Happening, folders: frozenset[int] | None, event_types: frozenset[str]) -> bool:
    """Whether a subscription to these folders (None for all of them) and event types is told of a happening."""
    if one.kind not in event_types or one.audience == ("everywhere" if folders is not None else "folders"):
        return False
    return folders is None or bool(folders & {one.parent, one.folder, one.old_parent})

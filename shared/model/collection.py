"""The state of one collection: what its head row says, and in which phase each watched folder is.

    WINDOW ──all of the window imported──▶ DRAIN ──state reached, reconciled──▶ LIVE
                                             ▲                                   │
                                             └───────sync state invalid──────────┘

WINDOW imports newest first, so that today's mail is there within seconds, and restarts at `before`. DRAIN asks
SyncFolderItems from nothing to its end and reconciles; what it has done so far is void after a crash unless it was
put down at the end of a time budget (`drain_state`, `unseen`). Only then is there a `sync_state`. DESIGN 4.1.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.model.exchange import Folder


class Phase(StrEnum):
    """Where a watched folder stands."""

    WINDOW = "window"
    DRAIN = "drain"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """One folder of a collection. `by_sent`: the window goes by sent time. `unseen` names the document of item ids not
    drained yet."""

    id: str
    path: str
    by_sent: bool = False
    phase: Phase = Phase.WINDOW
    sync_state: str | None = None
    before: datetime | None = None
    drain_state: str | None = None
    unseen: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A page that takes more than one transaction: what it will have done when it is finished. `refs` are the ItemIds
    to write, `states` the folders as they will be."""

    page: int
    folder_id: str
    refs: tuple[str, ...]
    states: "States"


@dataclass(frozen=True, slots=True)
class States:
    """What a page replaces as a whole: the watched folders with their sync states."""

    folders: tuple[WatchedFolder, ...] = ()

    def with_folder(self, folder: WatchedFolder) -> "States":
        """The same with one folder's new state."""
        return States(tuple(folder if known.id == folder.id else known for known in self.folders))


@dataclass(frozen=True, slots=True)
class Tree:
    """The mailbox's folders as of the hierarchy sync `state`; `roots` maps well-known names to folder ids."""

    folders: tuple[Folder, ...] = ()
    roots: tuple[tuple[str, str], ...] = ()
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A removal that the brake holds until an administrator releases it. `items` names the document of item ids."""

    count: int
    of: int
    reason: str
    since: datetime
    items: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a collection fails just now: a code of the failure registry, since when nothing succeeds, and how often in a row.

    `since` and `count` go on where the code changes. `alike`: how often in a row it was this same failure. `request_ids`:
    when and under which ids the server knows the requests that failed, newest first. `shut_since`: since when the mailbox is
    shut to us, whatever else failed in between.
    """

    code: str
    detail: str
    since: datetime
    last: datetime
    count: int = 1
    alike: int = 1
    exchange_code: str = ""
    request_ids: tuple[str, ...] = ()
    shut_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The head row: lease, position and state of a collection. In every transaction, under its ETag."""

    writer: str = ""
    job: str = ""
    """The message that the writer works for: who comes with the same one again knows that the writer has failed."""
    until: datetime | None = None
    step: int = 0
    page: int = 0
    news: int = 0
    """The last page, finished or not, that has an entry of the change feed."""
    items: int = 0
    mailbox: str = ""
    """The address and connection that the folder tree was read with."""
    states: States = field(default_factory=States)
    tree: Tree = field(default_factory=Tree)
    intent: Intent | None = None
    window_from: datetime | None = None
    window_days: int | None = None
    """The setting that `window_from` came from; -1 is `all`. None: the window was never set."""
    held: Held | None = None
    trouble: Trouble | None = None
    listed_at: datetime | None = None
    """When the trouble was last written into the list of failures (`flows/failure_index.py`); None: it is not there."""
    retry_at: datetime | None = None
    rests_under: str = ""
    """The circumstances (`model/due.py`) in which it failed: the pause until `retry_at` ends with them."""
    started_at: datetime | None = None
    """When a worker last began to read Exchange."""
    complete_at: datetime | None = None
    """When the collection last held all that Exchange had told of: the beginning of the last complete pass."""
    looked_at: datetime | None = None
    """When all folders were last looked at, and not only those that notifications named."""
    marks: bool = False
    """Whether there may be items on their way out, or items that failed: else nobody needs to look for their rows."""
    failed_items: int | None = None
    """How many items could not be read and have a row that says why; None: an earlier version has not counted (`failing`)."""
    failed_since: datetime | None = None
    """Since when there is at least one of them."""
    failed_listed: int = 0
    """How many of them the list of failures says: other than there are, its row is behind (`flows/failing_items.py`)."""
    failures_retried_at: datetime | None = None
    swept_at: datetime | None = None
    notes: tuple[str, ...] = ()
    """Plainer ways that a server's gaps forced, for status."""

    @property
    def is_calm(self) -> bool:
        """Whether all folders are simply followed: nothing begun, held back or failing, and nobody to be told of items."""
        folders = self.states.folders
        unusual = self.intent or self.held or self.trouble or self.failing not in (None, self.failed_listed)
        return bool(folders) and not unusual and all(folder.phase is Phase.LIVE for folder in folders)

    @property
    def failing(self) -> int | None:
        """How many items fail now; None where nobody has counted them."""
        return self.failed_items if self.marks else 0

    @property
    def visible_news(self) -> int:
        """How far the application sees news: grows with each finished page that has some."""
        return min(self.news, self.page)

    def folder(self, folder_id: str) -> WatchedFolder | None:
        """The watched folder of that id."""
        return next((folder for folder in self.states.folders if folder.id == folder_id), None)


class ChangeType(StrEnum):
    """An entry of the change feed. `LEFT`: no longer in a watched folder."""

    CREATED = "created"
    UPDATED = "updated"
    LEFT = "left"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class StoredItem:
    """What the store knows of an item without opening its documents: enough to decide on its next change."""

    item_id: str
    exchange_id: str
    change_key: str
    folder_id: str
    is_read: bool
    moment: datetime | None
    search_key: str = ""
    message_id: str = ""
    size: int = 0
    born: int = 0
    gone: str = ""
    """`left` or `deleted` where the item is kept though it is gone."""
    etag: str = ""


type Document = dict[str, Any] | list[Any]
"""What is written as compressed JSON."""

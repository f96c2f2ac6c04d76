"""Items and folders as a mailbox holds them.

Every change in a mailbox takes the next change number. An item's own number is the change number of its arrival in
its folder, so a move, which is an arrival, gives a new id (PROTOCOL 8). Each folder keeps a log of change numbers
in compact arrays; sync_states.py reads it.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from devtools.exchange_simulator.identifiers import change_key, write_id
from devtools.exchange_simulator.mail import Content, MailFacts

MESSAGE_OVERHEAD = 512


class Overrides(TypedDict, total=False):
    """What was set on the item in the mailbox and hides what the message says."""

    subject: str
    sensitivity: str
    importance: str
    categories: tuple[str, ...]
    flag: str
    item_class: str
    extended: dict[str, str | tuple[str, ...]]


def overrides_of(
    *,
    subject: str | None = None,
    sensitivity: str | None = None,
    importance: str | None = None,
    categories: Sequence[str] | None = None,
    flag: str | None = None,
    item_class: str | None = None,
) -> Overrides:
    """Give the overrides that set what is not None."""
    found = Overrides()
    if subject is not None:
        found["subject"] = subject
    if sensitivity is not None:
        found["sensitivity"] = sensitivity
    if importance is not None:
        found["importance"] = importance
    if categories is not None:
        found["categories"] = tuple(categories)
    if flag is not None:
        found["flag"] = flag
    if item_class is not None:
        found["item_class"] = item_class
    return found


@dataclass(slots=True, eq=False)
class Item:
    """One item in one folder.

    `key_change` is what the change key says: the last modification, which a move to Deleted Items is not.
    `instance` is the index of an occurrence that was computed from the series; 0 for whatever is stored.
    """

    number: int
    folder: "Folder"
    content: Content
    received: datetime
    created: datetime
    modified: datetime
    is_read: bool
    content_change: int
    read_change: int
    key_change: int
    search_key: bytes
    is_draft: bool = False
    overrides: Overrides | None = None
    instance: int = 0

    @property
    def id(self) -> str:
        return write_id("item", self.folder.mailbox, self.number, (self.instance,) if self.instance else ())

    @property
    def last_change(self) -> int:
        return max(self.content_change, self.read_change)

    @property
    def change_key(self) -> str:
        return change_key(self.folder.mailbox, self.key_change)

    @property
    def size(self) -> int:
        return self.content.size + MESSAGE_OVERHEAD

    @property
    def set(self) -> Overrides:
        return self.overrides or {}

    @property
    def subject(self) -> str:
        found = self.set.get("subject")
        return self.facts().subject if found is None else found

    @property
    def sensitivity(self) -> str:
        return self.set.get("sensitivity") or self.facts().sensitivity

    @property
    def importance(self) -> str:
        return self.set.get("importance") or self.facts().importance

    @property
    def categories(self) -> tuple[str, ...]:
        found = self.set.get("categories")
        return self.facts().categories if found is None else found

    @property
    def flag(self) -> str:
        return self.set.get("flag", "NotFlagged")

    @property
    def item_class(self) -> str:
        return self.set.get("item_class") or self.facts().item_class

    @property
    def extended(self) -> dict[str, str | tuple[str, ...]]:
        return self.set.get("extended", {})

    def facts(self) -> MailFacts:
        return self.content.facts()


@dataclass(slots=True, eq=False)
class Folder:
    """A folder and the log of what happened in it. `distinguished` is its well-known name, or empty."""

    number: int
    mailbox: UUID
    parent: "Folder | None"
    name: str
    folder_class: str
    changed: int
    committed: datetime
    distinguished: str = ""
    items: dict[int, Item] = field(default_factory=dict)
    tombstones: dict[int, int] = field(default_factory=dict)
    log_changes: array[int] = field(default_factory=lambda: array("Q"))
    log_numbers: array[int] = field(default_factory=lambda: array("Q"))
    unread: int = 0
    deleted_total: int = 0

    @property
    def id(self) -> str:
        return write_id("folder", self.mailbox, self.number)

    @property
    def change_key(self) -> str:
        return change_key(self.mailbox, self.changed)

    @property
    def last_change(self) -> int:
        return self.log_changes[-1] if self.log_changes else 0

    def note(self, change: int, number: int, at: datetime) -> None:
        """Write one line of the log: this change concerned the item of that number."""
        self.log_changes.append(change)
        self.log_numbers.append(number)
        self.committed = at

    def log_position(self, change: int) -> int:
        """Give how many lines of the log are not after `change`."""
        return bisect_right(self.log_changes, change)

    def lies_under(self, other: "Folder") -> bool:
        """Whether this folder is somewhere below `other`."""
        above = self.parent
        while above is not None and above is not other:
            above = above.parent
        return above is other

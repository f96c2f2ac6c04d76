"""What Exchange tells us: mailboxes, folders, items and their changes, free of any protocol's words.

Frozen facts, standard library only. EWS and, later, Graph are translated into these in `shared/wire`.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Whose mailbox, by primary SMTP address, and the named connection (DESIGN 3) that leads to it.

    `url` is the EWS URL that Autodiscover found, empty where the connection has its own.
    """

    address: str
    connection: str = "default"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder; its id is stable for its life. `distinguished` is the well-known name (`inbox`) where it was asked by it."""

    id: str
    parent_id: str
    name: str
    folder_class: str = "IPF.Note"
    distinguished: str = ""


@dataclass(frozen=True, slots=True)
class FolderChanges:
    """One answer of a folder hierarchy sync. `changed` holds created and updated folders; store `state` after use."""

    changed: tuple[Folder, ...]
    deleted: tuple[str, ...]
    state: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class ItemStub:
    """What a listing says of an item: enough to decide whether to fetch it. Unknown values are None or 0."""

    id: str
    change_key: str = ""
    received: datetime | None = None
    sent: datetime | None = None
    is_read: bool | None = None
    sensitivity: str = "normal"
    size: int = 0
    subject: str = ""
    """Cut at 255 characters by some servers: only to name an item that cannot be read."""


@dataclass(frozen=True, slots=True)
class ItemChanges:
    """One answer of a folder's item sync, applied to what was known at the state that was sent.

    `deleted` are ids (also of items that moved away); `read` pairs an item's stub (id and change key) with its new
    read flag. `is_last` false: ask again with `state`. PROTOCOL 5.
    """

    created: tuple[ItemStub, ...]
    updated: tuple[ItemStub, ...]
    deleted: tuple[str, ...]
    read: tuple[tuple[ItemStub, bool], ...]
    state: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class FoundItems:
    """One page of a search, in the order asked for. `next_offset` continues it unless `is_last`. PROTOCOL 6."""

    items: tuple[ItemStub, ...]
    next_offset: int
    total: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """Exchange's refusal to give one item. `gone`: it is not there (any more), which is no failure.

    `transient`: worth asking again in the same run. `code` is of the failure registry, `exchange_code` the server's.
    """

    id: str
    code: str
    exchange_code: str
    detail: str = ""
    gone: bool = False
    transient: bool = False
    request_id: str = ""
    """When and under which ids the server knows the request."""


@dataclass(frozen=True, slots=True)
class Located:
    """An item found somewhere in the mailbox by its identity (search key or Internet Message-ID) or its subject.

    `received` is told of one that was found by its subject.
    """

    id: str
    folder_id: str
    internet_message_id: str = ""
    search_key: str = ""
    received: datetime | None = None


def is_about(found: str, wanted: str, *, whole: bool) -> bool:
    """Whether a subject has this in it, or is this as a `whole`; case is ignored."""
    found, wanted = found.casefold(), wanted.casefold()
    return found == wanted if whole else wanted in found


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The answer to Subscribe. `watermark` may be empty: some servers give none."""

    id: str
    watermark: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """What one SendNotification says of one subscription. A hint: nothing in it is trusted (DESIGN 4).

    `folder_ids` are the parents of the items that events name; `folders_changed`: a folder itself was created, moved,
    renamed or deleted, or changed otherwise than by its items; `status_only`: nothing but status events.
    `error` is the server's code in an error push: the subscription is gone already. PROTOCOL 4.3.
    """

    subscription_id: str
    previous_watermark: str = ""
    watermark: str = ""
    folder_ids: frozenset[str] = frozenset()
    folders_changed: bool = False
    status_only: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """One directory entry that an address resolved to. `mailbox_type`: Mailbox, PublicDL, Contact …"""

    address: str
    name: str = ""
    mailbox_type: str = ""

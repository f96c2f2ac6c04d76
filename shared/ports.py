"""What the flows need of the world, as Protocols. Each has an adapter and a memory twin; one contract suite runs on both.

Only errors of `shared/errors.py` come out of a port.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.model.autodiscover import Answer, Attempt
from shared.model.configuration import Configuration
from shared.model.email import Email
from shared.model.exchange import (
    Folder,
    FolderChanges,
    FoundItems,
    ItemChanges,
    ItemFailure,
    Located,
    Mailbox,
    Resolved,
    Subscribed,
)
from shared.model.forgotten import Forgotten
from shared.model.pauses import Pauses
from shared.model.server import Server
from shared.model.trust import Bundle, Expiry, Offer

type Value = str | int | float | bool | bytes | datetime
"""What a row's column may hold. None is never stored: leave the column out."""


@dataclass(frozen=True, slots=True)
class Row:
    """A stored row. `etag` changes with each write of the row and never comes back."""

    key: str
    values: Mapping[str, Value]
    etag: str


@dataclass(frozen=True, slots=True)
class Insert:
    """Write a new row; Conflict if the key is taken."""

    key: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Upsert:
    """Write the row whole, whatever was there."""

    key: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Replace:
    """Write the row whole if it is still at `etag`; Conflict if it is not, or is gone."""

    key: str
    values: Mapping[str, Value]
    etag: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Set the named columns and keep the others; Conflict if the row is gone, or `etag` is given and not its own."""

    key: str
    values: Mapping[str, Value]
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Touch:
    """Set the named columns, keep the others, create the row where it is missing: merge or insert."""

    key: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the row; Conflict if it is gone already, or `etag` is given and not its own."""

    key: str
    etag: str = ""


type Write = Insert | Upsert | Replace | Merge | Touch | Delete


@dataclass(frozen=True, slots=True)
class RowPage:
    """Rows in key order. `next` continues the query (pass it as `after`); empty when there is no more."""

    rows: tuple[Row, ...]
    next: str


class Rows(Protocol):
    """Partitioned rows with atomic transactions inside one partition: Azure Table Storage, or memory.

    `table` is one of TABLES. Limits (PROTOCOL 18): 100 writes and 4 MiB a transaction, 64 KiB a column, 1 MiB a row;
    one transaction names each key once. Every method raises Transient("storage-unavailable") when storage is down.
    """

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        """Read one row."""
        ...

    async def query(
        self,
        table: str,
        partition: str,
        *,
        first: str = "",
        before: str = "",
        after: str = "",
        limit: int = 1000,
        columns: Sequence[str] = (),
        at_most: tuple[str, datetime] | None = None,
        at_least: tuple[str, datetime] | None = None,
    ) -> RowPage:
        """Rows with first <= key < before (where given) and key > after, in key order, at most `limit` (<= 1000).

        `columns` limits what is read of each row (empty: everything). `at_most` keeps only rows whose named datetime
        column is <= the given time, `at_least` those where it is >=. A page may be shorter than `limit` though `next`
        is set.
        """
        ...

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        """Apply all writes or none; the new etag of each row in order ("" for deletes).

        Raises Conflict when a condition failed (nothing written) and Unclear when the answer was lost. Never retried
        inside: the caller settles an unclear answer by reading (DESIGN 4.1).
        """
        ...


TABLES = (
    "configuration",
    "operators",
    "subscriptions",
    "collections",
    "due",
    "poison",
    "failures",
    "alerts",
    "audit",
    "advances",
)


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """A stored blob's name, size in bytes and time of last write."""

    name: str
    size: int
    modified: datetime


class Blobs(Protocol):
    """Immutable contents by name: Azure Blob Storage, or memory. A name is written once and never overwritten."""

    async def put(self, name: str, content: bytes) -> None:
        """Write a blob; a name that exists is left as it is (names are hashes of content) but counts as just written."""
        ...

    async def put_stream(self, prefix: str, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Write a stream of any length in little memory; its name is `prefix` + a hash of the content. Name and size."""
        ...

    async def get(self, name: str) -> bytes | None:
        """Read a whole blob, None where there is none."""
        ...

    def stream(self, name: str, *, first: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Read a blob, or a range of it, in pieces. Raises Permanent("content-missing") where there is none."""
        ...

    async def link(self, name: str, *, until: datetime, content_type: str, file_name: str) -> str | None:
        """A URL that lets its bearer download the blob until then, or None where storage has no such thing."""
        ...

    def names(self, prefix: str) -> AsyncIterator[BlobInfo]:
        """All blobs whose name begins with `prefix`."""
        ...

    async def delete(self, name: str) -> None:
        """Remove a blob; one that is not there is no error."""
        ...


@dataclass(frozen=True, slots=True)
class QueueLook:
    """What waits in a queue: how many messages (about, with those that are delayed or being worked on), the ids of the
    first that are visible, and when the oldest of these was sent."""

    count: int
    visible: tuple[str, ...] = ()
    oldest_at: datetime | None = None


class Queues(Protocol):
    """Work for later, at least once, in no order: Azure Queue Storage, or memory. `queue` is one of QUEUES."""

    async def send(self, queue: str, message: Mapping[str, Any], *, delay: timedelta = timedelta(0)) -> None:
        """Enqueue a small JSON object, visible after `delay` (at most 7 days)."""
        ...

    async def look(self, queue: str) -> QueueLook:
        """What waits in a queue, or in its poison queue (`collections-poison`). Takes nothing out."""
        ...

    async def probe(self, queue: str, message: Mapping[str, Any]) -> None:
        """Enqueue a message that nobody gets to see, find it there and take it out. Should we die in between, it is
        worked on like any other, so it must be one that does nothing."""
        ...


COLLECTIONS_QUEUE = "collections"
SHARDS_QUEUE = "shards"
QUEUES = (COLLECTIONS_QUEUE, SHARDS_QUEUE)


class Secrets(Protocol):
    """Named secrets (DESIGN 3): Key Vault in Azure, environment variables `EXSYNC_SECRET_…` locally, or memory."""

    async def get(self, name: str, *, fresh: bool = False) -> str | None:
        """The secret's value, None where there is none. `fresh`: not one kept from before, for who will change it."""
        ...

    async def set(self, name: str, value: str) -> None:
        """Keep a secret, for this and every later process.

        Raises Reconfigure("secret-not-writable"), Reconfigure("vault-denied") or Invalid("secret-too-large").
        """
        ...


class Certificates(Protocol):
    """X.509 certificates: read out of the files that administrators have, and as servers offer them."""

    async def read(self, content: bytes, password: str) -> Bundle:
        """All certificates of a file; private keys are left out.

        Raises Invalid: "trust-file-invalid", "trust-password-needed", "trust-password-wrong".
        """
        ...

    async def offered(self, host: str, port: int, trusted: str) -> Offer:
        """What a server offers, judged by the system's authorities and those of `trusted` (PEM). Nothing is sent to it.

        Raises Transient where there is no TLS to speak of, Reconfigure("trust-invalid") for `trusted`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """A server's answer: its HTTP status, its clock (the header Date), the ways to sign in that it offers, and the
    beginning of the body."""

    status: int
    date: datetime | None = None
    schemes: tuple[str, ...] = ()
    body: bytes = b""


class Network(Protocol):
    """What can be learnt of the way to a server without any credentials."""

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The IP addresses of a host. Raises Transient("dns-failed")."""
        ...

    async def ask(self, method: str, url: str, *, trusted: str) -> Heard:
        """Send an empty request without credentials; certificates as in `Certificates.offered`. Redirects are told and
        not followed. Raises what is wrong with the way there."""
        ...


SMTP_USERNAME = "alerts-smtp-username"
SMTP_PASSWORD = "alerts-smtp-password"
"""The secrets that a mail server may want; without them there is no sign-in."""


class Smtp(Protocol):
    """A mail server: the way out for a mail when Exchange itself is what is down."""

    async def send(self, url: str, mail: bytes, *, sender: str, recipients: Sequence[str]) -> tuple[str, ...]:
        """Hand a whole RFC 5322 message over; the recipients that the server refused while it took the mail for others.

        `url` is smtp://host:port (STARTTLS demanded, except on loopback) or smtps://host:port. Raises Transient
        ("smtp-unreachable", "smtp-busy") or Reconfigure ("smtp-insecure", "smtp-untrusted",
        "smtp-authentication-failed", "smtp-refused").
        """
        ...


class Exchange(Protocol):
    """Mailboxes of any Exchange. Errors are the four classes of `shared/errors.py`, translated at the border.

    Every call names its mailbox; calls for different mailboxes run side by side, a mailbox's own calls are limited.
    """

    async def distinguished_folders(self, mailbox: Mailbox, names: Sequence[str]) -> dict[str, Folder]:
        """Look up well-known folders (`inbox`, `sentitems`, `deleteditems` …) by name; those that do not exist are left out."""
        ...

    async def find_folders(self, mailbox: Mailbox) -> tuple[Folder, ...]:
        """All folders below the mailbox's message root, at any depth."""
        ...

    async def sync_folder_hierarchy(self, mailbox: Mailbox, state: str | None) -> FolderChanges:
        """Changes of the folders below the message root since `state`. Raises Resync when the state is void."""
        ...

    async def find_items(
        self,
        mailbox: Mailbox,
        folder_id: str,
        *,
        since: datetime | None,
        until: datetime | None = None,
        by_sent: bool = False,
        offset: int = 0,
        limit: int = 250,
    ) -> FoundItems:
        """Items of one folder with since <= time <= until, newest first; time is received, or sent with `by_sent`.

        From a server that cannot sort they come as one page, whatever `limit` says.
        """
        ...

    async def sync_folder_items(
        self, mailbox: Mailbox, folder_id: str, state: str | None, *, limit: int
    ) -> ItemChanges:
        """Changes of one folder's items since `state` (None: from nothing), at most `limit` (1 to 512).

        Raises Resync("sync-state-invalid") when the state is void, Resync("folder-gone") when the folder is.
        """
        ...

    async def get_emails(
        self, mailbox: Mailbox, ids: Sequence[str], *, bodies: bool = True
    ) -> list[Email | ItemFailure]:
        """Full emails, aligned with `ids`. An item's own failure is an ItemFailure in its place, never an exception.

        Without `bodies` neither text nor HTML is read of the mailbox.
        """
        ...

    async def existing(self, mailbox: Mailbox, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that still name an item. Only ErrorItemNotFound counts as gone."""
        ...

    async def locate(
        self, mailbox: Mailbox, folder_ids: Sequence[str], *, search_keys: Sequence[str], message_ids: Sequence[str]
    ) -> tuple[Located, ...]:
        """Items in these folders whose search key (base64) or Internet Message-ID is one of those given (at most 50)."""
        ...

    async def find_by_subject(
        self, mailbox: Mailbox, folder_ids: Sequence[str], subject: str, *, whole: bool, limit: int
    ) -> tuple[Located, ...]:
        """The newest items, at most `limit`, in these folders with this in their subject, or as their `whole` subject;
        case is ignored.

        A server that cannot search has the newest page of each folder listed.
        """
        ...

    def attachment(self, mailbox: Mailbox, attachment_id: str) -> AsyncIterator[bytes]:
        """One attachment's content as a stream of blocks; an embedded item as RFC 5322. Raises Permanent("item-gone")."""
        ...

    def mime(self, mailbox: Mailbox, item_id: str) -> AsyncIterator[bytes]:
        """One item as RFC 5322, as a stream of blocks. Raises Permanent("item-gone")."""
        ...

    async def subscribe(
        self, mailbox: Mailbox, folder_ids: Sequence[str], *, url: str, frequency_minutes: int
    ) -> Subscribed:
        """Ask for push notifications of these folders to `url`. PROTOCOL 4.1."""
        ...

    async def send_mail(self, mailbox: Mailbox, mime: bytes) -> None:
        """Send a whole RFC 5322 message from the mailbox to whom its header names; no copy is kept in it.

        Repeated by nobody below: after a broken connection it may have been sent. PROTOCOL 9.
        """
        ...

    def server(self, mailbox: Mailbox) -> Server:
        """What the calls so far have shown of the server behind a mailbox. Asks nothing; raises Reconfigure for an unknown
        connection."""
        ...

    async def resolve(self, mailbox: Mailbox, address: str) -> tuple[Resolved, ...]:
        """What the directory knows under an address (ResolveNames)."""
        ...

    def certificates(self, connection: str) -> tuple[Expiry, ...]:
        """The certificates that a connection was seen to depend on: the server's own and those trusted privately."""
        ...

    async def autodiscover(self, attempt: Attempt) -> Answer:
        """Put one question to Autodiscover, with the credentials of `attempt.connection` where it names one.

        Redirects are told and not followed. Raises what is wrong with the server, or with the way to it. PROTOCOL 15.
        """
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Everything a flow may touch: the ports, the clock and the source of new ids. Built in compose, or by a test."""

    rows: Rows
    blobs: Blobs
    queues: Queues
    secrets: Secrets
    exchange: Exchange
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    """A fresh random name of 16 characters 0-9 a-v."""
    certificates: Certificates
    network: Network
    smtp: Smtp
    configuration: Configuration | None = None
    """The settings in force when this world was asked for, where they were read just then: who has them need not read them."""
    pauses: Pauses | None = None
    """The pauses in force, likewise."""
    forgotten: Forgotten = field(default_factory=Forgotten)
    """Who is forgotten, as of the change that it is numbered by; with `configuration` it was read together with that."""

"""The JSON documents of the API, as models: they check what comes in and describe what goes out.

What goes out is written by the flows and not checked again at run time; a test holds it against these.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.model.operator import Kind


class Problem(BaseModel):
    """RFC 9457, with a stable `code` out of docs/failures.md and its remedy."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str


class OperatorIn(BaseModel):
    """An operator as it is put. It replaces the whole operator: what is left out gets its default."""

    model_config = ConfigDict(extra="forbid", strict=True)

    operator_id: str | None = Field(None, description="May be given; then it must be the one of the address.")
    mailbox: str = Field(description="Primary SMTP address of the mailbox in Exchange.")
    connection: str = Field(
        "default", description="Which of the settings' connections leads to the mailbox; `auto`: Autodiscover finds it."
    )
    email_sync: bool = False
    calendar_sync: bool = Field(False, description="Accepted, and waits for a later version.")
    contact_sync: bool = Field(False, description="Accepted, and waits for a later version.")
    time_zone: str = Field("UTC", description="IANA name.")


class OperatorOut(BaseModel):
    """An operator."""

    operator_id: str
    mailbox: str
    connection: str
    email_sync: bool
    calendar_sync: bool
    contact_sync: bool
    time_zone: str


class OperatorPage(BaseModel):
    """Operators in order of their id."""

    items: list[OperatorOut]
    next: str | None


class SyncRequest(BaseModel):
    """Which kinds to synchronise now."""

    model_config = ConfigDict(extra="forbid")

    kinds: Annotated[list[Kind], Field(min_length=1)] = [Kind.EMAIL]


class SyncAccepted(BaseModel):
    """The sync is asked for; status tells how it goes."""

    operator_id: str
    kinds: list[Kind]
    status_url: str


class DiscoverRequest(BaseModel):
    """Which mailbox to find."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(description="The mailbox's SMTP address.")
    connection: str = Field("auto", description="By whose credentials; `auto`: by any connection of the settings.")


class DiscoverStep(BaseModel):
    """One question that was asked."""

    way: Literal["json", "soap", "pox", "plain", "srv"]
    url: str
    address: str
    credentials_of: str | None = Field(description="The connection whose credentials went with it.")
    outcome: str
    code: str | None = Field(description="A code of docs/failures.md, where the question got no answer.")
    remedy: str | None = Field(description="What to do about `code`, if this is the host that should have answered.")
    seconds: float


class Discovered(BaseModel):
    """Where a mailbox is. `code` and the two after it say why it cannot be reached by the settings as they are."""

    address: str
    url: str | None
    internal_url: str | None
    build: str | None
    version: str | None = Field(description="What `connections.<name>.version` should be.")
    schemas: list[str]
    connection: str | None = Field(description="The connection of the settings that leads there.")
    untrusted_hosts: list[str] = Field(description="Not asked, since they would have needed credentials.")
    steps: list[DiscoverStep]
    commands: list[str] = Field(description="What to run to use it.")
    code: str | None
    detail: str | None
    remedy: str | None


class ReleaseRequest(BaseModel):
    """Of which kind the held removal is to take place."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind


class Participant(BaseModel):
    """A name and an address, as the mail has them."""

    name: str
    address: str


class Attachment(BaseModel):
    """An attachment's description; its content is at `…/attachments/{n}`."""

    n: int
    name: str
    kind: Literal["file", "item", "reference"]
    content_type: str
    size: int
    is_inline: bool
    content_id: str
    url: str | None = Field(description="Where the file is, for a `reference` to the cloud.")
    stored: bool = Field(description="Whether the content is here; otherwise it is fetched when asked for.")
    failure: str | None = Field(description="Why it is not stored: a code of docs/failures.md.")


class Email(BaseModel):
    """An email. `text` and `html` are there in the single item, and elsewhere with `include=body`."""

    item_id: str
    subject: str
    type: str
    item_class: str
    sender: Participant | None
    from_: Participant | None = Field(alias="from")
    to: list[Participant]
    cc: list[Participant]
    bcc: list[Participant]
    reply_to: list[Participant]
    received_at: datetime | None
    sent_at: datetime | None
    importance: str
    sensitivity: str
    categories: list[str]
    is_draft: bool
    is_read: bool
    conversation_id: str
    conversation_topic: str
    internet_message_id: str | None
    in_reply_to: str | None
    references: list[str]
    has_attachments: bool
    size: int
    folder: str
    gone: Literal["left", "deleted"] | None = Field(description="Kept here though it left its folder or was deleted.")
    gone_at: datetime | None
    changed_at: datetime | None
    attachments: list[Attachment]
    text: str | None = None
    html: str | None = None


class EmailPage(BaseModel):
    """Emails, newest first."""

    items: list[Email]
    next: str | None


class Change(BaseModel):
    """One entry of the feed. `item` is the item as it is now; null once it is not held any more."""

    cursor: str
    type: Literal["created", "updated", "left", "deleted"]
    kind: Kind
    item_id: str
    at: datetime
    item: Email | None


class ChangePage(BaseModel):
    """Entries in order. `next` continues, also when there is nothing new: ask again with it later."""

    changes: list[Change]
    next: str


class Explained(BaseModel):
    """A failure with what the registry knows of it."""

    model_config = ConfigDict(extra="allow")

    code: str
    class_: str = Field(alias="class")
    cause: str
    remedy: str
    owner: str
    detail: str | None


type State = Literal["off", "paused", "suspended", "failing", "held", "waiting", "initial", "live", "polling"]
"""How a kind stands."""


class KindStatus(BaseModel):
    """How a kind goes. A kind that is not available has only `state` and `reason`."""

    state: State
    reason: str
    last_sync_at: datetime | None = None
    lag_seconds: int | None = None
    asked_at: datetime | None = None
    syncing: bool = False
    items: int = 0
    window_from: str | None = None
    folders: list[dict[str, str]] = []
    paused: dict[str, Any] | None = None
    subscription: dict[str, Any] | None = None
    failure: Explained | None = None
    retry_at: datetime | None = None
    held: Explained | None = None
    failed_items: int = Field(0, description="How many items cannot be read: `GET /failures?operator_id=` lists them.")
    notes: list[str] = []


class Status(BaseModel):
    """How an operator's sync goes, per kind."""

    operator_id: str
    mailbox: str
    at: datetime
    kinds: dict[Kind, KindStatus]


class FailedItem(Explained):
    """An item that could not be read. It is tried again, and leaves the list by itself."""

    id: str = Field(description="For `POST /failures/{id}/retry`.")
    exchange_code: str | None
    subject: str | None
    received_at: datetime | None
    first_at: datetime | None
    last_at: datetime | None
    count: int
    request_id: str | None = Field(description="When and under which ids Exchange knows the request.")


class Certificate(BaseModel):
    """A certificate. `warning` is there from 30 days before it expires."""

    subject: str
    issuer: str
    names: list[str]
    sha256: str
    sha1: str
    not_before: datetime
    not_after: datetime
    days_left: int
    is_authority: bool
    pem: str
    warning: Explained | None


class Trust(BaseModel):
    """The certificates that are trusted beside the system's."""

    items: list[Certificate]


class TrustAdded(BaseModel):
    """What a file held: certificates that are trusted from now on, and those that were before."""

    added: list[Certificate]
    known: list[Certificate]


class FetchRequest(BaseModel):
    """Which server to look at."""

    model_config = ConfigDict(extra="forbid")

    url: str


class FetchedChain(BaseModel):
    """The chain that a server offers, its own certificate first; `topmost` is the fingerprint of the one to trust."""

    host: str
    port: int
    trusted: bool
    failure: Explained | None
    topmost: str
    certificates: list[Certificate]


class Check(BaseModel):
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    code: str | None = None
    remedy: str | None = None


class DeepHealth(BaseModel):
    """Whether everything that the app needs answers."""

    status: Literal["ok", "failing"]
    checks: list[Check]

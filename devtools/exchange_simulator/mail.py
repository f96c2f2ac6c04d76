"""What a message says, as Exchange keeps it: frozen facts that parsing.py and generated.py give."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

_NONE: Mapping[str, str] = MappingProxyType({})
_REGULAR: "Mapping[int, SeriesException | None]" = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Address:
    """A name and an SMTP address; either may be empty in malformed mail."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a text/calendar part says; enough to show meeting mail."""

    method: str
    uid: str = ""
    start: datetime | None = None
    end: datetime | None = None
    location: str = ""
    organizer: Address | None = None
    response: str = "Unknown"
    all_day: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the body. `message` is set for an attached item; `blocks` gives the bytes piece by piece.

    `key` is what an attachment that a client created is known by; those of delivered mail go by their position.
    """

    name: str
    content_type: str
    size: int
    blocks: Callable[[], Iterator[bytes]]
    content_id: str = ""
    content_location: str = ""
    inline: bool = False
    message: "Content | None" = None
    key: int | None = None
    contact_photo: bool = False


@dataclass(frozen=True, slots=True)
class MailFacts:
    """One item. `text` and `html` are what was sent; None where the message has no such part.

    `properties` are those that only calendar items and contacts have (and reminders): field URI to the element
    that shows it. `exceptions` are those of a series, by the index of their occurrence; None is a deleted one.
    """

    subject: str = ""
    from_: Address | None = None
    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    sent: datetime | None = None
    message_id: str = ""
    in_reply_to: str = ""
    references: str = ""
    importance: str = "Normal"
    sensitivity: str = "Normal"
    categories: tuple[str, ...] = ()
    text: str | None = None
    html: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    item_class: str = "IPM.Note"
    topic: str = ""
    thread_index: bytes = b""
    meeting: Meeting | None = None
    read_receipt: bool = False
    delivery_receipt: bool = False
    properties: Mapping[str, str] = field(default=_NONE, hash=False)
    exceptions: "Mapping[int, SeriesException | None]" = field(default=_REGULAR, hash=False)

    @property
    def has_attachments(self) -> bool:
        """False when only inline attachments exist (PROTOCOL 10)."""
        return any(not one.inline for one in self.attachments)


@dataclass(frozen=True, slots=True)
class SeriesException:
    """An occurrence that was changed: its facts as a whole, and the extended properties that were set on it."""

    facts: MailFacts
    extended: Mapping[str, str | tuple[str, ...]] = field(hash=False)


class Content(Protocol):
    """Where an item's facts and bytes come from; shared by copies of one message."""

    @property
    def size(self) -> int: ...

    @property
    def search_key(self) -> bytes: ...

    def facts(self) -> MailFacts: ...

    def mime_blocks(self) -> Iterator[bytes]: ...


@dataclass(slots=True)
class StoredContent:
    """A message that was delivered as bytes; read once, when somebody first asks."""

    raw: bytes
    search_key: bytes
    read: Callable[[bytes], MailFacts] = field(repr=False)
    _facts: MailFacts | None = None

    @property
    def size(self) -> int:
        return len(self.raw)

    def facts(self) -> MailFacts:
        if self._facts is None:
            self._facts = self.read(self.raw)
        return self._facts

    def mime_blocks(self) -> Iterator[bytes]:
        yield self.raw

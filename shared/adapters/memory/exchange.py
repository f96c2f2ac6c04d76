"""Exchange in memory: the twin of the Exchange adapters, over `MemoryMailbox`.

Tests stop or break it through `before` and `after`, awaited around every call with its operation's name (the port's
method) and mailbox: what they raise is raised by the call. After `before` nothing was done, before `after` all was.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shared.adapters.memory.mailbox import MemoryMailbox, StoredItem, read_rfc5322, rfc5322, stub
from shared.errors import Permanent, Reconfigure, SyncError, Transient
from shared.model.autodiscover import Answer, Attempt
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
    is_about,
)
from shared.model.server import Server
from shared.model.trust import Expiry

type Hook = Callable[[str, Mailbox], Awaitable[None]]

FIND_PAGE = 250
BLOCK = 64 * 1024
_NEVER = datetime.min.replace(tzinfo=UTC)
_ALWAYS = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MemorySubscription:
    """What a Subscribe asked for; a test pushes by calling the listener's flow with the subscription's id."""

    mailbox: Mailbox
    folder_ids: tuple[str, ...]
    url: str
    frequency_minutes: int


async def pass_by(operation: str, mailbox: Mailbox) -> None:
    """Do nothing: the hook that is there until a test sets its own."""


class MemoryExchange:
    """The port `Exchange`. `counts` tells calls by operation; `directory` is what `resolve` finds beside mailboxes.

    `aliases` lead to primary addresses, in lower case; a call by an alias is served, as the adapter adopts the primary.
    `depends_on` are certificates by connection; `sent` is what was sent, from which mailbox.
    """

    def __init__(self) -> None:
        self.mailboxes: dict[str, MemoryMailbox] = {}
        self.subscriptions: dict[str, MemorySubscription] = {}
        self.directory: list[Resolved] = []
        self.aliases: dict[str, str] = {}
        self.depends_on: dict[str, tuple[Expiry, ...]] = {}
        self.autodiscover_answers: dict[str, Answer | SyncError] = {}
        self.autodiscover_asked: list[Attempt] = []
        self.sent: list[tuple[Mailbox, bytes]] = []
        self.counts: Counter[str] = Counter()
        self.known_servers: dict[str, Server] = {}
        self.before: Hook = pass_by
        self.after: Hook = pass_by

    def add_mailbox(self, address: str) -> MemoryMailbox:
        """Create a mailbox with its distinguished folders."""
        self.mailboxes[address.lower()] = MemoryMailbox(address)
        return self.mailboxes[address.lower()]

    def certificates(self, connection: str) -> tuple[Expiry, ...]:
        """See the port."""
        return self.depends_on.get(connection, ())

    async def autodiscover(self, attempt: Attempt) -> Answer:
        """What `autodiscover_answers` says for the URL; where it says nothing, its host cannot be resolved."""
        self.autodiscover_asked.append(attempt)
        answer = self.autodiscover_answers.get(attempt.url) or Transient("dns-failed", "the name cannot be resolved")
        if isinstance(answer, SyncError):
            raise answer
        return answer

    async def distinguished_folders(self, mailbox: Mailbox, names: Sequence[str]) -> dict[str, Folder]:
        """Look up well-known folders by name."""
        async with self._call("distinguished_folders", mailbox) as box:
            ids = {name: box.distinguished[name] for name in names if name in box.distinguished}
            folders = {name: box.folders[folder_id] for name, folder_id in ids.items() if folder_id in box.folders}
            return {
                name: Folder(each.id, each.parent_id, each.name, each.folder_class, name)
                for name, each in folders.items()
            }

    async def find_folders(self, mailbox: Mailbox) -> tuple[Folder, ...]:
        """All folders below the message root."""
        async with self._call("find_folders", mailbox) as box:
            return () if box.empty_answers else box.below("msgfolderroot")

    async def sync_folder_hierarchy(self, mailbox: Mailbox, state: str | None) -> FolderChanges:
        """Changes of the folders below the message root since `state`."""
        async with self._call("sync_folder_hierarchy", mailbox) as box:
            return box.sync_folders(state)

    async def find_items(
        self,
        mailbox: Mailbox,
        folder_id: str,
        *,
        since: datetime | None,
        until: datetime | None = None,
        by_sent: bool = False,
        offset: int = 0,
        limit: int = FIND_PAGE,
    ) -> FoundItems:
        """Items of one folder in a span of time, newest first."""
        async with self._call("find_items", mailbox) as box:
            times = {email.id: email.sent if by_sent else email.received for email in box.in_folder(folder_id)}
            inside = {
                item_id: moment
                for item_id, moment in times.items()
                if moment is not None and (since or _NEVER) <= moment <= (until or _ALWAYS)
            }
            newest_first = sorted(inside, key=lambda item_id: inside[item_id], reverse=True)
            end = offset + min(limit, FIND_PAGE)
            stubs = tuple(stub(box.items[item_id].email) for item_id in newest_first[offset:end])
            return FoundItems(stubs, offset + len(stubs), len(inside), is_last=end >= len(inside))

    async def sync_folder_items(
        self, mailbox: Mailbox, folder_id: str, state: str | None, *, limit: int
    ) -> ItemChanges:
        """Changes of one folder's items since `state`."""
        if not 1 <= limit <= 512:
            raise ValueError(f"limit {limit}: 1 to 512")
        async with self._call("sync_folder_items", mailbox) as box:
            return box.sync_items(folder_id, state, limit)

    async def get_emails(
        self, mailbox: Mailbox, ids: Sequence[str], *, bodies: bool = True
    ) -> list[Email | ItemFailure]:
        """Full emails, or each one's failure in its place."""
        async with self._call("get_emails", mailbox) as box:
            return [box.failures.get(item_id) or _email(box, item_id, bodies=bodies) for item_id in ids]

    async def existing(self, mailbox: Mailbox, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that still name an item."""
        async with self._call("existing", mailbox) as box:
            return {item_id for item_id in ids if item_id in box.items}

    async def locate(
        self, mailbox: Mailbox, folder_ids: Sequence[str], *, search_keys: Sequence[str], message_ids: Sequence[str]
    ) -> tuple[Located, ...]:
        """Items in these folders with one of these identities."""
        if len(search_keys) + len(message_ids) > 50:
            raise ValueError("at most 50 identities: a restriction has 255 nodes")
        async with self._call("locate", mailbox) as box:
            emails = [item.email for item in box.items.values() if item.email.folder_id in folder_ids]
            return tuple(
                Located(email.id, email.folder_id, email.internet_message_id, email.search_key)
                for email in emails
                if email.search_key in search_keys or email.internet_message_id in message_ids
            )

    async def find_by_subject(
        self, mailbox: Mailbox, folder_ids: Sequence[str], subject: str, *, whole: bool, limit: int
    ) -> tuple[Located, ...]:
        """The newest items in these folders with this subject."""
        async with self._call("find_by_subject", mailbox) as box:
            emails = [item.email for item in box.items.values() if item.email.folder_id in folder_ids]
            about = [email for email in emails if is_about(email.subject, subject, whole=whole)]
            found = sorted(about, key=lambda email: email.received or _NEVER, reverse=True)
            return tuple(Located(email.id, email.folder_id, received=email.received) for email in found[:limit])

    async def attachment(self, mailbox: Mailbox, attachment_id: str) -> AsyncGenerator[bytes]:
        """One attachment's content in blocks."""
        async with self._call("attachment", mailbox) as box:
            for item in box.items.values():
                for attachment, content in zip(item.email.attachments, item.contents, strict=True):
                    if attachment.id == attachment_id:
                        async for block in _blocks(content):
                            yield block
                        return
            raise Permanent("item-gone", attachment_id, exchange_code="ErrorItemNotFound")

    async def mime(self, mailbox: Mailbox, item_id: str) -> AsyncGenerator[bytes]:
        """One item as RFC 5322 in blocks."""
        async with self._call("mime", mailbox) as box:
            if item_id not in box.items:
                raise Permanent("item-gone", item_id, exchange_code="ErrorItemNotFound")
            async for block in _blocks(_message(box.items[item_id])):
                yield block

    async def subscribe(
        self, mailbox: Mailbox, folder_ids: Sequence[str], *, url: str, frequency_minutes: int
    ) -> Subscribed:
        """Note the subscription; nothing is pushed by itself."""
        async with self._call("subscribe", mailbox) as box:
            ids = tuple(box.folder_id(folder_id) for folder_id in folder_ids)
            name = f"subscription/{len(self.subscriptions) + 1}"
            self.subscriptions[name] = MemorySubscription(mailbox, ids, url, frequency_minutes)
            return Subscribed(name, "watermark/1")

    async def send_mail(self, mailbox: Mailbox, mime: bytes) -> None:
        """Note it, and deliver it to the recipients that have a mailbox here."""
        async with self._call("send_mail", mailbox) as box:
            email = read_rfc5322(mime)
            if email.from_ is None or email.from_.address.lower() != box.address.lower():
                raise Reconfigure("access-denied", "not its own address", exchange_code="ErrorSendAsDenied")
            self.sent.append((mailbox, mime))
            for each in (*email.to, *email.cc):
                if other := self.mailboxes.get(each.address.lower()):
                    other.deliver(email, folder="inbox", mime=mime)

    def server(self, mailbox: Mailbox) -> Server:
        """What a test has set in `known_servers` for the connection."""
        return self.known_servers.get(mailbox.connection, Server())

    async def resolve(self, mailbox: Mailbox, address: str) -> tuple[Resolved, ...]:
        """Mailboxes and directory entries with this address."""
        async with self._call("resolve", mailbox):
            mailboxes = [Resolved(box.address, box.address, "Mailbox") for box in self.mailboxes.values()]
            primary = self.aliases.get(address.lower(), address.lower())
            return tuple(each for each in mailboxes + self.directory if each.address.lower() == primary)

    @asynccontextmanager
    async def _call(self, operation: str, mailbox: Mailbox) -> AsyncGenerator[MemoryMailbox]:
        self.counts[operation] += 1
        await asyncio.sleep(0)  # as a request would, let other mailboxes in
        await self.before(operation, mailbox)
        address = mailbox.address.lower()
        box = self.mailboxes.get(self.aliases.get(address, address))
        if box is None:
            raise Reconfigure("mailbox-unknown", mailbox.address, exchange_code="ErrorNonExistentMailbox")
        yield box
        await self.after(operation, mailbox)


def _email(box: MemoryMailbox, item_id: str, *, bodies: bool) -> Email | ItemFailure:
    if item_id in box.items:
        email = box.items[item_id].email
        return email if bodies else replace(email, text=None, html=None)
    return ItemFailure(item_id, "item-gone", "ErrorItemNotFound", gone=True)


def _message(item: StoredItem) -> bytes:
    return item.mime or rfc5322(item.email)


async def _blocks(content: bytes) -> AsyncGenerator[bytes]:
    for start in range(0, len(content), BLOCK):
        yield content[start : start + BLOCK]

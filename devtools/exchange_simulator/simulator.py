"""ExchangeSimulator: the server's life, and everything a test or a person can make happen in it.

    async with ExchangeSimulator(mailboxes=["alice@contoso.example"]) as exchange:
        exchange.deliver("alice@contoso.example", b"Subject: hello\r\n\r\nText")
        await exchange.settle()

The verbs are those of the control API (control.py). They act at once; only `settle` waits. Loopback only.
"""

import asyncio
import ssl
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from types import TracebackType
from typing import ClassVar, Self

from aiohttp import web

from devtools.exchange_simulator import oauth
from devtools.exchange_simulator.accounts import Accounts
from devtools.exchange_simulator.autodiscover import Autodiscover
from devtools.exchange_simulator.directory import Directory, Outgoing
from devtools.exchange_simulator.endpoint import Endpoint
from devtools.exchange_simulator.fault_injection import Fault, FaultList
from devtools.exchange_simulator.gaps import known_gaps
from devtools.exchange_simulator.generated import GeneratedContent, LargeContent, composed
from devtools.exchange_simulator.item_rows import ItemRow, row_of
from devtools.exchange_simulator.items import Item, overrides_of
from devtools.exchange_simulator.journal import Journal
from devtools.exchange_simulator.mail import StoredContent
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.ntlm import NtlmConnections
from devtools.exchange_simulator.parsing import read_message
from devtools.exchange_simulator.push import PushHub, Subscription
from devtools.exchange_simulator.schema import BESIDE_PROJECT, Schema
from devtools.exchange_simulator.tokens import Tokens
from devtools.exchange_simulator.versions import PRODUCTS
from devtools.exchange_simulator.watching import Watches

PATH = "/EWS/Exchange.asmx"
DEFAULT_USER, DEFAULT_PASSWORD = "service@contoso.example", "secret"
DEFAULT_CLIENT, DEFAULT_CLIENT_SECRET = "00000000-0000-0000-0000-00000000c11e", "client-secret"
_LARGEST_REQUEST = 256 * 2**20


class ExchangeSimulator:
    """One simulated organisation behind one EWS URL."""

    more_routes: ClassVar[list[Callable[[web.Application, "ExchangeSimulator"], None]]] = []
    """What else is served beside EWS and tokens: the package adds the control API, which is built on this class."""

    def __init__(
        self,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        version: str = "Exchange2016",
        mailboxes: Iterable[str] = (),
        users: dict[str, str] | None = None,
        clients: dict[str, str] | None = None,
        authentication: Collection[str] = ("negotiate", "ntlm", "basic", "bearer"),
        extended_protection: str = "none",
        certificate: bytes | None = None,
        schema: Path | None = BESIDE_PROJECT,
        seconds_per_minute: float = 60.0,
        push_timeout: float = 30.0,
        push_trust: ssl.SSLContext | None = None,
        subscriptions_per_mailbox: int = 20,
        connections_per_mailbox: int = 27,
        gaps: Collection[str] = (),
    ) -> None:
        self._port, self._tls = port, tls
        self.directory = Directory()
        self.journal = Journal()
        self.faults = FaultList()
        self.accounts = Accounts(
            users if users is not None else {DEFAULT_USER: DEFAULT_PASSWORD},
            clients if clients is not None else {DEFAULT_CLIENT: DEFAULT_CLIENT_SECRET},
            authentication,
        )
        self.ntlm = NtlmConnections(self.accounts, protection=extended_protection, certificate=certificate)
        self.push = PushHub(
            seconds_per_minute=seconds_per_minute,
            post_timeout=push_timeout,
            limit=subscriptions_per_mailbox,
            trust=push_trust,
            watermarks="watermarks" not in gaps,
        )
        self.watches = Watches(seconds_per_minute)
        self.autodiscover = Autodiscover(self.directory, self.accounts, self.ntlm, PRODUCTS[version])
        self._endpoint = Endpoint(
            directory=self.directory,
            accounts=self.accounts,
            ntlm=self.ntlm,
            product=PRODUCTS[version],
            push=self.push,
            watches=self.watches,
            schema=Schema(schema),
            faults=self.faults,
            journal=self.journal,
            connections_per_mailbox=connections_per_mailbox,
            gaps=known_gaps(gaps),
        )
        self._runner: web.AppRunner | None = None
        for address in mailboxes:
            self.add_mailbox(address)

    # Life

    async def start(self) -> None:
        """Listen on loopback; `url` is known afterwards."""
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.router.add_route("*", PATH, self._endpoint.handle)
        app.router.add_route("*", PATH.lower(), self._endpoint.handle)
        oauth.add_routes(app, self.accounts)
        self.autodiscover.add_routes(app, PATH)
        for add_routes in self.more_routes:
            add_routes(app, self)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls, backlog=512)
        await site.start()
        self._port = self._runner.addresses[0][1]
        await self.push.start()

    async def stop(self) -> None:
        """End all deliveries and stop listening."""
        await self.push.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._tls else 'http'}://{'localhost' if self._tls else '127.0.0.1'}:{self._port}"

    @property
    def url(self) -> str:
        """The EWS URL."""
        return self.origin + PATH

    @property
    def control(self) -> str:
        """The control API's URL."""
        return self.origin + "/control"

    @property
    def token_endpoint(self) -> str:
        """Where client credentials become a token."""
        return self.origin + "/oauth2/v2.0/token"

    # Mailboxes and folders

    def add_mailbox(self, address: str, *, name: str = "", aliases: Iterable[str] = (), principal: str = "") -> Mailbox:
        """Create a mailbox with its distinguished folders. Raises ValueError when an address is taken."""
        mailbox = self.directory.add(address, name=name, aliases=aliases, principal=principal)
        mailbox.listeners += [self.push.hear, self.watches.hear]
        return mailbox

    def add_entry(self, address: str, mailbox_type: str, *, name: str = "") -> None:
        """List something in the directory that is no mailbox, such as a `PublicDL`. Raises ValueError."""
        self.directory.add_entry(address, mailbox_type, name=name)

    def remove_mailbox(self, address: str) -> None:
        """Take a mailbox away, with its subscriptions."""
        self.lose_subscriptions(address)
        self.directory.remove(address)

    def mailbox(self, address: str) -> Mailbox:
        """Find a mailbox by any of its addresses. Raises Unknown."""
        return self.directory.named(address)

    def add_folder(
        self, mailbox: str, name: str, *, parent: str = "msgfolderroot", folder_class: str = "IPF.Note"
    ) -> str:
        """Create a folder; returns its id."""
        box = self.mailbox(mailbox)
        return box.add_folder(name, box.folder(parent), folder_class=folder_class).id

    def rename_folder(self, mailbox: str, folder: str, name: str) -> None:
        """Give a folder another name."""
        box = self.mailbox(mailbox)
        box.rename_folder(box.folder(folder), name)

    def move_folder(self, mailbox: str, folder: str, parent: str) -> None:
        """Put a folder below another."""
        box = self.mailbox(mailbox)
        box.move_folder(box.folder(folder), box.folder(parent))

    def delete_folder(self, mailbox: str, folder: str) -> None:
        """Delete a folder for good, with its items and the folders below it."""
        box = self.mailbox(mailbox)
        box.delete_folder(box.folder(folder))

    def folder_id(self, mailbox: str, folder: str) -> str:
        """Give the id of a folder named by distinguished name, display name, path or id."""
        return self.mailbox(mailbox).folder(folder).id

    # Items

    def deliver(
        self,
        mailbox: str,
        raw: bytes,
        *,
        folder: str = "inbox",
        received: datetime | None = None,
        read: bool = False,
        sensitivity: str | None = None,
        importance: str | None = None,
        categories: Sequence[str] = (),
        item_class: str | None = None,
        sent: bool = False,
    ) -> str:
        """Deliver a message; returns its id. With `sent`, the sender's mailbox gets it in Sent Items too."""
        content = StoredContent(raw, token_bytes(16), read_message)
        box = self.mailbox(mailbox)
        arrived = received or datetime.now(UTC)
        if sent:
            author = content.facts().from_
            sender = self.directory.get(author.address) if author else None
            if sender is not None:
                self._keep_sent(sender, content, arrived)
        overrides = overrides_of(
            sensitivity=sensitivity,
            importance=importance,
            categories=categories or None,
            item_class=item_class,
        )
        where = box.folder(folder)
        item = box.add(content, where, received=arrived, read=read, overrides=overrides or None, new_mail=True)
        return item.id

    def send(
        self,
        sender: str,
        to: Sequence[str],
        *,
        subject: str = "",
        text: str = "",
        raw: bytes | None = None,
        at: datetime | None = None,
    ) -> dict[str, str]:
        """Send from a mailbox: a Sent copy and Inbox copies, which share search key and Message-ID.

        Returns the ids: `sent` and one per recipient's address. Recipients without a mailbox are left out.
        """
        moment = at or datetime.now(UTC)
        content = StoredContent(raw or composed(sender, to, subject, text, moment), token_bytes(16), read_message)
        ids = {"sent": self._keep_sent(self.mailbox(sender), content, moment).id}
        for address in to:
            box = self.directory.get(address)
            if box is not None:
                inbox = box.distinguished["inbox"]
                ids[address] = box.add(content, inbox, received=moment, new_mail=True).id
        return ids

    @property
    def outgoing(self) -> list[Outgoing]:
        """What clients sent to addresses outside, oldest first."""
        return self.directory.outgoing

    def _keep_sent(self, sender: Mailbox, content: StoredContent, at: datetime) -> Item:
        return sender.add(content, sender.distinguished["sentitems"], received=at, read=True)

    def move(self, mailbox: str, item: str, folder: str) -> str:
        """Move an item; returns its new id."""
        box = self.mailbox(mailbox)
        return box.move(box.item(item), box.folder(folder)).id

    def copy(self, mailbox: str, item: str, folder: str) -> str:
        """Copy an item; returns the copy's id. The copy has its own search key."""
        box = self.mailbox(mailbox)
        return box.copy(box.item(item), box.folder(folder), search_key=token_bytes(16)).id

    def flag(
        self,
        mailbox: str,
        item: str,
        *,
        read: bool | None = None,
        categories: Sequence[str] | None = None,
        importance: str | None = None,
        subject: str | None = None,
        sensitivity: str | None = None,
        flag: str | None = None,
    ) -> str:
        """Change what is given; returns the new change key. `flag` is NotFlagged, Flagged or Complete."""
        box = self.mailbox(mailbox)
        found = box.item(item)
        overrides = overrides_of(
            subject=subject, sensitivity=sensitivity, importance=importance, categories=categories, flag=flag
        )
        if overrides:
            box.change(found, overrides)
        if read is not None:
            box.set_read(found, read)
        return found.change_key

    def replace(self, mailbox: str, item: str, raw: bytes) -> str:
        """Give an item another content under the same id, as an edited draft; returns the new change key."""
        box = self.mailbox(mailbox)
        found = box.item(item)
        box.replace(found, StoredContent(raw, found.search_key, read_message))
        return found.change_key

    def delete(self, mailbox: str, item: str, *, how: str = "deleted_items") -> str | None:
        """Delete an item: `deleted_items`, `soft` or `hard`; returns its new id where it still is."""
        if how not in ("deleted_items", "soft", "hard"):
            raise ValueError(f"no deletion {how!r}")
        box = self.mailbox(mailbox)
        found = box.delete(box.item(item), how)
        return found.id if found else None

    def items(self, mailbox: str, folder: str = "inbox") -> list[ItemRow]:
        """List the items of a folder in the order of their arrival."""
        where = self.mailbox(mailbox).folder(folder)
        return [row_of(item, where) for item in where.items.values()]

    def renew_ids(self, mailbox: str, *, invalidate_sync_states: bool = True) -> int:
        """Give all items new ids, as after a mailbox move: search keys stay, subscriptions are lost in silence."""
        self.lose_subscriptions(mailbox)
        return self.mailbox(mailbox).renew_ids(invalidate=invalidate_sync_states)

    def fill(
        self,
        mailbox: str,
        count: int,
        *,
        size: int = 10_000,
        days: float = 30.0,
        folder: str = "inbox",
        seed: int = 1,
        read: bool = False,
        until: datetime | None = None,
    ) -> int:
        """Put many generated messages into a folder, received evenly over the past `days`; nobody is notified."""
        box = self.mailbox(mailbox)
        where = box.folder(folder)
        end = until or datetime.now(UTC).replace(microsecond=0)
        step = timedelta(days=days) / max(count, 1)
        for index in range(count):
            received = (end - step * (count - 1 - index)).replace(microsecond=0)
            content = GeneratedContent(seed, index, size, int(received.timestamp()) - 2, box.address)
            box.add(content, where, received=received, read=read, publish=False)
        return count

    def deliver_large(
        self, mailbox: str, attachment_size: int, *, folder: str = "inbox", subject: str = "A large attachment"
    ) -> str:
        """Deliver a message with an attachment of any size that is made while it is read; returns its id."""
        box = self.mailbox(mailbox)
        now = datetime.now(UTC)
        content = LargeContent(subject, "sender@customer.example", box.address, attachment_size, token_bytes(16), now)
        return box.add(content, box.folder(folder), received=now, new_mail=True).id

    # Subscriptions

    def subscriptions(self) -> list[Subscription]:
        """Give the live push subscriptions."""
        return list(self.push.live.values())

    def lose_subscriptions(self, mailbox: str | None = None) -> int:
        """Drop subscriptions without telling anybody, of one mailbox or all."""
        box = self.mailbox(mailbox) if mailbox else None
        lost = [one for one in self.subscriptions() if box is None or one.mailbox is box]
        for one in lost:
            self.push.end(one, "lost")
        return len(lost)

    async def error_push(self, mailbox: str, *, code: str = "ErrorReadEventsFailed") -> int:
        """Send the error form to the mailbox's subscriptions, which are gone then; returns how many."""
        found = self.push.of(self.mailbox(mailbox))
        for one in found:
            await self.push.fail(one, code)
        return len(found)

    async def settle(self) -> None:
        """Wait until every notification was delivered or given up."""
        await self.push.settle()

    # Access, faults, requests

    def add_user(self, name: str, password: str) -> None:
        """Create a user or change the password."""
        self.accounts.add_user(name, password)

    def lock(self, account: str, *, locked: bool = True) -> None:
        """Lock an account out, or let it in again."""
        self.accounts.lock(account, locked=locked)

    async def hang_up(self) -> int:
        """Close every connection, as after a long silence; returns how many there were. No verb of the control API, whose own
        connection it would close."""
        server = self._runner.server if self._runner else None
        open_ones = [one.transport for one in server.connections if one.transport] if server else []
        for transport in open_ones:
            transport.close()
        # A transport closes its socket in the loop's next turn.
        await asyncio.sleep(0)
        return len(open_ones)

    def allow_impersonation(self, account: str, mailboxes: Collection[str] | None) -> None:
        """Say whose mailboxes an account may act for; None for all."""
        self.accounts.allow(account, mailboxes)

    @property
    def tokens(self) -> Tokens:
        """What clients are granted, which issuers are trusted, and how tokens are refused."""
        return self.accounts.tokens

    def issue_token(self, client: str = DEFAULT_CLIENT) -> str:
        """Issue a Bearer token."""
        return self.tokens.issue(client)

    def expire_tokens(self) -> None:
        """Make all tokens invalid."""
        self.tokens.expire_all()

    def inject(self, fault: Fault) -> Fault:
        """Queue a fault (fault_injection.KINDS)."""
        return self.faults.add(fault)

    def clear_faults(self, fault_id: int | None = None) -> None:
        """Take away one fault, or all."""
        self.faults.clear(fault_id)

    @property
    def latency(self) -> timedelta:
        """What every request waits before it is answered."""
        return timedelta(seconds=self._endpoint.latency)

    @latency.setter
    def latency(self, value: timedelta) -> None:
        self._endpoint.latency = value.total_seconds()

    @property
    def requests(self) -> Journal:
        """The log and counters of requests; `requests.reset()` begins anew."""
        return self.journal

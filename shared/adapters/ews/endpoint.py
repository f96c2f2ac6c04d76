"""One Exchange endpoint over HTTP: posts a request and feeds the answer to its parser as it comes.

What is repeated here: reads whose connection broke (twice at most), a refused token (once), a version that the server does
not know, and after short pauses that the server asks for. Everything else goes up to the flow's own back-off.
"""

import asyncio
import logging
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

import httpx

from shared.adapters.ews.authorization import REFUSALS, Authorization
from shared.adapters.ews.cached_secrets import CachedSecrets
from shared.adapters.ews.capabilities import Capabilities
from shared.adapters.ews.certificate_watch import CertificateWatch
from shared.adapters.ews.connection import NTLM, Connection, check_url
from shared.adapters.ews.http_status import error_page, promises_soap, status_error
from shared.adapters.ews.kept_alive import keeping_transport
from shared.adapters.ews.lanes import TOO_MUCH, Lanes
from shared.adapters.ews.ntlm_transport import EXTENSION, NtlmTransport
from shared.adapters.ews.patience import Patience
from shared.adapters.ews.request_headers import COMPRESSED, PLAIN, anchor, request_headers
from shared.adapters.ews.request_ids import request_id as request_id_of
from shared.adapters.ews.transport_errors import CERTIFICATE_CODES, transport_error
from shared.adapters.ews.trust import trust
from shared.errors import SyncError, Transient
from shared.model.exchange import Mailbox
from shared.model.trust import TRUST_SECRET
from shared.wire.ews import sync_folder_hierarchy, sync_folder_items
from shared.wire.ews.envelope import Header
from shared.wire.ews.faults import is_refused_property

log = logging.getLogger(__name__)
_TIMEOUT = httpx.Timeout(100, connect=10, pool=None)
_IDLE_SECONDS = 55
_SYNCS = frozenset({sync_folder_items.NAME, sync_folder_hierarchy.NAME})
_PAGE_SHOWN = 4096
_HANDSHAKE = "NTLM handshake"
_ASKED_REMEMBERED = 256


class Answer[Fact](Protocol):
    """A parser of `shared/wire/ews` that gives facts in the end."""

    @property
    def feed(self) -> Callable[[bytes], None]:
        """Takes the next piece."""
        ...

    def close(self) -> Fact:
        """Give the facts."""
        ...


class Blocks(Protocol):
    """A parser of `shared/wire/ews` that hands on content as it comes."""

    def feed(self, data: bytes) -> bytes:
        """Take the next piece, give what it holds."""
        ...

    def close(self) -> bytes:
        """Give the rest."""
        ...


type Build = Callable[[Header], bytes]


def _pass_over(_: str) -> None:
    """For who does not ask for the ids."""


class Endpoint:
    """Speaks with one Exchange for any mailbox. `counts` are HTTP requests by operation, and NTLM handshakes."""

    def __init__(
        self,
        connection: Connection,
        secrets: CachedSecrets,
        authorization: Authorization,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        counts: Counter[str],
    ) -> None:
        check_url(connection)
        self.connection = connection
        self.lanes = Lanes(connection, now)
        self.server = Capabilities(connection, now)
        for note in self.server.server("").notes:
            log.warning("connection %s: %s", connection.name, note)
        self._secrets = secrets
        self._authorization = authorization
        self._now = now
        self._new_id = new_id
        self._counts = counts
        self.certificates = CertificateWatch(connection.name, now)
        self._client: tuple[str | None, ssl.SSLContext, httpx.AsyncClient] | None = None
        self._left: list[httpx.AsyncClient] = []
        self._asked: deque[str] = deque(maxlen=_ASKED_REMEMBERED)

    async def ask[Fact](
        self,
        mailbox: Mailbox,
        operation: str,
        build: Build,
        new_answer: Callable[[], Answer[Fact]],
        *,
        answered: Callable[[str], None] = _pass_over,
    ) -> Fact:
        """Post what `build` makes for the header and read the answer. Only errors of `shared/errors.py` come out.

        `answered` is told under which ids the server knows the request that gave the answer.
        """
        patience = Patience(operation)
        while True:
            try:
                async with self._posted(mailbox, operation, build, patience, encodings=COMPRESSED) as pieces:
                    answer = new_answer()
                    async for piece in pieces:
                        answer.feed(piece)
                    fact = answer.close()
                    answered(patience.request_id)
                    return fact
            except SyncError as wrong:
                await self._repeat_or_raise(wrong, mailbox, patience)

    async def stream(
        self, mailbox: Mailbox, operation: str, build: Build, new_blocks: Callable[[], Blocks]
    ) -> AsyncIterator[bytes]:
        """Like `ask`, but hands on blocks while they come; repeats nothing once the first one is handed on."""
        patience = Patience(operation)
        while True:
            try:
                async with self._posted(mailbox, operation, build, patience, encodings=PLAIN) as pieces:
                    blocks = new_blocks()
                    async for piece in pieces:
                        if block := blocks.feed(piece):
                            patience.spent = True
                            yield block
                    if block := blocks.close():
                        yield block
                    return
            except SyncError as wrong:
                await self._repeat_or_raise(wrong, mailbox, patience)

    async def aclose(self) -> None:
        """Close all connections."""
        clients = [*self._left, *([self._client[2]] if self._client else [])]
        self._client, self._left = None, []
        for client in clients:
            await client.aclose()

    @asynccontextmanager
    async def _posted(
        self, mailbox: Mailbox, operation: str, build: Build, patience: Patience, *, encodings: str
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        patience.header, patience.credential = self.server.header(mailbox.address), None
        anchor_mailbox = anchor(patience.header.mailbox)
        async with self.lanes.enter(mailbox.address, syncs=operation in _SYNCS):
            context, client = await self._connected()
            async with self._authorization.signed(context) as credential:
                patience.credential = credential
                body = build(patience.header)
                request_id = self._new_id()
                headers = request_headers(
                    operation,
                    anchor_mailbox,
                    credential.header,
                    request_id=request_id,
                    encodings=encodings,
                )
                request = client.build_request(
                    "POST",
                    self.connection.url,
                    headers=headers,
                    content=body,
                    extensions={EXTENSION: credential.account},
                )
                self._counts[operation] += 1
                self._asked.append(request_id)
                try:
                    async with self._sent(client, request) as response:
                        self.certificates.offered(response)
                        self._authorization.accepted(credential)
                        patience.request_id = request_id_of(request.headers, response.headers, self._now())
                        yield self._heard(response)
                except (httpx.HTTPError, OSError) as wrong:
                    told = transport_error(wrong, request.url.host)
                    raise _named(told, request_id_of(request.headers, {}, self._now())) from None

    @asynccontextmanager
    async def _sent(self, client: httpx.AsyncClient, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        response = await client.send(request, stream=True)
        try:
            self._check_echo(request, response)
            if not promises_soap(response):
                raise status_error(response, await _beginning(response), self.connection, self._now())
            yield response
        except SyncError as wrong:
            told = error_page(wrong) if response.status_code == 500 else wrong
            raise _named(told, request_id_of(request.headers, response.headers, self._now())) from None
        finally:
            await response.aclose()

    def _check_echo(self, request: httpx.Request, response: httpx.Response) -> None:
        """Raise for the answer to an earlier request: the server gave that one twice. Leaving it ends the connection."""
        echo = response.headers.get("client-request-id", "")
        if echo and echo != request.headers["client-request-id"] and echo in self._asked:
            raise Transient("connection-lost", f"the server answered an earlier request, {echo}, once more")

    async def _heard(self, response: httpx.Response) -> AsyncIterator[bytes]:
        first = True
        async for piece in response.aiter_bytes():
            if first:
                self.server.hear(piece)
                first = False
            yield piece

    async def _repeat_or_raise(self, wrong: SyncError, mailbox: Mailbox, patience: Patience) -> None:
        """Prepare for another attempt, or raise."""
        if wrong.code == "exchange-busy" and wrong.retry_after is not None:
            self.lanes.pause(mailbox.address, wrong.retry_after)
        if wrong.code in TOO_MUCH or wrong.exchange_code in TOO_MUCH:
            self.lanes.shrink(mailbox.address, self.connection.batch_size)
        if wrong.exchange_code == "ErrorExceededConnectionCount":
            self.lanes.one_by_one(mailbox.address)
        if wrong.code in CERTIFICATE_CODES:
            self._secrets.forget(TRUST_SECRET)
        if wrong.code in REFUSALS and patience.credential:
            self._authorization.refused(patience.credential, wrong, again=patience.refused_before)
        if wrong.code == "version-not-supported":
            self.server.step_down(patience.header.version)
        if is_refused_property(wrong.exchange_code, wrong.named):
            self.server.leave_out(wrong.named)
        if wrong.code == "mailbox-not-primary" and wrong.named:
            self.server.adopt(mailbox.address, wrong.named[0])
        delay = patience.delay_before_repeating(wrong, header_now=self.server.header(mailbox.address))
        if delay is None:
            raise wrong
        await asyncio.sleep(delay.total_seconds())

    async def _connected(self) -> tuple[ssl.SSLContext, httpx.AsyncClient]:
        """The client for the trust that is set now: a new private authority needs no restart."""
        private_authorities = await self._secrets.get(TRUST_SECRET)
        if self._client is None or self._client[0] != private_authorities:
            if self._client is not None:
                self._left.append(self._client[2])
            context = trust(private_authorities)
            self.certificates.trusted(private_authorities)
            self._client = private_authorities, context, self._new_client(context)
        return self._client[1], self._client[2]

    def _new_client(self, context: ssl.SSLContext) -> httpx.AsyncClient:
        width = self.connection.concurrency
        transport: httpx.AsyncBaseTransport = _transport(context, width)
        if self.connection.authentication == NTLM:
            transport = NtlmTransport(
                lambda: _transport(context, 1),
                width=width,
                idle_seconds=_IDLE_SECONDS,
                on_handshake=lambda: self._counts.update([_HANDSHAKE]),
            )
        return httpx.AsyncClient(transport=transport, timeout=_TIMEOUT, follow_redirects=False, trust_env=False)


def _transport(context: ssl.SSLContext, width: int) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(max_connections=width, max_keepalive_connections=width, keepalive_expiry=_IDLE_SECONDS)
    return keeping_transport(context, limits)


async def _beginning(response: httpx.Response) -> str:
    page = b""
    async for piece in response.aiter_bytes():
        page += piece
        if len(page) >= _PAGE_SHOWN:
            break
    return page[:_PAGE_SHOWN].decode("utf-8", "replace")


def _named(wrong: SyncError, request_id: str) -> SyncError:
    """The error with the ids under which the server's administrator finds the request."""
    wrong.request_id = request_id
    return wrong

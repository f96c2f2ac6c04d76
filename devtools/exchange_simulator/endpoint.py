"""The EWS URL: one HTTP request from its authentication to the bytes of its answer.

Order: latency, authentication, envelope, faults, version, mailbox, schema, operation. What fails on the way is a
SOAP fault with HTTP 500 (PROTOCOL 1.3); a 401 lists the schemes.
"""

import asyncio
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from uuid import uuid4

from aiohttp import web
from multidict import CIMultiDict

from devtools.exchange_simulator import newer, soap
from devtools.exchange_simulator.accounts import LOCKED, Account, Accounts, mailbox_for
from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.directory import Directory
from devtools.exchange_simulator.distortions import distorted
from devtools.exchange_simulator.fault_injection import FaultList, Plan
from devtools.exchange_simulator.journal import Entry, Journal
from devtools.exchange_simulator.local_times import in_zone
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.ntlm import NtlmConnections
from devtools.exchange_simulator.operations import OPERATIONS, WITHOUT_MAILBOX
from devtools.exchange_simulator.push import PushHub
from devtools.exchange_simulator.schema import Schema
from devtools.exchange_simulator.soap import Envelope, ItemError, Piece, SoapFault
from devtools.exchange_simulator.streaming import stream
from devtools.exchange_simulator.time_zones import ZONES
from devtools.exchange_simulator.versions import OLDEST, Product, understands
from devtools.exchange_simulator.watching import Watches

WHOLE_ANSWER = 4 * 2**20
_CODE = re.compile(r"<m:ResponseCode>(?!NoError)(\w+)<")
_PAGE = (
    "<html><head><title>Runtime Error</title></head><body><h1>Server Error in '/EWS' Application.</h1></body></html>"
)


class Endpoint:
    """Answers EWS requests for one organisation."""

    def __init__(
        self,
        *,
        directory: Directory,
        accounts: Accounts,
        ntlm: NtlmConnections,
        product: Product,
        push: PushHub,
        watches: Watches,
        schema: Schema,
        faults: FaultList,
        journal: Journal,
        connections_per_mailbox: int,
        gaps: frozenset[str],
    ) -> None:
        self.directory, self.accounts, self.product, self.push = directory, accounts, product, push
        self.ntlm = ntlm
        self.watches = watches
        self.schema, self.faults, self.journal = schema, faults, journal
        self.latency = 0.0
        self.connections_per_mailbox = connections_per_mailbox
        self.gaps = gaps
        self._in_flight: Counter[tuple[str, str]] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request and write it into the journal."""
        entry = Entry(
            anchor=request.headers.get("X-AnchorMailbox", ""),
            client_request_id=request.headers.get("client-request-id", ""),
        )
        self.journal.concurrent += 1
        self.journal.most_concurrent = max(self.journal.most_concurrent, self.journal.concurrent)
        try:
            response = await self._answered(request, entry)
            entry.status = entry.status or response.status
            return response
        finally:
            self.journal.concurrent -= 1
            self.journal.write(entry)

    async def _answered(self, request: web.Request, entry: Entry) -> web.StreamResponse:
        raw = await request.read()
        entry.received_bytes = len(raw)
        if self.latency:
            await asyncio.sleep(self.latency)
        authorization = request.headers.get("Authorization", "")
        account = self.accounts.identify(authorization) or self.ntlm.identify(request)
        if not isinstance(account, Account) or account.locked:
            challenge = account if isinstance(account, str) else ""
            challenges = self.accounts.challenges(request.host, authorization, challenge)
            text = LOCKED if isinstance(account, Account) else None
            return web.Response(status=401, text=text, headers=self._headers(request, challenges))
        entry.account = account.name
        if request.method != "POST":
            return web.Response(text="Exchange Web Services", headers=self._headers(request))
        try:
            envelope = soap.read_envelope(raw)
        except SoapFault as error:
            return await self._fault(request, entry, error)
        target = envelope.sid[1] if envelope.sid else account.name
        known = self.directory.get(target)
        entry.operation, entry.mailbox = envelope.operation, known.address if known else target
        plan = self.faults.plan(entry.operation, entry.mailbox)
        pair = (account.name, entry.mailbox)
        self._in_flight[pair] += 1
        try:
            slow = plan.get("slow")
            if slow:
                await asyncio.sleep(slow.delay_ms / 1000)
            if self._in_flight[pair] > self.connections_per_mailbox:
                raise SoapFault(
                    "ErrorExceededConnectionCount", "You have exceeded the available concurrent connections."
                )
            return self._refused(request, plan) or await self._done(request, entry, account, envelope, plan)
        except SoapFault as error:
            return await self._fault(request, entry, error)
        finally:
            self._in_flight[pair] -= 1

    def _refused(self, request: web.Request, plan: Plan) -> web.StreamResponse | None:
        """Give the answer of a fault that keeps the operation from being done."""
        if plan.get("reset_before"):
            return _reset(request)
        unavailable, html, wrong = plan.get("unavailable"), plan.get("html"), plan.get("wrong_content")
        if unavailable:
            wait = [] if unavailable.retry_after is None else [("Retry-After", str(unavailable.retry_after))]
            return web.Response(
                status=unavailable.status, text="The service is unavailable.", headers=self._headers(request, wait)
            )
        if html:
            return web.Response(status=html.status, text=_PAGE, content_type="text/html")
        return web.Response(text=wrong.text, content_type="text/xml") if wrong else None

    async def _done(
        self, request: web.Request, entry: Entry, account: Account, envelope: Envelope, plan: Plan
    ) -> web.StreamResponse:
        try:
            call = self._call(entry, account, envelope, plan)
            if envelope.operation == "GetStreamingEvents":
                return await self._stream(request, entry, call)
            pieces = self._operate(entry, call)
        except SoapFault as error:
            fault = plan.get("fault")
            return await self._fault(request, entry, error, detail=not fault or fault.detail)
        if plan.get("reset_after"):
            return _reset(request)
        return await self._write(request, entry, 200, soap.written(pieces), cut=bool(plan.get("reset_middle")))

    def _call(self, entry: Entry, account: Account, envelope: Envelope, plan: Plan) -> Call:
        """Check what can be checked before the operation is done. Raises SoapFault."""
        busy, fault = plan.get("server_busy"), plan.get("fault")
        if busy:
            wait = {} if busy.back_off_ms is None else {"BackOffMilliseconds": str(busy.back_off_ms)}
            raise SoapFault(
                "ErrorServerBusy", "The server cannot service this request right now. Try again later.", values=wait
            )
        if fault:
            raise SoapFault(fault.code, fault.text or "The request failed.")
        version = envelope.version or OLDEST
        entry.version = version
        if not understands(self.product, version):
            raise SoapFault("ErrorInvalidServerVersion", "The specified server version is invalid.")
        if envelope.operation not in OPERATIONS and envelope.operation != "GetStreamingEvents":
            raise SoapFault("ErrorInvalidRequest", f"The operation {envelope.operation} is not known.")
        if envelope.time_zone not in ZONES:
            raise SoapFault("ErrorTimeZone", f"The time zone {envelope.time_zone!r} is not known.")
        mailbox = self._mailbox(account, envelope)
        self.schema.check(envelope.body)
        newer.check(envelope.body, version)
        return Call(
            envelope.operation,
            envelope.body,
            version,
            mailbox,
            self.directory,
            self.product,
            self.push,
            self.watches,
            plan,
            self.gaps,
            envelope.time_zone,
        )

    def _operate(self, entry: Entry, call: Call) -> Iterable[Piece]:
        try:
            answered = in_zone(OPERATIONS[call.operation](call), call.time_zone)
            tells_version = "version_info" not in self.gaps
            answer = soap.envelope(self.product, self._watched(answered, entry), tells_version=tells_version)
            return distorted(answer, call.plan, self.gaps)
        except ItemError as error:
            return soap.envelope(self.product, soap.answer(call.operation, [soap.failure(call.operation, error)]))

    def _mailbox(self, account: Account, envelope: Envelope) -> Mailbox:
        """Find whose mailbox a call is for; a service account that asks of nobody's mailbox needs none."""
        alone = envelope.sid is None and self.directory.get(account.name) is None
        if alone and account.password is not None and envelope.operation in WITHOUT_MAILBOX:
            return Mailbox(account.name)
        return mailbox_for(account, envelope.sid, self.directory)

    def _watched(self, pieces: Iterable[Piece], entry: Entry) -> Iterator[Piece]:
        """Pass the pieces on; note how many messages there are and the first code that is no NoError."""
        entry.code = "NoError"
        for piece in pieces:
            if isinstance(piece, str):
                entry.inputs += piece.count("ResponseClass=")
                found = _CODE.search(piece) if entry.code == "NoError" else None
                entry.code = found.group(1) if found else entry.code
            yield piece

    async def _fault(
        self, request: web.Request, entry: Entry, error: SoapFault, *, detail: bool = True
    ) -> web.StreamResponse:
        entry.code = error.code
        written = iter([soap.fault(error, detail=detail and "fault_detail" not in self.gaps).encode()])
        return await self._write(request, entry, 200 if "fault_status_200" in self.gaps else 500, written)

    async def _write(
        self, request: web.Request, entry: Entry, status: int, chunks: Iterator[bytes], *, cut: bool = False
    ) -> web.StreamResponse:
        """Write an answer: at once when it is small, else as a stream; gzip when asked; `cut` resets half-way."""
        entry.gzip = "gzip" in request.headers.get("Accept-Encoding", "") and "gzip" not in self.gaps
        headers = self._headers(request)
        headers["Content-Type"] = "text/xml; charset=utf-8"
        if entry.gzip:
            headers["Content-Encoding"] = "gzip"
            chunks = _gzipped(chunks)
        whole = bytearray()
        for chunk in chunks:
            whole += chunk
            if len(whole) > WHOLE_ANSWER:
                break
        else:
            entry.sent_bytes = len(whole)
            if not cut:
                return web.Response(status=status, body=bytes(whole), headers=headers)
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        await response.write(bytes(whole[: len(whole) // 2] if cut else whole))
        if cut:
            return _reset(request)
        entry.sent_bytes = len(whole)
        for chunk in chunks:
            if chunk:
                entry.sent_bytes += len(chunk)
                await response.write(chunk)
        await response.write_eof()
        return response

    async def _stream(self, request: web.Request, entry: Entry, call: Call) -> web.StreamResponse:
        """Keep the answer open and write envelopes as they come."""
        entry.code = "NoError"
        headers = self._headers(request)
        headers["Content-Type"] = "text/xml; charset=utf-8"
        response = web.StreamResponse(headers=headers)
        response.enable_chunked_encoding()
        await response.prepare(request)
        async for chunk in stream(call):
            entry.sent_bytes += len(chunk)
            await response.write(chunk)
        await response.write_eof()
        return response

    def _headers(self, request: web.Request, more: Iterable[tuple[str, str]] = ()) -> CIMultiDict[str]:
        headers = CIMultiDict(more)
        headers["request-id"] = str(uuid4())
        headers["X-FEServer"] = "SIMULATOR"
        if request.headers.get("return-client-request-id", "").lower() == "true":
            headers["client-request-id"] = request.headers.get("client-request-id", "")
        return headers


def _gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def _reset(request: web.Request) -> web.StreamResponse:
    """Cut the connection; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)

"""httpx's way to a server that signs connections in by NTLM: the handshake once for each connection, then plain requests.

A request names its account in the extension `ntlm`. The first message goes out with an empty body, the second with the
request itself, so a handshake costs one small request. PROTOCOL 3.
"""

import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx

from shared.adapters.ews.ntlm import SCHEMES, Account, Handshake, offered
from shared.adapters.ews.ntlm_channels import Channel, Channels, Connect, ConnectionGone

EXTENSION = "ntlm"


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A 401 that ended a handshake: whoever waited meanwhile to sign in as the same account gets it too."""

    account: Account
    headers: httpx.Headers
    page: bytes

    def response(self) -> httpx.Response:
        return httpx.Response(401, headers=self.headers, stream=httpx.ByteStream(self.page))


class NtlmTransport(httpx.AsyncBaseTransport):
    """`connect` makes a transport of one connection; `on_handshake` is called for each handshake that begins."""

    def __init__(self, connect: Connect, *, width: int, idle_seconds: float, on_handshake: Callable[[], None]) -> None:
        self._channels = Channels(connect, width=width, idle_seconds=idle_seconds)
        self._on_handshake = on_handshake
        self._scheme = SCHEMES[0]
        self._refusal: _Refusal | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send on a connection that is signed in; sign one in where there is none, or where the server forgot it."""
        account: Account = request.extensions[EXTENSION]
        refusal_before = self._refusal
        while True:
            channel = await self._channels.take(account)
            try:
                response = self._refused_meanwhile(account, refusal_before) or await self._sent(
                    channel, request, account
                )
            except BaseException:
                channel.account = None
                self._channels.give_back(channel)
                raise
            if response is not None:
                self._channels.signed_in(channel)
                return self._held(response, channel)
            self._channels.give_back(channel)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._channels.aclose()

    def _refused_meanwhile(self, account: Account, before: _Refusal | None) -> httpx.Response | None:
        refusal = self._refusal
        if refusal is None or refusal is before or refusal.account != account:
            return None
        return refusal.response()

    async def _sent(self, channel: Channel, request: httpx.Request, account: Account) -> httpx.Response | None:
        """The answer; None where the channel turned out not to be signed in any more."""
        if channel.account != account:
            return await self._signed_in(channel, request, account)
        try:
            response = await channel.send(request)
        except ConnectionGone:
            channel.account = None
            return None
        if response.status_code != 401:
            return response
        await response.aclose()
        channel.account = None
        return None

    async def _signed_in(self, channel: Channel, request: httpx.Request, account: Account) -> httpx.Response:
        """Shake hands and send the request with the second message. A 401 in the end is a refusal."""
        await channel.renew()
        self._on_handshake()
        handshake = Handshake(account, request.url.host)
        answer = await self._greeted(channel, request, handshake)
        challenge = offered(answer).get(self._scheme.lower())
        if answer.status_code == 401 and challenge:
            await _read(answer)
            proof = handshake.proof(challenge, _certificate(answer))
            answer = await _on_same_connection(channel, _signed(request, f"{self._scheme} {proof}"))
            channel.account = None if answer.status_code == 401 else account
        if answer.status_code != 401:
            return answer
        self._refusal = _Refusal(account, answer.headers, await _read(answer))
        return self._refusal.response()

    async def _greeted(self, channel: Channel, request: httpx.Request, handshake: Handshake) -> httpx.Response:
        """What the first message is answered with, under the scheme that this server takes."""
        answer = await channel.send(_empty(request, f"{self._scheme} {handshake.opening}"), connect=True)
        schemes = offered(answer)
        other = next((scheme for scheme in SCHEMES if scheme.lower() in schemes), self._scheme)
        if answer.status_code != 401 or self._scheme.lower() in schemes or other == self._scheme:
            return answer
        await _read(answer)
        self._scheme = other
        return await channel.send(_empty(request, f"{self._scheme} {handshake.opening}"), connect=True)

    def _held(self, response: httpx.Response, channel: Channel) -> httpx.Response:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        stream = _HeldStream(response.stream, lambda: self._channels.give_back(channel))
        return httpx.Response(
            response.status_code, headers=response.headers, stream=stream, extensions=response.extensions
        )


class _HeldStream(httpx.AsyncByteStream):
    """The body of an answer, whose channel is given back when the body is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, done: Callable[[], None]) -> None:
        self._stream = stream
        self._done: Callable[[], None] | None = done

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield piece

    async def aclose(self) -> None:
        done, self._done = self._done, None
        try:
            await self._stream.aclose()
        finally:
            if done is not None:
                done()


def _empty(request: httpx.Request, authorization: str) -> httpx.Request:
    headers = httpx.Headers(request.headers)
    headers["Content-Length"] = "0"
    headers["Authorization"] = authorization
    return httpx.Request(request.method, request.url, headers=headers, extensions=dict(request.extensions))


def _signed(request: httpx.Request, authorization: str) -> httpx.Request:
    headers = httpx.Headers(request.headers)
    headers["Authorization"] = authorization
    return httpx.Request(
        request.method, request.url, headers=headers, stream=request.stream, extensions=dict(request.extensions)
    )


async def _on_same_connection(channel: Channel, request: httpx.Request) -> httpx.Response:
    # A proof belongs to the challenge of its own connection: on another one it would pass for a wrong password.
    try:
        return await channel.send(request)
    except ConnectionGone:
        raise httpx.RemoteProtocolError("the server hung up in the middle of the NTLM handshake") from None


async def _read(response: httpx.Response) -> bytes:
    """The body as it is on the wire; read to its end, so that the connection stays."""
    body = b"".join([piece async for piece in response.aiter_raw()])
    await response.aclose()
    return body


def _certificate(response: httpx.Response) -> bytes | None:
    connection = response.extensions["network_stream"].get_extra_info("ssl_object")
    return connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLObject) else None

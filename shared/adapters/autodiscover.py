"""Puts one question to Autodiscover over HTTP: thin, so that what to ask and whom to trust stays in the model. PROTOCOL 15.

Redirects are never followed here, and credentials go only where the attempt names the connection that they belong to.
"""

import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from shared.adapters.ews.authorization import REFUSALS, Authorization, Credential
from shared.adapters.ews.cached_secrets import CachedSecrets
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.http_status import status_error
from shared.adapters.ews.ntlm_transport import EXTENSION, NtlmTransport
from shared.adapters.ews.request_headers import anchor
from shared.adapters.ews.transport_errors import transport_error
from shared.adapters.ews.trust import trust
from shared.adapters.service_records import ServiceRecords
from shared.errors import Reconfigure, SyncError
from shared.model.autodiscover import Answer, Attempt, Way, is_safe
from shared.model.trust import TRUST_SECRET
from shared.wire.autodiscover import json_v2, pox, soap
from shared.wire.autodiscover.xml_answer import LARGEST

_TIMEOUT_SECONDS = 15.0
_TIMEOUT = httpx.Timeout(_TIMEOUT_SECONDS, connect=5)
_ONE_CONNECTION = httpx.Limits(max_connections=1)
_XML = "text/xml; charset=utf-8"
_NOBODY = Connection("", "")
_PARSE: Mapping[Way, Callable[[bytes], Answer]] = {Way.JSON: json_v2.parse, Way.SOAP: soap.parse, Way.POX: pox.parse}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Autodiscover:
    """Asks for any connection. Close it with `aclose`; all calls belong to one event loop."""

    def __init__(
        self,
        connections: Mapping[str, Connection],
        secrets: CachedSecrets,
        authorizations: Mapping[str, Authorization],
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        records: ServiceRecords | None = None,
    ) -> None:
        self._connections = connections
        self._secrets = secrets
        self._now = now
        self._new_id = new_id
        self._authorizations = authorizations
        self._records = records or ServiceRecords()
        self._client: tuple[str | None, ssl.SSLContext, httpx.AsyncClient] | None = None

    async def ask(self, attempt: Attempt) -> Answer:
        """See the port."""
        if attempt.way is Way.SRV:
            return await self._located(attempt)
        context, client = await self._connected()
        if not attempt.connection:
            return await self._sent(client, attempt, Credential())
        authorization = self._authorizations.get(attempt.connection)
        if authorization is None:
            raise Reconfigure("connection-unknown", f"there is no connection named {attempt.connection!r}")
        if not is_safe(attempt.url):
            raise Reconfigure("url-insecure", f"{attempt.url}: passwords and tokens go over https only")
        async with authorization.signed(context) as value:
            try:
                answer = await self._signed(context, client, attempt, value)
            except SyncError as wrong:
                if wrong.code in REFUSALS:
                    authorization.refused(value, wrong, again=True)
                raise
            authorization.accepted(value)
            return answer

    async def _located(self, attempt: Attempt) -> Answer:
        """What DNS names, as a redirect: it is followed like any other, by https only."""
        found = await self._records.find(urlsplit(attempt.url).path)
        if found is None:
            return Answer(error="the domain has no such record")
        host, port = found
        return Answer(redirect_url=f"https://{host}{'' if port == 443 else f':{port}'}/autodiscover/autodiscover.xml")

    async def aclose(self) -> None:
        """Close all connections."""
        if self._client is not None:
            client, self._client = self._client[2], None
            await client.aclose()

    async def _signed(
        self, context: ssl.SSLContext, client: httpx.AsyncClient, attempt: Attempt, credential: Credential
    ) -> Answer:
        """One question with credentials. NTLM signs in a connection, and this one is for nothing else."""
        if credential.account is None:
            return await self._sent(client, attempt, credential)
        transport = NtlmTransport(
            lambda: httpx.AsyncHTTPTransport(verify=context, limits=_ONE_CONNECTION, trust_env=False),
            width=1,
            idle_seconds=_TIMEOUT_SECONDS,
            on_handshake=lambda: None,
        )
        async with httpx.AsyncClient(transport=transport, timeout=_TIMEOUT, follow_redirects=False) as signing:
            return await self._sent(signing, attempt, credential)

    async def _sent(self, client: httpx.AsyncClient, attempt: Attempt, credential: Credential) -> Answer:
        try:
            request = self._request(client, attempt, credential)
            response = await client.send(request, stream=True)
            try:
                return self._read(attempt, response, await _body(response))
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as wrong:
            raise transport_error(wrong, attempt.url) from None

    def _request(self, client: httpx.AsyncClient, attempt: Attempt, credential: Credential) -> httpx.Request:
        headers: dict[bytes, bytes] = {
            b"X-AnchorMailbox": anchor(attempt.address),
            b"client-request-id": self._new_id().encode(),
        }
        extensions = {EXTENSION: credential.account} if credential.account else {}
        if credential.header:
            headers[b"Authorization"] = credential.header.encode()
        if attempt.way in (Way.JSON, Way.PLAIN):
            return client.build_request("GET", attempt.url, headers=headers)
        headers[b"Content-Type"] = _XML.encode()
        if attempt.way is Way.SOAP:
            headers[b"SOAPAction"] = f'"{soap.ACTION}"'.encode()
            body = soap.request(attempt.url, attempt.address)
        else:
            body = pox.request(attempt.address)
        return client.build_request("POST", attempt.url, headers=headers, content=body, extensions=extensions)

    def _read(self, attempt: Attempt, response: httpx.Response, body: bytes) -> Answer:
        if response.status_code in _REDIRECTS:
            return Answer(redirect_url=str(response.url.join(response.headers.get("location", ""))))
        if attempt.way is Way.PLAIN:
            return Answer(error=f"HTTP {response.status_code}: no redirect")
        if attempt.way is Way.JSON and "json" in response.headers.get("content-type", ""):
            return json_v2.parse(body)
        if response.status_code == 200 or (response.status_code == 500 and attempt.way is Way.SOAP):
            return _PARSE[attempt.way](body)
        connection = self._connections.get(attempt.connection, _NOBODY)
        raise status_error(response, body[:4096].decode("utf-8", "replace"), connection, self._now())

    async def _connected(self) -> tuple[ssl.SSLContext, httpx.AsyncClient]:
        """The client for the trust that is set now."""
        private_authorities = await self._secrets.get(TRUST_SECRET)
        if self._client is None or self._client[0] != private_authorities:
            await self.aclose()
            context = trust(private_authorities)
            client = httpx.AsyncClient(verify=context, timeout=_TIMEOUT, follow_redirects=False, trust_env=False)
            self._client = private_authorities, context, client
        return self._client[1], self._client[2]


async def _body(response: httpx.Response) -> bytes:
    """The body as far as it could be an answer; a longer one is none."""
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST:
            break
    return body[:LARGEST]

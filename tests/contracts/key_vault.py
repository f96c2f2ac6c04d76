"""A Key Vault over real HTTPS under its real name, and the identity that it is read with; the client is Azure's own, unrelaxed.

https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from socket import AF_INET, AddressFamily
from typing import Any

import aiohttp
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AioHttpTransport

_NUMBERS = count(1)
"""Azure's client remembers challenges by host for the whole process, so each vault has a name of its own."""
AUTHORITY = "https://login.microsoftonline.com/the-tenant"
TOKEN = "the-token-of-the-identity"


@dataclass
class Vault:
    """A vault with these secrets. `refusal` is what every request with a token gets: status, code and inner code."""

    values: dict[str, str] = field(default_factory=dict)
    refusal: tuple[int, str, str] | None = None
    resource: str = "https://vault.azure.net"
    reads: int = 0
    challenged: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        """https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret"""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.challenged += 1
            challenge = f'Bearer authorization="{AUTHORITY}", resource="{self.resource}"'
            return web.json_response({}, status=401, headers={"WWW-Authenticate": challenge})
        self.reads += 1
        if self.refusal:
            return _error(*self.refusal)
        name = request.match_info["name"]
        if name not in self.values:
            return _error(404, "SecretNotFound")
        return web.json_response({"value": self.values[name], "id": str(request.url) + "/1", "attributes": {}})

    async def store(self, request: web.Request) -> web.Response:
        """https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret"""
        if request.headers.get("Authorization") == f"Bearer {TOKEN}" and not self.refusal:
            self.values[request.match_info["name"]] = (await request.json())["value"]
        return await self.answer(request)


def _error(status: int, code: str, inner: str = "") -> web.Response:
    error: dict[str, Any] = {"code": code, "message": "no"} | ({"innererror": {"code": inner}} if inner else {})
    return web.json_response({"error": error}, status=status)


class Identity:
    """A credential that has a token, or none to give. `asked` is what it was asked for: scope and tenant."""

    def __init__(self, *, works: bool = True) -> None:
        self.works = works
        self.asked: list[tuple[str, object]] = []

    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        if not self.works:
            raise ClientAuthenticationError("no identity here")
        self.asked.append((scopes[0], options.get("tenant_id")))
        return AccessToken(TOKEN, 4_000_000_000)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> "Identity":
        return self

    async def __aexit__(self, *_error: object) -> None:
        pass


class _Loopback(AbstractResolver):
    """Every name is this machine, and every port is the vault's: Azure's client compares host and port with the challenge."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


type Served = tuple[Vault, str, AioHttpTransport]


@asynccontextmanager
async def served_vault() -> AsyncIterator[Served]:
    """A vault, its URL, and a transport that finds it on loopback and trusts its certificate."""
    vault, authority, host = Vault(), trustme.CA(), f"contoso-{next(_NUMBERS)}.vault.azure.net"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    application = web.Application()
    application.router.add_get("/secrets/{name}/", vault.answer)
    application.router.add_get("/secrets/{name}", vault.answer)
    application.router.add_put("/secrets/{name}", vault.store)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    with authority.cert_pem.tempfile() as trusted:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=_Loopback(runner.addresses[0][1]))
        ) as session:
            transport = AioHttpTransport(session=session, session_owner=False, connection_verify=trusted)
            yield vault, f"https://{host}", transport
    await runner.cleanup()

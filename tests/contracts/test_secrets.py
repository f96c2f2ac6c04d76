"""The contract of `Secrets`: memory, environment variables, and Key Vault's client against a vault over real HTTPS."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
import trustme
from aiohttp import web
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AioHttpTransport

from shared.adapters.memory.secrets import MemorySecrets
from shared.adapters.secrets import KEEP, EnvironmentSecrets, KeyVaultSecrets
from shared.errors import Reconfigure, SyncError, Transient
from shared.ports import Secrets


@dataclass
class Vault:
    """A Key Vault with these secrets; `status` other than 200 is answered to everything."""

    values: dict[str, str] = field(default_factory=dict)
    status: int = 200
    reads: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        """https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret"""
        if "Authorization" not in request.headers:
            challenge = 'Bearer authorization="https://login.example.com/tenant", resource="https://vault.azure.net"'
            return web.json_response({}, status=401, headers={"WWW-Authenticate": challenge})
        self.reads += 1
        name = request.match_info["name"]
        if self.status != 200 or name not in self.values:
            status = self.status if self.status != 200 else 404
            return web.json_response({"error": {"code": "SecretNotFound", "message": "no"}}, status=status)
        body = {"value": self.values[name], "id": f"https://vault.example.com/secrets/{name}/1", "attributes": {}}
        return web.Response(text=json.dumps(body), content_type="application/json")


class Identity:
    """A credential that has a token, or none to give."""

    def __init__(self, *, works: bool = True) -> None:
        self.works = works

    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        if not self.works:
            raise ClientAuthenticationError("no identity here")
        return AccessToken("token", 4_000_000_000)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> "Identity":
        return self

    async def __aexit__(self, *_error: object) -> None:
        pass


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest_asyncio.fixture
async def vault() -> AsyncGenerator[tuple[Vault, str, AioHttpTransport]]:
    """A vault, its URL, and a transport that trusts its certificate."""
    vault, authority = Vault(), trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    application = web.Application()
    application.router.add_get("/secrets/{name}/", vault.answer)
    application.router.add_get("/secrets/{name}", vault.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    with authority.cert_pem.tempfile() as trusted:
        transport = AioHttpTransport(connection_verify=trusted)
        yield vault, f"https://127.0.0.1:{runner.addresses[0][1]}", transport
        await transport.close()
    await runner.cleanup()


type Served = tuple[Vault, str, AioHttpTransport]


def _secrets(served: Served, *, identity: Identity | None = None, clock: Clock | None = None) -> KeyVaultSecrets:
    _, url, transport = served
    return KeyVaultSecrets(
        url,
        identity or Identity(),
        clock=clock or Clock(),
        transport=transport,
        verify_challenge_resource=False,
        retry_backoff_factor=0,
    )


@pytest.fixture(params=["memory", "environment", "vault"])
def secrets(request: pytest.FixtureRequest) -> Secrets:
    if request.param == "memory":
        return MemorySecrets({"default-username": "alice"})
    if request.param == "environment":
        return EnvironmentSecrets({"EXSYNC_SECRET_DEFAULT_USERNAME": "alice"})
    served: Served = request.getfixturevalue("vault")
    served[0].values["default-username"] = "alice"
    return _secrets(served)


async def test_a_secret_is_found_by_name(secrets: Secrets) -> None:
    assert await secrets.get("default-username") == "alice"


async def test_a_secret_that_is_not_there_is_none(secrets: Secrets) -> None:
    assert await secrets.get("default-password") is None


async def test_an_empty_variable_is_no_secret() -> None:
    assert await EnvironmentSecrets({"EXSYNC_SECRET_LISTENER_KEY": ""}).get("listener-key") is None


async def test_the_vault_is_not_asked_again_for_a_while(vault: Served) -> None:
    vault[0].values["listener-key"] = "old"
    clock = Clock()
    secrets = _secrets(vault, clock=clock)
    assert await secrets.get("listener-key") == "old"
    vault[0].values["listener-key"] = "new"
    clock.now += KEEP.total_seconds() - 1
    assert (await secrets.get("listener-key"), vault[0].reads) == ("old", 1)
    clock.now += 1
    assert (await secrets.get("listener-key"), vault[0].reads) == ("new", 2)


async def test_a_secret_that_is_added_is_found_at_once(vault: Served) -> None:
    secrets = _secrets(vault)
    assert await secrets.get("default-password") is None
    vault[0].values["default-password"] = "hush"
    assert await secrets.get("default-password") == "hush"


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [(403, Reconfigure, "vault-denied"), (503, Transient, "vault-unavailable"), (400, Transient, "vault-unavailable")],
)
async def test_a_vault_that_refuses_has_a_name(vault: Served, status: int, error: type[SyncError], code: str) -> None:
    vault[0].status = status
    with pytest.raises(error) as refused:
        await _secrets(vault).get("listener-key")
    assert refused.value.code == code


async def test_without_an_identity_the_vault_is_denied(vault: Served) -> None:
    with pytest.raises(Reconfigure) as denied:
        await _secrets(vault, identity=Identity(works=False)).get("listener-key")
    assert denied.value.code == "vault-denied"


async def test_a_vault_that_cannot_be_reached_is_unavailable() -> None:
    probe = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    secrets = KeyVaultSecrets(
        f"https://127.0.0.1:{port}",
        Identity(),
        retry_backoff_factor=0,
    )
    with pytest.raises(Transient) as unreachable:
        await secrets.get("listener-key")
    assert unreachable.value.code == "vault-unavailable"
    await secrets.close()

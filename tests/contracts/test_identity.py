"""Storage by identity in place of a key: Azurite over HTTPS, which checks bearer tokens as far as it can."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import pytest_asyncio
import trustme
from azure.core.credentials import AccessToken

from devtools.azurite import ACCOUNT, PROGRAM, Ports
from shared.adapters.blobs import StorageBlobs
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.adapters.tables import TableRows
from shared.errors import Reconfigure
from shared.ports import COLLECTIONS_QUEUE, Insert
from shared.settings import StorageSettings

STORAGE = "https://storage.azure.com"
TENANT = "11111111-2222-3333-4444-555555555555"
CLAIMS = {"iss": f"https://sts.windows.net/{TENANT}/", "tid": TENANT, "oid": "66666666-7777-8888-9999-000000000000"}
WITHIN = timedelta(seconds=60)


class Identity:
    """A credential whose tokens are for the given audience."""

    def __init__(self, audience: str = STORAGE) -> None:
        self._audience = audience

    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        now = int(datetime.now(UTC).timestamp())
        claims = CLAIMS | {"aud": self._audience, "iat": now - 60, "nbf": now - 60, "exp": now + 3600}
        return AccessToken(jwt.encode(claims, "not checked, but long enough for HMAC"), now + 3600)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> "Identity":
        return self

    async def __aexit__(self, *_error: object) -> None:
        pass


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[StorageSettings, Path]]:
    """An Azurite that wants tokens over HTTPS; how to reach it, and the authority to trust."""
    folder, authority, ports = tmp_path_factory.mktemp("tls"), trustme.CA(), Ports.free()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    words = ["node", str(PROGRAM), "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence"]
    words += ["--oauth", "basic", "--cert", str(folder / "cert.pem"), "--key", str(folder / "key.pem")]
    for service, port in ports.by_service().items():
        words += [f"--{service}Port", str(port)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        urls = {service: f"https://127.0.0.1:{port}/{ACCOUNT}" for service, port in ports.by_service().items()}
        yield StorageSettings(table_url=urls["table"], blob_url=urls["blob"], queue_url=urls["queue"]), folder
        process.terminate()


@pytest_asyncio.fixture
async def account(secured: tuple[StorageSettings, Path]) -> AsyncGenerator[StorageAccount]:
    settings, folder = secured
    async with asyncio.timeout(WITHIN.total_seconds()):
        for url in (settings.table_url, settings.blob_url, settings.queue_url):
            await _answering(url, folder)
    account = StorageAccount(settings, credential=Identity(), trusted=str(folder / "authority.pem"))
    yield account
    await account.close()


def _trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=folder / "authority.pem")


async def _answering(url: str, folder: Path) -> None:
    async with httpx.AsyncClient(verify=_trusting(folder)) as client:
        while True:
            with suppress(httpx.TransportError):
                await client.get(url)
                return
            await asyncio.sleep(0.02)


async def test_rows_blobs_and_queues_work_by_identity(account: StorageAccount) -> None:
    rows, blobs = TableRows(account), StorageBlobs(account)
    await rows.transact("collections", "p", [Insert("head", {"step": 1}), Insert("wanted", {})])
    assert [row.key for row in (await rows.query("collections", "p")).rows] == ["head", "wanted"]
    await blobs.put("body/1", b"content")
    assert await blobs.get("body/1") == b"content"
    await StorageQueues(account).send(COLLECTIONS_QUEUE, {"n": 1})


async def test_a_link_is_signed_by_a_delegation_key_that_is_asked_for_once(account: StorageAccount) -> None:
    """It is not followed: Azurite 3.35 checks such signatures up to version 2025-07-05, the SDK signs a later one."""
    blobs = StorageBlobs(account)
    until = datetime.now(UTC) + timedelta(minutes=5)
    link = await blobs.link("body/1", until=until, content_type="text/plain", file_name="a.txt")
    again = await blobs.link("body/1", until=until, content_type="text/plain", file_name="a.txt")
    assert link == again
    query = parse_qs(urlsplit(str(link)).query)
    assert {name: query[name] for name in ("sp", "skoid", "sktid", "rsct")} == {
        "sp": ["r"],
        "skoid": [CLAIMS["oid"]],
        "sktid": [CLAIMS["tid"]],
        "rsct": ["text/plain"],
    }
    assert query["ske"] > query["se"]


async def test_a_token_that_is_refused_is_for_an_administrator(
    account: StorageAccount, secured: tuple[StorageSettings, Path]
) -> None:
    settings, folder = secured
    wrong = Identity("https://elsewhere.example.com")
    refused = StorageAccount(settings, credential=wrong, trusted=str(folder / "authority.pem"))
    for call in (TableRows(refused).transact("collections", "p", [Insert("new", {})]), StorageBlobs(refused).get("a")):
        with pytest.raises(Reconfigure) as denied:
            await call
        assert denied.value.code == "storage-denied"
    await refused.close()

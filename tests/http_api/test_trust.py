"""Certificates over the API, to the end: an authority is added and Exchange is reached through it, over real TLS."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from devtools.exchange_simulator import ExchangeSimulator
from shared.adapters.certificates import TlsCertificates
from shared.adapters.ews.connection import Connection
from shared.adapters.memory.exchange import MemoryExchange
from shared.errors import Reconfigure
from shared.model.trust import Expiry
from tests.adapters.ews.world import ALICE, SIGN_IN, exchange_at
from tests.adapters.making_certificates import DAY, NOW, make, server_context, tls_server
from tests.flows.office import Office
from tests.http_api.client import calling

AUTHORITY = make("Contoso CA", authority=True)
SERVER = make("localhost", by=AUTHORITY)
SOON = make("Old CA", authority=True, ends=NOW + 20 * DAY)
BINARY = {"Content-Type": "application/octet-stream"}


def office() -> Office:
    opened = Office(clock=NOW)
    opened.certificates = TlsCertificates()  # type: ignore[assignment]
    opened.secrets.values |= SIGN_IN
    return opened


async def call(at: Office, method: str, path: str, status: int = 200, **more: Any) -> Any:
    async with calling(at) as client:
        answer = await client.request(method, f"/api{path}", **more)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_an_authority_that_is_added_lets_exchange_be_reached() -> None:
    at = office()
    async with (
        ExchangeSimulator(mailboxes=[ALICE.address], tls=server_context(SERVER, AUTHORITY)) as simulator,
        exchange_at(Connection("default", simulator.url), secrets=at.secrets) as exchange,
    ):
        with pytest.raises(Reconfigure, match="certificate-untrusted"):
            await exchange.find_folders(ALICE)
        seen = await call(at, "POST", "/trust/fetch", json={"url": simulator.url})
        assert (seen["trusted"], seen["failure"]["code"]) == (False, "certificate-untrusted")
        assert seen["topmost"] == AUTHORITY.sha256
        assert [each["subject"] for each in seen["certificates"]] == ["CN=localhost", "CN=Contoso CA"]
        top = seen["certificates"][1]
        await call(at, "POST", "/trust", content=top["pem"], headers=BINARY)
        assert await exchange.find_folders(ALICE)
        assert (await call(at, "POST", "/trust/fetch", json={"url": simulator.url}))["trusted"] is True


async def test_certificates_are_listed_added_once_and_removed() -> None:
    at = office()
    assert (await call(at, "GET", "/trust"))["items"] == []
    shown = await call(at, "POST", "/trust?dry_run=true", content=AUTHORITY.der, headers=BINARY)
    assert [each["sha256"] for each in shown["added"]] == [AUTHORITY.sha256]
    assert "exchange-trust" not in at.secrets.values
    await call(at, "POST", "/trust", content=AUTHORITY.der, headers=BINARY)
    again = await call(at, "POST", "/trust", content=(AUTHORITY.pem + SOON.pem), headers=BINARY)
    assert [[each["sha256"] for each in again[state]] for state in ("added", "known")] == [
        [SOON.sha256],
        [AUTHORITY.sha256],
    ]
    first, second = (await call(at, "GET", "/trust"))["items"]
    assert (first["days_left"], first["warning"]) == (365, None)
    assert (second["days_left"], second["warning"]["code"], second["warning"]["class"]) == (
        20,
        "certificate-expiring",
        "warning",
    )
    await call(at, "DELETE", f"/trust/{AUTHORITY.sha256.upper()}", 204)
    await call(at, "DELETE", f"/trust/{second['sha1']}", 204)
    assert (await call(at, "GET", "/trust"))["items"] == []
    assert (await call(at, "DELETE", f"/trust/{second['sha1']}", 404))["code"] == "certificate-unknown"


async def test_a_private_key_is_not_kept_and_its_password_is_asked_for() -> None:
    at = office()
    encrypted = BestAvailableEncryption("Grüße".encode())
    content = pkcs12.serialize_key_and_certificates(None, SERVER.key, SERVER.certificate, None, encrypted)
    for password, code in ((None, "trust-password-needed"), (b"wrong", "trust-password-wrong")):
        headers: dict[str, Any] = BINARY if password is None else {**BINARY, "X-Trust-Password": password}
        assert (await call(at, "POST", "/trust", 400, content=content, headers=headers))["code"] == code
    headers = {**BINARY, "X-Trust-Password": "Grüße".encode()}
    await call(at, "POST", "/trust", content=content, headers=headers)
    assert at.secrets.values["exchange-trust"] == SERVER.pem
    assert "PRIVATE KEY" not in at.secrets.values["exchange-trust"]


@pytest.mark.parametrize(
    "url", ["http://mail.contoso.example", "mail.contoso.example", "https://", "https://a:b@host", "https://h:x", ""]
)
async def test_only_an_https_url_is_looked_at(url: str) -> None:
    assert (await call(office(), "POST", "/trust/fetch", 400, json={"url": url}))["code"] == "request-malformed"


async def test_a_server_that_is_not_there_is_named() -> None:
    async with tls_server(SERVER) as (port, _):
        pass
    url = f"https://127.0.0.1:{port}"
    problem = await call(office(), "POST", "/trust/fetch", 503, json={"url": url})
    assert problem["code"] == "connection-refused"
    assert problem["remedy"] == (
        "Try it again in a minute, as a sync does. "
        "Check the port in the URL (`connections.<name>.url`) and that IIS is running."
    )


async def test_a_bundle_that_cannot_be_stored_is_not_lost() -> None:
    at = office()

    async def refuse(name: str, value: str) -> None:
        raise Reconfigure("secret-not-writable", "no folder")

    at.secrets.set = refuse  # type: ignore[method-assign]
    problem = await call(at, "POST", "/trust", 502, content=AUTHORITY.pem, headers=BINARY)
    assert problem["code"] == "secret-not-writable"
    assert AUTHORITY.pem in problem["detail"]


@pytest.mark.parametrize(("content", "words"), [(b"hello", "Base-64"), (b"x" * 1_048_577, "more than any file")])
async def test_a_file_that_is_none_is_refused(content: bytes, words: str) -> None:
    problem = await call(office(), "POST", "/trust", 400, content=content, headers=BINARY)
    assert problem["code"] == "trust-file-invalid"
    assert words in problem["detail"]


async def test_a_secret_that_is_no_bundle_is_not_overwritten() -> None:
    at = office()
    at.secrets.values["exchange-trust"] = "no PEM"
    problem = await call(at, "POST", "/trust", 502, content=AUTHORITY.pem, headers=BINARY)
    assert (problem["code"], at.secrets.values["exchange-trust"]) == ("trust-invalid", "no PEM")


async def test_what_expires_soon_shows_in_health_and_status_and_is_no_failure() -> None:
    at = await Office(clock=NOW).open()
    assert isinstance(at.exchange, MemoryExchange)
    late = Expiry("the server's certificate for mail", NOW + timedelta(days=29))
    at.exchange.depends_on["default"] = (late, replace(late, not_after=NOW + timedelta(days=31)))
    health = await call(at, "GET", "/health/deep")
    (check,) = [each for each in health["checks"] if each["name"] == "certificates"]
    assert (health["status"], check["ok"], check["code"]) == ("ok", True, "certificate-expiring")
    words = f"the server's certificate for mail expires on {late.not_after:%Y-%m-%d}"
    assert check["detail"] == f"default: {words}"
    status = await call(at, "GET", "/operators/alice/status")
    assert status["kinds"]["email"]["notes"] == [f"certificate-expiring: {words}"]

"""A token endpoint that gives no token: each reason of Entra ID by its own name, and each trouble on the way."""

import ssl
from typing import Any

import pytest
import trustme

from devtools.exchange_simulator import ExchangeSimulator
from shared.errors import Reconfigure, SyncError, Transient
from tests.adapters.ews.world import ALICE, CLIENT_SECRET, ToldServer, exchange_at, http, oauth_connection


async def refused(connection: Any) -> SyncError:
    async with exchange_at(connection, secrets=CLIENT_SECRET) as exchange:
        with pytest.raises(SyncError) as raised:
            await exchange.find_folders(ALICE)
        assert not exchange.counts
    return raised.value


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (7000222, "client-secret-expired"),
        (7000215, "client-secret-wrong"),
        (7000218, "client-secret-wrong"),
        (700027, "client-certificate-invalid"),
        (700024, "client-certificate-invalid"),
        (1000502, "client-certificate-expired"),
        (700016, "client-unknown"),
        (7000112, "client-blocked"),
        (90002, "tenant-unknown"),
        (900023, "tenant-unknown"),
        (900432, "cloud-wrong"),
        (65001, "consent-missing"),
        (7000229, "consent-missing"),
        (500011, "token-resource-unknown"),
        (1002012, "token-resource-unknown"),
        (53003, "conditional-access"),
        (999999, "token-refused"),
    ],
)
async def test_each_reason_of_entra_has_its_own_failure(simulator: ExchangeSimulator, number: int, code: str) -> None:
    simulator.tokens.refusal = number, "The provided thing is not right."
    wrong = await refused(oauth_connection(simulator))
    assert isinstance(wrong, Reconfigure)
    assert wrong.code == code
    assert f"invalid_client AADSTS{number}: The provided thing is not right." in wrong.detail
    assert "Correlation ID" in wrong.detail  # by which the administrator finds it in the sign-in log


async def test_an_application_that_the_tenant_does_not_have_is_named(simulator: ExchangeSimulator) -> None:
    assert (await refused(oauth_connection(simulator, client_id="nobody"))).code == "client-unknown"


async def test_a_connection_without_oauth_settings_is_named(simulator: ExchangeSimulator) -> None:
    assert (await refused(oauth_connection(simulator, oauth=None))).code == "token-refused"


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (http("503 Service Unavailable"), Transient, "token-unavailable"),
        (http("200 OK", b"hello"), Reconfigure, "token-refused"),
        (http("200 OK", b"[]"), Reconfigure, "token-refused"),
        (http("200 OK", b'{"access_token": 7}'), Reconfigure, "token-refused"),
        (http("200 OK", b'{"access_token": ""}'), Reconfigure, "token-refused"),
        (http("200 OK", '{"access_token": "Schlüssel\\r\\n"}'.encode()), Reconfigure, "token-refused"),
        (http("400 Bad Request", b'{"error": "temporarily_unavailable"}'), Transient, "token-unavailable"),
        (http("400 Bad Request", b'{"error": "x", "error_codes": [90033]}'), Transient, "token-unavailable"),
        (http("400 Bad Request", b'{"error": "x", "error_codes": "7000222"}'), Reconfigure, "token-refused"),
        (http("400 Bad Request", b'{"error": "invalid_target"}'), Reconfigure, "token-resource-unknown"),
        (b"", Transient, "connection-lost"),
    ],
)
async def test_a_token_endpoint_in_trouble_is_named(
    simulator: ExchangeSimulator, answer: bytes, kind: type[SyncError], code: str
) -> None:
    async with ToldServer([answer]).running() as server:
        wrong = await refused(oauth_connection(simulator, token_endpoint=server.url))
    assert (type(wrong), wrong.code) == (kind, code)


@pytest.mark.parametrize("lifetime", [b"", b', "expires_in": "3599"', b', "expires_in": "soon"', b', "expires_in": -1'])
async def test_a_lifetime_that_cannot_be_read_does_not_hinder(simulator: ExchangeSimulator, lifetime: bytes) -> None:
    token = simulator.issue_token().encode()
    answer = http("200 OK", b'{"access_token": "%s"%s}' % (token, lifetime))
    async with (
        ToldServer([answer]).running() as server,
        exchange_at(oauth_connection(simulator, token_endpoint=server.url), secrets=CLIENT_SECRET) as exchange,
    ):
        await exchange.find_folders(ALICE)
        assert await exchange.find_folders(ALICE)
        assert len(server.requests) == 1


async def test_proxies_of_the_environment_do_not_count(
    simulator: ExchangeSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with exchange_at(oauth_connection(simulator), secrets=CLIENT_SECRET) as exchange:
        assert await exchange.find_folders(ALICE)


async def test_only_the_secret_exchange_trust_makes_a_private_authority_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    told = CLIENT_SECRET | {"exchange-trust": authority.cert_pem.bytes().decode()}
    async with ExchangeSimulator(mailboxes=[ALICE.address], tls=context) as simulator:
        with authority.cert_pem.tempfile() as file:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", file)
            monkeypatch.setenv("CURL_CA_BUNDLE", file)
            assert (await refused(oauth_connection(simulator))).code == "certificate-untrusted"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
        async with exchange_at(oauth_connection(simulator), secrets=told) as exchange:
            assert await exchange.find_folders(ALICE)

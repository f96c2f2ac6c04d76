"""Tokens of a real OpenID provider (npm's `oidc-provider`) that the simulated Exchange verifies with the provider's own keys."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.tokens import ROLE
from devtools.openid_provider import OpenidProvider
from shared.adapters.ews.connection import Connection
from shared.errors import Reconfigure
from tests.adapters.ews.world import ALICE, exchange_at, oauth_connection

SECRET = {"default-client-secret": "a-secret-that-is-long-enough"}


@pytest.fixture(scope="module")
def issued() -> trustme.LeafCert:
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    return authority.issue_cert("client.contoso.example", key_type=trustme.KeyType.RSA)


@pytest_asyncio.fixture(scope="module")
async def provider(issued: trustme.LeafCert) -> AsyncIterator[OpenidProvider]:
    own = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes()).public_key()
    assert isinstance(own, RSAPublicKey)
    by_secret = {
        "client_secret": SECRET["default-client-secret"],
        "token_endpoint_auth_method": "client_secret_post",
    }
    by_certificate = {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "PS256",
        "jwks": {"keys": [json.loads(RSAAlgorithm.to_jwk(own))]},
    }
    clients: list[dict[str, Any]] = [
        {"client_id": "by-secret", **by_secret},
        {"client_id": "expired", **by_secret, "client_secret_expires_at": int(time.time()) - 60},
        {"client_id": "without-consent", **by_secret},
        {"client_id": "only-mail", **by_secret},
        {"client_id": "by-certificate", **by_certificate},
    ]
    roles = {"by-secret": [ROLE], "by-certificate": [ROLE, "Mail.Read"], "only-mail": ["Mail.Read"]}
    async with OpenidProvider(clients, roles) as running:
        yield running


@pytest.fixture
def trusting(simulator: ExchangeSimulator, provider: OpenidProvider) -> ExchangeSimulator:
    simulator.tokens.trust(provider.issuer, provider.keys)
    return simulator


def connection(simulator: ExchangeSimulator, provider: OpenidProvider, client: str, **changes: str) -> Connection:
    return oauth_connection(simulator, token_endpoint=provider.token_endpoint, client_id=client, **changes)


async def test_a_secret_becomes_a_token_that_exchange_takes(
    trusting: ExchangeSimulator, provider: OpenidProvider
) -> None:
    async with exchange_at(connection(trusting, provider, "by-secret"), secrets=SECRET) as exchange:
        assert await exchange.find_folders(ALICE)
        assert exchange.counts["FindFolder"] == 1


async def test_a_certificate_becomes_a_token_and_its_signature_is_verified(
    trusting: ExchangeSimulator, provider: OpenidProvider, issued: trustme.LeafCert
) -> None:
    pem = (issued.private_key_pem.bytes() + issued.cert_chain_pems[0].bytes()).decode()
    secrets = {"default-client-certificate": pem}
    async with exchange_at(connection(trusting, provider, "by-certificate"), secrets=secrets) as exchange:
        assert await exchange.find_folders(ALICE)


async def test_the_certificate_of_somebody_else_is_refused(
    trusting: ExchangeSimulator, provider: OpenidProvider
) -> None:
    other = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("charlie.example", key_type=trustme.KeyType.RSA)
    pem = (other.private_key_pem.bytes() + other.cert_chain_pems[0].bytes()).decode()
    secrets = {"default-client-certificate": pem}
    async with exchange_at(connection(trusting, provider, "by-certificate"), secrets=secrets) as exchange:
        with pytest.raises(Reconfigure, match=r"token-refused: .* invalid_client"):
            await exchange.find_folders(ALICE)


@pytest.mark.parametrize("client", ["expired", "nobody"])
async def test_a_client_that_the_provider_does_not_let_in_is_named(
    trusting: ExchangeSimulator, provider: OpenidProvider, client: str
) -> None:
    async with exchange_at(connection(trusting, provider, client), secrets=SECRET) as exchange:
        with pytest.raises(Reconfigure, match=r"token-refused: .* invalid_client"):
            await exchange.find_folders(ALICE)


@pytest.mark.parametrize(
    ("client", "code"), [("without-consent", "consent-missing"), ("only-mail", "token-role-missing")]
)
async def test_a_right_that_the_token_lacks_is_named(
    trusting: ExchangeSimulator, provider: OpenidProvider, client: str, code: str
) -> None:
    async with exchange_at(connection(trusting, provider, client), secrets=SECRET) as exchange:
        with pytest.raises(Reconfigure, match=code) as raised:
            await exchange.find_folders(ALICE)
    assert f"the client {client}" in raised.value.detail


async def test_a_resource_that_the_provider_does_not_know_is_named(
    trusting: ExchangeSimulator, provider: OpenidProvider
) -> None:
    elsewhere = connection(trusting, provider, "by-secret", scope="https://mail.contoso.example/.default")
    async with exchange_at(elsewhere, secrets=SECRET) as exchange:
        with pytest.raises(Reconfigure, match=r"token-resource-unknown: .* invalid_target"):
            await exchange.find_folders(ALICE)


async def test_a_token_for_another_resource_is_refused_by_exchange(
    trusting: ExchangeSimulator, provider: OpenidProvider
) -> None:
    graph = connection(trusting, provider, "by-secret", scope="https://graph.microsoft.com/.default")
    async with exchange_at(graph, secrets=SECRET) as exchange:
        with pytest.raises(Reconfigure, match="token-audience-wrong: HTTP 401"):
            await exchange.find_folders(ALICE)


async def test_a_provider_that_exchange_does_not_trust_is_named(
    simulator: ExchangeSimulator, provider: OpenidProvider
) -> None:
    async with exchange_at(connection(simulator, provider, "by-secret"), secrets=SECRET) as exchange:
        with pytest.raises(Reconfigure, match="token-invalid"):
            await exchange.find_folders(ALICE)

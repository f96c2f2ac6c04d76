"""From a Key Vault over TLS, by Azure's own client, to a mailbox: the secret or certificate is read, rotated, and may be gone."""

from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import NoEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_CLIENT_SECRET
from shared.adapters.secrets import KeyVaultSecrets
from shared.errors import Reconfigure
from tests.adapters.ews.world import ALICE, Clock, exchange_at, oauth_connection
from tests.contracts.key_vault import Identity, Vault, served_vault


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def vault(clock: Clock) -> AsyncIterator[tuple[Vault, KeyVaultSecrets]]:
    async with served_vault() as (vault, url, transport):
        identity = Identity()
        yield vault, KeyVaultSecrets(url, identity, clock=lambda: clock().timestamp(), transport=transport)


def pkcs12() -> str:
    """What a Key Vault certificate gives when it is read as a secret."""
    issued = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("client.contoso.example", key_type=trustme.KeyType.RSA)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    own = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    return b64encode(serialize_key_and_certificates(None, key, own, None, NoEncryption())).decode()


async def test_a_certificate_of_the_vault_signs_in(
    simulator: ExchangeSimulator, vault: tuple[Vault, KeyVaultSecrets]
) -> None:
    vault[0].values["default-client-certificate"] = pkcs12()
    async with exchange_at(oauth_connection(simulator), secrets=vault[1]) as exchange:
        assert await exchange.find_folders(ALICE)
    assert (vault[0].challenged, vault[0].reads) == (1, 2)  # the certificate, and `exchange-trust`, which is not there


async def test_an_expired_secret_is_named_and_a_rotated_one_is_in_use_when_the_vault_is_asked_again(
    simulator: ExchangeSimulator, vault: tuple[Vault, KeyVaultSecrets], clock: Clock
) -> None:
    vault[0].values["default-client-secret"] = "expired"
    simulator.tokens.refusal = 7000222, "The provided client secret keys for app 'c11e' are expired."
    async with exchange_at(oauth_connection(simulator), secrets=vault[1], now=clock) as exchange:
        with pytest.raises(Reconfigure, match="client-secret-expired"):
            await exchange.find_folders(ALICE)
        simulator.tokens.refusal = None
        vault[0].values["default-client-secret"] = DEFAULT_CLIENT_SECRET
        clock.advance(timedelta(minutes=5, seconds=1))
        assert await exchange.find_folders(ALICE)


async def test_a_secret_that_the_vault_does_not_have_is_named(
    simulator: ExchangeSimulator, vault: tuple[Vault, KeyVaultSecrets]
) -> None:
    async with exchange_at(oauth_connection(simulator), secrets=vault[1]) as exchange:
        with pytest.raises(Reconfigure, match="secret-missing: the secret default-client-secret"):
            await exchange.find_folders(ALICE)


@pytest.mark.parametrize(
    ("inner", "code"), [("SecretDisabled", "secret-disabled"), ("ForbiddenByRbac", "vault-denied")]
)
async def test_a_vault_that_refuses_is_named(
    simulator: ExchangeSimulator, vault: tuple[Vault, KeyVaultSecrets], inner: str, code: str
) -> None:
    vault[0].refusal = 403, "Forbidden", inner
    async with exchange_at(oauth_connection(simulator), secrets=vault[1]) as exchange:
        with pytest.raises(Reconfigure, match=code):
            await exchange.find_folders(ALICE)

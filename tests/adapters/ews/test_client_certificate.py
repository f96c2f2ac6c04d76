"""A token by certificate: in each form in which Key Vault hands one out, and what can be wrong with it."""

from base64 import b64encode, urlsafe_b64decode
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from devtools.exchange_simulator import ExchangeSimulator
from shared.adapters.ews.client_certificate import assertion
from shared.adapters.ews.connection import OAuth
from shared.errors import Reconfigure
from tests.adapters.ews.world import ALICE, exchange_at, oauth_connection

OAUTH = OAuth("the-client", "https://login.contoso.example/token", "https://outlook.office365.com/.default")
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.RSA)


@pytest.fixture(scope="module")
def issued(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("client.contoso.example", key_type=trustme.KeyType.RSA)


def key_of(issued: trustme.LeafCert) -> str:
    return issued.private_key_pem.bytes().decode()


def certificate_of(issued: trustme.LeafCert) -> str:
    return issued.cert_chain_pems[0].bytes().decode()


def pkcs12(issued: trustme.LeafCert, password: bytes = b"") -> str:
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    own = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return b64encode(serialize_key_and_certificates(b"client", key, own, None, encryption)).decode()  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["key first", "certificate first", "chain", "pkcs12", "pkcs12 in lines"])
def test_each_form_of_key_vault_gives_an_assertion_signed_by_the_key(
    form: str, issued: trustme.LeafCert, authority: trustme.CA
) -> None:
    key, certificate, packed = key_of(issued), certificate_of(issued), pkcs12(issued)
    text = {
        "key first": key + certificate,
        "certificate first": certificate + key,
        "chain": authority.cert_pem.bytes().decode() + certificate + key,
        "pkcs12": packed,
        "pkcs12 in lines": "\n".join(packed[at : at + 64] for at in range(0, len(packed), 64)) + "\n",
    }[form]
    own = x509.load_pem_x509_certificate(certificate.encode())
    signed = assertion(OAUTH, text, NOW)
    claims = jwt.decode(signed, own.public_key(), ["PS256"], audience=OAUTH.token_endpoint)  # type: ignore[arg-type]
    assert (claims["iss"], claims["sub"]) == ("the-client", "the-client")
    assert urlsafe_b64decode(jwt.get_unverified_header(signed)["x5t#S256"]) == own.fingerprint(SHA256())


async def test_a_certificate_is_preferred_to_the_secret(simulator: ExchangeSimulator, issued: trustme.LeafCert) -> None:
    secrets = {"default-client-certificate": pkcs12(issued), "default-client-secret": "wrong"}
    async with exchange_at(oauth_connection(simulator), secrets=secrets) as exchange:
        assert await exchange.find_folders(ALICE)


async def test_a_certificate_that_ended_is_named_and_not_sent(
    simulator: ExchangeSimulator, authority: trustme.CA
) -> None:
    ended = authority.issue_cert(
        "client.contoso.example", key_type=trustme.KeyType.RSA, not_after=NOW - timedelta(days=1)
    )
    secrets = {"default-client-certificate": key_of(ended) + certificate_of(ended)}
    async with exchange_at(oauth_connection(simulator), secrets=secrets) as exchange:
        with pytest.raises(Reconfigure, match=r"client-certificate-expired: .* ended"):
            await exchange.find_folders(ALICE)
    assert simulator.tokens.requests == 0


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("no PEM", "neither PEM with its key nor PKCS#12"),
        ("certificate alone", "without its private key"),
        ("key alone", "neither PEM with its key"),
        ("key of another", "no certificate of the private key"),
        ("elliptic", "its key is not RSA"),
        ("protected pkcs12", "neither PEM with its key nor PKCS#12"),
        ("broken pem", "neither PEM with its key"),
    ],
)
def test_a_certificate_that_cannot_be_used_says_why(
    form: str, why: str, issued: trustme.LeafCert, authority: trustme.CA
) -> None:
    other = authority.issue_cert("other.contoso.example", key_type=trustme.KeyType.ECDSA)
    text = {
        "no PEM": "hello",
        "certificate alone": certificate_of(issued),
        "key alone": key_of(issued),
        "key of another": key_of(issued) + certificate_of(other),
        "elliptic": key_of(other) + certificate_of(other),
        "protected pkcs12": pkcs12(issued, b"password"),
        "broken pem": key_of(issued) + certificate_of(issued)[:200],
    }[form]
    with pytest.raises(Reconfigure, match="client-certificate-invalid") as raised:
        assertion(OAUTH, text, NOW)
    assert why in raised.value.detail
    assert key_of(issued)[40:80] not in raised.value.detail

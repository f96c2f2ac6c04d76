"""The contract of `Certificates`: TLS servers on loopback, and the twin that is told of them."""

from dataclasses import replace

import pytest

from shared.adapters.certificates import TlsCertificates
from shared.adapters.memory.certificates import MemoryCertificates
from shared.errors import Invalid, Transient
from shared.model.trust import Offer
from shared.ports import Certificates
from tests.adapters.making_certificates import make, tls_server

AUTHORITY = make("Contoso CA", authority=True)
SERVER = make("localhost", by=AUTHORITY)


@pytest.fixture(params=["memory", "tls"])
def certificates(request: pytest.FixtureRequest) -> Certificates:
    return MemoryCertificates() if request.param == "memory" else TlsCertificates()


async def told(certificates: Certificates, port: int) -> None:
    """Tell the twin what the server will offer."""
    if isinstance(certificates, MemoryCertificates):
        chain = await certificates.read((SERVER.pem + AUTHORITY.pem).encode(), "")
        certificates.offers["localhost", port] = Offer(chain, "certificate-untrusted", "unknown issuer")


async def test_a_file_is_read_or_refused(certificates: Certificates) -> None:
    (found,) = await certificates.read(AUTHORITY.der, "")
    assert (found.sha256, found.pem) == (AUTHORITY.sha256, AUTHORITY.pem)
    with pytest.raises(Invalid, match="trust-file-invalid"):
        await certificates.read(b"hello", "")


async def test_a_chain_is_offered_and_trusted_once_its_authority_is(certificates: Certificates) -> None:
    async with tls_server(SERVER, AUTHORITY) as (port, _):
        await told(certificates, port)
        refused = await certificates.offered("localhost", port, "")
        assert ([each.sha256 for each in refused.chain], refused.code) == (
            [SERVER.sha256, AUTHORITY.sha256],
            "certificate-untrusted",
        )
        trusted = await certificates.offered("localhost", port, AUTHORITY.pem)
    assert trusted == replace(refused, code="", detail="")


async def test_a_server_that_is_not_there_is_transient(certificates: Certificates) -> None:
    async with tls_server(SERVER) as (port, _):
        pass
    with pytest.raises(Transient, match="connection-refused"):
        await certificates.offered("127.0.0.1", port, "")

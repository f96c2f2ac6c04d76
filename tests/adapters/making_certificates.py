"""Certificates and TLS servers for the tests of trust: made here, each with the one thing wrong that a test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Made:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def sha256(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()


def make(
    name: str,
    *,
    by: Made | None = None,
    authority: bool = False,
    path_length: int | None = None,
    only_for: ObjectIdentifier | None = None,
    begins: datetime = NOW - DAY,
    ends: datetime = NOW + 365 * DAY,
) -> Made:
    """A certificate for the host `name`, or an authority of that name; signed by itself unless `by` another.

    As companies make them: no key usage and no key identifiers, which RFC 5280 asks of public ones. `path_length`: how many
    authorities may come below; `only_for`: an extended key usage.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
    )
    if not authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    if only_for is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([only_for]), critical=False)
    return Made(builder.sign(by.key if by else key, hashes.SHA256()), key)


def server_context(own: Made, *above: Made) -> ssl.SSLContext:
    """The context of a server that offers its own certificate and those above it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    offer(context, own, *above)
    return context


def offer(context: ssl.SSLContext, own: Made, *above: Made) -> None:
    """Give a server another chain, which counts from the next connection on."""
    key = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with TemporaryDirectory() as folder:
        file = Path(folder) / "chain.pem"
        file.write_bytes(key + "".join(each.pem for each in (own, *above)).encode())
        context.load_cert_chain(file)


@asynccontextmanager
async def tls_server(own: Made, *above: Made) -> AsyncIterator[tuple[int, bytearray]]:
    """A server on loopback that offers this chain; its port, and all that was said to it."""
    said = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.extend(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=server_context(own, *above))
    async with server:
        yield server.sockets[0].getsockname()[1], said

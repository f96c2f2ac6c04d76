"""The port `Certificates`: files by `certificate_files`, and the chain of a server out of one TLS handshake.

That handshake verifies like any other; when it fails, the chain that made it fail can still be looked at. So nothing here
ever trusts a server that it should not, and no byte of ours is sent after the handshake.
"""

import asyncio
import socket
import ssl

from shared.adapters.ews.transport_errors import certificate_error, transport_error
from shared.adapters.ews.trust import trust
from shared.model.trust import Bundle, Offer

_TIMEOUT_SECONDS = 10


class TlsCertificates:
    """The port `Certificates`."""

    async def read(self, content: bytes, password: str) -> Bundle:
        """See the port. In a thread: the key derivation of a PKCS#12 takes as long as its maker wanted."""
        return await asyncio.to_thread(_read, content, password)

    async def offered(self, host: str, port: int, trusted: str) -> Offer:
        """See the port."""
        return await asyncio.to_thread(_offered, host, port, trusted)


def _read(content: bytes, password: str) -> Bundle:
    # Not on the cold-start path: X.509 takes 60 ms to import, and only an administrator brings files.
    from shared.adapters.certificate_files import read_certificates

    return read_certificates(content, password)


def _offered(host: str, port: int, trusted: str) -> Offer:
    context = trust(trusted)
    try:
        with (
            socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False) as secure,
        ):
            return _looked_at(secure, host)
    except OSError as wrong:
        raise transport_error(wrong, host) from None


def _looked_at(secure: ssl.SSLSocket, host: str) -> Offer:
    code, detail = "", ""
    try:
        secure.do_handshake()
    except ssl.SSLCertVerificationError as wrong:
        refused = certificate_error(wrong, host)
        code, detail = refused.code, refused.detail
    chain = b"".join(ssl.DER_cert_to_PEM_cert(each).encode() for each in secure.get_unverified_chain())
    return Offer(_read(chain, ""), code, detail)

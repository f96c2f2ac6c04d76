"""The port `Certificates`: files by `certificate_files`, and the chain of a server out of one TLS handshake.

That handshake verifies like any other; when it fails, the chain that made it fail can still be looked at. So nothing here
ever trusts a server that it should not, and no byte of ours is sent beside the handshake.
"""

import asyncio
import ssl
from datetime import timedelta

from shared.adapters.ews.transport_errors import certificate_error, transport_error
from shared.adapters.ews.trust import trust
from shared.errors import Transient
from shared.model.trust import Bundle, Offer

_TIMEOUT = timedelta(seconds=10)
_PIECE = 64 * 1024


class TlsCertificates:
    """The port `Certificates`. `timeout` is for a server to offer its chain, all in all."""

    def __init__(self, *, timeout: timedelta = _TIMEOUT) -> None:
        self._timeout = timeout

    async def read(self, content: bytes, password: str) -> Bundle:
        """See the port. In a thread: the key derivation of a PKCS#12 takes as long as its maker wanted."""
        return await asyncio.to_thread(_read, content, password)

    async def offered(self, host: str, port: int, trusted: str) -> Offer:
        """See the port."""
        context = trust(trusted)
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                ders, code, detail = await _handshake(context, host, port)
        except TimeoutError:
            seconds = self._timeout.total_seconds()
            raise Transient("exchange-timeout", f"{host}: no certificate within {seconds:g} seconds") from None
        except (OSError, ExceptionGroup) as wrong:
            raise transport_error(wrong, host) from None
        pem = "".join(ssl.DER_cert_to_PEM_cert(each) for each in ders)
        return Offer(await self.read(pem.encode(), ""), code, detail)


def _read(content: bytes, password: str) -> Bundle:
    # Not on the cold-start path: X.509 takes 60 ms to import, and only an administrator brings files.
    from shared.adapters.certificate_files import read_certificates

    return read_certificates(content, password)


async def _handshake(context: ssl.SSLContext, host: str, port: int) -> tuple[list[bytes], str, str]:
    """The chain as DER, and the code and words of its refusal. asyncio's own TLS hides the chain of a refused server."""
    reader, writer = await asyncio.open_connection(host, port, all_errors=True)
    received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = context.wrap_bio(received, to_send, server_hostname=host)
    code, detail = "", ""
    try:
        while not _is_agreed(secure):
            writer.write(to_send.read())
            await writer.drain()
            piece = await reader.read(_PIECE)
            received.write(piece) if piece else received.write_eof()
    except ssl.SSLCertVerificationError as wrong:
        refused = certificate_error(wrong, host)
        code, detail = refused.code, refused.detail
    finally:
        writer.write(to_send.read())  # the last word of the handshake, or the alert that says why we go
        writer.close()
    return secure.get_unverified_chain(), code, detail


def _is_agreed(secure: ssl.SSLObject) -> bool:
    """Go on with the handshake as far as what was received allows."""
    try:
        secure.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True

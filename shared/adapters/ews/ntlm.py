"""NTLM's two messages and the challenge between them, as HTTP carries them. Nothing is sent here.

PROTOCOL 3; MS-NTHT; RFC 5929, 4.1 (channel binding `tls-server-end-point`), which Extended Protection asks for.
"""

import hashlib
import struct
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

import httpx

from shared.errors import Transient

SCHEMES = ("NTLM", "Negotiate")
"""The header's schemes that take NTLM, the preferred one first. Windows takes bare NTLM under Negotiate too."""

_TOO_WEAK = frozenset({"md5", "sha1"})


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs in. `user` is `DOMAIN\\user` or a UPN."""

    user: str
    password: str = field(repr=False)


class Handshake:
    """One sign-in: `opening` is sent first, `proof` answers the server's challenge. Both are base64."""

    def __init__(self, account: Account, host: str) -> None:
        # Imported here to stay off the cold start: only a connection that signs in by NTLM needs it.
        import spnego

        self._context = spnego.client(
            account.user,
            account.password,
            hostname=host,
            service="http",
            protocol="ntlm",
            options=spnego.NegotiateOptions.use_ntlm,
        )
        self.opening = b64encode(self._context.step() or b"").decode()

    def proof(self, challenge: str, certificate: bytes | None) -> str:
        """`certificate` is the server's in DER, None without TLS. Raises Transient for what is no challenge."""
        # Not on the cold-start path, as above.
        from spnego.channel_bindings import GssChannelBindings
        from spnego.exceptions import SpnegoError

        bindings = GssChannelBindings(application_data=end_point(certificate)) if certificate else None
        try:
            token = self._context.step(b64decode(challenge, validate=True), channel_bindings=bindings)
        except (SpnegoError, ValueError, LookupError, struct.error) as wrong:
            raise Transient("answer-malformed", f"the server's NTLM challenge cannot be read: {wrong}") from None
        return b64encode(token or b"").decode()


def end_point(certificate: bytes) -> bytes:
    """The channel binding: the certificate hashed as its signature was, by SHA-256 where that was MD5, SHA-1 or unknown."""
    # Imported here to stay off the cold start, as spnego.
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        algorithm = None
    name = "sha256" if algorithm is None or algorithm.name in _TOO_WEAK else algorithm.name
    return b"tls-server-end-point:" + hashlib.new(name.replace("sha3-", "sha3_"), certificate).digest()


def offered(response: httpx.Response) -> dict[str, str]:
    """What a 401 offers: the scheme in lower case, and what comes after it (NTLM's challenge)."""
    parts = (value.partition(" ") for value in response.headers.get_list("www-authenticate", split_commas=True))
    return {scheme.lower(): rest.strip() for scheme, _, rest in parts}

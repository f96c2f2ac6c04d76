"""The certificate that proves who we are to a token endpoint, in the forms in which Key Vault hands it out. No I/O.

PEM with its private key, or PKCS#12 in base64 without a password: what a Key Vault *certificate* gives when it is read as a
secret. https://learn.microsoft.com/azure/key-vault/certificates/about-certificates#exportable-or-nonexportable-key
"""

from base64 import b64decode
from binascii import Error as NotBase64
from datetime import datetime
from typing import TYPE_CHECKING

from shared.adapters.ews.connection import OAuth
from shared.errors import Reconfigure

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_ALGORITHM = "PS256"


def assertion(oauth: OAuth, certificate: str, now: datetime) -> str:
    """A signed statement for the token endpoint, good for ten minutes.

    Raises Reconfigure("client-certificate-invalid") and Reconfigure("client-certificate-expired").
    https://learn.microsoft.com/entra/identity-platform/certificate-credentials
    """
    # Not on the cold-start path: only a connection that signs in by certificate needs them.
    from cryptography.hazmat.primitives.hashes import SHA256
    from msal.oauth2cli import JwtAssertionCreator

    key, own = _read(certificate)
    if now > own.not_valid_after_utc:
        raise Reconfigure(
            "client-certificate-expired",
            f"the certificate {own.subject.rfc4514_string()} ended {own.not_valid_after_utc}",
        )
    creator = JwtAssertionCreator(key, _ALGORITHM, sha256_thumbprint=own.fingerprint(SHA256()).hex())
    signed: bytes = creator.create_normal_assertion(audience=oauth.token_endpoint, issuer=oauth.client_id)
    return signed.decode()  # Quirk: httpx would write bytes into the form as Python shows them, with b and quotes.


def _read(certificate: str) -> "tuple[RSAPrivateKey, x509.Certificate]":
    # Not on the cold-start path, as above.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    try:
        key, own = _pem(certificate) if "-----BEGIN" in certificate else _pkcs12(certificate)
    except (ValueError, TypeError, NotBase64, UnsupportedAlgorithm) as wrong:
        raise _invalid(f"it is neither PEM with its key nor PKCS#12 in base64 ({wrong})") from None
    if not isinstance(key, RSAPrivateKey):
        raise _invalid("it comes without its private key" if key is None else "its key is not RSA")
    if own is None:
        raise _invalid("there is no certificate of the private key in it")
    return key, own


def _invalid(why: str) -> Reconfigure:
    return Reconfigure("client-certificate-invalid", f"the client certificate cannot be used: {why}")


def _pem(text: str) -> "tuple[object, x509.Certificate | None]":
    """Key and certificate in any order; of a chain, the certificate that the key belongs to."""
    # Not on the cold-start path, as above.
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    chain = x509.load_pem_x509_certificates(text.encode())
    key = load_pem_private_key(text.encode(), None) if "PRIVATE KEY-----" in text else None
    of_the_key = key.public_key() if key else chain[0].public_key()
    return key, next((one for one in chain if one.public_key() == of_the_key), None)


def _pkcs12(text: str) -> "tuple[object, x509.Certificate | None]":
    # Not on the cold-start path, as above.
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

    key, own, _ = load_key_and_certificates(b64decode("".join(text.split()), validate=True), None)
    return key, own

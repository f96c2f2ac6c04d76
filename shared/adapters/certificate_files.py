"""Files with certificates, as administrators have them: PEM, DER, Base-64 X.509, PKCS#7, PKCS#12, Java keystores.

Only certificates are taken: a private key in the file is neither decrypted further than its container demands, nor kept.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7, pkcs12

from shared.adapters.java_keystore import is_java_keystore, read_java_keystore
from shared.errors import Invalid
from shared.model.trust import Certificate

_TAKEN = "PEM, DER, PKCS#7, PKCS#12 and Java keystores are taken"
_ARMOUR = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_CERTIFICATES = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
_PKCS7 = frozenset({"PKCS7", "CMS", "PKCS #7 SIGNED DATA"})
_SEQUENCE, _INTEGER, _OBJECT_IDENTIFIER = 0x30, 0x02, 0x06
_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises, some of it only when the part in question is looked at."""
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_certificates(content: bytes, password: str) -> tuple[Certificate, ...]:
    """All certificates of a file, in its order.

    Raises Invalid: "trust-file-invalid" that says what it seems to be, "trust-password-needed", "trust-password-wrong".
    """
    try:
        found = tuple(_facts(each) for each in _held(content, password))
    except _UNREADABLE as wrong:
        raise Invalid("trust-file-invalid", f"a certificate in it cannot be read ({wrong})") from None
    if not found:
        raise Invalid("trust-file-invalid", "the file holds no certificate, perhaps only keys")
    return found


def _held(content: bytes, password: str) -> tuple[x509.Certificate, ...]:
    if is_java_keystore(content):
        return tuple(_der(each) for each in read_java_keystore(content, password))
    if content[:1] == bytes([_SEQUENCE]):
        return _binary(content, password)
    return _text(_decoded(content), password)


def _facts(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        _names(certificate),
        certificate.fingerprint(hashes.SHA256()).hex(),
        certificate.fingerprint(hashes.SHA1()).hex(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        _is_authority(certificate),
        certificate.public_bytes(Encoding.PEM).decode(),
    )


def _binary(content: bytes, password: str) -> tuple[x509.Certificate, ...]:
    """DER of any kind, told apart by what stands first in the outermost sequence."""
    inner = _first_tag(content)
    if inner == _INTEGER:
        return _pkcs12(content, password)
    if inner == _OBJECT_IDENTIFIER:
        return _pkcs7(content)
    return (_der(content),)


def _first_tag(content: bytes) -> int:
    if len(content) < 2:
        return -1
    length_of_length = content[1] & 0x7F if content[1] & 0x80 else 0
    return content[2 + length_of_length] if len(content) > 2 + length_of_length else -1


def _der(content: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(content)
    except ValueError as wrong:
        raise Invalid("trust-file-invalid", f"DER, but no X.509 certificate ({wrong}); {_TAKEN}") from None


def _pkcs7(content: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(pkcs7.load_der_pkcs7_certificates(content))
    except (ValueError, UnsupportedAlgorithm) as wrong:
        raise Invalid("trust-file-invalid", f"PKCS#7 that holds no certificates ({wrong})") from None


def _pkcs12(content: bytes, password: str) -> tuple[x509.Certificate, ...]:
    """Quirk: without a password means none for some programs and an empty one for others."""
    tries = (password.encode(),) if password else (None, b"")
    for attempt in tries:
        try:
            opened = pkcs12.load_pkcs12(content, attempt)
        except ValueError:
            continue
        own = [opened.cert] if opened.cert else []
        return tuple(each.certificate for each in (*own, *opened.additional_certs))
    if password:
        raise Invalid("trust-password-wrong", "PKCS#12 that this password does not open, or that is damaged")
    raise Invalid("trust-password-needed", "PKCS#12 that needs a password")


def _decoded(content: bytes) -> str:
    """Text; Windows' tools write Base-64 files also as UTF-16."""
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "ascii")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise Invalid("trust-file-invalid", f"neither text nor DER nor a Java keystore; {_TAKEN}") from None


def _text(text: str, password: str) -> tuple[x509.Certificate, ...]:
    blocks = [(each[1], each[2]) for each in _ARMOUR.finditer(text)]
    if not blocks:
        return _base64(text, password)
    found: list[x509.Certificate] = []
    for label, body in blocks:
        if label in _CERTIFICATES:
            found += _binary(_bare(body), password)
        elif label in _PKCS7:
            found += _pkcs7(_bare(body))
    if not found:
        labels = ", ".join(sorted({label for label, _ in blocks}))
        raise Invalid("trust-file-invalid", f"PEM of {labels}, without a block CERTIFICATE or PKCS7")
    return tuple(found)


def _base64(text: str, password: str) -> tuple[x509.Certificate, ...]:
    content = _bare(text)
    if content[:1] != bytes([_SEQUENCE]):
        raise Invalid("trust-file-invalid", f"text that is neither PEM nor Base-64 of a certificate; {_TAKEN}")
    return _binary(content, password)


def _bare(body: str) -> bytes:
    try:
        return b64decode("".join(body.split()), validate=True)
    except (NotBase64, ValueError):
        raise Invalid("trust-file-invalid", f"text that is not Base-64; {_TAKEN}") from None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = (str(each) for each in found.get_values_for_type(x509.IPAddress))
    return (*found.get_values_for_type(x509.DNSName), *addresses)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False

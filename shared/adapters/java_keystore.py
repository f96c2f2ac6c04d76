"""The certificates of a Java keystore, JKS or JCEKS, as DER. They are stored in the clear; keys are passed over unread.

The format is not specified anywhere but in the JDK (sun.security.provider.JavaKeyStore): big-endian numbers, Java's
modified UTF-8, and at the end a SHA-1 over password, a fixed text and everything before.
"""

import hashlib
import hmac
import struct
from collections.abc import Iterator

from shared.errors import Invalid

_MAGICS = {0xFEEDFEED: "JKS", 0xCECECECE: "JCEKS"}
_PRIVATE_KEY, _TRUSTED_CERTIFICATE = 1, 2
_DIGEST_BYTES = 20
_WHITENER = b"Mighty Aphrodite"
_DATE_BYTES = 8


def is_java_keystore(content: bytes) -> bool:
    """Whether the content begins as one of Java's own keystores does (PKCS#12, Java's newer form, does not)."""
    return int.from_bytes(content[:4]) in _MAGICS


def read_java_keystore(content: bytes, password: str) -> tuple[bytes, ...]:
    """All certificates in it. The password is not needed; where one is given, the file's integrity is checked by it.

    Raises Invalid("trust-file-invalid") and Invalid("trust-password-wrong").
    """
    kind = _MAGICS[int.from_bytes(content[:4])]
    data, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if password and not hmac.compare_digest(_digest(data, password), digest):
        raise Invalid("trust-password-wrong", f"the {kind} keystore's digest is not that of this password")
    try:
        return tuple(_Reader(data).certificates())
    except (struct.error, UnicodeDecodeError):
        raise Invalid("trust-file-invalid", f"a {kind} keystore that breaks off or is damaged") from None


def _digest(data: bytes, password: str) -> bytes:
    # SHA-1 is the format's own; it guards against damage, not against an attacker.
    return hashlib.sha1(password.encode("utf-16-be") + _WHITENER + data, usedforsecurity=False).digest()


class _Reader:
    """Goes through the entries from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 4
        self._version = self._number()
        if self._version not in (1, 2):
            raise Invalid("trust-file-invalid", f"a Java keystore of version {self._version}; 1 and 2 can be read")

    def certificates(self) -> Iterator[bytes]:
        """The certificates of all entries."""
        for _ in range(self._number()):
            tag = self._number()
            alias = self._text()
            self._take(_DATE_BYTES)
            if tag == _TRUSTED_CERTIFICATE:
                yield self._certificate()
            elif tag == _PRIVATE_KEY:
                self._take(self._number())
                for _ in range(self._number()):
                    yield self._certificate()
            else:
                # A JCEKS secret key is a serialized Java object of no stated length: what follows cannot be found.
                raise Invalid(
                    "trust-file-invalid",
                    f"a JCEKS keystore with a secret key ({alias}); export the certificates alone: "
                    "keytool -exportcert -keystore FILE -alias ALIAS -file OUT",
                )

    def _certificate(self) -> bytes:
        kind = self._text() if self._version == 2 else "X.509"
        encoded = self._take(self._number())
        if kind not in ("X.509", "X509"):
            raise Invalid("trust-file-invalid", f"a Java keystore with a certificate of the kind {kind}")
        return encoded

    def _number(self) -> int:
        value: int = struct.unpack(">I", self._take(4))[0]
        return value

    def _text(self) -> str:
        length: int = struct.unpack(">H", self._take(2))[0]
        return self._take(length).decode("utf-8", "replace")

    def _take(self, length: int) -> bytes:
        piece = self._data[self._at : self._at + length]
        if len(piece) < length:
            raise struct.error("the file breaks off")
        self._at += length
        return piece

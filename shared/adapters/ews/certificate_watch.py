"""Until when the certificates hold that a connection depends on, as seen on the connections made anyway."""

import logging
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import httpx

from shared.errors import Invalid
from shared.model.trust import Expiry, expiring_words, is_empty, is_expiring

log = logging.getLogger(__name__)


class CertificateWatch:
    """Remembers the server's certificate and the private authorities; warns in the log, of each once a day."""

    def __init__(self, connection: str, now: Callable[[], datetime]) -> None:
        self._connection = connection
        self._now = now
        self._offered: Expiry | None = None
        self._offered_der = b""
        self._trusted: tuple[Expiry, ...] = ()
        self._warned: dict[Expiry, date] = {}

    @property
    def seen(self) -> tuple[Expiry, ...]:
        """What is known so far, the server's own first."""
        return (*((self._offered,) if self._offered else ()), *self._trusted)

    def offered(self, response: httpx.Response) -> None:
        """Note the certificate of the server that answered; costs next to nothing while it is the same."""
        stream = response.extensions.get("network_stream")
        secure = stream.get_extra_info("ssl_object") if stream else None
        der = secure.getpeercert(binary_form=True) if isinstance(secure, ssl.SSLObject) else None
        if secure is not None and der and der != self._offered_der:
            self._offered_der, self._offered = der, _expiry(secure.getpeercert() or {})
        self._warn()

    def trusted(self, private_authorities: str | None) -> None:
        """Note the private authorities that are trusted from now on."""
        self._trusted = ()
        if private_authorities and not is_empty(private_authorities):
            # Not on the cold-start path: X.509 takes 60 ms to import, and most connections have no private authority.
            from shared.adapters.certificate_files import read_certificates

            try:
                found = read_certificates(private_authorities.encode(), "")
            except Invalid as wrong:  # OpenSSL has taken it, so the connection works: only its expiry is unknown
                log.warning("trust-invalid: the expiry of what exchange-trust holds is not known: %s", wrong.detail)
            else:
                self._trusted = tuple(Expiry(f"the trusted {each.subject}", each.not_after) for each in found)

    def _warn(self) -> None:
        now = self._now()
        for expiry in self.seen:
            if is_expiring(expiry.not_after, now) and self._warned.get(expiry) != now.date():
                self._warned[expiry] = now.date()
                log.warning("certificate-expiring: connection %s: %s", self._connection, expiring_words(expiry, now))


def _expiry(certificate: Mapping[str, Any]) -> Expiry:
    subject = [pair for part in certificate.get("subject", ()) for pair in part]
    named = next((value for name, value in subject if name == "commonName"), "")
    names = [value for _, value in certificate.get("subjectAltName", ())]
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    return Expiry(f"the server's certificate for {named or ', '.join(str(each) for each in names[:3])}", until)

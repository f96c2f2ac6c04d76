"""The certificates that are trusted beside the system's, as facts: the bundle, what is added and removed, what expires.

The bundle is the secret `exchange-trust`: PEM, one certificate below the other. It never holds a private key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import Invalid

TRUST_SECRET = "exchange-trust"
_NOTHING = "# no certificate is trusted beside the system's\n"
EXPIRING_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One X.509 certificate. Fingerprints are lower-case hex; `names` are the hosts it is for; `pem` is all of it."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    sha256: str
    sha1: str
    not_before: datetime
    not_after: datetime
    is_authority: bool
    pem: str

    @property
    def is_self_issued(self) -> bool:
        """Whether it names itself as its issuer: the top of a chain."""
        return self.subject == self.issuer


@dataclass(frozen=True, slots=True)
class Offer:
    """The chain that a server offered, its own certificate first, and why it is refused (`code` "" where it is not)."""

    chain: tuple[Certificate, ...]
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Expiry:
    """Until when a certificate holds that a connection depends on: one that we trust, or the server's own."""

    subject: str
    not_after: datetime


type Bundle = tuple[Certificate, ...]


def added(bundle: Bundle, certificates: Iterable[Certificate]) -> tuple[Bundle, Bundle, Bundle]:
    """The bundle with these, those that are new, and those that it had already."""
    had = {each.sha256 for each in bundle}
    given = {each.sha256: each for each in certificates}
    new = tuple(each for each in given.values() if each.sha256 not in had)
    return (*bundle, *new), new, tuple(each for each in given.values() if each.sha256 in had)


def removed(bundle: Bundle, fingerprint: str) -> Bundle:
    """The bundle without the certificate of this SHA-256 or SHA-1 fingerprint. Raises Invalid("certificate-unknown")."""
    wanted = read_fingerprint(fingerprint)
    left = tuple(each for each in bundle if wanted not in (each.sha256, each.sha1))
    if len(left) == len(bundle):
        raise Invalid("certificate-unknown", f"no trusted certificate has the fingerprint {fingerprint[:100]}")
    return left


def read_fingerprint(text: str) -> str:
    """A fingerprint as programs show it, with colons or blanks in any case, as ours."""
    return text.lower().replace(":", "").replace(" ", "")


def as_pem(bundle: Bundle) -> str:
    """The value of the secret; never blank, since a vault may not take that."""
    return "".join(each.pem for each in bundle) or _NOTHING


def is_empty(value: str | None) -> bool:
    """Whether a value of the secret names no certificate, on purpose."""
    return not value or not value.strip() or value == _NOTHING


def topmost(chain: Sequence[Certificate]) -> Certificate:
    """The certificate of an offered chain nearest to its authority: from the server's own up, link by link.

    What a server sends beside the chain, as some do, is passed over.
    """
    top, *others = chain
    while above := next((each for each in others if each.subject == top.issuer), None):
        others.remove(above)
        top = above
    return top


def days_left(not_after: datetime, now: datetime) -> int:
    """Whole days until then; negative when it is past."""
    return (not_after - now) // timedelta(days=1)


def is_expiring(not_after: datetime, now: datetime) -> bool:
    """Whether it has expired or is about to: early enough to renew it without a failure."""
    return not_after - now <= EXPIRING_WITHIN


def expiring_words(expiry: Expiry, now: datetime) -> str:
    """What a person reads of a certificate that is about to expire."""
    day = f"{expiry.not_after:%Y-%m-%d}"
    return f"{expiry.subject} {'has expired on' if expiry.not_after <= now else 'expires on'} {day}"

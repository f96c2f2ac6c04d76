"""The certificates that are trusted beside the system's: list, add from a file, remove, look at a server's. ISSUE 3.

They are the secret `exchange-trust`. Who works with Exchange reads it anew when a certificate was refused, else within
five minutes, so nothing has to be restarted.
"""

from typing import Any
from urllib.parse import urlsplit

from shared.errors import Invalid, Reconfigure
from shared.flows.expiring import WARNING
from shared.flows.status import explained
from shared.model.email import timestamp
from shared.model.trust import (
    TRUST_SECRET,
    Bundle,
    Certificate,
    Expiry,
    added,
    as_pem,
    days_left,
    expiring_words,
    is_empty,
    is_expiring,
    removed,
    topmost,
)
from shared.ports import World

LARGEST_FILE = 1024 * 1024
_HTTPS_PORT = 443


async def list_trusted(world: World) -> list[dict[str, Any]]:
    """The trusted certificates. Raises Reconfigure("trust-invalid") for a secret that is no bundle."""
    return _documents(world, await _trusted(world))


async def add_trusted(world: World, content: bytes, password: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Trust all certificates of a file; a dry run only says which those are.

    Raises Invalid for a file that cannot be read, and what storing the secret raises.
    """
    if len(content) > LARGEST_FILE:
        raise Invalid("trust-file-invalid", f"{len(content)} bytes are more than any file with certificates has")
    found = await world.certificates.read(content, password)
    bundle, new, known = added(await _trusted(world), found)
    if new and not dry_run:
        await _keep(world, bundle)
    return {"added": _documents(world, new), "known": _documents(world, known)}


async def remove_trusted(world: World, fingerprint: str) -> None:
    """Trust a certificate no longer, by its SHA-256 or SHA-1 fingerprint. Raises Invalid("certificate-unknown")."""
    await _keep(world, removed(await _trusted(world), fingerprint))


async def fetch_chain(world: World, url: str) -> dict[str, Any]:
    """The chain that a server offers to this app, and whether it is trusted as things stand.

    Raises Invalid("request-malformed") for what is no https URL, and Transient where nothing speaks TLS.
    """
    host, port = _host_and_port(url)
    offer = await world.certificates.offered(host, port, as_pem(await _trusted(world)))
    return {
        "host": host,
        "port": port,
        "trusted": not offer.code,
        "failure": {**explained(offer.code), "detail": offer.detail} if offer.code else None,
        "topmost": topmost(offer.chain).sha256,
        "certificates": _documents(world, offer.chain),
    }


async def _trusted(world: World) -> Bundle:
    stored = await world.secrets.get(TRUST_SECRET, fresh=True)
    if stored is None or is_empty(stored):
        return ()
    try:
        return await world.certificates.read(stored.encode(), "")
    except Invalid as wrong:
        raise Reconfigure("trust-invalid", f"the secret {TRUST_SECRET}: {wrong.detail}") from None


async def _keep(world: World, bundle: Bundle) -> None:
    """Store the bundle. Where that cannot be done it is told, so that a person can: certificates are public."""
    try:
        await world.secrets.set(TRUST_SECRET, as_pem(bundle))
    except Reconfigure as wrong:
        if wrong.code != "secret-not-writable":
            raise
        raise Reconfigure(wrong.code, f"{wrong.detail}. The value for {TRUST_SECRET} is:\n{as_pem(bundle)}") from None


def _host_and_port(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _HTTPS_PORT
        host.encode("idna")
    except ValueError:
        host, port = "", 0
    if not host or parts.scheme != "https" or parts.username is not None:
        raise Invalid("request-malformed", "url: write https://HOST or https://HOST:PORT, without a user name")
    return host, port


def _documents(world: World, certificates: Bundle) -> list[dict[str, Any]]:
    return [_document(world, each) for each in certificates]


def _document(world: World, certificate: Certificate) -> dict[str, Any]:
    now = world.now()
    words = expiring_words(Expiry(certificate.subject, certificate.not_after), now)
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": list(certificate.names),
        "sha256": certificate.sha256,
        "sha1": certificate.sha1,
        "not_before": timestamp(certificate.not_before),
        "not_after": timestamp(certificate.not_after),
        "days_left": days_left(certificate.not_after, now),
        "is_authority": certificate.is_authority,
        "pem": certificate.pem,
        "warning": {**explained(WARNING), "detail": words} if is_expiring(certificate.not_after, now) else None,
    }

"""Verification of certificates is never off: nothing in the app, its command or its settings could switch it off."""

import asyncio
import re
import ssl
from pathlib import Path

import pytest

from shared.adapters.ews.trust import trust
from tests.adapters.making_certificates import make, tls_server

AUTHORITY = make("Contoso CA", authority=True)
ROOT = Path(__file__).resolve().parents[2]
OFF = re.compile(r"CERT_NONE|CERT_OPTIONAL|check_hostname|_create_unverified|verify\w*\s*=\s*False|ssl\s*=\s*False")


def sources() -> list[Path]:
    folders = ("shared", "cli", "http_*", "push_listener", "timer_*", "queue_*")
    return [path for folder in folders for found in ROOT.glob(folder) for path in found.rglob("*.py")]


def test_no_source_of_the_app_switches_verification_off() -> None:
    assert len(sources()) > 100
    assert not [path for path in sources() if OFF.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("private", [None, "", AUTHORITY.pem])
def test_every_context_verifies_certificate_and_host(private: str | None) -> None:
    context = trust(private)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(("private", "strict"), [(None, True), ("", True), (AUTHORITY.pem, False)])
def test_the_form_of_a_certificate_is_passed_over_only_where_private_ones_are_trusted(
    private: str | None, *, strict: bool
) -> None:
    assert bool(trust(private).verify_flags & ssl.VERIFY_X509_STRICT) is strict


async def test_what_is_passed_over_is_why_a_companys_own_authority_would_be_refused() -> None:
    """Whether it may issue, until when, for whom and what it signed is checked all the same: test_offered_certificates.py."""
    async with tls_server(make("localhost", by=AUTHORITY)) as (port, _):
        context = trust(AUTHORITY.pem)
        _, writer = await asyncio.open_connection("localhost", port, ssl=context)
        writer.close()
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with pytest.raises(ssl.SSLCertVerificationError, match="verify failed"):
            await asyncio.open_connection("localhost", port, ssl=context)

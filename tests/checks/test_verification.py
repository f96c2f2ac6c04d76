"""Verification of certificates is never off: nothing in the app, its command or its settings could switch it off."""

import re
import ssl
from pathlib import Path

import pytest

from shared.adapters.ews.trust import trust
from tests.adapters.making_certificates import make

ROOT = Path(__file__).resolve().parents[2]
OFF = re.compile(r"CERT_NONE|CERT_OPTIONAL|check_hostname|_create_unverified|verify\w*\s*=\s*False|ssl\s*=\s*False")


def sources() -> list[Path]:
    folders = ("shared", "cli", "http_*", "push_listener", "timer_*", "queue_*")
    return [path for folder in folders for found in ROOT.glob(folder) for path in found.rglob("*.py")]


def test_no_source_of_the_app_switches_verification_off() -> None:
    assert len(sources()) > 100
    assert not [path for path in sources() if OFF.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("private", [None, "", make("Contoso CA", authority=True).pem])
def test_every_context_verifies_certificate_and_host(private: str | None) -> None:
    context = trust(private)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)

"""The bundle of trusted certificates: what is added, removed, the top of a chain, and when a warning is due."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Invalid
from shared.model.trust import (
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

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def certificate(name: str, *, issuer: str = "") -> Certificate:
    return Certificate(name, issuer or name, (), f"{name}256", f"{name}1", NOON, NOON + 365 * DAY, False, f"<{name}>")


CA, LINK, SERVER = certificate("ca"), certificate("aa", issuer="ca"), certificate("bb", issuer="aa")


def test_what_is_added_twice_is_there_once() -> None:
    assert added((CA,), (CA, LINK, LINK)) == ((CA, LINK), (LINK,), (CA,))


@pytest.mark.parametrize("fingerprint", ["aa256", "AA:25:6", "aa 25 6", "aa1"])
def test_a_certificate_is_removed_by_either_fingerprint_however_it_is_written(fingerprint: str) -> None:
    assert removed((CA, LINK), fingerprint) == (CA,)


@pytest.mark.parametrize("fingerprint", ["", "aa", "bb256"])
def test_an_unknown_or_shortened_fingerprint_removes_nothing(fingerprint: str) -> None:
    with pytest.raises(Invalid, match="certificate-unknown"):
        removed((CA, LINK), fingerprint)


def test_a_bundle_without_certificates_is_told_from_a_broken_one() -> None:
    assert as_pem((CA, LINK)) == "<ca><aa>"
    assert is_empty(as_pem(()))
    assert as_pem(()).strip()
    assert is_empty(None) and is_empty("\n")
    assert not is_empty("<ca>") and not is_empty("no PEM")


@pytest.mark.parametrize(
    ("chain", "top"),
    [
        ([SERVER], SERVER),
        ([SERVER, LINK], LINK),
        ([SERVER, CA, LINK], CA),
        ([SERVER, LINK, certificate("stray")], LINK),
        ([CA], CA),
    ],
)
def test_the_topmost_certificate_is_found_by_its_links_not_by_its_place(
    chain: list[Certificate], top: Certificate
) -> None:
    assert topmost(chain) is top


@pytest.mark.parametrize(
    ("left", "days", "due"),
    [(31 * DAY, 31, False), (30 * DAY, 30, True), (DAY / 2, 0, True), (-DAY / 2, -1, True)],
)
def test_a_warning_is_due_thirty_days_before(left: timedelta, days: int, due: bool) -> None:
    assert (days_left(NOON + left, NOON), is_expiring(NOON + left, NOON)) == (days, due)


def test_the_warning_says_whether_it_is_too_late() -> None:
    assert expiring_words(Expiry("CN=mail", NOON + DAY), NOON) == "CN=mail expires on 2026-11-21"
    assert expiring_words(Expiry("CN=mail", NOON), NOON) == "CN=mail has expired on 2026-11-20"

"""What is said of a failure: to somebody who waits for the sync, and to somebody whose call has just ended with it."""

import pytest

from shared.model.failures import REGISTRY, Failure, FailureClass, failure

BY_ITSELF = "by itself"
OF_A_CALL = (
    "connection-lost connection-refused dns-failed exchange-timeout exchange-unreachable exchange-unavailable tls-failed "
    "certificate-expired certificate-host-mismatch certificate-self-signed certificate-untrusted tls-untrusted "
    "storage-unavailable vault-unavailable token-unavailable"
)


@pytest.mark.parametrize("code", OF_A_CALL.split())
def test_a_call_is_told_what_to_do_and_not_that_it_is_tried_again(code: str) -> None:
    remedy = failure(code).remedy_of_call
    assert BY_ITSELF not in remedy and not remedy.startswith("Nothing")


def test_the_sync_is_told_that_nothing_need_be_done_for_what_passes() -> None:
    assert failure("connection-refused").remedy.startswith("Nothing: it is tried again by itself")


@pytest.mark.parametrize(
    "entry", [each for each in REGISTRY.values() if each.failure_class in (FailureClass.TRANSIENT, FailureClass.RESYNC)]
)
def test_nobody_is_told_of_what_lasts_that_there_is_nothing_to_do(entry: Failure) -> None:
    """An alert is of what has lasted: "it is tried again" is no answer any more."""
    later_names = ("exchange-routing-broken", "impersonation-broken", "push-not-arriving")
    says_more = ("If it lasts", "Check ", "Correct ", "Enable ", "Come again", *later_names)
    assert any(words in entry.remedy for words in says_more)


def test_what_does_not_pass_has_one_remedy() -> None:
    alike = [entry.code for entry in REGISTRY.values() if entry.remedy_of_call == entry.remedy]
    assert {"impersonation-denied", "mailbox-taken", "dns-failed"} <= set(alike)

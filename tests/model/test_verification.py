"""What each answer of the directory, and each state of a kind, is judged to be."""

from dataclasses import replace

import pytest

from shared.model.exchange import Resolved
from shared.model.failures import REGISTRY
from shared.model.operator import Kind
from shared.model.verification import (
    Check,
    KindFacts,
    all_is_well,
    entry_of,
    is_only_an_alias,
    judge_entries,
    judge_kind,
)

ALICE = "alice@contoso.example"
HERSELF = Resolved(ALICE, "Alice", "Mailbox")
OTHER = Resolved("alice@contoso.example.org", "Alice Other", "Mailbox")


@pytest.mark.parametrize(
    ("address", "entries", "expected"),
    [
        (ALICE, (HERSELF,), {"address": True, "primary": True, "mailbox": True}),
        (ALICE.upper(), (HERSELF,), {"address": True, "primary": True, "mailbox": True}),
        (ALICE, (OTHER, HERSELF), {"address": True, "primary": True, "mailbox": True}),
        (ALICE, (), {"address": "mailbox-unknown", "primary": None, "mailbox": None}),
        ("al@contoso.example", (HERSELF,), {"address": True, "primary": "mailbox-not-primary", "mailbox": True}),
        ("al@contoso.example", (OTHER, HERSELF), {"address": None, "primary": None, "mailbox": None}),
        (ALICE, (replace(HERSELF, mailbox_type="PublicDL"),), {"mailbox": "address-not-mailbox"}),
        (ALICE, (replace(HERSELF, mailbox_type="Contact"),), {"mailbox": "address-not-mailbox"}),
        (ALICE, (replace(HERSELF, mailbox_type="PublicFolder"),), {"mailbox": "address-not-mailbox"}),
        (ALICE, (replace(HERSELF, mailbox_type="GroupMailbox"),), {"mailbox": "address-not-mailbox"}),
        (ALICE, (replace(HERSELF, mailbox_type="NewInALaterVersion"),), {"mailbox": "address-not-mailbox"}),
        (ALICE, (replace(HERSELF, mailbox_type=""),), {"address": True, "primary": True, "mailbox": None}),
    ],
)
def test_what_the_directory_says_is_judged(
    address: str, entries: tuple[Resolved, ...], expected: dict[str, object]
) -> None:
    found = {check.name: check.code or check.ok for check in judge_entries(address, entries)}
    assert {name: found[name] for name in expected} == expected


def test_an_alias_is_told_with_its_primary_address() -> None:
    primary = judge_entries("al@contoso.example", (HERSELF,))[1]
    assert ALICE in primary.detail
    assert entry_of("al@contoso.example", (HERSELF,)) == HERSELF


def test_an_alias_of_a_mailbox_that_another_operator_has_is_a_duplicate() -> None:
    primary = judge_entries("al@contoso.example", (HERSELF,), primary_taken="it belongs to operator alice")[1]
    assert primary.code == "mailbox-taken"
    assert "operator alice" in primary.detail


ON = KindFacts(Kind.EMAIL, flag=True, begun=True, complete=True, items=7)
OFF = KindFacts(Kind.EMAIL, flag=False)


@pytest.mark.parametrize(
    ("facts", "wanted", "expected"),
    [
        (ON, False, True),
        (replace(ON, off="email.enabled is false in the settings"), False, "kind-off"),
        (replace(ON, trouble_code="impersonation-denied"), False, "impersonation-denied"),
        (replace(ON, held="30 of 40 items"), False, "brake-held"),
        (replace(ON, begun=False, complete=False), False, None),
        (replace(ON, complete=False), False, None),
        (OFF, False, True),
        (replace(OFF, items=7), False, True),
        (replace(OFF, subscribed=True), False, "off-but-running"),
        (replace(OFF, syncing=True), False, "off-but-running"),
        (replace(OFF, off="email.enabled is false in the settings"), False, True),
        (replace(OFF, off="email.enabled is false in the settings"), True, "kind-off"),
        (OFF, True, True),
    ],
)
def test_a_flag_is_compared_with_what_is_synchronised(facts: KindFacts, wanted: bool, expected: object) -> None:
    check = judge_kind(facts, wanted=wanted)
    assert check.name == "email_sync"
    assert (check.code or check.ok) == expected
    assert (check.ok is False) == bool(check.code)


def test_items_that_are_kept_of_before_are_told() -> None:
    assert "7 items of before are kept" in judge_kind(replace(OFF, items=7), wanted=False).detail


ALIAS = Check("primary", False, "an alias", "mailbox-not-primary")
FINE = Check("access", True, "")


@pytest.mark.parametrize(
    ("checks", "well", "only_an_alias"),
    [
        ([FINE], True, False),
        ([FINE, Check("push", None, "poll")], True, False),
        ([FINE, ALIAS], False, True),
        ([ALIAS, Check("email_sync", False, "", "mailbox-not-primary")], False, True),
        ([ALIAS, Check("mailbox", False, "", "address-not-mailbox")], False, False),
    ],
)
def test_the_primary_address_is_adopted_only_where_nothing_else_is_wrong(
    checks: list[Check], well: bool, only_an_alias: bool
) -> None:
    assert (all_is_well(checks), is_only_an_alias(checks)) == (well, only_an_alias)


@pytest.mark.parametrize("code", ["address-not-mailbox", "mailbox-not-primary", "off-but-running", "kind-off"])
def test_each_fault_is_of_the_registry(code: str) -> None:
    assert code in REGISTRY

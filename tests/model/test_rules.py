"""The decisions of the email sync, as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.model.collection import Head, StoredItem
from shared.model.email import Email, Participant
from shared.model.exchange import ItemStub
from shared.model.failures import failure
from shared.model.forgotten import fingerprint
from shared.model.rules import (
    BATCH_BYTES,
    BEGINNING,
    FORGOTTEN,
    KeepRules,
    batches,
    holds_the_brake,
    is_same_item,
    is_shut,
    lasting,
    lower,
    moment_of,
    pause_after,
    reason_to_skip,
    window_start,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOB = Participant("Bob", "Bob@Fabrikam.example")
ALICE = Participant("Alice", "alice@contoso.example")


def days(number: int) -> datetime:
    return NOON - timedelta(days=number)


@pytest.mark.parametrize(
    ("before", "setting", "expected"),
    [
        (None, 3, (days(3), 3)),
        (None, 0, (NOON, 0)),
        (None, None, (BEGINNING, -1)),
        ((days(10), 3), 3, (days(10), 3)),
        ((days(10), 3), 1, (days(10), 3)),
        ((days(10), 3), 5, (days(10), 5)),
        ((days(10), 3), 30, (days(30), 30)),
        ((days(10), 3), None, (BEGINNING, -1)),
        ((BEGINNING, -1), 3, (BEGINNING, -1)),
        ((BEGINNING, -1), None, (BEGINNING, -1)),
        ((days(10), 0), 1, (days(10), 1)),
    ],
)
def test_the_window_moves_only_backwards(
    before: tuple[datetime, int] | None, setting: int | None, expected: tuple[datetime, int]
) -> None:
    head = Head() if before is None else Head(window_from=before[0], window_days=before[1])
    assert window_start(head, setting, NOON) == expected


@pytest.mark.parametrize(
    ("going", "of", "held"),
    [(0, 0, False), (20, 20, False), (21, 21, True), (21, 63, False), (21, 62, True), (1000, 3000, False)],
)
def test_the_brake_holds_more_than_twenty_that_are_more_than_a_third(going: int, of: int, held: bool) -> None:
    assert holds_the_brake(going, of) is held


@pytest.mark.parametrize(
    ("facts", "rules", "reason"),
    [
        ({}, KeepRules(), ""),
        ({"sensitivity": "private"}, KeepRules(), "email.skip_sensitivity"),
        ({"sensitivity": "personal"}, KeepRules(), ""),
        ({"sensitivity": "private"}, KeepRules(skip_sensitivity=frozenset()), ""),
        ({"categories": ("Red", "NO CRM")}, KeepRules(), "email.exclude_category"),
        ({"categories": ("",)}, KeepRules(exclude_category=""), ""),
        ({}, KeepRules(exclude_addresses=frozenset({"bob@fabrikam.example"})), "email.exclude_addresses"),
        ({}, KeepRules(exclude_domains=frozenset({"fabrikam.example"})), "email.exclude_domains"),
        ({}, KeepRules(exclude_domains=frozenset({"example"})), ""),
        ({}, KeepRules(internal_domains=frozenset({"contoso.example"})), ""),
        (
            {},
            KeepRules(internal_domains=frozenset({"contoso.example", "fabrikam.example"})),
            "email.internal_domains",
        ),
        ({"from_": None, "to": ()}, KeepRules(internal_domains=frozenset({"contoso.example"})), ""),
        (
            {"from_": None, "bcc": (BOB,)},
            KeepRules(exclude_domains=frozenset({"fabrikam.example"})),
            "email.exclude_domains",
        ),
        ({"to": (Participant("no address"),)}, KeepRules(exclude_addresses=frozenset({""})), ""),
        ({}, KeepRules(forgotten=frozenset({fingerprint("BOB@Fabrikam.example")})), FORGOTTEN),
        ({"sensitivity": "private"}, KeepRules(forgotten=frozenset({fingerprint(BOB.address)})), FORGOTTEN),
        ({}, KeepRules(forgotten=frozenset({fingerprint("bob+news@fabrikam.example")})), ""),
        ({"to": (Participant("no address"),)}, KeepRules(forgotten=frozenset({fingerprint("")})), ""),
        (
            {"cc": (Participant("", "half of a surrogate pair@xn--ib9b.example"),)},
            KeepRules(forgotten=frozenset({"0"})),
            "",
        ),
    ],
)
def test_the_first_rule_that_excludes_a_mail_is_its_reason(
    facts: dict[str, object], rules: KeepRules, reason: str
) -> None:
    email = Email("id", "ck", "folder", **{"from_": BOB, "to": (ALICE,), **facts})  # type: ignore[arg-type]
    assert reason_to_skip(email, rules) == reason


def stored(**facts: object) -> StoredItem:
    usual: dict[str, object] = {"moment": NOON, "search_key": "key", "message_id": "<1>", "size": 5}
    return StoredItem("item", "old", "ck", "folder", False, **{**usual, **facts})  # type: ignore[arg-type]


def email(**facts: object) -> Email:
    usual: dict[str, object] = {"received": NOON, "search_key": "key", "internet_message_id": "<1>", "size": 5}
    return Email("new", "ck", "folder", **{**usual, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("new", "old", "same"),
    [
        (email(), stored(), True),
        (email(internet_message_id="<2>", size=9), stored(), True),
        (email(search_key="other"), stored(), False),
        (email(search_key=""), stored(), True),
        (email(), stored(search_key=""), True),
        (email(search_key="", size=6), stored(), False),
        (email(search_key="", internet_message_id="<2>"), stored(), False),
        (email(search_key="", internet_message_id=""), stored(message_id=""), False),
        (email(search_key="", received=None, sent=NOON), stored(), True),
        (email(search_key="", received=days(1)), stored(), False),
        (email(search_key="", received=None), stored(moment=None), False),
    ],
)
def test_a_new_id_names_a_held_item_by_search_key_or_by_message_id_time_and_size(
    new: Email, old: StoredItem, same: bool
) -> None:
    assert is_same_item(new, old) is same


def test_items_are_windowed_by_received_time_and_in_sent_items_by_sent_time() -> None:
    both = ItemStub("1", received=NOON, sent=days(1))
    assert (moment_of(both, by_sent=False), moment_of(both, by_sent=True)) == (NOON, days(1))
    assert moment_of(ItemStub("1", sent=NOON), by_sent=False) == NOON
    assert moment_of(ItemStub("1", received=NOON), by_sent=True) == NOON
    assert moment_of(ItemStub("1"), by_sent=True) is None


@pytest.mark.parametrize(
    ("sizes", "count", "lengths"),
    [
        ([], 10, []),
        ([1] * 25, 10, [10, 10, 5]),
        ([BATCH_BYTES, 1], 10, [1, 1]),
        ([BATCH_BYTES * 3, 1], 10, [1, 1]),
        ([BATCH_BYTES // 2] * 5, 10, [2, 2, 1]),
        ([0] * 3, 1, [1, 1, 1]),
    ],
)
def test_batches_are_cut_by_count_and_by_summed_size(sizes: list[int], count: int, lengths: list[int]) -> None:
    stubs = [ItemStub(str(number), size=size) for number, size in enumerate(sizes)]
    cut = list(batches(stubs, count))
    assert [len(batch) for batch in cut] == lengths
    assert [stub for batch in cut for stub in batch] == stubs


@pytest.mark.parametrize(
    ("failures", "asked", "seconds"),
    [
        (1, None, 10),
        (2, None, 20),
        (6, None, 320),
        (7, None, 640),
        (8, None, 900),
        (10_000, None, 900),
        (1, 60, 60),
        (8, 1200, 1200),
    ],
)
def test_pauses_double_to_a_quarter_of_an_hour_and_are_never_shorter_than_asked(
    failures: int, asked: int | None, seconds: int
) -> None:
    retry_after = None if asked is None else timedelta(seconds=asked)
    assert pause_after(failures, retry_after) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("failures", "shut", "asked", "seconds"),
    [
        (1, 1, None, 10),
        (7, 7, None, 640),
        (8, 8, None, 1280),
        (11, 11, None, 10_240),
        (12, 12, None, 4 * 3600),
        (10_000, 10_000, None, 4 * 3600),
        (10_000, 1, None, 900),
        (12, 12, 5 * 3600, 5 * 3600),
    ],
)
def test_a_mailbox_that_is_shut_to_us_is_asked_every_four_hours_at_last(
    failures: int, shut: int, asked: int | None, seconds: int
) -> None:
    retry_after = None if asked is None else timedelta(seconds=asked)
    assert pause_after(failures, retry_after, shut=shut) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("code", "times", "called"),
    [
        ("impersonation-failed", 3, "impersonation-failed"),
        ("impersonation-failed", 4, "impersonation-broken"),
        ("exchange-routing-failed", 6, "exchange-routing-failed"),
        ("exchange-routing-failed", 7, "exchange-routing-broken"),
        ("exchange-busy", 10_000, "exchange-busy"),
        ("impersonation-denied", 10_000, "impersonation-denied"),
    ],
)
def test_a_transient_failure_that_lasts_becomes_the_administrators(code: str, times: int, called: str) -> None:
    assert lasting(code, times) == called
    assert failure(called).failure_class.value == (
        "transient" if called.endswith(("-failed", "-busy")) else "reconfigure"
    )


@pytest.mark.parametrize(
    ("code", "shut"),
    [
        ("impersonation-denied", True),
        ("access-denied", True),
        ("mailbox-unknown", True),
        ("impersonation-broken", False),
        ("exchange-routing-broken", False),
        ("authentication-failed", False),
        ("connection-unknown", False),
    ],
)
def test_a_failure_of_one_mailbox_is_told_from_one_that_may_be_everybodys(code: str, *, shut: bool) -> None:
    assert is_shut(code) is shut
    assert failure(code).failure_class.value == "reconfigure"


def test_words_are_compared_without_case_and_space() -> None:
    assert lower([" No CRM ", "X"]) == {"no crm", "x"}

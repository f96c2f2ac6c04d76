"""A pause is for everything, a kind or an operator; the widest is told first, and each names the command that ends it."""

from datetime import UTC, datetime

import pytest

from shared.model.pauses import Pause, Pauses

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def pauses(*scopes: str) -> Pauses:
    return Pauses({scope: Pause(scope, "a move", "bob", NOON) for scope in scopes})


@pytest.mark.parametrize(
    ("scope", "what", "command"),
    [
        ("all", "everything", "exsync resume --all"),
        ("kind-email", "email", "exsync resume --kind email"),
        ("operator-kind-of-blue", "kind-of-blue", "exsync resume --operator kind-of-blue"),
    ],
)
def test_a_pause_says_what_it_is_for_and_what_ends_it(scope: str, what: str, command: str) -> None:
    (pause,) = pauses(scope).by_scope.values()
    assert (pause.of, pause.resumed_by) == (what, command)


def test_of_several_the_widest_is_told_first_and_none_of_others() -> None:
    found = pauses("operator-alice", "operator-bob", "kind-calendar", "kind-email", "all").all_of("alice", "email")
    assert [each.scope for each in found] == ["all", "kind-email", "operator-alice"]


def test_a_pause_of_one_leaves_everybody_else_alone() -> None:
    some = pauses("operator-alice", "kind-email")
    assert some.of("alice", "subscription") and some.of("bob", "email")
    assert some.of("bob", "subscription") is None and some.of_kind("subscription") is None
    assert not some.everything and pauses("all").everything

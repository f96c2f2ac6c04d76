"""When a push subscription is taken for dead, and when it must be looked at again."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.model.subscription import Subscription, is_live, next_look

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def made(ago: timedelta, *, heard: timedelta | None = None, frequency: int = 30, name: str = "s") -> Subscription:
    last_heard = None if heard is None else NOON - heard
    return Subscription("alice", name, frequency_minutes=frequency, created_at=NOON - ago, last_heard=last_heard)


@pytest.mark.parametrize(
    ("subscription", "live"),
    [
        (None, False),
        (Subscription("alice"), False),
        (made(MINUTE), True),
        (made(2 * MINUTE), False),
        (made(300 * MINUTE, heard=59 * MINUTE), True),
        (made(300 * MINUTE, heard=60 * MINUTE), False),
        (made(300 * MINUTE, heard=3 * MINUTE, frequency=1), False),
        (made(MINUTE, name=""), False),
        (made(MINUTE, heard=MINUTE, name=""), False),
    ],
)
def test_a_subscription_lives_while_it_is_heard_of(subscription: Subscription | None, live: bool) -> None:
    assert is_live(subscription, NOON) is live


@pytest.mark.parametrize(
    "subscription", [made(MINUTE), made(MINUTE, heard=MINUTE), made(MINUTE, heard=MINUTE, frequency=1440)]
)
def test_it_is_looked_at_at_the_moment_it_would_count_as_dead(subscription: Subscription) -> None:
    moment = next_look(subscription)
    assert moment is not None
    assert is_live(subscription, moment - timedelta(seconds=1)) and not is_live(subscription, moment)


def test_what_was_never_made_is_not_waited_for() -> None:
    assert next_look(Subscription("alice")) is None

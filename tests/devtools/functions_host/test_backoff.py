"""The pauses between looks at an empty queue."""

from __future__ import annotations

from datetime import timedelta

from devtools.functions_host.backoff import PollingBackoff


def pauses(count: int, *, random: float = 0.5, maximum: timedelta = timedelta(seconds=2)) -> list[int]:
    backoff = PollingBackoff(maximum, random=lambda: random)
    return [round(backoff.next_pause() / timedelta(milliseconds=1)) for _ in range(count)]


def test_pauses_about_double_up_to_the_maximum() -> None:
    assert pauses(8) == [100, 200, 300, 500, 900, 1700, 2000, 2000]


def test_pauses_vary_by_a_fifth() -> None:
    assert pauses(3, random=0.0) == [100, 180, 260]
    assert pauses(3, random=1.0) == [100, 220, 340]


def test_messages_bring_the_shortest_pause_back() -> None:
    backoff = PollingBackoff(timedelta(seconds=2), random=lambda: 0.5)
    for _ in range(5):
        backoff.next_pause()
    backoff.found_messages()
    assert backoff.next_pause() == timedelta(milliseconds=100)


def test_a_long_idle_time_stays_at_the_maximum() -> None:
    assert pauses(100)[-1] == 2000
    assert pauses(3, maximum=timedelta(milliseconds=10)) == [100, 100, 100]

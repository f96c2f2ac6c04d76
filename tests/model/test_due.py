"""When a collection is due, and when it goes on by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.model.collection import Head
from shared.model.due import due_at, is_resting

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SWEEP, POLL, SECOND = timedelta(minutes=60), timedelta(minutes=5), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("head", "live", "due"),
    [
        (None, True, None),
        (Head(), True, None),
        (Head(started_at=NOON), True, None),
        (Head(complete_at=NOON), True, NOON + SWEEP),
        (Head(complete_at=NOON), False, NOON + POLL),
    ],
)
def test_a_collection_is_due_at_once_after_the_sweep_or_after_the_poll(
    head: Head | None, live: bool, due: datetime | None
) -> None:
    assert due_at(head, live_push=live, sweep=SWEEP, poll=POLL) == due


@pytest.mark.parametrize(
    ("head", "resting"),
    [
        (None, False),
        (Head(), False),
        (Head(until=NOON + SECOND), True),
        (Head(until=NOON), False),
        (Head(retry_at=NOON + SECOND), True),
        (Head(retry_at=NOON), False),
        (Head(until=NOON - SECOND, retry_at=NOON + SECOND), True),
    ],
)
def test_a_collection_rests_while_a_worker_has_it_or_a_pause_lasts(head: Head | None, resting: bool) -> None:
    assert is_resting(head, NOON) is resting

"""When a collection is due, and when it goes on by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.model.collection import Head
from shared.model.configuration import parse
from shared.model.due import circumstances, due_at, is_resting
from shared.model.operator import Operator

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
        (Head(retry_at=NOON + SECOND, rests_under="now"), True),
        (Head(retry_at=NOON, rests_under="now"), False),
        (Head(retry_at=NOON + SECOND, rests_under="before"), False),
        (Head(until=NOON - SECOND, retry_at=NOON + SECOND, rests_under="now"), True),
    ],
)
def test_a_collection_rests_while_a_worker_has_it_or_a_pause_lasts(head: Head | None, resting: bool) -> None:
    assert is_resting(head, NOON, "now") is resting


def test_other_settings_another_address_or_connection_are_other_circumstances() -> None:
    alice = Operator("alice", "alice@contoso.example", "key")
    now = circumstances(parse({}), alice)
    assert circumstances(parse({}), replace(alice, time_zone="Europe/Berlin")) == now
    others = (
        circumstances(parse({"email": {"sync_from_days": 9}}), alice),
        circumstances(parse({}), replace(alice, mailbox="alice.smith@contoso.example")),
        circumstances(parse({}), replace(alice, connection="hybrid")),
    )
    assert len({now, *others}) == 4

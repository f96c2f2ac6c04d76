"""Names in storage: stable, in order of time, without what Azure forbids, and unguessable where they must be."""

import string
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from shared.model.keys import (
    SHARDS,
    collection_key,
    hashed,
    item_id,
    listener_key,
    mailbox_key,
    mailbox_of_listener_key,
    shard_of,
    time_prefix,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALPHABET = set(string.digits + string.ascii_lowercase[:22])
times = st.integers(0, 30_000_000_000_000).map(
    lambda each: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=each)
)


@given(times, times)
def test_newer_items_come_first(one: datetime, other: datetime) -> None:
    if other - one >= timedelta(milliseconds=2):
        assert item_id(other, "x") < item_id(one, "x")


@given(st.one_of(st.none(), times), st.text())
def test_an_item_id_is_made_of_what_keys_may_hold(moment: datetime | None, exchange_id: str) -> None:
    name = item_id(moment, exchange_id.encode("utf-8", "replace").decode())
    assert len(name) == 25 and set(name) <= ALPHABET
    assert name.startswith(time_prefix(moment))


def test_items_without_a_time_come_last_and_times_before_all_time_do_no_harm() -> None:
    assert time_prefix(None) > time_prefix(datetime(1971, 1, 1, tzinfo=UTC))
    assert time_prefix(datetime(1601, 1, 1, tzinfo=UTC)) == time_prefix(None)
    assert time_prefix(datetime.max.replace(tzinfo=UTC)) < time_prefix(NOON)


def test_the_zone_of_a_time_does_not_matter() -> None:
    assert time_prefix(NOON) == time_prefix(NOON.astimezone(timezone(timedelta(hours=5))))


def test_ids_that_differ_in_case_have_different_keys() -> None:
    assert hashed("AAMk/a=") != hashed("AAMk/A=")
    assert len(hashed("AAMk/a=")) == 32 and set(hashed("AAMk/a=")) <= ALPHABET


def test_a_collection_is_named_by_its_mailbox_key_and_kind() -> None:
    key = mailbox_key(bytes(range(10)))
    assert len(key) == 16
    assert collection_key(key, "email") == f"{key}-email"


def test_mailboxes_spread_over_all_shards() -> None:
    assert {shard_of(mailbox_key(number.to_bytes(10))) for number in range(500)} == set(range(SHARDS))


def test_a_listener_key_is_known_again_and_a_forged_one_is_not() -> None:
    key = listener_key("secret", "mailbox1")
    assert mailbox_of_listener_key("secret", key) == "mailbox1"
    assert len(key.partition(".")[2]) == 22
    for forged in (key[:-1], key + "x", "mailbox2" + key[8:], key.upper(), "", ".", "mailbox1", "mailbox1."):
        assert mailbox_of_listener_key("secret", forged) is None
    assert mailbox_of_listener_key("another", key) is None


@given(st.text(st.characters(), max_size=60))
def test_no_text_is_a_key_by_accident_and_none_raises(text: str) -> None:
    assert mailbox_of_listener_key("secret", text) is None


def test_half_a_character_in_a_path_is_no_key() -> None:
    assert mailbox_of_listener_key("secret", "\ud800.x") is None

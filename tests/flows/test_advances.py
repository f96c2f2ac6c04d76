"""Hints of which collections advanced: told at least once, whatever dies; none without news; a few pages at a time."""

from dataclasses import replace
from datetime import timedelta
from itertools import batched
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Invalid
from shared.flows.advances import TABLE, list_advances, partition_of, tell_advance
from shared.flows.email.bring_up_to_date import bring_up_to_date
from shared.flows.sync_collection import sync_collection
from shared.model.advances import OVERLAP, Place, first_place, read_place, write_place
from shared.model.collection import Head
from shared.model.cursors import write_cursor
from shared.model.keys import SHARDS, shard_of
from shared.model.operator import Kind, Operator
from shared.ports import Upsert, Value
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import NOON, Office


class Follower:
    """An application that reads a feed only where a hint named it."""

    def __init__(self, office: Office, *, limit: int = 100, shard: int | None = None) -> None:
        self.office, self.limit, self.shard = office, limit, shard
        self.cursor = ""
        self.applied = 0
        self.hints: list[dict[str, Any]] = []

    async def round(self) -> list[str]:
        """All that one round tells, by operator; Alice's feed is read to its end when she is among them."""
        told: list[str] = []
        more = True
        while more:
            page = await list_advances(self.office.world(), limit=self.limit, after=self.cursor, shard=self.shard)
            self.cursor, more = page.next, page.more
            self.hints += page.items
            told += [hint["operator_id"] for hint in page.items]
        if "alice" in told:
            self.applied = len(await self.office.feed())
        return told


def operator(name: str) -> Operator:
    return Operator(name, f"{name}@contoso.example", f"key-of-{name}")


async def advance(office: Office, name: str, page: int, *, clock: timedelta = timedelta(0)) -> None:
    """A worker with this clock has brought news of an operator."""
    world = office.world(now=lambda: office.now + clock)
    await tell_advance(world, operator(name), Kind.EMAIL, Head(page=page, news=page), page - 1)


async def test_a_new_follower_is_told_of_everybody_and_then_of_those_with_news() -> None:
    office = await Office().open()
    office.deliver()
    await office.settle()
    follower = Follower(office)
    assert await follower.round() == ["alice"]
    assert follower.hints[0] == {
        "operator_id": "alice",
        "kind": "email",
        "at": "2026-11-20T12:00:00Z",
        "changes_url": "/api/operators/alice/changes?kind=email",
    }
    office.now += timedelta(minutes=5)
    await follower.round()
    assert await follower.round() == []
    office.deliver()
    await office.settle()
    assert await follower.round() == ["alice"]


async def test_a_pass_without_news_tells_nothing_even_where_exchange_restates_its_sync_state() -> None:
    office = await Office().open()
    office.deliver()
    await office.settle()
    follower = Follower(office)
    await follower.round()
    office.now += timedelta(minutes=5)
    await follower.round()
    office.deliver("private", sensitivity="private")
    page = (await office.head()).page
    assert await office.sync() == "done"
    assert (await office.head()).page > page
    assert await follower.round() == []


async def pushed() -> Office:
    """A mail and a deletion come into an established mailbox; somebody asks for a sync."""
    office = Office()
    names = [office.deliver(age=timedelta(minutes=number)) for number in range(3)]
    await office.open()
    await office.settle()
    office.deliver("pushed")
    office.box.delete(names[0], for_good=True)
    office.now += timedelta(minutes=10)  # so that no hint of before is repeated
    return office


async def large() -> Office:
    """A page that takes more than one transaction, under an intent."""
    office = await pushed()
    for _ in range(60):
        office.deliver()
    return office


@pytest.mark.parametrize("others", [(), ("another message",)], ids=["the same message", "another one before"])
@pytest.mark.parametrize("how", ["before", "after", "unclear", "undone"])
@pytest.mark.parametrize("story", [pushed, large])
async def test_a_worker_that_dies_at_any_step_leaves_nothing_untold(story: Any, how: str, others: tuple[str]) -> None:
    whole = Fuse(how=how)
    await (await story()).sync(whole.worker((await story()).world()))
    for step in range(1, whole.steps + 2):
        office = await story()
        follower = Follower(office)
        await follower.round()
        fuse = Fuse(step, how)
        try:
            await worker(office, fuse, "the message")
        except Crash:
            assert how in ("before", "after")
        await follower.round()
        for job in (*others, "the message"):
            await worker(office, Fuse(), job)
        await follower.round()
        feed = await office.feed()
        assert follower.applied == len(feed) > 3, f"{how} step {step}: {follower.applied} of {len(feed)} were told"


async def worker(office: Office, fuse: Fuse, job: str) -> str:
    world = fuse.worker(office.world())
    return await sync_collection(world, "alice", Kind.EMAIL, budget=timedelta(minutes=4), job=job)


async def test_what_was_committed_before_the_sync_failed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    office = await pushed()
    follower = Follower(office)
    await follower.round()
    await follower.round()
    told = len(follower.hints)

    async def and_then_a_defect(run: Any) -> None:
        await bring_up_to_date(run)
        raise RuntimeError

    monkeypatch.setattr("shared.flows.sync_collection.bring_up_to_date", and_then_a_defect)
    with pytest.raises(RuntimeError):
        await office.sync()
    await follower.round()
    assert len(follower.hints) > told
    assert follower.applied == len(await office.feed())


NAMES = tuple("abcdefgh")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.sampled_from(NAMES), st.integers(-30, 30)),
        st.tuples(st.just("time"), st.sampled_from([0, 1, 20, 100]), st.just(0)),
        st.tuples(st.just("ask"), st.just(""), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(history=steps, limit=st.integers(1, 4))
async def test_whoever_advances_during_any_history_is_told_afterwards(history: list[Any], limit: int) -> None:
    """Whatever advances between and during rounds, by clocks that differ: each is told after it advanced."""
    office, cursor = Office(), ""
    pages = dict.fromkeys(NAMES, 0)
    untold: set[str] = set()

    async def ask() -> bool:
        nonlocal cursor
        page = await list_advances(office.world(), limit=limit, after=cursor)
        assert len(page.items) <= limit
        again = await list_advances(office.world(), limit=limit, after=cursor)
        assert again.items == page.items
        cursor = page.next
        untold.difference_update(item["operator_id"] for item in page.items)
        return page.more

    for what, value, skew in history:
        if what == "advance":
            pages[value] += 1
            await advance(office, value, pages[value], clock=timedelta(seconds=skew))
            untold.add(value)
        elif what == "time":
            office.now += timedelta(seconds=value)
        else:
            await ask()
    while await ask():
        pass
    while await ask():
        pass
    assert not untold


async def test_a_hint_is_told_again_only_within_the_overlap() -> None:
    office = Office()
    follower = Follower(office)
    await advance(office, "bob", 1)
    rounds = []
    for _ in range(3):
        rounds.append(await follower.round())
        office.now += OVERLAP / 2
    office.now += OVERLAP
    rounds.append(await follower.round())
    rounds.append(await follower.round())
    assert rounds == [["bob"], ["bob"], ["bob"], ["bob"], []], "the fourth: since the third began, and a minute longer"
    assert len({hint["at"] for hint in follower.hints}) == 1, "by its time a repetition is known"


async def test_consumers_of_one_shard_each_are_told_what_all_together_would_be() -> None:
    office = Office()
    names = [f"operator-{number}" for number in range(100)]
    for name in names:
        await advance(office, name, 1)
    parts = [await Follower(office, shard=shard).round() for shard in range(SHARDS)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert all(shard_of(f"key-of-{name}") == shard for shard, part in enumerate(parts) for name in part)


async def test_a_shard_of_a_hundred_thousand_collections_is_told_in_pages_that_read_little() -> None:
    office = Office()
    rows = office.rows
    assert isinstance(rows, MemoryRows)
    keys = [key for number in range(100_000) if shard_of(key := f"k{number:06d}") == 3]
    for some in batched(keys, 100, strict=False):
        facts: dict[str, Value] = {"kind": "email", "page": 1, "at": NOON - timedelta(hours=1)}
        writes = [Upsert(f"{key}-email", {"operator_id": f"operator-of-{key}", **facts}) for key in some]
        await rows.transact(TABLE, partition_of(some[0]), writes)
    told: list[str] = []
    cursor, more = "", True
    while more:
        queries = rows.counts["queries"]
        page = await list_advances(office.world(), limit=200, after=cursor)
        assert rows.counts["queries"] - queries <= 4
        assert len(page.items) <= 200
        told += [item["operator_id"] for item in page.items]
        cursor, more = page.next, page.more
    assert told == [f"operator-of-{key}" for key in keys]


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        write_cursor("advances", 1, 2, 99, "."),
        write_cursor("advances", 1, 2, "x", "."),
        write_cursor("advances", -5, 2, 3, "."),
        write_cursor("advances", "9" * 15, 2, 3, "."),
        write_cursor("advances", 1, 2, 3),
        write_cursor("advances/3", 1, 2, 3, "."),
        write_cursor("operators", "alice"),
    ],
)
async def test_a_cursor_that_is_none_of_this_list_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor-invalid"):
        await list_advances(Office().world(), limit=1, after=cursor)


async def test_a_cursor_of_a_time_to_come_is_refused_for_it_would_tell_nothing_for_long() -> None:
    office = Office()
    ahead = office.world(now=lambda: office.now + timedelta(days=1))
    cursor = ""
    for _ in range(SHARDS):
        cursor = (await list_advances(ahead, limit=1, after=cursor)).next
    with pytest.raises(Invalid, match="cursor-invalid"):
        for _ in range(SHARDS):
            cursor = (await list_advances(office.world(), limit=1, after=cursor)).next


async def test_a_cursor_of_one_shard_is_none_of_another() -> None:
    page = await list_advances(Office().world(), limit=1, shard=3)
    with pytest.raises(Invalid):
        await list_advances(Office().world(), limit=1, shard=4, after=page.next)
    with pytest.raises(Invalid):
        await list_advances(Office().world(), limit=1, shard=4, after=write_cursor("advances/4", 1, 2, 3, "."))


def test_a_place_is_read_as_it_was_written() -> None:
    begun = first_place(None).begin(NOON)
    for place in (first_place(None), first_place(7), begun, begun.after("key-email"), begun.after("")):
        assert read_place(write_place(place), place.only) == place
    assert begun.begin(NOON + OVERLAP) == begun


def test_a_round_ends_after_the_last_shard_and_the_next_overlaps_it() -> None:
    place = replace(first_place(None).begin(NOON), shard=SHARDS - 1)
    assert place.after("") == Place(NOON - OVERLAP)
    assert first_place(5).begin(NOON).after("") == Place(NOON - OVERLAP, shard=5, only=5)

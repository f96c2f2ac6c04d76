"""Items that cannot be read are counted in the head and told in the list of failures: one row a mailbox, whoever dies."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Invalid
from shared.flows.failure_index import partition_of
from shared.flows.failures import Filter, list_open, open_of, retry, sum_up
from shared.flows.forget_operator import forget_operator, go_on_forgetting
from shared.flows.head import HEAD, TABLE
from shared.flows.operators import ask_for_sync, get_operator, put_operator, remove_operator
from shared.flows.status import operator_status
from shared.flows.status_of_many import list_status
from shared.model.exchange import ItemFailure
from shared.model.keys import shard_of
from shared.model.operator import Kind
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, Delete, Upsert
from tests.flows.breaking import Crash, Fuse, guarded
from tests.flows.office import ALICE, Office
from tests.flows.test_counts import Cost
from tests.flows.test_failure_index import Refusing, WithoutTheList, all_rows, fail, willing

HOW = ("before", "after", "unclear", "undone")
STEPS = 60


def shard(office: Office) -> str:
    return partition_of(shard_of(office.key.partition("-")[0]))


def spoil(office: Office, *subjects: str) -> list[str]:
    names = [office.deliver(subject) for subject in subjects]
    for name in names:
        office.box.failures[name] = ItemFailure(name, "item-corrupt", "ErrorCorruptData", "Data is corrupt.")
    return names


async def lacking() -> tuple[Office, list[str]]:
    """Alice's mailbox with one mail that can be read and three that cannot."""
    office = Office()
    office.deliver("whole")
    names = spoil(office, "first", "second", "third")
    await office.open()
    await office.settle()
    return office, names


async def try_again(office: Office) -> None:
    office.now += timedelta(minutes=5)
    await ask_for_sync(office.world(), await get_operator(office.rows, "alice"), [Kind.EMAIL])
    await office.settle()


async def counted(office: Office) -> int | None:
    """How many the head has counted, which must be how many there are."""
    await office.check_failing()
    return (await office.head()).failing


async def test_items_that_fail_are_one_row_of_the_list() -> None:
    office, _ = await lacking()
    row = await office.listed_items()
    assert row is not None
    assert {
        name: row[name] for name in ("operator_id", "mailbox", "connection", "kind", "code", "detail", "count")
    } == {
        "operator_id": "alice",
        "mailbox": ALICE,
        "connection": "default",
        "kind": "email_items",
        "code": "items-failed",
        "detail": "3 items cannot be read",
        "count": 3,
    }
    assert row["since"] == row["last"] == office.now
    assert len(await all_rows(office)) == 1


async def test_the_count_follows_what_is_mended_and_what_fails_anew() -> None:
    office, names = await lacking()
    began = office.now
    del office.box.failures[names[0]]
    del office.box.failures[names[1]]
    await try_again(office)
    row = await office.listed_items()
    assert row is not None
    assert (await counted(office), row["detail"], row["since"]) == (1, "1 item cannot be read", began)
    spoil(office, "fourth")
    await office.settle()
    row = await office.listed_items()
    assert row is not None and (await counted(office), row["count"]) == (2, 2)
    office.box.failures.clear()
    await try_again(office)
    assert (await counted(office), await all_rows(office)) == (0, [])
    assert not (await office.head()).marks


async def test_a_later_time_of_failing_begins_anew() -> None:
    office, _ = await lacking()
    office.box.failures.clear()
    await try_again(office)
    office.now += timedelta(days=3)
    spoil(office, "later")
    await office.settle()
    row = await office.listed_items()
    assert row is not None and (row["since"], row["count"]) == (office.now, 1)


async def test_an_item_that_is_deleted_in_exchange_is_counted_no_more() -> None:
    office, names = await lacking()
    for name in names[:2]:
        office.box.delete(name, for_good=True)
    await office.settle()
    row = await office.listed_items()
    assert row is not None and (await counted(office), row["count"]) == (1, 1)
    office.box.delete(names[2], for_good=True)
    await office.settle()
    assert (await counted(office), await all_rows(office)) == (0, [])


async def test_each_try_refreshes_the_row_and_a_sync_without_one_does_not() -> None:
    office, _ = await lacking()
    first = office.now
    office.now += timedelta(minutes=20)
    await office.settle()
    row = await office.listed_items()
    assert row is not None and row["last"] == first
    office.now += timedelta(hours=2)
    await office.settle()
    row = await office.listed_items()
    assert row is not None and (row["last"], row["since"]) == (office.now, first)


async def test_status_takes_the_count_from_the_head() -> None:
    office, _ = await lacking()
    operator = await get_operator(office.rows, "alice")
    cost = Cost(office)
    assert (await operator_status(office.world(), operator))["kinds"]["email"]["failed_items"] == 3
    (line,) = (await list_status(office.world())).items
    assert line["kinds"]["email"]["failed_items"] == 3
    assert (line["kinds"]["email"]["state"], line["kinds"]["email"]["code"]) == ("polling", None), (
        "its sync does not fail"
    )
    assert cost.of("queries") == 3, "pauses, twice, and the operators"


async def as_an_earlier_version_left_it(office: Office) -> None:
    row = await office.rows.get(TABLE, office.key, HEAD)
    assert row is not None
    values = {name: value for name, value in row.values.items() if not name.startswith("failed_")}
    await office.rows.transact(TABLE, office.key, [Upsert(HEAD, values)])
    for listed in await all_rows(office):
        await office.rows.transact("failures", shard(office), [Delete(listed.key)])


async def test_what_an_earlier_version_did_not_count_is_counted_by_the_next_sync() -> None:
    office, _ = await lacking()
    await as_an_earlier_version_left_it(office)
    assert (await office.head()).failing is None
    operator = await get_operator(office.rows, "alice")
    assert (await operator_status(office.world(), operator))["kinds"]["email"]["failed_items"] == 3
    (line,) = (await list_status(office.world())).items
    assert line["kinds"]["email"]["failed_items"] == 3
    await office.settle()
    row = await office.listed_items()
    assert row is not None and (await counted(office), row["count"]) == (3, 3)


async def test_it_is_found_by_code_and_kind_summed_up_and_asked_for_by_its_id() -> None:
    office, names = await lacking()
    operator = await get_operator(office.rows, "alice")
    for wanted in (Filter(), Filter(kind="email_items"), Filter(code="items-failed")):
        assert [item["id"] for item in (await list_open(office.world(), wanted, limit=5)).items] == [
            "alice:email_items"
        ]
        assert [item["count"] for item in (await open_of(office.world(), operator, wanted)).items] == [3]
    assert (await list_open(office.world(), Filter(kind="email"), limit=5)).items == []
    (group,) = (await sum_up(office.world()))["items"]
    assert (group["code"], group["kind"], group["count"]) == ("items-failed", "email_items", 1)
    del office.box.failures[names[0]]
    office.now += timedelta(minutes=5)
    assert (await retry(office.world(), "alice:email_items"))[1] is Kind.EMAIL
    await office.settle()
    assert await counted(office) == 2
    office.box.failures.clear()
    await try_again(office)
    for unknown in ("alice:email_items", "alice:email", "alice:email_items:0123"):
        with pytest.raises(Invalid, match="failure-unknown"):
            await retry(office.world(), unknown)


async def test_a_collection_that_fails_as_a_whole_has_both_rows() -> None:
    office, _ = await lacking()
    office.exchange.before = Refusing()
    await fail(office)
    assert [row.values["code"] for row in await all_rows(office)] == ["impersonation-denied", "items-failed"]
    office.exchange.before = willing
    await office.settle()
    assert [row.values["code"] for row in await all_rows(office)] == ["items-failed"]


async def test_a_kind_that_is_switched_off_lists_no_items_and_lists_them_when_it_is_on_again() -> None:
    office, _ = await lacking()
    operator = await get_operator(office.rows, "alice")
    await put_operator(office.world(), replace(operator, email_sync=False))
    assert await office.sync() == "off"
    assert await all_rows(office) == []
    await put_operator(office.world(), operator)
    await office.settle()
    row = await office.listed_items()
    assert row is not None and row["count"] == 3


async def test_the_row_of_a_kind_that_is_off_goes_a_day_later_where_storage_did_not_remove_it() -> None:
    office, _ = await lacking()
    operator = await get_operator(office.rows, "alice")
    await put_operator(office.world(), replace(operator, email_sync=False))
    assert await office.sync(office.world(rows=WithoutTheList(office.rows))) == "off"
    assert len(await all_rows(office)) == 1
    office.now += timedelta(hours=27)
    assert (await list_open(office.world(), Filter(), limit=5)).items == []
    assert await all_rows(office) == []


@pytest.mark.parametrize("remove_items", [False, True])
async def test_an_operator_who_is_removed_lists_no_items(remove_items: bool) -> None:
    office, _ = await lacking()
    await remove_operator(office.world(), "alice", remove_items=remove_items)
    for _ in office.queues.receive(COLLECTIONS_QUEUE):
        await office.sync()
    assert await all_rows(office) == []
    assert await counted(office) == (0 if remove_items else 3)


async def test_an_operator_who_is_forgotten_leaves_no_row() -> None:
    office, _ = await lacking()
    await forget_operator(office.world(), "alice", by="bob")
    for _ in range(5):
        for task in office.queues.receive(SHARDS_QUEUE):
            if task["task"] == "forget-operator":
                await go_on_forgetting(office.world(), task["job"], budget=timedelta(minutes=4))
        office.now += timedelta(minutes=1)
    assert await all_rows(office) == []


async def test_a_row_that_storage_did_not_take_is_written_by_the_next_sync() -> None:
    office = Office()
    spoil(office, "broken")
    await office.open()
    await office.sync(office.world(rows=WithoutTheList(office.rows)))
    assert await office.listed_items() is None
    office.exchange.before = Refusing()
    await fail(office)
    assert await office.listed_items() is not None, "though it fails by now"
    office.exchange.before = willing
    await office.settle()
    office.box.failures.clear()
    await ask_for_sync(office.world(), await get_operator(office.rows, "alice"), [Kind.EMAIL])
    office.now += timedelta(minutes=5)
    await office.sync(office.world(rows=WithoutTheList(office.rows)))
    assert await office.listed_items() is not None
    assert not (await office.head()).is_calm, "the next worker claims it before it writes to the list"
    await office.sync()
    assert await office.listed_items() is None
    assert (await office.head()).is_calm


async def test_a_row_that_is_left_behind_goes_when_it_is_read_a_day_later() -> None:
    office, _ = await lacking()
    (row,) = await all_rows(office)
    office.box.failures.clear()
    await try_again(office)
    await office.rows.transact("failures", shard(office), [Upsert(row.key, row.values)])
    office.now += timedelta(hours=25)
    assert len((await list_open(office.world(), Filter(), limit=5)).items) == 1
    office.now += timedelta(hours=2)
    assert (await list_open(office.world(), Filter(), limit=5)).items == []
    assert await all_rows(office) == []


async def test_a_row_that_is_old_and_still_true_stays() -> None:
    office, _ = await lacking()
    office.now += timedelta(hours=30)
    assert len((await list_open(office.world(), Filter(), limit=5)).items) == 1


async def once(office: Office, fuse: Fuse) -> bool:
    """One call of a worker with this fuse; whether it came that far."""
    with suppress(Crash):
        await office.sync(guarded(office.world(), fuse))
    await office.check_failing()
    office.now += timedelta(minutes=16)
    return fuse.blown


def begin_to_fail(office: Office) -> None:
    spoil(office, "fourth", "fifth")


def be_well(office: Office) -> None:
    office.box.failures.clear()


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(("happens", "count"), [(begin_to_fail, 5), (be_well, 0)])
async def test_whoever_dies_at_any_step_leaves_the_count_and_the_list_right(
    how: str, happens: Callable[[Office], Any], count: int
) -> None:
    for step in range(1, STEPS):
        office, _ = await lacking()
        happens(office)
        office.now += timedelta(minutes=5)
        await ask_for_sync(office.world(), await get_operator(office.rows, "alice"), [Kind.EMAIL])
        blown = await once(office, Fuse(step, how))
        await try_again(office)
        row = await office.listed_items()
        assert await counted(office) == count, step
        assert (row["count"] if row else 0) == count, step
        if not blown:
            return
    raise AssertionError("the sync has more steps than are tried")

"""What fails of 100,000 operators is read in pages, summed up and tried again, and no call asks storage without bound."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Invalid
from shared.flows.failure_index import TABLE, partition_of
from shared.flows.failures import QUERIES, Filter, list_open, open_of, retry, sum_up
from shared.flows.keep_subscription import keep_subscription
from shared.flows.operator_row import PARTITION, operator_columns
from shared.flows.operator_row import TABLE as OPERATORS
from shared.flows.operators import get_operator, put_operator
from shared.flows.reading import Listed
from shared.flows.status import list_failures
from shared.flows.status_of_many import list_status
from shared.model.exchange import ItemFailure
from shared.model.failures import Owner
from shared.model.keys import shard_of
from shared.model.operator import Kind, Operator
from shared.ports import SHARDS_QUEUE, Row, Upsert, Value
from tests.flows.office import ALICE, Office
from tests.flows.test_counts import Cost
from tests.flows.test_failure_index import Refusing, fail, willing, with_push, working_office

CODES = ("impersonation-denied", "exchange-unreachable", "mailbox-full")
MANY = 100_000


def put_directly(office: Office, table: str, partition: str, key: str, values: dict[str, Value]) -> None:
    """A row, past the transactions: a hundred thousand of these would take half a minute."""
    assert isinstance(office.rows, MemoryRows)
    office.rows._partitions[table, partition][key] = Row(key, values, "W/0")


def write_many(office: Office, count: int) -> None:
    """Failing collections of so many operators, written as the sync would: each third one has the same cause."""
    for number in range(count):
        mailbox_key = f"m{number:015d}"
        columns: dict[str, Value] = {
            "operator_id": f"operator-{number}",
            "mailbox": f"operator-{number}@contoso.example",
            "connection": "old" if number % 10 == 0 else "default",
            "kind": "email",
            "code": CODES[number % 3],
            "detail": "",
            "exchange_code": "",
            "since": office.now - timedelta(minutes=number % 100),
            "last": office.now,
            "count": 1,
            "request_ids": "[]",
        }
        put_directly(office, TABLE, partition_of(shard_of(mailbox_key)), f"{mailbox_key}-email", columns)


@pytest.fixture(scope="module")
async def crowd() -> Office:
    office = Office()
    write_many(office, MANY)
    return office


async def test_a_page_of_a_hundred_thousand_costs_a_bounded_number_of_queries(crowd: Office) -> None:
    after = ""
    for _ in range(40):
        cost = Cost(crowd)
        page = await list_open(crowd.world(), Filter(), limit=200, after=after)
        assert (cost.of("queries") <= 2, cost.of("gets"), len(page.items)) == (True, 0, 200)
        assert page.next is not None
        after = page.next


@pytest.mark.parametrize("wanted", [Filter(code="internal-error"), Filter(owner=Owner.OPERATOR, connection="old")])
async def test_a_filtered_page_is_short_rather_than_dear(crowd: Office, wanted: Filter) -> None:
    cost = Cost(crowd)
    page = await list_open(crowd.world(), wanted, limit=200)
    assert cost.of("queries") <= QUERIES
    assert all(item["code"] == "mailbox-full" for item in page.items)
    assert page.next is not None


async def all_of(office: Office, wanted: Filter, *, limit: int = 200) -> list[dict[str, Any]]:
    found, after = [], ""
    while True:
        page: Listed = await list_open(office.world(), wanted, limit=limit, after=after)
        found += page.items
        if page.next is None:
            return found
        after = page.next


async def test_all_pages_together_are_each_failure_once() -> None:
    office = Office()
    write_many(office, 500)
    assert {item["id"] for item in await all_of(office, Filter(), limit=7)} == {
        f"operator-{number}:email" for number in range(500)
    }
    assert len(await all_of(office, Filter(), limit=7)) == 500


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Filter(code="mailbox-full"), 166),
        (Filter(connection="old"), 50),
        (Filter(kind="subscription"), 0),
        (Filter(owner=Owner.EXCHANGE), 334),
        (Filter(owner=Owner.OPERATOR, connection="old"), 16),
    ],
)
async def test_a_filter_leaves_nothing_out_that_passes_it(wanted: Filter, count: int) -> None:
    office = Office()
    write_many(office, 500)
    found = await all_of(office, wanted, limit=7)
    assert len(found) == len({item["id"] for item in found}) == count


async def test_what_fails_is_summed_up_by_cause_in_bounded_parts(crowd: Office) -> None:
    counted: Counter[str] = Counter()
    after, calls = "", 0
    while True:
        cost = Cost(crowd)
        part = await sum_up(crowd.world(), after=after)
        assert cost.of("queries") <= QUERIES
        counted.update({item["code"]: item["count"] for item in part["items"] if item["connection"] == "default"})
        counted.update({"old": sum(item["count"] for item in part["items"] if item["connection"] == "old")})
        calls += 1
        if part["next"] is None:
            break
        after = part["next"]
    assert counted.total() == MANY
    assert counted["old"] == MANY / 10
    assert calls > 1, "one call does not go through all of them"


@pytest.mark.parametrize("after", ["nonsense", "AAAA"])
async def test_a_cursor_of_another_list_is_refused(after: str) -> None:
    with pytest.raises(Invalid, match="cursor-invalid"):
        await list_open(Office().world(), Filter(), after=after)


async def test_a_page_and_the_sums_have_cursors_of_their_own(crowd: Office) -> None:
    page = await list_open(crowd.world(), Filter(), limit=1)
    assert page.next is not None
    with pytest.raises(Invalid, match="cursor-invalid"):
        await sum_up(crowd.world(), after=page.next)


async def test_an_operators_own_failures_are_read_by_name() -> None:
    office = await with_push()
    office.exchange.before = Refusing()
    await keep_subscription(office.world(), "alice")
    await fail(office)
    cost = Cost(office)
    page = await open_of(office.world(), await get_operator(office.rows, "alice"), Filter())
    assert [item["id"] for item in page.items] == ["alice:email", "alice:subscription"]
    assert (cost.of("queries"), page.next) == (0, None)
    assert [item["request_ids"] for item in page.items] == [["client-request-id=2"], ["client-request-id=1"]]


async def test_a_row_that_nobody_refreshes_is_compared_with_the_truth() -> None:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office)
    (stale,) = await all_of(office, Filter())
    office.exchange.before = willing
    await office.settle()
    mailbox_key = office.key.partition("-")[0]
    columns = {
        name: stale[name] for name in ("operator_id", "mailbox", "connection", "kind", "code", "detail", "count")
    }
    times = {"since": office.now, "last": office.now, "exchange_code": "", "request_ids": "[]"}
    for what in ("email", "subscription"):
        row = Upsert(f"{mailbox_key}-{what}", {**columns, **times})
        await office.rows.transact(TABLE, partition_of(shard_of(mailbox_key)), [row])
    assert len(await all_of(office, Filter())) == 2
    office.now += timedelta(days=2)
    assert await all_of(office, Filter()) == []
    assert (await office.rows.query(TABLE, partition_of(shard_of(mailbox_key)))).rows == ()


async def test_an_old_row_of_what_still_fails_stays() -> None:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office)
    office.now += timedelta(days=2)
    assert [item["id"] for item in await all_of(office, Filter())] == ["alice:email"]


async def test_a_failing_collection_is_tried_again_at_once() -> None:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office)
    office.exchange.before = willing
    assert await office.sync() == "paused"
    operator, kind = await retry(office.world(), "alice:email")
    assert (operator.id, kind) == ("alice", Kind.EMAIL)
    assert await office.sync() == "done"


async def test_a_subscription_is_tried_again_at_once() -> None:
    office = await with_push()
    office.exchange.before = Refusing()
    await keep_subscription(office.world(), "alice")
    office.queues.receive(SHARDS_QUEUE)
    await retry(office.world(), "alice:subscription")
    assert office.queues.receive(SHARDS_QUEUE) == [{"task": "subscription", "operator_id": "alice"}]
    office.exchange.before = willing
    await keep_subscription(office.world(), "alice")
    with pytest.raises(Invalid, match="failure-unknown"):
        await retry(office.world(), "alice:subscription")


async def test_a_failed_item_is_tried_again_by_its_id() -> None:
    office = Office()
    broken = office.deliver("Delivery note 4711")
    office.box.failures[broken] = ItemFailure(
        broken, "item-corrupt", "ErrorCorruptData", "Data is corrupt.", request_id="request-id=7"
    )
    await office.open()
    await office.settle()
    operator = await get_operator(office.rows, "alice")
    (item,) = (await list_failures(office.world(), operator, Kind.EMAIL)).items
    assert item["request_id"] == "request-id=7"
    del office.box.failures[broken]
    office.now += timedelta(minutes=1)
    await retry(office.world(), item["id"])
    assert await office.sync() == "done"
    with pytest.raises(Invalid, match="failure-unknown"):
        await retry(office.world(), item["id"])
    await office.check()


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ("alice:email", "failure-unknown"),
        ("alice:subscription", "failure-unknown"),
        ("alice:email:0123", "failure-unknown"),
        ("alice:email:a/b", "failure-unknown"),
        ("alice:calendar", "failure-unknown"),
        ("alice", "failure-unknown"),
        ("", "operator-unknown"),
        ("charlie:email", "operator-unknown"),
    ],
)
async def test_what_does_not_fail_cannot_be_tried_again(identity: str, code: str) -> None:
    office = await working_office()
    with pytest.raises(Invalid) as refused:
        await retry(office.world(), identity)
    assert refused.value.code == code


async def test_the_status_of_many_costs_three_reads_an_operator() -> None:
    office = await working_office()
    for number in range(40):
        await put_operator(
            office.world(), Operator(f"u{number:02d}", f"u{number}@contoso.example", "", email_sync=True)
        )
    await put_operator(office.world(), Operator("off", "off@contoso.example", ""))
    cost = Cost(office)
    page = await list_status(office.world(), limit=25)
    assert (len(page.items), page.next is not None) == (25, True)
    assert cost.of("gets") <= 25 * 3 + 1
    assert cost.of("queries") == 2, "the operators, the pauses"
    assert cost.of("transactions") == 0


async def test_the_status_of_a_hundred_thousand_comes_in_pages_of_bounded_cost() -> None:
    office = await working_office()
    for number in range(MANY):
        operator = Operator(f"u{number:06d}", "", f"m{number}", email_sync=True)
        put_directly(office, OPERATORS, PARTITION, operator.id, operator_columns(operator))
    after = ""
    for _ in range(3):
        cost = Cost(office)
        page = await list_status(office.world(), limit=200, after=after)
        assert (len(page.items), cost.of("queries"), cost.of("gets")) == (200, 2, 200 * 3 + 1)
        assert page.next is not None
        after = page.next


async def test_a_line_says_how_an_operator_stands_and_why() -> None:
    office = await working_office()
    office.now += timedelta(minutes=3)
    await put_operator(office.world(), Operator("off", "off@contoso.example", ""))
    alice, off = (await list_status(office.world())).items
    assert alice["kinds"]["email"] == {
        "state": "polling",
        "code": None,
        "since": None,
        "last_sync_at": "2026-11-20T12:00:00Z",
        "lag_seconds": 180,
        "items": 1,
        "failed_items": 0,
    }
    assert (alice["operator_id"], alice["mailbox"]) == ("alice", ALICE)
    assert off["kinds"]["email"] == {"state": "off"}
    office.exchange.before = Refusing()
    await fail(office)
    alice, _ = (await list_status(office.world())).items
    email = alice["kinds"]["email"]
    assert (email["state"], email["code"]) == ("failing", "impersonation-denied")


async def test_lines_continue_where_the_last_page_ended() -> None:
    office = await working_office()
    await put_operator(office.world(), Operator("bob", "bob@contoso.example", "", email_sync=True))
    first = await list_status(office.world(), limit=1)
    assert first.next is not None
    second = await list_status(office.world(), limit=1, after=first.next)
    assert [line["operator_id"] for line in first.items + second.items] == ["alice", "bob"]
    assert second.next is None

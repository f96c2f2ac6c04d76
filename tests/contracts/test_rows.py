"""The contract of `Rows`, on memory and on Azurite."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.adapters.row_limits import MAX_COLUMN
from shared.adapters.storage import StorageAccount
from shared.adapters.tables import TableRows
from shared.errors import Conflict, Permanent
from shared.ports import Delete, Insert, Merge, Replace, Row, Rows, Touch, Upsert, Value, Write

TABLE = "collections"
NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


class Partition:
    """The port, bound to one partition that only this test uses."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.name = f"it's {uuid4().hex}"

    async def get(self, key: str) -> Row | None:
        return await self.rows.get(TABLE, self.name, key)

    async def write(self, *writes: Write) -> tuple[str, ...]:
        return await self.rows.transact(TABLE, self.name, writes)

    async def keys(self, **options: object) -> list[str]:
        page = await self.rows.query(TABLE, self.name, **options)  # type: ignore[arg-type]
        return [row.key for row in page.rows]

    async def values(self, key: str) -> object:
        row = await self.get(key)
        return None if row is None else dict(row.values)


@pytest.fixture(params=["memory", "azurite"])
def partition(request: pytest.FixtureRequest) -> Partition:
    if request.param == "memory":
        return Partition(MemoryRows())
    account: StorageAccount = request.getfixturevalue("storage_account")
    return Partition(TableRows(account))


async def test_a_row_that_was_never_written_is_none(partition: Partition) -> None:
    assert await partition.get("head") is None
    assert await partition.keys() == []


async def test_every_type_of_value_comes_back_as_it_was(partition: Partition) -> None:
    values: dict[str, Value] = {
        "text": "Grüße, 'quoted' and \"quoted\"\n\U0001f600",
        "empty": "",
        "small": -7,
        "large": 2**63 - 1,
        "just_over_32_bits": 2**31,
        "ratio": 0.1,
        "whole": 2.0,
        "yes": True,
        "no": False,
        "raw": bytes(range(256)),
        "at": NOON,
        "midnight": datetime(2026, 3, 1, tzinfo=UTC),
    }
    await partition.write(Insert("all", values))
    row = await partition.get("all")
    assert row is not None
    assert dict(row.values) == values
    assert {name: type(value) for name, value in row.values.items()} == {name: type(values[name]) for name in values}


async def test_times_come_back_in_utc(partition: Partition) -> None:
    await partition.write(Insert("all", {"at": NOON.astimezone(timezone(timedelta(hours=2)))}))
    row = await partition.get("all")
    assert row is not None
    at = row.values["at"]
    assert isinstance(at, datetime)
    assert (at, at.tzinfo) == (NOON, UTC)


async def test_an_insert_refuses_a_key_that_is_taken(partition: Partition) -> None:
    await partition.write(Insert("head", {"step": 1}))
    with pytest.raises(Conflict):
        await partition.write(Insert("head", {"step": 2}))
    assert await partition.values("head") == {"step": 1}


async def test_an_upsert_writes_the_row_whole(partition: Partition) -> None:
    await partition.write(Upsert("head", {"step": 1, "lease": "alice"}))
    await partition.write(Upsert("head", {"step": 2}))
    assert await partition.values("head") == {"step": 2}


async def test_a_replace_writes_the_row_whole_at_its_etag(partition: Partition) -> None:
    (etag,) = await partition.write(Insert("head", {"step": 1, "lease": "alice"}))
    await partition.write(Replace("head", {"step": 2}, etag))
    assert await partition.values("head") == {"step": 2}
    with pytest.raises(Conflict):
        await partition.write(Replace("head", {"step": 3}, etag))
    assert await partition.values("head") == {"step": 2}


async def test_a_merge_keeps_the_other_columns(partition: Partition) -> None:
    (etag,) = await partition.write(Insert("head", {"step": 1, "lease": "alice"}))
    (etag,) = await partition.write(Merge("head", {"step": 2}, etag))
    assert await partition.values("head") == {"step": 2, "lease": "alice"}
    await partition.write(Merge("head", {"step": 3}))
    with pytest.raises(Conflict):
        await partition.write(Merge("head", {"step": 4}, etag))
    assert await partition.values("head") == {"step": 3, "lease": "alice"}


async def test_a_touch_creates_the_row_or_keeps_its_other_columns(partition: Partition) -> None:
    await partition.write(Touch("wanted", {"at": NOON}))
    await partition.write(Touch("wanted", {"by": "bob"}))
    assert await partition.values("wanted") == {"at": NOON, "by": "bob"}


async def test_a_delete_removes_the_row_at_its_etag(partition: Partition) -> None:
    (stale,) = await partition.write(Insert("wanted", {}))
    (etag,) = await partition.write(Touch("wanted", {"by": "bob"}))
    with pytest.raises(Conflict):
        await partition.write(Delete("wanted", stale))
    assert await partition.write(Delete("wanted", etag)) == ("",)
    assert await partition.get("wanted") is None


@pytest.mark.parametrize(
    "write", [Replace("gone", {}, 'W/"1"'), Merge("gone", {}), Merge("gone", {}, 'W/"1"'), Delete("gone")], ids=repr
)
async def test_a_write_that_needs_its_row_conflicts_when_it_is_gone(partition: Partition, write: Write) -> None:
    with pytest.raises(Conflict):
        await partition.write(write)


@pytest.mark.parametrize("failing", [Insert("taken", {}), Replace("taken", {}, 'W/"x"'), Delete("gone")], ids=repr)
@pytest.mark.parametrize("place", [0, 1, 3])
async def test_nothing_is_written_when_one_condition_fails(partition: Partition, failing: Write, place: int) -> None:
    await partition.write(Insert("taken", {"step": 1}), Insert("other", {"step": 1}))
    writes: list[Write] = [Insert("new", {}), Merge("other", {"step": 2}), Upsert("newer", {})]
    writes.insert(place, failing)
    with pytest.raises(Conflict):
        await partition.write(*writes)
    assert await partition.keys() == ["other", "taken"]
    assert await partition.values("other") == {"step": 1}


async def test_a_transaction_answers_each_rows_new_etag_in_order(partition: Partition) -> None:
    await partition.write(Insert("merged", {}), Insert("removed", {}))
    etags = await partition.write(
        Upsert("b", {}), Delete("removed"), Insert("a", {}), Touch("c", {}), Merge("merged", {})
    )
    rows = [await partition.get(key) for key in ("b", "removed", "a", "c", "merged")]
    assert etags == tuple("" if row is None else row.etag for row in rows)


async def test_an_etag_changes_with_each_write_and_never_comes_back(partition: Partition) -> None:
    seen = set(await partition.write(Insert("head", {"step": 1})))
    for _ in range(5):
        seen |= set(await partition.write(Upsert("head", {"step": 1})))
    await partition.write(Delete("head"))
    seen |= set(await partition.write(Insert("head", {"step": 1})))
    assert len(seen) == 7


async def test_a_query_answers_a_range_in_key_order(partition: Partition) -> None:
    await partition.write(*[Insert(key, {}) for key in ("feed-2", "feed-1", "feed-10", "head", "item-1", "o'clock")])
    assert await partition.keys() == ["feed-1", "feed-10", "feed-2", "head", "item-1", "o'clock"]
    assert await partition.keys(first="feed-10", before="head") == ["feed-10", "feed-2"]
    assert await partition.keys(after="feed-10", before="item-1") == ["feed-2", "head"]
    assert await partition.keys(first="head", after="feed-1") == ["head", "item-1", "o'clock"]
    assert await partition.keys(first="o'clock") == ["o'clock"]
    assert await partition.keys(after="o'clock") == []


async def test_a_query_sees_one_partition_only(partition: Partition) -> None:
    other = Partition(partition.rows)
    await other.write(Insert("theirs", {}))
    await partition.write(Insert("ours", {}))
    assert await partition.keys() == ["ours"]


async def test_pages_follow_one_another_without_gap_or_double(partition: Partition) -> None:
    keys = [f"item-{n:03}" for n in range(23)]
    await partition.write(*[Insert(key, {"n": 1}) for key in keys])
    found, after = await _all_pages(partition, limit=5)
    assert (found, after) == (keys, "")


async def _all_pages(partition: Partition, *, limit: int) -> tuple[list[str], str]:
    found: list[str] = []
    page = await partition.rows.query(TABLE, partition.name, limit=limit)
    found += [row.key for row in page.rows]
    while page.next:
        assert len(page.rows) <= limit
        page = await partition.rows.query(TABLE, partition.name, after=page.next, limit=limit)
        found += [row.key for row in page.rows]
    return found, page.next


async def test_chosen_columns_come_with_key_and_etag(partition: Partition) -> None:
    (etag, _) = await partition.write(Insert("a", {"step": 1, "lease": "alice"}), Insert("b", {"lease": "bob"}))
    page = await partition.rows.query(TABLE, partition.name, columns=["step", "nothing"])
    assert [(row.key, dict(row.values)) for row in page.rows] == [("a", {"step": 1}), ("b", {})]
    assert page.rows[0].etag == etag


async def test_at_most_and_at_least_keep_rows_by_their_time(partition: Partition) -> None:
    moment = timedelta(milliseconds=1)
    await partition.write(
        Insert("before", {"due": NOON - moment}),
        Insert("now", {"due": NOON}),
        Insert("later", {"due": NOON + moment}),
        Insert("without", {}),
    )
    assert await partition.keys(at_most=("due", NOON)) == ["before", "now"]
    assert await partition.keys(at_least=("due", NOON)) == ["later", "now"]
    assert await partition.keys(at_least=("due", NOON), at_most=("due", NOON)) == ["now"]
    assert await partition.keys(at_least=("due", NOON), after="later") == ["now"]
    assert await partition.keys(at_least=("due", NOON + 2 * moment)) == []


async def test_a_transaction_of_a_hundred_writes_and_four_mebibytes_is_taken(partition: Partition) -> None:
    await partition.write(*[Upsert(f"item-{n:02}", {"body": b"x" * 29000}) for n in range(100)])
    assert len(await partition.keys(columns=["none"])) == 100


async def test_a_column_of_64_kib_is_taken(partition: Partition) -> None:
    values: dict[str, Value] = {"raw": b"\xff" * MAX_COLUMN, "text": "ü" * (MAX_COLUMN // 2)}
    await partition.write(Insert("full", values))
    assert await partition.values("full") == values


async def test_a_row_close_to_a_mebibyte_as_sent_is_taken(partition: Partition) -> None:
    values = {f"part_{n:02}": b"\xff" * MAX_COLUMN for n in range(11)}
    await partition.write(Insert("full", values))
    assert await partition.values("full") == values


@pytest.mark.parametrize(
    "values",
    [
        {"raw": b"x" * (MAX_COLUMN + 1)},
        {"text": "x" * (MAX_COLUMN // 2 + 1)},
        {f"part_{n:02}": b"x" * MAX_COLUMN for n in range(12)},
        {f"part_{n:02}": "x" * (MAX_COLUMN // 2) for n in range(16)},
    ],
    ids=["column of bytes", "column of text", "row of bytes", "row of text"],
)
async def test_a_row_that_is_too_large_is_refused_by_name(partition: Partition, values: dict[str, bytes]) -> None:
    with pytest.raises(Permanent) as refused:
        await partition.write(Insert("fine", {}), Insert("large", values))
    assert refused.value.code == "row-too-large"
    assert "large" in refused.value.detail
    assert await partition.keys() == []


async def test_a_transaction_over_four_mebibytes_is_refused(partition: Partition) -> None:
    with pytest.raises(Permanent) as refused:
        await partition.write(*[Upsert(f"item-{n:02}", {"body": b"x" * 32000}) for n in range(100)])
    assert refused.value.code == "transaction-too-large"


@pytest.mark.parametrize(
    "writes",
    [
        [],
        [Upsert(f"item-{n}", {}) for n in range(101)],
        [Upsert("head", {}), Touch("head", {})],
        [Upsert("a/b", {})],
        [Upsert("a\\b", {})],
        [Upsert("a#b", {})],
        [Upsert("a?b", {})],
        [Upsert("a\tb", {})],
        [Upsert("a\x85b", {})],
        [Upsert("", {})],
        [Upsert("k" * 513, {})],
        [Upsert("naive", {"at": NOON.replace(tzinfo=None)})],
        [Upsert("huge", {"n": 2**63})],
        [Upsert("column", {"not a name": 1})],
        [Upsert("column", {"RowKey": "x"})],
        [Upsert("wide", {f"c{n}": 1 for n in range(253)})],
    ],
)
async def test_misuse_is_a_value_error(partition: Partition, writes: Sequence[Write]) -> None:
    with pytest.raises(ValueError):
        await partition.write(*writes)


async def test_nothing_is_no_value(partition: Partition) -> None:
    with pytest.raises(TypeError):
        await partition.write(Upsert("head", {"lease": None}))  # type: ignore[dict-item]


@pytest.mark.parametrize("key", ["it's", "100%", "%2F", "a b", "a&b=c+d", "ü;€", "k" * 512])
async def test_any_allowed_key_can_be_written_read_and_removed(partition: Partition, key: str) -> None:
    (etag,) = await partition.write(Insert(key, {"step": 1}))
    (etag,) = await partition.write(Replace(key, {"step": 2}, etag))
    row = await partition.get(key)
    assert row is not None
    assert (row.key, row.etag) == (key, etag)
    assert await partition.keys(first=key) == [key]
    await partition.write(Delete(key, etag))
    assert await partition.get(key) is None


async def test_an_unknown_table_is_a_value_error(partition: Partition) -> None:
    with pytest.raises(ValueError, match="TABLES"):
        await partition.rows.get("elsewhere", "p", "k")

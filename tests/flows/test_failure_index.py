"""The list of what fails: a row for each collection in trouble, none for those that are well, whatever crashes."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.errors import Reconfigure, Transient
from shared.flows.failure_index import TABLE, partition_of
from shared.flows.keep_subscription import keep_subscription
from shared.flows.operators import put_operator, remove_operator
from shared.model.autodiscover import Answer
from shared.model.exchange import Mailbox
from shared.model.keys import shard_of
from shared.model.operator import Operator
from shared.ports import COLLECTIONS_QUEUE, Row, RowPage, Value, Write
from tests.flows.office import ALICE, Office
from tests.flows.test_counts import Cost


class Refusing:
    """Exchange refuses each call with this code, under a request id that counts."""

    def __init__(self, code: str = "impersonation-denied") -> None:
        self.code = code
        self.calls = 0

    async def __call__(self, _: str, __: Mailbox) -> None:
        self.calls += 1
        ids = f"client-request-id={self.calls}"
        raise Reconfigure(self.code, "No.", exchange_code="ErrorImpersonateUserDenied", request_id=ids)


async def willing(_: str, __: Mailbox) -> None:
    """Exchange answers again."""


class WithoutTheList:
    """Storage whose table of failures does not answer, as if the worker died before it wrote there."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        if table == TABLE:
            raise Transient("storage-unavailable", "down")
        found: tuple[str, ...] = await self._rows.transact(table, partition, writes)
        return found


async def working_office() -> Office:
    office = await Office().open()
    office.deliver()
    await office.settle()
    return office


async def row_of(office: Office, what: str = "email") -> dict[str, Value] | None:
    mailbox_key = office.key.partition("-")[0]
    found: Row | None = await office.rows.get(TABLE, partition_of(shard_of(mailbox_key)), f"{mailbox_key}-{what}")
    return None if found is None else dict(found.values)


async def serve_queue(office: Office) -> None:
    """What the worker does of itself, without waiting for anything that is due later."""
    for _ in office.queues.receive(COLLECTIONS_QUEUE):
        await office.sync()


async def all_rows(office: Office) -> list[Row]:
    pages: list[RowPage] = [await office.rows.query(TABLE, partition_of(shard)) for shard in range(16)]
    return [row for page in pages for row in page.rows]


async def fail(office: Office, *, after: timedelta = timedelta(hours=5), rows: Any = None) -> None:
    office.now += after
    assert await office.sync(office.world(rows=rows)) == "failed"


async def test_a_failing_collection_is_listed_with_all_that_support_asks_for() -> None:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office)
    row = await row_of(office)
    assert row is not None
    assert {name: row[name] for name in ("operator_id", "mailbox", "connection", "kind", "code")} == {
        "operator_id": "alice",
        "mailbox": ALICE,
        "connection": "default",
        "kind": "email",
        "code": "impersonation-denied",
    }
    assert (row["exchange_code"], row["count"], row["since"], row["last"]) == (
        "ErrorImpersonateUserDenied",
        1,
        office.now,
        office.now,
    )
    assert json.loads(str(row["request_ids"])) == ["client-request-id=1"]


async def test_the_last_five_requests_are_kept_newest_first() -> None:
    office = await working_office()
    office.exchange.before = Refusing()
    for _ in range(7):
        await fail(office)
    row = await row_of(office)
    assert row is not None
    assert json.loads(str(row["request_ids"])) == [f"client-request-id={number}" for number in (7, 6, 5, 4, 3)]
    assert row["count"] == 7


async def test_success_takes_it_off_the_list() -> None:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office)
    office.exchange.before = willing
    await office.settle()
    assert await row_of(office) is None


async def test_the_row_is_written_for_news_and_else_every_few_minutes() -> None:
    office = await working_office()
    refusing = office.exchange.before = Refusing("exchange-unavailable")
    await fail(office, after=timedelta(minutes=1))
    written = []
    for _ in range(6):
        await office.configure({"email": {"sync_from_days": 3 + len(written)}})  # ends the pause
        await fail(office, after=timedelta(minutes=1))
        row = await row_of(office)
        assert row is not None
        written.append(row["count"])
    assert written == [1, 1, 1, 1, 6, 6]
    refusing.code = "mailbox-unknown"
    await office.configure({"email": {"sync_from_days": 20}})
    await fail(office, after=timedelta(seconds=1))
    row = await row_of(office)
    assert row is not None and row["code"] == "mailbox-unknown"


async def test_a_sync_without_trouble_asks_nothing_of_the_list() -> None:
    office = await working_office()
    cost = Cost(office)
    await office.sync()
    before = cost.of("transactions"), cost.of("gets"), cost.of("queries")
    office.exchange.before = Refusing()
    await fail(office)
    office.exchange.before = willing
    await office.settle()
    await office.sync()  # the one that forgets
    cost = Cost(office)
    await office.sync()
    assert (cost.of("transactions"), cost.of("gets"), cost.of("queries")) == before


async def test_a_row_that_a_crash_kept_from_being_written_is_written_by_a_later_failure() -> None:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office, rows=WithoutTheList(office.rows))
    assert await row_of(office) is None
    await fail(office)
    row = await row_of(office)
    assert row is not None and row["count"] == 2


async def test_a_row_that_a_crash_left_behind_goes_with_the_next_sync() -> None:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office)
    office.exchange.before = willing
    office.now += timedelta(hours=5)
    assert await office.sync(office.world(rows=WithoutTheList(office.rows))) == "done"
    assert await row_of(office) is not None
    assert await office.sync() == "done"
    assert await row_of(office) is None


async def test_a_kind_that_is_switched_off_is_no_failure() -> None:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office)
    office.queues.receive(COLLECTIONS_QUEUE)
    await put_operator(office.world(), Operator("alice", ALICE, ""))
    await serve_queue(office)
    assert await row_of(office) is None


async def test_an_operator_who_is_removed_is_no_failure_either() -> None:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office)
    office.queues.receive(COLLECTIONS_QUEUE)
    await remove_operator(office.world(), "alice")
    await serve_queue(office)
    assert await row_of(office) is None


async def test_what_the_brake_holds_is_listed_until_it_is_over() -> None:
    office = Office()
    folder = office.box.add_folder("Customers", parent="inbox")
    for number in range(40):
        office.deliver(folder=folder, age=timedelta(minutes=number))
    await office.open()
    await office.settle()
    office.box.delete_folder(folder)
    await office.settle()
    row = await row_of(office)
    assert row is not None and row["code"] == "brake-held"
    office.exchange.before = Refusing()
    await fail(office)
    row = await row_of(office)
    assert row is not None and row["code"] == "impersonation-denied", "it fails and holds: the failure comes first"
    office.exchange.before = willing
    await office.settle()
    row = await row_of(office)
    assert row is not None and row["code"] == "brake-held"


async def with_push() -> Office:
    office = await working_office()
    url = "https://exsync.contoso.example/api/ews/notifications"
    await office.configure({"notifications": {"mode": "push", "url": url}})
    return office


async def test_a_subscription_that_is_refused_is_listed_beside_its_collection_and_closes_itself() -> None:
    office = await with_push()
    office.exchange.before = Refusing()
    await keep_subscription(office.world(), "alice")
    row = await row_of(office, "subscription")
    assert row is not None
    assert (row["kind"], row["code"], row["count"]) == ("subscription", "impersonation-denied", 1)
    assert json.loads(str(row["request_ids"])) == ["client-request-id=1"]
    office.exchange.before = willing
    office.now += timedelta(hours=5)
    await keep_subscription(office.world(), "alice")
    assert await all_rows(office) == []


async def test_a_subscriptions_row_that_a_crash_left_behind_goes_with_the_next_look() -> None:
    office = await with_push()
    office.exchange.before = Refusing()
    await keep_subscription(office.world(), "alice")
    office.exchange.before = willing
    office.now += timedelta(hours=5)
    await keep_subscription(office.world(rows=WithoutTheList(office.rows)), "alice")
    assert await row_of(office, "subscription") is not None
    await keep_subscription(office.world(), "alice")
    assert await row_of(office, "subscription") is None


async def test_push_that_is_switched_off_takes_its_failure_with_it() -> None:
    office = await with_push()
    office.exchange.before = Refusing()
    await keep_subscription(office.world(), "alice")
    await office.configure({"notifications": {"mode": "poll"}})
    await keep_subscription(office.world(), "alice")
    assert await all_rows(office) == []


async def test_where_autodiscover_has_found_the_connection_its_name_is_listed() -> None:
    office = await working_office()
    found = Answer("https://mail.contoso.example/EWS/Exchange.asmx")
    way = "https://autodiscover.contoso.example/autodiscover/autodiscover.json/v1.0/alice@contoso.example?Protocol=EWS"
    await put_operator(office.world(), Operator("alice", ALICE, "", connection="auto", email_sync=True))
    await fail(office)
    row = await row_of(office)
    assert row is not None and row["connection"] == "auto", "nothing was found yet"
    office.exchange.autodiscover_answers = {way: found}
    await office.settle()
    office.exchange.before = Refusing()
    await fail(office)
    row = await row_of(office)
    assert row is not None and row["connection"] == "default"

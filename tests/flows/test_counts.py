"""What a sync costs: requests to Exchange and transactions in storage, by count. The issue's "It must show"."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.adapters.memory.rows import MemoryRows
from shared.flows.receive_notification import want
from shared.model.exchange import FolderChanges, Mailbox
from shared.ports import Exchange
from tests.flows.office import Office


def rows(office: Office) -> Counter[str]:
    assert isinstance(office.rows, MemoryRows)
    return office.rows.counts


class Cost:
    """What was spent since it was made."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._requests = office.exchange.counts.total()
        self._rows = Counter(rows(office))

    @property
    def requests(self) -> int:
        return self._office.exchange.counts.total() - self._requests

    def of(self, what: str) -> int:
        return rows(self._office)[what] - self._rows[what]


async def test_a_thousand_mails_of_ten_kilobytes_cost_25_requests_and_40_transactions() -> None:
    office = Office()
    for number in range(1000):
        text = " ".join(f"{number * 7919 % (word + 2)}" for word in range(2300))
        office.deliver(age=timedelta(minutes=number), text=text, size=len(text))
    await office.open()
    cost = Cost(office)
    assert await office.sync() == "done"
    assert cost.requests <= 25, office.exchange.counts
    assert cost.of("transactions") <= 40
    assert cost.of("queries") + cost.of("gets") <= 1200
    await office.check()


async def test_one_pushed_mail_costs_a_few_requests_and_transactions() -> None:
    office = Office()
    for number in range(200):
        office.deliver(age=timedelta(minutes=number))
    await office.open()
    await office.settle()
    office.deliver("pushed")
    cost = Cost(office)
    await want(office.world(), office.key, "alice", "email")
    await office.sync()
    assert cost.requests == 4, "the folder tree, two folders, the mail"
    assert cost.of("transactions") == 4, "the wish, the page, the release, the hint to those who follow many"
    assert cost.of("gets") + cost.of("queries") <= 16


async def test_one_mail_whose_folder_the_push_names_costs_two_requests_and_three_transactions() -> None:
    office = Office()
    for number in range(200):
        office.deliver(age=timedelta(minutes=number))
    await office.open()
    await office.settle()
    office.deliver("pushed")
    cost = Cost(office)
    await want(office.world(), office.key, "alice", "email", frozenset({office.box.folder_id("inbox")}))
    await office.sync()
    assert cost.requests == 2, "its folder, the mail"
    assert cost.of("transactions") == 3, "the wish, the page with the release, the hint to those who follow many"
    assert cost.of("gets") + cost.of("queries") <= 7
    await office.check()


async def test_an_idle_sweep_writes_nothing_but_its_claim() -> None:
    office = Office()
    for number in range(200):
        office.deliver(age=timedelta(minutes=number))
    await office.open()
    await office.settle()
    cost = Cost(office)
    await office.sync()
    assert cost.requests == 3
    assert cost.of("transactions") == 2
    assert cost.of("gets") + cost.of("queries") <= 8


class Restating:
    """An Exchange whose folder hierarchy has another state in each answer, as Microsoft's has, though no folder changed."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.asked: list[str | None] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exchange, name)

    async def sync_folder_hierarchy(self, mailbox: Mailbox, state: str | None) -> FolderChanges:
        self.asked.append(state)
        known = None if state is None else state.partition("#")[0]
        changes = await self._exchange.sync_folder_hierarchy(mailbox, known)
        return replace(changes, state=f"{changes.state}#{len(self.asked)}")


async def test_a_newer_state_of_the_same_folders_costs_no_transaction_and_is_kept() -> None:
    office = Office()
    await office.open()
    exchange = Restating(office.exchange)
    world = office.world(exchange=exchange)
    await office.sync(world)
    cost = Cost(office)
    await office.sync(world)
    assert cost.of("transactions") == 2, "the claim, the release"
    await office.sync(world)
    assert [(state or "").partition("#")[2] for state in exchange.asked] == ["", "1", "2"]


async def test_a_read_mark_costs_no_second_look_at_the_mail() -> None:
    office = Office()
    names = [office.deliver(age=timedelta(minutes=number)) for number in range(90)]
    await office.open()
    await office.settle()
    for name in names:
        office.box.set_read(name)
    cost = Cost(office)
    await office.sync()
    assert cost.requests == 3
    assert cost.of("transactions") == 4, "the claim, the page, the release, the hint"


async def test_many_mails_held_do_not_make_one_new_mail_dearer() -> None:
    """Also one whose sent time lies years before: nothing reads the whole collection for it."""
    costs = []
    for many in (100, 1500):
        office = Office()
        for number in range(many):
            office.deliver(age=timedelta(minutes=number))
        await office.open()
        await office.settle()
        office.deliver("new", sent=office.now - timedelta(days=2000))
        cost = Cost(office)
        await office.sync()
        costs.append((cost.requests, cost.of("transactions"), cost.of("queries"), cost.of("gets")))
    assert costs[0] == costs[1]

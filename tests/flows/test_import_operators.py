"""Many operators at once: what each line does and costs, who gets a mailbox that changes hands, and what cuts an import off."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Transient
from shared.flows.import_operators import LineResult, import_operators
from shared.flows.operators import (
    DUE,
    SUBSCRIPTIONS,
    due_partition,
    find_operator,
    get_operator,
    list_operators,
    put_operator,
    remove_operator,
)
from shared.model.operator import Kind, Operator
from shared.model.operator_table import OperatorLine, read_operator_table
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, World, Write
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import ALICE, Office

HEADER = "operator_id,mailbox,email_sync\n"


def lines(text: str) -> list[OperatorLine]:
    return list(read_operator_table(io.BytesIO((HEADER + text).encode())).lines)


def told(results: Sequence[LineResult]) -> list[tuple[str, str]]:
    return [(result.line.operator_id, result.refusal.code if result.refusal else result.outcome) for result in results]


async def run(office: Office, text: str, *, dry_run: bool = False, remove_items: bool = False) -> list[tuple[str, str]]:
    return told(
        await import_operators(office.world(), lines(text), by="charlie", dry_run=dry_run, remove_items=remove_items)
    )


async def test_each_line_says_what_it_did_and_a_bad_one_stops_no_other() -> None:
    office = await Office().open()
    text = f"alice,{ALICE},1\nbob,bob@x.example,x\ncharlie,,1\ndana,nowhere,1\neve,{ALICE},1\n"
    text += "bad/id,f@x.example,\ngina,g@x.example,0\n"
    expected = [
        ("alice", "unchanged"),
        ("bob", "created"),
        ("charlie", "mailbox-missing"),
        ("dana", "operator-invalid"),
        ("eve", "line-repeated"),
        ("bad/id", "operator-invalid"),
        ("gina", "created"),
    ]
    assert await run(office, text, dry_run=True) == expected
    assert [each.id for each in (await list_operators(office.rows)).operators] == ["alice"], "a dry run writes nothing"
    assert await run(office, text) == expected
    assert [each.id for each in (await list_operators(office.rows)).operators] == ["alice", "bob", "gina"]
    again = [(name, "unchanged" if outcome == "created" else outcome) for name, outcome in expected]
    assert await run(office, text) == again


async def test_a_mailbox_that_another_operator_has_is_refused_and_he_is_named() -> None:
    office = await Office().open()
    for dry_run in (True, False):
        (result,) = await import_operators(office.world(), lines(f"bob,{ALICE},1\n"), by="charlie", dry_run=dry_run)
        assert result.refusal is not None
        assert (result.refusal.code, "operator alice" in result.refusal.detail) == ("mailbox-taken", True)


async def test_switching_on_by_a_line_starts_the_sync_and_what_is_unchanged_wakes_nobody() -> None:
    office = Office()
    await run(office, f"alice,{ALICE},1\n")
    assert office.queues.receive(COLLECTIONS_QUEUE) == [{"operator_id": "alice", "kind": "email"}]
    assert office.queues.receive(SHARDS_QUEUE) == [{"task": "subscription", "operator_id": "alice"}]
    await run(office, f"alice,{ALICE.upper()},yes\n")
    assert not office.queues.receive(COLLECTIONS_QUEUE)
    assert not office.queues.receive(SHARDS_QUEUE)


async def test_an_operator_who_never_was_on_wakes_nobody() -> None:
    office = Office()
    await run(office, f"alice,{ALICE},0\n")
    assert not office.queues.receive(SHARDS_QUEUE)


async def test_a_deleted_operator_comes_back_as_a_new_one_with_what_was_kept() -> None:
    office = await Office().open()
    before = await get_operator(office.rows, "alice")
    await remove_operator(office.world(), "alice")
    assert await run(office, "alice,,1\n") == [("alice", "mailbox-missing")]
    assert await run(office, f"alice,{ALICE},1\n") == [("alice", "created")]
    assert await get_operator(office.rows, "alice") == before


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_line_without_an_id_is_of_the_operator_who_has_the_mailbox(dry_run: bool) -> None:
    office = await Office().open()
    await put_operator(office.world(), Operator("bob", "shared@x.example", ""))
    await put_operator(office.world(), Operator("charlie", "shared@x.example", "", connection="online"))
    table = f"Email,Email sync,connection\n{ALICE.upper()},0,\nnobody@x.example,1,\n"
    table += "shared@x.example,1,\nshared@x.example,1,online\n"
    found = list(read_operator_table(io.BytesIO(table.encode())).lines)
    results = await import_operators(office.world(), found, by="charlie", dry_run=dry_run)
    assert told(results) == [
        ("alice", "changed"),
        ("", "operator-unknown"),
        ("", "operator-unknown"),
        ("charlie", "changed"),
    ]
    assert "operators bob and charlie have" in str(results[2].refusal)


# Mailboxes that change hands


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_mailbox_that_a_line_gives_up_is_free_for_others_whichever_comes_first(dry_run: bool) -> None:
    office = Office()
    await run(office, "alice,a@x.example,1\nbob,b@x.example,1\ncharlie,c@x.example,1\n")
    chain = "alice,b@x.example,1\nbob,c@x.example,1\ncharlie,d@x.example,1\n"
    assert await run(office, chain, dry_run=dry_run) == [(name, "changed") for name in ("alice", "bob", "charlie")]
    held = [each.mailbox for each in (await list_operators(office.rows)).operators]
    assert held == (
        ["a@x.example", "b@x.example", "c@x.example"] if dry_run else ["b@x.example", "c@x.example", "d@x.example"]
    )


@pytest.mark.parametrize("dry_run", [True, False])
async def test_two_operators_cannot_exchange_their_mailboxes_in_one_go(dry_run: bool) -> None:
    office = Office()
    await run(office, "alice,a@x.example,1\nbob,b@x.example,1\n")
    swap = "alice,b@x.example,1\nbob,a@x.example,1\n"
    assert await run(office, swap, dry_run=dry_run) == [("alice", "mailbox-taken"), ("bob", "mailbox-taken")]


# Items


async def test_items_of_what_a_line_switches_off_are_removed_if_asked_for_and_older_ones_kept() -> None:
    for asked, left in ((False, 1), (True, 0)):
        office = await Office().open()
        office.deliver()
        await office.settle()
        await run(office, f"alice,{ALICE},0\n", remove_items=asked)
        await office.sync()
        assert len(await office.stored()) == left
    office = await Office().open()
    office.deliver()
    await office.settle()
    await run(office, f"alice,{ALICE},0\n")
    await run(office, f"alice,{ALICE},0\n", remove_items=True)
    await office.sync()
    assert len(await office.stored()) == 1, "it was off before: its items were kept on purpose"


async def test_a_line_that_itself_says_remove_means_also_what_was_off_before() -> None:
    office = await Office().open()
    office.deliver()
    await office.settle()
    await run(office, f"alice,{ALICE},0\n")
    line = OperatorLine(2, {"operator_id": "alice", "email_sync": "0", "items": "remove"})
    (result,) = await import_operators(office.world(), [line], by="charlie")
    assert (result.outcome, result.removed) == ("unchanged", (Kind.EMAIL,))
    await office.sync()
    assert not await office.stored()


# What it costs


async def cost(office: Office, text: str) -> dict[str, int]:
    assert isinstance(office.rows, MemoryRows)
    before = office.rows.counts.copy()
    await run(office, text)
    after = office.rows.counts - before
    return {name: after[name] for name in ("gets", "queries", "transactions")}


async def test_the_cost_of_a_line_does_not_depend_on_how_many_operators_there_are() -> None:
    office = Office()
    await run(office, "".join(f"user{number},user{number}@x.example,1\n" for number in range(300)))
    new_on = await cost(office, f"alice,{ALICE},1\n")
    in_all = "the audit before and after, the claim, the operator, two that are due, the wish"
    assert new_on == {"gets": 3, "queries": 0, "transactions": 7}, in_all
    assert await cost(office, "bob,bob@x.example,0\n") == {"gets": 3, "queries": 0, "transactions": 4}
    assert await cost(office, f"alice,{ALICE},1\n") == {"gets": 4, "queries": 0, "transactions": 0}
    assert await cost(office, "bob,bob@x.example,0\n") == {"gets": 2, "queries": 0, "transactions": 0}
    assert await cost(office, "bob,alice,0\n") == {"gets": 2, "queries": 0, "transactions": 2}


# When storage fails, or the process


class FailsTwice(MemoryRows):
    """Answers the first two writes of each operator with an error."""

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        if partition == "operator":
            self.counts[writes[0].key] += 1
            if self.counts[writes[0].key] <= 2:
                raise Transient("storage-unavailable", "busy")
        return await super().transact(table, partition, writes)


class Fails(MemoryRows):
    """Cannot write Alice."""

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        if writes[0].key == "alice":
            raise Transient("storage-unavailable", "busy")
        return await super().transact(table, partition, writes)


async def test_a_line_is_tried_again_when_storage_is_busy_and_refused_for_itself_when_it_stays_so() -> None:
    text = f"alice,{ALICE},1\nbob,bob@x.example,1\n"
    assert await run(Office(rows=FailsTwice()), text) == [("alice", "created"), ("bob", "created")]
    assert await run(Office(rows=Fails()), text) == [("alice", "storage-unavailable"), ("bob", "created")]


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 9))
async def test_an_import_that_was_cut_off_anywhere_is_completed_by_the_next(how: str, at: int) -> None:
    office = Office()
    await put_operator(office.world(), Operator("alice", "old@x.example", ""))
    text = f"alice,{ALICE},1\n"

    def cut_off() -> World:
        return Fuse(at, how).worker(office.world())

    try:
        await import_operators(cut_off(), lines(text), by="charlie")
    except Crash:
        await run(office, text)
    alice = await find_operator(office.rows, "alice")
    assert alice is not None
    assert replace(alice, mailbox_key="") == Operator("alice", ALICE, "", email_sync=True)
    office.now += timedelta(minutes=2)
    assert await run(office, f"bob,{ALICE},1\ncharlie,old@x.example,\n") == [
        ("bob", "mailbox-taken"),
        ("charlie", "created"),
    ]
    for what in (Kind.EMAIL, SUBSCRIPTIONS):
        assert await office.rows.get(DUE, due_partition(what, alice.mailbox_key), alice.mailbox_key)

"""Many operators at once: what each line does and costs, who gets a mailbox that changes hands, and what cuts an import off."""

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Transient
from shared.flows.import_operators import LineResult, import_operators
from shared.flows.operators import (
    DUE,
    SUBSCRIPTIONS,
    change_operator,
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
    await office.configure({"connections": {"online": {"url": "auto", "trusted_hosts": ["contoso.example"]}}})
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
async def test_operators_who_exchange_their_mailboxes_do_so_all_at_once(dry_run: bool) -> None:
    office = Office()
    await run(office, "".join(f"{name},{name}@x.example,1\n" for name in ("alice", "bob", "charlie", "dana", "eve")))
    swap = "alice,bob@x.example,1\nbob,ALICE@x.example,0\n"
    ring = "charlie,dana@x.example,1\ndana,eve@x.example,1\neve,charlie@x.example,1\n"
    after_them = "frank,nobody@x.example,1\n"
    names = ("alice", "bob", "charlie", "dana", "eve")
    expected = [*((name, "changed") for name in names), ("frank", "created")]
    assert await run(office, swap + ring + after_them, dry_run=dry_run) == expected
    held = {each.id: each.mailbox for each in (await list_operators(office.rows)).operators}
    if dry_run:
        assert held == {name: f"{name}@x.example" for name in names}
        return
    assert [held[name] for name in names] == [
        f"{name}@x.example" for name in ("bob", "ALICE", "dana", "eve", "charlie")
    ]
    assert office.queues.receive(COLLECTIONS_QUEUE), "who has another mailbox is read anew"
    office.now += timedelta(minutes=2)
    assert await run(office, "greta,alice@x.example,1\n") == [("greta", "mailbox-taken")]
    assert await run(office, swap + ring) == [(name, "unchanged") for name in names]


async def test_of_a_ring_in_which_one_line_is_refused_nobody_is_changed() -> None:
    office = Office()
    await run(office, "alice,a@x.example,1\nbob,b@x.example,1\ncharlie,c@x.example,1\n")
    ring = "alice,b@x.example,1\nbob,c@x.example,1\ncharlie,a@x.example,perhaps\n"
    assert await run(office, ring) == [
        ("alice", "mailbox-taken"),
        ("bob", "mailbox-taken"),
        ("charlie", "operator-invalid"),
    ]
    assert [each.mailbox for each in (await list_operators(office.rows)).operators] == [
        f"{name}@x.example" for name in "abc"
    ]


@pytest.mark.parametrize("how", ["before", "after", "unclear", "undone"])
@pytest.mark.parametrize("at", range(1, 20))
async def test_an_exchange_that_was_cut_off_anywhere_is_completed_by_the_next(how: str, at: int) -> None:
    office = Office()
    await run(office, "alice,a@x.example,1\nbob,b@x.example,1\n")
    swap = "alice,b@x.example,1\nbob,a@x.example,1\n"
    with suppress(Crash):
        await import_operators(Fuse(at, how).worker(office.world()), lines(swap), by="charlie")
    held = [each.mailbox for each in (await list_operators(office.rows)).operators]
    assert held in (["a@x.example", "b@x.example"], ["b@x.example", "a@x.example"]), "never is a mailbox two operators'"
    assert {outcome for _, outcome in await run(office, swap)} <= {"changed", "unchanged"}
    assert [each.mailbox for each in (await list_operators(office.rows)).operators] == ["b@x.example", "a@x.example"]
    office.now += timedelta(minutes=2)
    taken = await run(office, "charlie,a@x.example,\ndana,b@x.example,\n")
    assert taken == [("charlie", "mailbox-taken"), ("dana", "mailbox-taken")]


# Connections


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_connection_that_the_settings_do_not_have_is_refused_and_those_they_have_are_named(
    dry_run: bool,
) -> None:
    office = await Office().open()
    await office.configure({"connections": {"online": {"url": "auto", "trusted_hosts": ["contoso.example"]}}})
    await change_operator(office.world(), "bob", lambda _: Operator("bob", "b@x.example", "", connection="gone"))
    text = (
        "operator_id,mailbox,connection,email_sync\neve,nowhere,onlin,1\nfrank,f@x.example,online,1\n"
        "greta,g@x.example,auto,1\nbob,,,0\nbob2,b2@x.example,gone,0\nhans,h@x.example,,0\n"
    )
    found = list(read_operator_table(io.BytesIO(text.encode())).lines)
    results = await import_operators(office.world(), found, by="charlie", dry_run=dry_run)
    assert told(results) == [
        ("eve", "operator-invalid"),
        ("frank", "created"),
        ("greta", "created"),
        ("bob", "unchanged"),
        ("bob2", "operator-invalid"),
        ("hans", "created"),
    ]
    assert results[0].refusal is not None
    words = 'the settings have no connection "onlin" (is it "online"?); name one of default, online or auto'
    assert f"connection: {words}" in results[0].refusal.detail
    assert "mailbox: 'nowhere' is not an SMTP address" in results[0].refusal.detail, "all of a line's mistakes at once"


async def test_before_the_settings_have_a_connection_operators_may_name_any() -> None:
    found = list(read_operator_table(io.BytesIO(b"operator_id,mailbox,connection\na,a@x.example,later\n")).lines)
    assert told(await import_operators(Office().world(), found, by="charlie")) == [("a", "created")]


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


async def cost(office: Office, text: str, *, queries: int = 0) -> dict[str, int]:
    assert isinstance(office.rows, MemoryRows)
    before = office.rows.counts.copy()
    await run(office, text)
    after = office.rows.counts - before
    assert after["queries"] == queries
    return {name: after[name] for name in ("gets", "transactions")}


async def test_the_cost_of_a_line_does_not_depend_on_how_many_operators_there_are() -> None:
    office = Office()
    await run(office, "".join(f"user{number},user{number}@x.example,1\n" for number in range(300)))
    new_on = await cost(office, f"alice,{ALICE},1\n")
    settings, audit = 1, 1
    assert new_on == {"gets": 2 + settings + audit, "transactions": 5 + 2}, (
        "the claim, the operator, two that are due, the wish; the audit before and after"
    )
    assert await cost(office, "bob,bob@x.example,0\n") == {"gets": 2 + settings + audit, "transactions": 2 + 2}
    assert await cost(office, "bob,bob@x.example,1\n") == {"gets": 1 + settings + audit, "transactions": 4 + 2}, (
        "his mailbox is claimed already"
    )
    assert await cost(office, f"alice,{ALICE},1\n") == {"gets": 3 + settings + audit, "transactions": 0}
    assert await cost(office, "bob,bob@x.example,0\n") == {"gets": 1 + settings + audit, "transactions": 3 + 2}, (
        "the operator, his subscription, a last look"
    )
    assert await cost(office, "bob,bob@x.example,0\n") == {"gets": 1 + settings + audit, "transactions": 0}
    assert await cost(office, "bob,alice,0\n") == {"gets": settings + audit, "transactions": 0}


async def test_what_many_lines_write_to_one_partition_goes_together() -> None:
    office = Office()
    switched_on = "".join(f"user{number},user{number}@x.example,1\n" for number in range(200))
    created = await cost(office, switched_on.replace(",1", ",0"), queries=1)
    assert created["transactions"] <= 30, "200 claims, 200 operators, 400 writes of the audit"
    again = await cost(office, switched_on.replace(",1", ",0"), queries=1)
    assert again == {"gets": 1, "transactions": 0}, "the settings; the operators by one query"
    assert (await cost(office, switched_on, queries=1))["transactions"] <= 200 + 125, (
        "a wish each; what is due by shard; the audit"
    )


# When storage fails, or the process


class FailsTwice(MemoryRows):
    """Answers the first two writes of operators with an error."""

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        if partition == "operator":
            self.counts["of operators"] += 1
            if self.counts["of operators"] <= 2:
                raise Transient("storage-unavailable", "busy")
        return await super().transact(table, partition, writes)


class Fails(MemoryRows):
    """Cannot note that the first operator's subscription is due, which stands in another partition than the second's.

    Ids are given in order: two entries of the audit come first."""

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        if partition == due_partition(SUBSCRIPTIONS, "0000000000000003"):
            raise Transient("storage-unavailable", "busy")
        return await super().transact(table, partition, writes)


async def test_a_line_is_tried_again_when_storage_is_busy_and_refused_for_itself_when_it_stays_so() -> None:
    text = f"alice,{ALICE},1\nbob,bob@x.example,1\n"
    assert await run(Office(rows=FailsTwice()), text) == [("alice", "created"), ("bob", "created")]
    assert await run(Office(rows=Fails()), text) == [("alice", "storage-unavailable"), ("bob", "created")]


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 12))
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

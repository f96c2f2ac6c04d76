"""Everything of a forgotten operator goes, and nothing of anybody else's; wherever the worker dies, the rest is done later."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Invalid, LeaseLost, SyncError, Unclear
from shared.flows.alert_rows import open_groups, store
from shared.flows.audit import concealed, list_audit
from shared.flows.claim import Claim
from shared.flows.content import mime_content
from shared.flows.forget_job import OPERATOR, job_id, read_job, report
from shared.flows.forget_operator import forget_operator, go_on_forgetting
from shared.flows.forgotten import find_on_list, put_on_list
from shared.flows.keep_poison import keep_poison
from shared.flows.operators import get_operator, list_operators, put_operator
from shared.flows.pauses import pause, read_pauses
from shared.flows.receive_notification import want
from shared.flows.settings_document import patch_settings
from shared.flows.settings_history import list_history
from shared.flows.sync_collection import sync_collection
from shared.model.alerts import Group
from shared.model.causes import Cause
from shared.model.keys import shard_of
from shared.model.operator import Kind, Operator
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, Upsert, World
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import NOON, Office, attachment, note

BUDGET = timedelta(minutes=4)
NAME = job_id(OPERATOR, "alice")
CAUSE = Cause("dns-failed", "default")


def everything(office: Office) -> Iterator[tuple[str, str]]:
    """All that is stored: where, and what."""
    assert isinstance(office.rows, MemoryRows)
    for (table, partition), rows in office.rows._partitions.items():
        for row in rows.values():
            yield f"{table}/{partition}/{row.key}", repr(dict(row.values))


def about_alice(office: Office, mailbox_key: str) -> list[str]:
    found = [where for where, what in everything(office) if "alice" in where + what or mailbox_key in where + what]
    return sorted(found)


async def furnished() -> tuple[Office, str]:
    """An office where something of Alice is in every table; her mailbox's key."""
    office = Office()
    large = attachment("large.bin", 100_000)
    office.deliver("With a file", attachments=(large,), contents=(b"x" * 100_000,), has_attachments=True)
    office.deliver("With a long text", text="".join(f"{number:x}" for number in range(60_000)))
    for number in range(250):
        office.deliver(age=timedelta(minutes=number))
    await office.open()
    world = office.world()
    await office.settle()
    operator = await get_operator(office.rows, "alice")
    key, shard = operator.mailbox_key, f"{shard_of(operator.mailbox_key):02d}"
    first = (await office.stored())[0]
    await mime_content(world, operator, Kind.EMAIL, first.key.removeprefix("i-"))
    await want(world, office.key, "alice", "email")
    await keep_poison(world, COLLECTIONS_QUEUE, json.dumps({"operator_id": "alice", "kind": "email"}))
    await keep_poison(world, COLLECTIONS_QUEUE, json.dumps({"operator_id": "bob", "kind": "email"}))
    await pause(world, "operator-alice", reason="leaver", by="bob")
    await office.rows.transact("failures", f"open-{shard}", [Upsert(f"{key}-email", {"operator_id": "alice"})])
    await store(
        office.rows, Group(CAUSE, "1", office.now, office.now, operators=("carl", "alice"), detail="alice@…"), ""
    )
    await office.rows.transact("advances", shard, [Upsert(f"{key}-email", {"at": office.now})])
    await office.rows.transact("subscriptions", key, [Upsert("subscription", {"operator_id": "alice"})])
    await office.rows.transact("operators", "whereabouts", [Upsert(key, {"asked_at": office.now})])
    for days in (0, 3):
        office.now += timedelta(days=days)
        await note(world, by="bob", action="put_one_operator", target="alice", detail={"operator_id": "alice"})
        await note(world, by="bob", action="put_one_operator", target="bob")
    await put_operator(world, Operator("bob", "bob@contoso.example", "", email_sync=True))
    office.exchange.add_mailbox("bob@contoso.example")
    await sync_collection(world, "bob", Kind.EMAIL, budget=BUDGET)
    return office, key


async def carry_on(office: Office, world: World | None = None, *, budget: timedelta = BUDGET) -> int:
    """Work through what is enqueued for forgetting, until it waits for more than a minute; how many messages that took."""
    taken = 0
    while (visible := office.queues.next_visible(SHARDS_QUEUE)) and visible - office.now <= timedelta(minutes=1):
        office.now = max(office.now, visible)
        for task in office.queues.receive(SHARDS_QUEUE):
            if task["task"] == "forget-operator":
                await go_on_forgetting(world or office.world(), task["job"], budget=budget)
                taken += 1
    return taken


async def told(office: Office) -> dict[str, Any]:
    job, _ = await read_job(office.rows, NAME)
    assert job is not None
    return report(job)


async def test_nothing_of_the_operator_is_left_and_nothing_of_another_goes() -> None:
    office, key = await furnished()
    bobs = {where: what for where, what in everything(office) if "bob" in what and "alice" not in where + what}
    await forget_operator(office.world(), "alice", by="charlie@contoso.example")
    await carry_on(office)
    left = about_alice(office, key)
    assert left == [f"configuration/forget/{NAME}"], "only the key that it is checked by, until it was"
    assert [blob async for blob in office.blobs.names(key)] == []
    found = dict(everything(office))
    assert {where: found.get(where) for where in bobs} == bobs
    assert (await open_groups(office.rows))[CAUSE][0].operators == ("carl",)
    told_now = await told(office)
    assert (told_now["state"], told_now["by"]) == ("done", "charlie@contoso.example")
    assert told_now["removed"]["items"] == 252
    assert told_now["removed"]["blobs"] >= 3
    assert told_now["removed"]["audit_entries_concealed"] == 2
    office.now += timedelta(minutes=12)
    await carry_on(office)
    assert about_alice(office, key) == []
    assert (await told(office))["checked_at"] is not None


@pytest.mark.parametrize("at", range(1, 40, 3))
@pytest.mark.parametrize("how", ["before", "after", "unclear"])
async def test_wherever_the_worker_dies_another_one_finishes(at: int, how: str) -> None:
    office, key = await furnished()
    await forget_operator(office.world(), "alice", by="bob")
    fuse = Fuse(at, how)
    try:
        await carry_on(office, fuse.worker(office.world()))
    except (Crash, SyncError, Unclear, LeaseLost):
        office.now += timedelta(minutes=3)
        await office.queues.send(SHARDS_QUEUE, {"task": "forget-operator", "job": NAME})
    await carry_on(office)
    assert (await told(office))["state"] == "done"
    assert about_alice(office, key) == [f"configuration/forget/{NAME}"]


async def test_it_works_in_steps_of_its_time() -> None:
    office, key = await furnished()
    await forget_operator(office.world(), "alice", by="bob")
    assert await carry_on(office, budget=timedelta(0)) > 8
    assert about_alice(office, key) == [f"configuration/forget/{NAME}"]


async def test_a_sync_under_way_is_waited_for_and_what_it_still_wrote_goes_too() -> None:
    office, key = await furnished()
    sync = Claim(office.world(), office.key, "a worker")
    assert await sync.take(office.now)
    await sync.commit()
    await forget_operator(office.world(), "alice", by="bob")
    [task] = [each for each in office.queues.receive(SHARDS_QUEUE) if each["task"] == "forget-operator"]
    await go_on_forgetting(office.world(), task["job"], budget=BUDGET)
    assert (await told(office))["removed"].get("items", 0) == 0
    office.now += timedelta(minutes=3)
    await carry_on(office)
    with pytest.raises(LeaseLost):
        await sync.commit([Upsert("i-late", {"born": 1})])
    await office.rows.transact("collections", office.key, [Upsert("wanted", {"at": office.now})])
    office.now += timedelta(minutes=12)
    await carry_on(office)
    assert about_alice(office, key) == []


async def test_an_operator_who_is_put_again_meanwhile_is_left_alone() -> None:
    office, _ = await furnished()
    await forget_operator(office.world(), "alice", by="bob")
    await put_operator(office.world(), Operator("alice", "alice@contoso.example", "", email_sync=True))
    await carry_on(office)
    assert (await told(office))["state"] == "stopped"
    assert "alice" in [each.id for each in (await list_operators(office.rows)).operators]


async def test_what_the_operator_did_as_an_administrator_stays_without_the_name() -> None:
    office, _ = await furnished()
    signed_in = "Alice@Contoso.example"
    await note(office.world(), by=signed_in, action="put_one_operator", target="bob")
    await note(office.world(), by="alerts", action="send_mail", target="alice@contoso.example")
    await patch_settings(office.world(), {"email": {"sync_from_days": 9}}, version="*", by=signed_in)
    await pause(office.world(), "kind-email", reason="a move", by=signed_in)
    await put_on_list(office.rows, "a-fingerprint", by=signed_in, at=office.now)
    await forget_operator(office.world(), "alice", by="bob")
    await carry_on(office)
    told = [(entry["by"], entry["target"]) for entry in (await list_audit(office.world())).items]
    assert (concealed("alice"), "bob") in told and ("alerts", concealed("alice")) in told
    assert (await list_history(office.rows, limit=1)).items[0]["by"] == concealed("alice")
    assert (await read_pauses(office.rows)).by_scope["kind-email"].by == concealed("alice")
    listed = await find_on_list(office.rows, "a-fingerprint")
    assert listed is not None and listed.values["by"] == concealed("alice")
    assert not [where for where, what in everything(office) if "alice" in (where + what).lower()]


async def test_an_alert_that_is_being_told_is_waited_for() -> None:
    office, _ = await furnished()
    group, etag = (await open_groups(office.rows))[CAUSE]
    await store(office.rows, replace(group, until=office.now + timedelta(minutes=1)), etag)
    await forget_operator(office.world(), "alice", by="bob")
    office.now += timedelta(seconds=1)
    await carry_on(office)
    assert (await told(office))["state"] == "done"
    assert (await open_groups(office.rows))[CAUSE][0].operators == ("carl",)


async def test_asking_again_tells_of_the_same_work() -> None:
    office, _ = await furnished()
    first = await forget_operator(office.world(), "alice", by="bob")
    assert (await forget_operator(office.world(), "alice", by="charlie")).run == first.run
    await carry_on(office)
    assert (await forget_operator(office.world(), "alice", by="charlie")).run == first.run
    with pytest.raises(Invalid, match="there is no operator nobody"):
        await forget_operator(office.world(), "nobody", by="bob")


async def test_the_operator_may_come_back_later_as_somebody_new() -> None:
    office, key = await furnished()
    await forget_operator(office.world(), "alice", by="bob")
    await carry_on(office)
    operator, is_new = await put_operator(
        office.world(), Operator("alice", "alice@contoso.example", "", email_sync=True)
    )
    assert is_new and operator.mailbox_key != key
    office.now += timedelta(minutes=12)
    await carry_on(office)
    assert await sync_collection(office.world(), "alice", Kind.EMAIL, budget=BUDGET) == "done"
    await forget_operator(office.world(), "alice", by="bob")
    await carry_on(office)
    assert (await told(office))["state"] == "done"
    assert office.now > NOON

"""Every email of an outside person goes, of all operators, and comes never again; the rest stays and the feed says so."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Invalid, LeaseLost, SyncError, Unclear
from shared.flows.advances import list_advances
from shared.flows.claim import Claim
from shared.flows.content import mime_content
from shared.flows.email.stored import every
from shared.flows.forget_address import TASKS, forget_address, removed_so_far, work_on_address
from shared.flows.forget_job import ADDRESS, Job, job_id, read_job, report
from shared.flows.operators import get_operator, put_operator, remove_operator
from shared.flows.receive_notification import want
from shared.flows.settings_document import read_in_force
from shared.flows.sync_collection import sync_collection
from shared.model.collection import Intent, Phase
from shared.model.email import Participant
from shared.model.exchange import ItemFailure
from shared.model.forgotten import Forgotten, fingerprint
from shared.model.operator import Kind, Operator
from shared.ports import COLLECTIONS_QUEUE, SHARDS_QUEUE, World
from tests.flows.breaking import Crash, Fuse, Interruption
from tests.flows.office import Office, attachment

DANA = "dana@customer.example"
BUDGET = timedelta(minutes=4)
NAME = job_id(ADDRESS, DANA)
dana = Participant("Dana", "Dana@Customer.Example")


async def furnished(**more: Any) -> Office:
    office = Office()
    office.deliver("from her", from_=dana, **more)
    office.deliver("to her", to=(dana,))
    office.deliver("copied", cc=(Participant("Erin", "erin@customer.example"), dana))
    office.deliver("blind", bcc=(dana,))
    office.deliver("sent for another", sender=dana)
    office.deliver("speaks of her", text=f"write to {DANA}")
    office.deliver("nothing to do with her")
    await office.open()
    await office.settle()
    await office.news()
    office.queues.receive(COLLECTIONS_QUEUE)
    return office


async def carry_on(office: Office, world: World | None = None, *, budget: timedelta = BUDGET) -> int:
    taken = 0
    while (visible := office.queues.next_visible(SHARDS_QUEUE)) and visible - office.now <= timedelta(minutes=1):
        office.now = max(office.now, visible)
        for task in office.queues.receive(SHARDS_QUEUE):
            if task["task"] in TASKS:
                await work_on_address(world or office.world(), task, budget=budget)
                taken += 1
    return taken


async def told(office: Office) -> dict[str, Any]:
    job, _ = await read_job(office.rows, NAME)
    assert job is not None
    return report(await removed_so_far(office.world(), job))


async def forget(office: Office) -> Job:
    return await forget_address(office.world(), DANA, by="charlie@contoso.example")


async def test_what_the_person_takes_part_in_goes_with_a_feed_entry_and_the_rest_stays() -> None:
    office = await furnished()
    await forget(office)
    await carry_on(office)
    assert sorted(await office.held()) == ["nothing to do with her", "speaks of her"]
    assert await office.news() == ["deleted"] * 5
    now_told = await told(office)
    assert (now_told["state"], now_told["removed"]) == ("done", {"items": 5, "collections": 1})
    assert (await office.head()).items == 2


async def test_it_is_never_imported_again() -> None:
    office = await furnished()
    await forget(office)
    await carry_on(office)
    office.deliver("a new one", from_=dana)
    office.box.void_states()
    await want(office.world(), office.key, "alice", "email")
    office.now += timedelta(hours=1)
    await office.settle()
    assert sorted(await office.held()) == ["nothing to do with her", "speaks of her"]


ELSEWHERE: dict[str, dict[str, Any]] = {
    "answers go to her": {"reply_to": (dana,)},
    "an address with a name of its own": {"to": (Participant("Dana", " <DANA@customer.example> "),)},
    "an address in place of the name": {"from_": Participant("'Dana@customer.example'", "bounce-17@mailer.example")},
    "nothing but a name, as in unresolved mail": {"cc": (Participant("dana@customer.example", ""),)},
}


@pytest.mark.parametrize("where", ELSEWHERE)
async def test_wherever_her_address_stands_the_mail_goes_and_does_not_come_again(where: str) -> None:
    office = Office()
    office.deliver("hers", **ELSEWHERE[where])
    office.deliver("of another", from_=Participant("Dana", "dana+news@customer.example"))
    await office.open()
    await office.settle()
    await forget(office)
    await carry_on(office)
    assert sorted(await office.held()) == ["of another"]
    office.box.void_states()
    await office.settle()
    assert sorted(await office.held()) == ["of another"]


@pytest.mark.parametrize(
    "asked_for", ["dörte@bücher.example", "DÖRTE@xn--bcher-kva.example", "do\u0308rte@bücher.example"]
)
@pytest.mark.parametrize("written", ["dörte@XN--BCHER-KVA.example", "Do\u0308rte@Bücher.example"])
async def test_an_international_address_is_one_however_it_is_written(asked_for: str, written: str) -> None:
    office = Office()
    office.deliver("hers", from_=Participant("Dörte", written))
    await office.open()
    await office.settle()
    await forget_address(office.world(), asked_for, by="charlie@contoso.example")
    await carry_on(office)
    office.box.void_states()
    await office.settle()
    assert await office.held() == {}


@pytest.mark.parametrize("ended", ["off", "removed"])
async def test_an_application_that_follows_hints_is_told_though_the_operator_has_no_sync_any_more(ended: str) -> None:
    office = await furnished()
    office.now += timedelta(minutes=5)
    seen = await round_of_hints(office, "")
    if ended == "removed":
        await remove_operator(office.world(), "alice")
    else:
        await put_operator(office.world(), Operator("alice", "alice@contoso.example", "", email_sync=False))
    office.now += timedelta(minutes=5)
    seen = await round_of_hints(office, seen[1])
    assert seen[0] == []
    await forget(office)
    await carry_on(office)
    assert (await round_of_hints(office, seen[1]))[0] == ["alice"]


async def round_of_hints(office: Office, cursor: str) -> tuple[list[str], str]:
    """Whom a round over all shards tells of, and where it ended."""
    told: list[str] = []
    while True:
        page = await list_advances(office.world(), limit=100, after=cursor)
        told += [hint["operator_id"] for hint in page.items]
        cursor = page.next
        if not page.more:
            return told, cursor


async def test_stored_contents_go_too_but_not_those_that_another_email_has() -> None:
    file = attachment("logo.bin", 5000)
    office = Office()
    files: dict[str, Any] = {"attachments": (file,), "has_attachments": True}
    office.deliver("hers alone", from_=dana, contents=(b"a" * 5000,), **files)
    office.deliver("hers", from_=dana, contents=(b"b" * 5000,), **files)
    office.deliver("another's", contents=(b"b" * 5000,), **files)
    await office.open()
    await office.settle()
    rows = {(await office.facts(row))["subject"]: row.key.removeprefix("i-") for row in await office.stored()}
    operator = await get_operator(office.rows, "alice")
    await mime_content(office.world(), operator, Kind.EMAIL, rows["hers"])
    await mime_content(office.world(), operator, Kind.EMAIL, rows["another's"])
    await forget(office)
    await carry_on(office)
    assert await office.contents("another's") == [b"b" * 5000]
    assert len([blob async for blob in office.blobs.names(f"{operator.mailbox_key}/email/")]) == 1
    [left] = [row async for row in every(office.rows, office.key, "o-")]
    assert rows["another's"] in left.key
    assert len([blob async for blob in office.blobs.names(f"{operator.mailbox_key}/ondemand/")]) == 1


async def test_a_mail_that_failed_and_can_be_read_later_is_not_kept_and_its_failure_goes() -> None:
    office = Office()
    broken = office.deliver("broken", from_=dana)
    office.box.failures[broken] = ItemFailure(broken, "item-corrupt", "ErrorCorruptData", "Data is corrupt.")
    await office.open()
    await office.settle()
    assert len(await office.failures()) == 1
    await forget(office)
    await carry_on(office)
    del office.box.failures[broken]
    office.now += timedelta(days=1)
    await want(office.world(), office.key, "alice", "email")
    await office.settle()
    assert (await office.held(), await office.failures()) == ({}, [])


async def test_operators_who_are_off_or_gone_and_whose_items_are_kept_are_looked_through_too() -> None:
    office = await furnished()
    box = office.exchange.add_mailbox("bob@contoso.example")
    await put_operator(office.world(), Operator("bob", "bob@contoso.example", "", email_sync=True))
    box.deliver(replace(next(iter(office.box.items.values())).email, received=office.now))
    await sync_collection(office.world(), "bob", Kind.EMAIL, budget=BUDGET)
    await remove_operator(office.world(), "bob")
    await forget(office)
    await carry_on(office)
    assert (await told(office))["removed"] == {"items": 6, "collections": 2}


@pytest.mark.parametrize("how", ["before", "after", "unclear", "undone"])
@pytest.mark.parametrize("at", range(1, 26))
async def test_wherever_the_worker_dies_another_one_finishes(at: int, how: str) -> None:
    office = await furnished(text="".join(f"{number:x}" for number in range(60_000)))
    await forget(office)
    [task] = [task for task in _later(office) if task["task"] in TASKS]
    fuse = Fuse(at, how)
    try:
        await work_on_address(fuse.worker(office.world()), task, budget=BUDGET)
        await carry_on(office, fuse.worker(office.world()))
    except (Crash, SyncError, Unclear, LeaseLost):
        office.now += timedelta(minutes=3)
        for each in (task, *({"task": name, "job": NAME, "run": task["run"], "number": 0} for name in TASKS[1:2])):
            await office.queues.send(SHARDS_QUEUE, each)
    await carry_on(office)
    assert sorted(await office.held()) == ["nothing to do with her", "speaks of her"]
    assert (await told(office))["state"] == "done"
    assert await office.news() == ["deleted"] * 5


def _later(office: Office) -> list[dict[str, Any]]:
    office.now += timedelta(seconds=10)
    return office.queues.receive(SHARDS_QUEUE)


async def test_a_thousand_operators_are_cut_into_parts_and_each_step_keeps_to_its_time() -> None:
    office = await furnished()
    for number in range(250):
        name = f"bob-{number:03d}"
        await put_operator(office.world(), Operator(name, f"{name}@contoso.example", "", email_sync=False))
    await forget(office)
    assert await carry_on(office, budget=timedelta(0)) >= 6
    assert (await told(office))["removed"] == {"items": 5, "collections": 251}


async def test_a_sync_under_way_is_waited_for_and_a_wish_that_came_meanwhile_is_served() -> None:
    office = await furnished()
    sync = Claim(office.world(), office.key, "a worker")
    assert await sync.take(office.now)
    await sync.commit()
    await forget(office)
    office.now += timedelta(seconds=10)
    for task in (*office.queues.receive(SHARDS_QUEUE), *office.queues.receive(SHARDS_QUEUE)):
        if task["task"] in TASKS:
            await work_on_address(office.world(), task, budget=BUDGET)
    assert len(await office.held()) == 7
    await want(office.world(), office.key, "alice", "email")
    office.queues.receive(COLLECTIONS_QUEUE)
    await carry_on(office)
    office.now += timedelta(minutes=3)
    await carry_on(office)
    assert len(await office.held()) == 2
    assert office.queues.receive(COLLECTIONS_QUEUE), "the wish is enqueued again"


async def test_a_page_that_was_begun_and_not_finished_is_no_obstacle() -> None:
    office = await furnished()
    claim = Claim(office.world(), office.key, "a worker")
    await claim.take(office.now)
    folder = claim.head.states.folders[0]
    await claim.commit(intent=Intent(claim.head.page + 1, folder.id, (), claim.head.states))
    await claim.set_aside()
    await forget(office)
    await carry_on(office)
    head = await office.head()
    assert head.intent is None and {each.phase for each in head.states.folders} == {Phase.DRAIN}
    await office.settle()
    assert sorted(await office.held()) == ["nothing to do with her", "speaks of her"]


async def test_an_operators_own_address_and_what_is_no_address_are_refused() -> None:
    office = await furnished()
    for address in ("alice@contoso.example", "ALICE@contoso.example", "dana", ""):
        with pytest.raises(Invalid):
            await forget_address(office.world(), address, by="bob")
    assert len(await office.held()) == 7
    assert (await office.rows.query("configuration", "forgotten")).rows == ()


async def test_asking_again_begins_anew_only_when_it_was_done() -> None:
    office = await furnished()
    first = await forget(office)
    assert (await forget(office)).run == first.run
    await carry_on(office)
    assert (await forget(office)).run != first.run
    await carry_on(office)
    assert (await told(office))["removed"] == {"items": 0, "collections": 1}


async def test_settings_that_somebody_changes_at_the_same_moment_are_kept() -> None:
    office = await furnished()

    async def another() -> None:
        await office.configure({"email": {"exclude_addresses": ["other@customer.example"], "sync_from_days": 9}})

    world = Interruption(2, another).worker(office.world())
    await forget_address(world, DANA, by="charlie@contoso.example")
    now = await read_in_force(office.rows, Forgotten())
    email = now.configuration.email
    assert (email.exclude_addresses, email.sync_from_days) == (("other@customer.example",), 9)
    assert now.forgotten.fingerprints == {fingerprint(DANA)}

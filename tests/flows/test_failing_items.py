"""Items that Exchange cannot give: named as their owner sees them, tried again when somebody asks, closed by themselves."""

from datetime import timedelta

from shared.flows.operators import ask_for_sync, change_operator, find_operator, remove_operator
from shared.flows.status import list_failures
from shared.model.exchange import ItemFailure
from shared.model.operator import Kind, Operator
from tests.flows.office import ALICE, Office


async def with_a_broken_mail() -> tuple[Office, str]:
    office = Office()
    broken = office.deliver("Delivery note 4711", age=timedelta(hours=2))
    office.deliver("whole")
    office.box.failures[broken] = ItemFailure(broken, "item-corrupt", "ErrorCorruptData", "Data is corrupt.")
    await office.open()
    await office.settle()
    return office, broken


async def alice(office: Office) -> Operator:
    found = await find_operator(office.rows, "alice")
    assert found is not None
    return found


async def test_an_item_that_cannot_be_read_is_named_by_subject_and_time() -> None:
    office, _ = await with_a_broken_mail()
    (failed,) = (await list_failures(office.world(), await alice(office), Kind.EMAIL)).items
    assert failed["subject"] == "Delivery note 4711"
    assert failed["received_at"] == "2026-11-20T10:00:00Z"
    assert failed["code"] == "item-corrupt"
    assert [(await office.facts(row))["subject"] for row in await office.stored()] == ["whole"]


async def test_asking_for_a_sync_tries_failed_items_again_and_keeps_their_names() -> None:
    office, broken = await with_a_broken_mail()
    (before,) = (await list_failures(office.world(), await alice(office), Kind.EMAIL)).items
    office.now += timedelta(minutes=5)
    await ask_for_sync(office.world(), await alice(office), [Kind.EMAIL])
    assert await office.sync() == "done"
    (failed,) = (await list_failures(office.world(), await alice(office), Kind.EMAIL)).items
    assert (failed["count"], failed["subject"]) == (before["count"] + 1, "Delivery note 4711")
    office.now += timedelta(minutes=5)
    del office.box.failures[broken]
    assert await office.sync() == "done"
    assert len((await list_failures(office.world(), await alice(office), Kind.EMAIL)).items) == 1
    await ask_for_sync(office.world(), await alice(office), [Kind.EMAIL])
    assert await office.sync() == "done"
    assert (await list_failures(office.world(), await alice(office), Kind.EMAIL)).items == []
    await office.check()


async def test_an_operator_whose_connection_is_gone_can_still_be_switched_off_and_emptied() -> None:
    office = Office()
    office.deliver("mail")
    await office.open()
    await office.settle()
    await change_operator(
        office.world(), "alice", lambda _: Operator("alice", ALICE, "", connection="gone", email_sync=True)
    )
    assert await office.sync() == "failed"
    await remove_operator(office.world(), "alice", remove_items=True)
    assert await office.sync() == "off"
    assert await office.stored() == []
    assert (await office.head()).trouble is None

"""Contents are swept only when nothing names them, and what is to be removed goes altogether."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha512

from shared.flows.email.stored import every
from shared.flows.operators import put_operator
from shared.model.exchange import ItemFailure
from shared.model.operator import Operator
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import ALICE, Office, attachment

WEEK = timedelta(days=8)


async def blobs(office: Office) -> set[str]:
    return {blob.name async for blob in office.blobs.names("")}


def add_many_folders(office: Office) -> None:
    """So many that the head cannot hold them: names that do not compress."""
    for number in range(60):
        name = "".join(sha512(bytes([number, part])).hexdigest() for part in range(10))
        office.box.add_folder(name, parent="inbox")


async def with_large_things() -> tuple[Office, str]:
    office = Office()
    large = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(40_000))
    name = office.deliver("large", text=large, attachments=(attachment("a.bin", 3),), contents=(b"one",))
    await office.open()
    await office.settle()
    return office, name


async def test_what_an_item_names_stays_and_what_nobody_names_is_swept_after_a_while() -> None:
    office, name = await with_large_things()
    before = await blobs(office)
    assert len(before) == 2
    await office.blobs.put(f"{office.key.replace('-', '/')}/leftover", b"x")
    await office.blobs.put("another/email/blob", b"x")
    office.now += WEEK
    await office.settle()
    assert await blobs(office) == before | {"another/email/blob"}
    office.box.edit(name, lambda email: replace(email, text="short", attachments=()))
    office.box.items[name] = replace(office.box.items[name], contents=())
    await office.settle()
    office.now += WEEK
    await office.settle()
    assert await blobs(office) == {"another/email/blob"}
    await office.check()


async def test_what_was_just_written_is_not_swept() -> None:
    office, _ = await with_large_things()
    office.now += WEEK
    await office.blobs.put(f"{office.key.replace('-', '/')}/fresh", b"x")
    await office.settle()
    assert any(name.endswith("/fresh") for name in await blobs(office))


async def test_what_the_head_names_is_not_swept() -> None:
    """A held removal, the items not drained yet and large states: all of them outlive a sweep."""
    office = Office()
    folder = office.box.add_folder("Customers", parent="inbox")
    add_many_folders(office)
    for _ in range(30):
        office.deliver(folder=folder)
    await office.open()
    await office.settle()
    office.box.delete_folder(folder, for_good=True)
    await office.settle()
    office.now += WEEK
    await office.settle()
    assert (await office.head()).held is not None
    assert await blobs(office)
    office.now += WEEK
    await office.settle()
    assert len((await office.head()).states.folders) == 62


async def test_an_intent_survives_the_sweep() -> None:
    office, _ = await with_large_things()
    office.now += WEEK
    for _ in range(120):
        office.deliver()
    fuse = Fuse(4, "after")
    try:
        await office.sync(fuse.worker(office.world()))
    except Crash:
        office.now += WEEK
    await office.settle()
    await office.check()


async def test_a_folder_put_down_half_drained_goes_on_where_it_was() -> None:
    office = Office()
    for number in range(1200):
        office.deliver(age=timedelta(days=20, minutes=number))
    for _ in range(40):
        office.deliver()
    await office.open()
    outcomes = [await office.sync(budget=timedelta(0)) for _ in range(5)]
    assert "done" in outcomes and outcomes.count("continued") >= 2
    await office.check()


async def switch_off(office: Office) -> None:
    off = Operator("alice", ALICE, "", email_sync=False)
    await put_operator(office.world(), off, remove_items=True)


async def test_removing_everything_tells_of_each_item_and_leaves_nothing() -> None:
    office, _ = await with_large_things()
    for number in range(350):
        office.deliver(age=timedelta(minutes=number))
    bad = office.deliver("bad")
    office.box.failures[bad] = ItemFailure(bad, "item-unreadable", "ErrorCorruptData")
    await office.settle()
    office.box.delete(next(iter(office.box.items)))
    await office.sync()
    count = len(await office.stored())
    await office.news()
    await switch_off(office)
    while (outcome := await office.sync(budget=timedelta(0))) == "continued":
        pass
    assert outcome == "off"
    assert [change for change in await office.news() if change == "deleted"] == ["deleted"] * count
    for prefix in ("i-", "x-", "l-", "e-"):
        assert [row async for row in every(office.rows, office.key, prefix)] == []
    assert await blobs(office) == set()
    assert (await office.head()).items == 0


async def test_removing_everything_survives_a_crash_at_every_step() -> None:
    for how in ("before", "after"):
        for step in range(1, 30):
            office, _ = await with_large_things()
            for _ in range(120):
                office.deliver()
            await office.settle()
            await switch_off(office)
            fuse = Fuse(step, how)
            try:
                await office.sync(fuse.worker(office.world()))
            except Crash:
                office.now += timedelta(minutes=3)
            assert await office.sync() == "off"
            assert await office.stored() == []
            assert (await office.news()).count("deleted") == 121


async def test_who_is_switched_on_again_gets_everything_anew() -> None:
    office, _ = await with_large_things()
    await switch_off(office)
    await office.sync()
    await put_operator(office.world(), Operator("alice", ALICE, "", email_sync=True))
    await office.settle()
    assert set(await office.held()) == {"large"}
    await office.check()


async def test_removing_everything_from_a_mailbox_of_many_folders_leaves_a_head_that_can_be_read() -> None:
    office, _ = await with_large_things()
    add_many_folders(office)
    await office.settle()
    await switch_off(office)
    assert await office.sync() == "off"
    assert await blobs(office) == set()
    await put_operator(office.world(), Operator("alice", ALICE, "", email_sync=True))
    await office.settle()
    await office.check()

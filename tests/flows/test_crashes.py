"""A worker that dies at any storage write or Exchange call loses nothing and doubles nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.flows.breaking import Crash, Fuse
from tests.flows.office import Office, attachment

HOW = ("before", "after", "unclear", "undone")


async def first_sync() -> tuple[Office, Callable[[Office], None]]:
    """A mailbox of some days is switched on; meanwhile a mail arrives and another goes."""
    office = Office()
    for number in range(70):
        office.deliver(age=timedelta(minutes=number))
    office.deliver("old", age=timedelta(days=30))
    office.deliver("sent", folder="sentitems")
    office.deliver("with files", attachments=(attachment("a.bin", 10),), contents=(b"x" * 10,))
    victim = office.deliver("short-lived")
    await office.open()

    def meanwhile(office: Office) -> None:
        office.deliver("while we were down")
        office.box.delete(victim, for_good=True)

    return office, meanwhile


async def busy_day() -> tuple[Office, Callable[[Office], None]]:
    """An established mailbox on a busy day: many arrivals, moves both ways, flags, edits, deletions, a new folder."""
    office = Office()
    old = [office.deliver(age=timedelta(minutes=number)) for number in range(12)]
    sent = office.deliver("sent", folder="sentitems")
    customers = office.box.add_folder("Customers", parent="inbox")
    filed = office.deliver("filed", folder=customers)
    await office.open()
    await office.settle()
    await office.check()
    office.now += timedelta(minutes=5)
    box = office.box
    arrivals = [office.deliver() for _ in range(60)]
    box.move(old[0], customers)
    moved = box.move(filed, "inbox")
    box.set_read(old[1])
    box.edit(old[2], lambda email: replace(email, subject="edited", categories=("Red",)))
    box.delete(old[3])
    box.delete(old[4], for_good=True)
    box.move(old[5], "junkemail")
    box.delete(sent)
    projects = box.add_folder("Projects", parent="inbox")
    box.move(old[6], projects)

    def meanwhile(office: Office) -> None:
        box = office.box
        office.deliver("while we were down")
        if arrivals[0] in box.items:
            box.delete(arrivals[0], for_good=True)
            box.move(arrivals[1], customers)
            box.set_read(arrivals[2])
            box.move(moved, customers)

    return office, meanwhile


async def new_ids() -> tuple[Office, Callable[[Office], None]]:
    """All items come back under new ids, and the sync states are void: a mailbox that was moved."""
    office = Office()
    for number in range(30):
        office.deliver(age=timedelta(minutes=number))
    office.deliver("sent", folder="sentitems")
    await office.open()
    await office.settle()
    office.box.renumber()
    office.box.void_states()
    office.deliver("after the move")
    return office, lambda office: None


STORIES = {"first sync": first_sync, "busy day": busy_day, "new ids": new_ids}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("story", STORIES)
async def test_a_worker_that_dies_at_any_step_loses_and_doubles_nothing(story: str, how: str) -> None:
    office, _ = await STORIES[story]()
    whole = Fuse(how=how)
    assert await office.sync(whole.worker(office.world())) == "done"
    await office.check()
    assert whole.steps > 4
    for step in range(1, whole.steps + 1):
        office, meanwhile = await STORIES[story]()
        fuse = Fuse(step, how)
        try:
            await office.sync(fuse.worker(office.world()))
        except Crash:
            assert how in ("before", "after")
        assert fuse.blown or fuse.steps < step
        meanwhile(office)
        office.now += timedelta(minutes=16)
        await office.settle()
        await office.check()


@pytest.mark.parametrize("story", STORIES)
async def test_a_time_budget_that_is_always_too_short_still_ends(story: str) -> None:
    office, meanwhile = await STORIES[story]()
    meanwhile(office)
    outcomes = []
    for _ in range(200):
        outcomes.append(await office.sync(budget=timedelta(0)))
        if outcomes[-1] == "done":
            break
    assert outcomes[-1] == "done"
    await office.check()

"""A worker that dies at any step of failing, or of recovering, leaves the list of failures right in the end."""

from contextlib import suppress
from datetime import timedelta

import pytest

from tests.flows.breaking import WRITES, Crash, Fuse, guarded
from tests.flows.office import Office
from tests.flows.test_failure_index import Refusing, all_rows, row_of, willing, working_office

HOW = ("before", "after", "unclear", "undone")
STEPS = 12


async def once(office: Office, fuse: Fuse) -> bool:
    """One call of a worker with this fuse, hours after the last; whether it came that far."""
    office.now += timedelta(hours=5)
    with suppress(Crash):
        await office.sync(guarded(office.world(), fuse, WRITES))
    office.now += timedelta(hours=5)
    return fuse.blown


@pytest.mark.parametrize("how", HOW)
async def test_what_still_fails_after_a_crash_is_listed(how: str) -> None:
    for step in range(1, STEPS):
        office = await working_office()
        office.exchange.before = Refusing()
        blown = await once(office, Fuse(step, how))
        await office.sync()
        row = await row_of(office)
        assert row is not None and row["code"] == "impersonation-denied", step
        if not blown:
            return
    raise AssertionError("the sync has more steps than are tried")


@pytest.mark.parametrize("how", HOW)
async def test_what_is_well_after_a_crash_is_not_listed(how: str) -> None:
    for step in range(1, STEPS):
        office = await working_office()
        refusing = office.exchange.before = Refusing()
        await once(office, Fuse(0))
        assert refusing.calls and await row_of(office) is not None
        office.exchange.before = willing
        office.deliver("meanwhile")
        blown = await once(office, Fuse(step, how))
        await office.settle()
        await office.settle()
        assert await all_rows(office) == [], step
        if not blown:
            return
    raise AssertionError("the sync has more steps than are tried")


@pytest.mark.parametrize("how", HOW)
async def test_a_crash_while_failing_leaves_nothing_once_it_is_well(how: str) -> None:
    for step in range(1, STEPS):
        office = await working_office()
        office.exchange.before = Refusing()
        blown = await once(office, Fuse(step, how))
        office.exchange.before = willing
        await office.settle()
        await office.settle()
        assert await all_rows(office) == [], step
        if not blown:
            return
    raise AssertionError("the sync has more steps than are tried")

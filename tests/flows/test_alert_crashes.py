"""A timer that dies, or two at once: nobody is left untold, and what comes twice is the same mail by its Message-ID.

The worker dies before, or after, each of its writes and each sending; the next one comes when its intents have run out.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from shared.flows.alert_failures import alert_failures
from tests.flows.alert_office import BUDGET, AlertOffice
from tests.flows.breaking import Crash, Fuse, Hesitation

DAY = timedelta(days=1)
TOLD = ["1", "Still", "Over:"]
"""The word by which each mail of the story is known: that it fails, the summary, that it is over."""


async def story(office: AlertOffice, fuse: Fuse) -> None:
    """It fails, is in a summary, and is over; the fuse blows somewhere on the way, and other timers go on."""
    await office.fails("alice")
    await step(office, fuse, timedelta(minutes=5))
    await step(office, fuse, DAY)
    await office.mends("alice")
    await step(office, fuse, timedelta(minutes=5))
    await step(office, fuse, timedelta(minutes=11))


async def step(office: AlertOffice, fuse: Fuse, after: timedelta) -> None:
    """The timer fires, `after` the last time; where the fuse has blown, two more times, as soon as intents have run out."""
    office.now += after
    with suppress(Crash):
        await alert_failures(fuse.worker(office.world()), budget=BUDGET)
    if fuse.blown:
        for _ in range(2):
            office.now += timedelta(minutes=6)
            await alert_failures(office.world(), budget=BUDGET)


def words(office: AlertOffice) -> list[tuple[str, str]]:
    return [(str(mail["message-id"]), str(mail["subject"]).split()[2]) for mail in office.mails()]


async def steps() -> int:
    fuse = Fuse()
    office = await AlertOffice().prepared()
    await story(office, fuse)
    assert [word for _, word in words(office)] == TOLD
    return fuse.steps


@pytest.mark.parametrize("how", ["before", "after", "unclear", "undone"])
async def test_whoever_dies_at_any_step_leaves_nobody_untold(how: str) -> None:
    doubles = 0
    for at in range(1, await steps() + 1):
        office = await AlertOffice().prepared()
        await story(office, Fuse(at, how))
        sent = words(office)
        assert [word for _, word in dict.fromkeys(sent)] == TOLD, f"step {at}"
        doubles += len(sent) - len(TOLD)
    # Only who dies between sending and noting it, in the audit and then for good, sends again.
    assert doubles == {"unclear": 0, "undone": 1, "before": 2, "after": 2}[how] * len(TOLD)


async def test_two_timers_at_once_send_each_mail_once() -> None:
    for turns in ([0, 3, 1], [5, 0, 0, 2], [1]):
        office = await AlertOffice().prepared()
        await office.fails("alice")
        await office.fails("bob", code="dns-failed")
        office.now += timedelta(minutes=5)
        timers = [
            alert_failures(Hesitation(turns[n:]).worker(office.world()), budget=BUDGET) for n in range(len(turns))
        ]
        await asyncio.gather(*timers)
        assert len(office.mails()) == 2

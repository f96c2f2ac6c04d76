"""Stories that take minutes: a killed worker's claim stands for two, a lost subscription is missed after twice the
status frequency, and who was refused rests before he tries again. They run in the background on a stack of their own;
test_slow_recoveries.py and test_sign_in_trouble.py look at their end.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from devtools.exchange_simulator.simulator import ExchangeSimulator
from devtools.stack import Stack, until
from devtools.stack.application import Document
from shared.adapters.secrets import EnvironmentSecrets
from tests.e2e.forwarder import Forwarder
from tests.e2e.office import Office, Person
from tests.e2e.sign_in_troubles import WITHIN, Told, troubled

SUBJECTS = [f"number {number}" for number in range(60)]
MEANWHILE = ["pushed to nobody", "pushed to nobody either"]
type Stories = dict[str, asyncio.Task[None]]


@asynccontextmanager
async def begun() -> AsyncIterator[Stories]:
    """The stories under way, by name."""
    async with _office() as office, troubled(office) as troubles:
        restarted = asyncio.Event()
        stories: dict[str, Told] = {story.__name__: story for story in (killed_worker, lost_subscription)} | troubles
        tasks = {name: asyncio.create_task(story(office, restarted)) for name, story in stories.items()}
        try:
            yield tasks
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)


@asynccontextmanager
async def _office() -> AsyncIterator[Office]:
    with TemporaryDirectory() as secrets:
        settings = {"SCHEDULE_SUBSCRIPTIONS": "*/10 * * * * *", "EXSYNC_SECRETS_FOLDER": secrets}
        async with Stack(ExchangeSimulator(), settings=settings) as stack:
            await stack.configure(notifications={"frequency_minutes": 1}, connections={"default": {"batch_size": 10}})
            yield Office(stack, Forwarder(0), Forwarder(0), EnvironmentSecrets({}, Path(secrets)))


def _person(office: Office, name: str) -> Person:
    person = Person(office, name, f"{name}@contoso.example", office.exchange)
    office.exchange.add_mailbox(person.mailbox)
    return person


async def killed_worker(office: Office, restarted: asyncio.Event) -> None:
    """The functions are killed in the middle of a first sync, and start again."""
    alice = _person(office, "alice")
    for subject in SUBJECTS:
        alice.gets(subject, days_ago=1)
    fault = alice.fault("slow", "GetItem", count=None, delay_ms=1500)
    await alice.switch_on(until_live=False)
    await until(lambda: _subjects(alice), what="the first page")

    await office.stack.kill_host()
    alice.exchange.clear_faults(fault.id)
    for subject in MEANWHILE:
        alice.gets(subject)
    await office.stack.start_host()
    restarted.set()

    held = await _subjects(alice)
    assert 0 < len(held) < len(SUBJECTS)
    await until(
        lambda: _asked(alice), lambda status: status["state"] == "live", what="live again", within=WITHIN, every=2
    )
    assert sorted(await _subjects(alice)) == sorted(SUBJECTS + MEANWHILE)
    await alice.check_feed()


async def lost_subscription(office: Office, restarted: asyncio.Event) -> None:
    """Exchange drops the subscription and says nothing."""
    await restarted.wait()
    bob = _person(office, "bob")
    await bob.switch_on()
    office.exchange.lose_subscriptions(bob.mailbox)
    bob.gets("nobody told us")

    await until(lambda: _subjects(bob), what="the mail that nobody told us of", within=WITHIN, every=1)

    assert len(bob.subscriptions()) == 1
    await bob.check_feed()


async def _subjects(person: Person) -> list[str]:
    return [email["subject"] for email in await person.application.emails(person.operator)]


async def _asked(person: Person) -> Document:
    await person.application.sync(person.operator)
    return await person.status()

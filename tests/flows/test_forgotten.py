"""Who is forgotten is known by a fingerprint alone: everywhere at once, at no cost while nothing changes, however many."""

import logging
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared import compose
from shared.adapters.memory.blobs import MemoryBlobs
from shared.adapters.memory.rows import MemoryRows
from shared.errors import SyncError, Unclear
from shared.flows.documents import unpack
from shared.flows.forget_address import _SETTINGS_FELT, forget_address
from shared.flows.forget_job import name_of
from shared.flows.forgotten import PARTITION, TABLE
from shared.flows.settings_document import ANY_VERSION, patch_settings, read_document, read_in_force
from shared.flows.settings_history import list_history
from shared.model.email import Participant
from shared.model.forgotten import Forgotten, fingerprint
from shared.ports import TABLES, World
from tests.flows.breaking import Crash, Fuse, Interruption
from tests.flows.office import Office, attachment
from tests.flows.test_forget_address import DANA, carry_on, dana, forget


async def test_once_the_work_is_done_the_address_stands_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    office = Office()
    file = attachment("offer.bin", 40_000)
    office.deliver("from her", from_=dana, text=f"yours, {DANA} " * 9000)
    office.deliver("with a file", to=(dana,), attachments=(file,), contents=(DANA.encode() * 2000,))
    office.deliver("nothing to do with her")
    await office.open()
    await office.settle()
    assert await places_of(office, "dana"), "the search finds what is there"
    await forget(office)
    asked_for = [place for place in await places_of(office, "dana") if not place.startswith("collections")]
    assert [place for place in asked_for if not place.startswith("blob")] == [], "neither while the work lasts"
    await carry_on(office)
    assert await places_of(office, "dana") == []
    assert "dana" not in caplog.text.lower()
    [row] = (await office.rows.query(TABLE, PARTITION)).rows
    assert (row.key, row.values) == (fingerprint(DANA), {"at": row.values["at"], "by": "charlie@contoso.example"})


async def places_of(office: Office, word: str) -> list[str]:
    """Where the word stands: all rows, all blobs, whatever waits in a queue."""
    assert isinstance(office.rows, MemoryRows)
    assert isinstance(office.blobs, MemoryBlobs)
    rows = {
        f"{table}/{partition}/{key}": (key, *map(_opened, row.values.values()))
        for (table, partition), found in office.rows._partitions.items()
        for key, row in found.items()
    }
    assert {place.partition("/")[0] for place in rows} <= set(TABLES)
    blobs = {f"blob {name}": _opened(content) for name, content in office.blobs._contents.items()}
    queues = {f"queue {number}": each for number, each in enumerate(office.queues.__dict__.values())}
    return [place for place, texts in {**rows, **blobs, **queues}.items() if word in repr(texts).lower()]


def _opened(value: Any) -> Any:
    """A document as it was before it was packed; anything else as it is."""
    try:
        return unpack(value) if isinstance(value, bytes) else value
    except (zlib.error, ValueError):
        return value


async def test_neither_the_settings_nor_their_history_nor_their_version_know_of_it() -> None:
    office = await Office().open()
    before = await read_document(office.rows)
    history = (await list_history(office.rows, limit=100)).items
    await forget(office)
    assert await read_document(office.rows) == before
    assert (await list_history(office.rows, limit=100)).items == history


async def test_a_change_of_the_settings_forgets_nobody_again() -> None:
    office = Office()
    await forget(office)  # before anything was ever set
    await office.open()
    await office.configure({"email": {"sync_from_days": 5}})
    office.deliver("hers", from_=dana)
    await office.settle()
    assert await office.held() == {}


@pytest.mark.parametrize("is_set", [True, False])
async def test_whoever_changes_settings_while_somebody_is_forgotten_is_not_refused(is_set: bool) -> None:
    office = Office()
    if is_set:
        await office.open()
    _, version = await read_document(office.rows)

    async def forgetting() -> None:
        await forget(office)

    world = Interruption(1, forgetting).worker(office.world())
    await patch_settings(world, {"email": {"sync_from_days": 5}}, version=version)
    now = await read_in_force(office.rows, Forgotten())
    assert now.configuration.email.sync_from_days == 5
    assert now.forgotten.fingerprints == {fingerprint(DANA)}


@pytest.fixture
async def many() -> AsyncIterator[Office]:
    """An office with 2,000 who are forgotten."""
    office = await Office().open()
    for number in range(2000):
        await forget_address(office.world(), f"customer-{number}@customer.example", by="charlie@contoso.example")
    yield office


async def test_two_thousand_are_kept_out_and_the_settings_can_still_be_changed(many: Office) -> None:
    for number in (0, 999, 1000, 1999, 2000):
        many.deliver(f"of {number}", from_=Participant("", f"Customer-{number}@customer.example"))
    await many.settle()
    assert sorted(await many.held()) == ["of 2000"]
    await patch_settings(many.world(), {"email": {"sync_from_days": 9}}, version=ANY_VERSION, secret="x")
    spent = Counter(counts(many))
    known = (await read_in_force(many.rows, Forgotten())).forgotten
    assert len(known.fingerprints) == 2000
    assert counts(many)["queries"] - spent["queries"] <= 3, "pages of a thousand"


async def test_who_knows_the_list_pays_nothing_for_it_until_it_changes(many: Office) -> None:
    known = (await read_in_force(many.rows, Forgotten())).forgotten
    plain = await Office().open()
    costs = []
    for office, forgotten in ((plain, Forgotten()), (many, known)):
        await office.sync(replace(office.world(), forgotten=forgotten))
        office.deliver("one more")
        spent = Counter(counts(office))
        assert await office.sync(replace(office.world(), forgotten=forgotten)) == "done"
        costs.append(counts(office) - spent)
        spent = Counter(counts(office))
        assert (await read_in_force(office.rows, forgotten)).forgotten is forgotten
        assert counts(office) - spent == Counter(gets=1)
    assert costs[0] == costs[1]
    await forget(many)
    assert fingerprint(DANA) in (await read_in_force(many.rows, known)).forgotten.fingerprints


def counts(office: Office) -> Counter[str]:
    assert isinstance(office.rows, MemoryRows)
    return office.rows.counts


@pytest.mark.parametrize("how", ["before", "after", "unclear", "undone"])
@pytest.mark.parametrize("at", range(1, 5))
async def test_wherever_the_request_dies_asking_again_keeps_the_person_out_everywhere(at: int, how: str) -> None:
    office = await Office().open()
    office.deliver("hers", from_=dana)
    await office.settle()
    known = (await read_in_force(office.rows, Forgotten())).forgotten
    try:
        await forget_address(Fuse(at, how).worker(office.world()), DANA, by="charlie@contoso.example")
    except (Crash, SyncError, Unclear):
        assert name_of(DANA)
    known = (await read_in_force(office.rows, known)).forgotten
    await forget(office)
    await carry_on(office)
    assert (await read_in_force(office.rows, known)).forgotten.fingerprints == {fingerprint(DANA)}
    assert await office.held() == {}


class Processes:
    """Processes of the app, each with what it has read and kept, on one storage."""

    def __init__(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._known: dict[str, dict[Any, Any]] = {"first": {}, "second": {}}
        exchange: Any = office.exchange
        monkeypatch.setattr(compose, "_now", lambda: office.now)
        monkeypatch.setattr(compose, "_exchange", lambda *_: exchange)
        monkeypatch.setattr(compose, "_built", lambda: compose._Process(office.world(), exchange, {}, compose._NEVER))

    async def world(self, name: str) -> World:
        """What a function of this process is given."""
        self._monkeypatch.setattr(compose, "_processes", self._known[name])
        return await compose.the_world(current=True)

    def changed_in(self, name: str) -> None:
        """The process has changed settings itself."""
        self._monkeypatch.setattr(compose, "_processes", self._known[name])
        compose.settings_changed()


async def test_another_process_learns_of_it_before_the_looking_through_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    office = await Office().open()
    await forget_address(office.world(), "erin@customer.example", by="charlie@contoso.example")
    processes = Processes(office, monkeypatch)
    second = await processes.world("second")
    await forget_address(await processes.world("first"), DANA, by="charlie@contoso.example")
    processes.changed_in("first")
    assert fingerprint(DANA) in (await processes.world("first")).forgotten.fingerprints
    assert (await processes.world("second")).forgotten is second.forgotten, "what it has read is kept for a moment"
    office.deliver("came in that moment", from_=dana)
    await office.sync(await processes.world("second"))
    assert list(await office.held()) == ["came in that moment"]
    office.now += _SETTINGS_FELT
    office.deliver("came later", from_=dana)
    await office.sync(await processes.world("second"))
    assert list(await office.held()) == ["came in that moment"]
    await carry_on(office, await processes.world("second"))
    assert await office.held() == {}


async def test_a_process_reads_the_list_again_only_when_it_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    office = await Office().open()
    await forget(office)
    processes = Processes(office, monkeypatch)
    known = (await processes.world("first")).forgotten
    assert known.fingerprints == {fingerprint(DANA)}
    await office.configure({"email": {"sync_from_days": 5}})
    office.now += timedelta(seconds=3)
    spent = Counter(counts(office))
    world = await processes.world("first")
    assert world.configuration is not None
    assert (world.configuration.email.sync_from_days, world.forgotten) == (5, known)
    assert counts(office) - spent == Counter(gets=1, queries=1), "the settings and the pauses"

"""Who changed the settings: one entry for each change, in one transaction with it, newest first and not without end."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.adapters.storage import StorageAccount
from shared.adapters.tables import TableRows
from shared.errors import Invalid, Unclear
from shared.flows import settings_history
from shared.flows.settings_document import ANY_VERSION, PARTITION, TABLE, patch_settings, read_settings
from shared.flows.settings_history import changes, list_history
from shared.ports import Rows
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import Office

ON = {"email": {"enabled": True, "sync_from_days": 7}}


async def history(rows: Rows, limit: int = 100) -> list[dict[str, Any]]:
    return (await list_history(rows, limit=limit)).items


async def test_an_entry_tells_who_changed_what_when_from_what_to_what() -> None:
    office = Office()
    await patch_settings(office.world(), ON, version=ANY_VERSION, by="alice")
    office.now += timedelta(hours=1)
    patch = {"email": {"sync_from_days": 30, "enabled": None, "folders": ["inbox"]}}
    await patch_settings(office.world(), patch, version=ANY_VERSION, by="bob")
    assert await history(office.rows) == [
        {
            "number": 2,
            "at": "2026-11-20T13:00:00Z",
            "by": "bob",
            "changes": [
                {"setting": "email.enabled", "from": True, "to": None},
                {"setting": "email.folders", "from": None, "to": ["inbox"]},
                {"setting": "email.sync_from_days", "from": 7, "to": 30},
            ],
        },
        {
            "number": 1,
            "at": "2026-11-20T12:00:00Z",
            "by": "alice",
            "changes": [
                {"setting": "email.enabled", "from": None, "to": True},
                {"setting": "email.sync_from_days", "from": None, "to": 7},
            ],
        },
    ]


async def test_what_changed_nothing_leaves_no_entry() -> None:
    office = Office()
    await patch_settings(office.world(), ON, version=ANY_VERSION)
    await patch_settings(office.world(), ON, version=ANY_VERSION)
    await patch_settings(office.world(), {}, version=ANY_VERSION)
    await patch_settings(office.world(), {"email": {"enabled": False}}, version=ANY_VERSION, dry_run=True)
    with pytest.raises(Invalid):
        await patch_settings(office.world(), {"email": {"enabled": "no"}}, version=ANY_VERSION)
    assert len(await history(office.rows)) == 1


async def test_the_history_is_read_in_pages() -> None:
    office = Office()
    for days in range(5):
        await patch_settings(office.world(), {"email": {"sync_from_days": days}}, version=ANY_VERSION)
    numbers: list[int] = []
    after: str | None = ""
    while after is not None:
        page = await list_history(office.rows, limit=2, after=after)
        numbers += [each["number"] for each in page.items]
        after = page.next
    assert numbers == [5, 4, 3, 2, 1]
    with pytest.raises(Invalid, match="cursor-invalid"):
        await list_history(office.rows, limit=2, after="elsewhere")


async def test_only_the_latest_changes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_history, "KEPT", 3)
    office = Office()
    for days in range(8):
        await patch_settings(office.world(), {"email": {"sync_from_days": days}}, version=ANY_VERSION)
    assert [each["number"] for each in await history(office.rows)] == [8, 7, 6]


@pytest.mark.parametrize("how", ["before", "after"])
async def test_a_crash_leaves_the_change_with_its_entry_or_neither(how: str) -> None:
    office = Office()
    for step in count(1):
        fuse = Fuse(step, how)
        try:
            days = {"email": {"sync_from_days": 10 + step}}
            await patch_settings(fuse.worker(office.world()), days, version=ANY_VERSION)
        except Crash:
            assert fuse.blown
        entries = await history(office.rows)
        days_there = (await read_settings(office.rows))[0].email.sync_from_days
        assert (entries[0]["changes"][0]["to"] if entries else 3) == days_there
        if not fuse.blown:
            break


@pytest.mark.parametrize(("how", "is_there"), [("unclear", True), ("undone", False)])
async def test_an_acknowledgement_that_was_lost_is_settled_by_reading(how: str, is_there: bool) -> None:
    office = Office()
    world = Fuse(1, how).worker(office.world())
    if is_there:
        await patch_settings(world, ON, version=ANY_VERSION)
    else:
        with pytest.raises(Unclear):
            await patch_settings(world, ON, version=ANY_VERSION)
    assert (await read_settings(office.rows))[0].email.enabled is is_there
    assert len(await history(office.rows)) == is_there


def test_what_looks_like_a_secret_in_a_url_is_left_out() -> None:
    before = {"alerts": {"smtp_url": "smtps://svc:Passw0rd@mail.contoso.example"}}
    after = {"alerts": {"smtp_url": "smtps://svc:Passw1rd@mail.contoso.example"}}
    assert changes(before, after) == [
        {
            "setting": "alerts.smtp_url",
            "from": "smtps://mail.contoso.example",
            "to": "smtps://mail.contoso.example",
        }
    ]


async def test_the_longest_document_has_its_entry_and_a_longer_one_is_refused() -> None:
    office = Office()
    domains = [f"d{number}.{'é' if number % 2 else 'x'}.example".encode("idna").decode() for number in range(1200)]
    await patch_settings(office.world(), {"email": {"internal_domains": domains}}, version=ANY_VERSION)
    swapped = {"email": {"internal_domains": None, "exclude_domains": domains}}
    await patch_settings(office.world(), swapped, version=ANY_VERSION)
    assert len(await history(office.rows)) == 2
    with pytest.raises(Invalid, match="shorten its lists"):
        await patch_settings(office.world(), {"email": {"internal_domains": domains}}, version=ANY_VERSION)


async def test_on_real_storage_change_and_entry_are_one_transaction_too(storage_account: StorageAccount) -> None:
    stored = TableRows(storage_account)
    memory = MemoryRows()
    for rows in (stored, memory):
        world = Office(rows=rows, mint="hist").world()
        for days in (7, 30):
            await patch_settings(world, {"email": {"sync_from_days": days}}, version=ANY_VERSION, by="alice")
    newest = (await history(stored))[0]
    assert newest["changes"] == [{"setting": "email.sync_from_days", "from": 7, "to": 30}]
    assert newest == {**(await history(memory))[0], "number": newest["number"]}
    page = await stored.query(TABLE, PARTITION, limit=2)
    assert [row.key.split("-")[0] for row in page.rows] == ["document", "history"]

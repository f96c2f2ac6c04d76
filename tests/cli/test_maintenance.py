"""`exsync pause`, `resume`, `status`, `sync` and `audit`: what people are told while the sync rests, and of what was done."""

import io

import pytest_asyncio
import typer

from cli.audit import audit
from cli.pauses import pause, resume
from cli.settings import settings
from cli.work import release, status, sync
from shared.flows.import_operators import import_operators
from shared.model.operator_table import read_operator_table
from tests.cli.terminal import Ended, run, session_on
from tests.flows.office import Office

GROUP = typer.Typer()
for command in (audit, pause, resume, status, sync, release):
    GROUP.command()(command)
GROUP.add_typer(settings, name="settings")


@pytest_asyncio.fixture
async def office() -> Office:
    return await Office().open()


async def ask(office: Office, *words: str) -> Ended:
    return await run(GROUP, session_on(office.world), *words)


async def test_whoever_asks_what_is_not_well_is_told_of_pauses(office: Office) -> None:
    assert (await ask(office, "status")).said == "Nothing fails just now.\n"
    assert (await ask(office, "pause")).said == "Nothing is paused.\n"
    await ask(office, "pause", "--kind", "email", "--reason", "Patch night")
    await ask(office, "pause", "--operator", "alice", "--reason", "On leave")
    said = (await ask(office, "status")).said
    assert "paused: kind-email: Patch night (by function key, since 2026-" in said
    assert "paused: operator-alice: On leave" in said
    ended = await ask(office, "resume", "--operator", "alice")
    assert ended.complaint == "operator-alice goes on.\n"
    assert ended.out.startswith("still paused: kind-email: Patch night")


async def test_what_was_asked_for_is_acknowledged(office: Office) -> None:
    assert (await ask(office, "sync", "alice")).said == "Asked for; `exsync status alice` shows how it goes.\n"


async def test_programs_get_the_document_alone(office: Office) -> None:
    ended = await run(GROUP, session_on(office.world, as_json=True), "sync", "alice")
    assert (ended.status, ended.said) == (0, "")


async def test_the_audit_names_what_a_line_of_an_import_changed(office: Office) -> None:
    (line,) = read_operator_table(io.BytesIO(b"operator_id,email_sync\nalice,0\n")).lines
    await import_operators(office.world(), [line], by="charlie")
    assert "changed: email_sync" in (await ask(office, "audit", "--operator", "alice")).out
    assert (await ask(office, "audit", "--operator", "bob")).said == "Nothing was done in that time.\n"


async def test_the_audit_tells_a_look_from_a_change(office: Office) -> None:
    await ask(office, "settings", "set", "email.sync_from_days=9", "--dry-run")
    await ask(office, "settings", "set", "email.sync_from_days=8")
    lines = (await ask(office, "audit")).out.splitlines()[1:]
    assert sorted("done (dry run)" in line for line in lines) == [False, True]

"""`exsync settings` on the application itself: what a person reads, what a program reads, and what is said of harm."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from cli.settings import settings
from tests.cli.terminal import run, session_on
from tests.flows.office import Office

FILE = """\
Exchange URL: https//mail.contoso.example/EWS/Exchange.asmx
Sync From No Of Days: 7 days
Password: hush
"""


class Terminal:
    """An administrator's shell; nobody answers questions there."""

    def __init__(self, office: Office) -> None:
        self.session = session_on(office.world)

    async def run(self, *words: str) -> tuple[int, str, str]:
        """Run `exsync settings …`: exit status, what was printed, and what was said beside it or complained of."""
        ended = await run(settings, self.session, *words)
        return ended.status, ended.out, ended.complaint


@pytest_asyncio.fixture
async def terminal() -> AsyncIterator[Terminal]:
    yield Terminal(await Office().open())


async def test_settings_are_shown_as_a_table_and_to_programs_as_the_document(terminal: Terminal) -> None:
    _, table, _ = await terminal.run("show")
    assert "connections.default.url" in table
    assert "EWSNotificationsListenerURL" in table
    terminal.session.as_json = True
    _, text, _ = await terminal.run("show")
    assert json.loads(text)["email"]["sync_from_days"] == 3


async def test_single_settings_are_shown_by_our_name_a_group_or_the_name_known_from_before(terminal: Terminal) -> None:
    terminal.session.as_json = True
    for name, expected in (
        ("email.sync_from_days", {"email.sync_from_days": 3}),
        ("attachments", {"attachments.max_mb": 30}),
        ("EWSBatchSize", {"connections.default.batch_size": 100}),
        ("notifications.url", {"notifications.url": None}),
    ):
        assert json.loads((await terminal.run("show", name))[1]) == expected
    for name, why in (
        ("email.on_leav", 'did you mean "email.on_leave"?'),
        ("Contact sync", '"contacts.direction", which comes with a later version'),
        ("connections.nope", "there is no such connection (there are: default)"),
    ):
        status, _, complaint = await terminal.run("show", name)
        assert (status, why in complaint) == (1, True)


async def test_what_is_not_set_is_shown_too(terminal: Terminal) -> None:
    _, table, _ = await terminal.run("show")
    rows = {line.split()[0]: line.split()[1:3] for line in table.splitlines()[1:]}
    for name in ("alerts.from", "notifications.url", "retention.email_days", "connections.default.autodiscover_url"):
        assert rows[name] == ["(not", "set)"]
    assert "connections.default.oauth.client_id" not in rows
    assert "alerts.smtp_url" in (await terminal.run("show", "alerts"))[1]


async def test_a_change_shows_what_it_set_and_says_what_it_does(terminal: Terminal) -> None:
    status, table, said = await terminal.run(
        "set", "email.sync_from_days=30", 'email.exclude_domains=["contoso.example"]'
    )
    assert status == 0
    assert "30" in table
    assert "This does:" in said
    assert "backfill" in said
    assert "! email.exclude_domains: contoso.example" in said
    _, _, said = await terminal.run("set", "--dry-run", "email.enabled=false")
    assert "This would do:" in said
    _, table, _ = await terminal.run("show", "email")
    assert ["email.enabled", "true"] in [line.split()[:2] for line in table.splitlines()]


async def test_null_takes_a_setting_back(terminal: Terminal) -> None:
    await terminal.run("set", "email.sync_from_days=30")
    _, table, _ = await terminal.run("set", "email.sync_from_days=null")
    assert ["email.sync_from_days", "3"] in [line.split()[:2] for line in table.splitlines()]


async def test_what_is_no_assignment_is_wrong_usage(terminal: Terminal) -> None:
    assert (await terminal.run("set", "email.enabled"))[0] == 2
    assert (await terminal.run("set", "email=1", "email.enabled=true"))[0] == 2
    assert (await terminal.run("set", "email.sync_from_days=3", "email.sync_from_days=4"))[0] == 2
    assert (await terminal.run("set", "=true"))[0] == 2
    status, _, complaint = await terminal.run("set", "email.enabeld=true")
    assert status == 1
    assert 'did you mean "email.enabled"?' in complaint


async def test_what_looks_like_a_number_is_text_where_the_setting_is_text(terminal: Terminal) -> None:
    for written, value in (("123", "123"), ("NaN", "NaN"), ('"true"', "true"), ("", "")):
        await terminal.run("set", f"email.exclude_category={written}")
        _, table, _ = await terminal.run("show", "email.exclude_category")
        assert table.splitlines()[1].split() == ["email.exclude_category", *([value] if value else [])]
    status, _, complaint = await terminal.run("set", "email.sync_from_days=many")
    assert (status, '"all"' in complaint) == (1, True)


async def test_the_history_goes_back_further_than_a_page(terminal: Terminal) -> None:
    for days in range(5, 10):
        await terminal.run("set", f"email.sync_from_days={days}")
    terminal.session.as_json = True
    assert len(json.loads((await terminal.run("history", "--limit", "1000"))[1])) == 6
    assert len(json.loads((await terminal.run("history", "--limit", "2"))[1])) == 2


async def test_the_history_is_a_line_for_each_setting_that_changed(terminal: Terminal) -> None:
    await terminal.run("set", "email.sync_from_days=30", "notifications.frequency_minutes=20")
    _, table, _ = await terminal.run("history", "--limit", "1")
    assert [line.split()[-3:] for line in table.splitlines()[1:]] == [
        ["(not", "set)", "30"],
        ["(not", "set)", "20"],
    ]
    terminal.session.as_json = True
    assert len(json.loads((await terminal.run("history"))[1])) == 2


async def test_an_import_shows_what_becomes_of_each_setting(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "earlier.txt"
    file.write_text(FILE)
    status, table, said = await terminal.run("import", "--dry-run", str(file))
    assert status == 0
    assert "not_needed" in table
    assert "`default-password`" in table
    assert "backfill" in said
    assert "hush" not in table + said
    await terminal.run("import", str(file))
    _, table, _ = await terminal.run("show", "email.sync_from_days")
    assert "7" in table.splitlines()[1].split()


async def test_a_files_words_cannot_do_anything_to_the_terminal(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "earlier.txt"
    file.write_text("\x1b[2JHidden: 1\n")
    _, table, _ = await terminal.run("import", "--dry-run", str(file))
    assert "\x1b" not in table
    assert "?[2JHidden" in table


async def test_a_dry_run_of_an_import_shows_all_where_a_secret_will_be_asked_for(
    terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "earlier.txt"
    file.write_text("Exchange URL=https://new.contoso.example/EWS/Exchange.asmx\nBatch size=50\n")
    status, table, said = await terminal.run("import", "--dry-run", str(file))
    assert (status, table.count("taken")) == (0, 2)
    assert "default-password to new.contoso.example" in said
    status, _, complaint = await terminal.run("import", str(file))
    assert (status, "--secret" in complaint) == (1, True)
    assert (await terminal.run("import", str(file), "--secret", "x"))[0] == 0


async def test_an_import_that_could_not_take_something_ends_with_1(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "earlier.txt"
    file.write_text("Sync From No Of Days: 7\nBatch size: 1000\n")
    status, table, complaint = await terminal.run("import", str(file))
    assert status == 1
    assert "1 to 512" in table
    assert "Not everything was taken" in complaint
    assert (await terminal.run("import", str(tmp_path / "none")))[0] == 1

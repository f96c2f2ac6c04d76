"""`exsync operators` on the application itself: tables in and out, switching, and what a person is asked."""

import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cli import items, pieces
from cli.operators import operators
from cli.remote import Remote
from cli.session import Session
from shared.flows.operators import find_operator
from tests.cli.terminal import run, session_on
from tests.flows.office import ALICE, Office
from tests.model.workbook import inline

type Save = Callable[[str], str]


@dataclass
class Terminal:
    """An administrator's terminal."""

    office: Office
    session: Session

    async def run(self, *words: str, answers: str = "") -> tuple[int, str]:
        """Run `exsync operators …`; its exit status, and all that was printed or complained of."""
        ended = await run(operators, self.session, *words, answers=answers)
        return ended.status, ended.said

    async def json(self, *words: str) -> Any:
        """What the command prints for programs."""
        return json.loads((await run(operators, replace(self.session, as_json=True), *words)).out)

    async def is_on(self, operator: str) -> bool:
        """Whether the operator's email is on."""
        found = await find_operator(self.office.rows, operator)
        return found is not None and found.email_sync


@pytest_asyncio.fixture
async def terminal() -> AsyncIterator[Terminal]:
    office = await Office().open()
    yield Terminal(office, session_on(office.world))


@pytest.fixture
def table(tmp_path: Path) -> Save:
    def save(text: str) -> str:
        (tmp_path / "users.csv").write_text(text, encoding="utf-8")
        return str(tmp_path / "users.csv")

    return save


@pytest.fixture
def at_a_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    class Keyboard:
        def isatty(self) -> bool:
            return True

    class Sys:
        stdin = Keyboard()
        stdout = sys.stdout
        stderr = sys.stderr

    monkeypatch.setattr(items, "sys", Sys)
    monkeypatch.setattr("cli.import_operators.sys", Sys)


MANY = "Operator,Email,Email sync\n" + "".join(f"user{number},user{number}@x.example,x\n" for number in range(25))


async def test_a_file_is_sent_in_pieces_and_each_line_is_told(
    terminal: Terminal, table: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_PIECE", 10)
    file = table(MANY + f"dana,{ALICE},1\nuser1,user1@y.example,1\neve,nowhere,1\n")
    status, said = await terminal.run("import", file, "--dry-run")
    assert (status, await terminal.is_on("user1")) == (1, False)
    status, said = await terminal.run("import", file)
    assert status == 1
    assert "28 lines; columns: operator_id, mailbox, email_sync" in said
    assert "line 2: user0 created: mailbox user0@x.example" in said
    assert f"line 27: dana refused: {ALICE} belongs to operator alice" in said
    assert "line 28: user1 refused: operator user1 is in line 3 already, which counts (line-repeated)" in said
    assert "25 created, 0 changed, 0 unchanged, 3 refused" in said
    assert await terminal.is_on("user24")
    status, said = await terminal.run("import", table(MANY))
    assert (status, "0 created, 0 changed, 25 unchanged, 0 refused" in said, "user3 " in said) == (0, True, False)


async def test_a_mailbox_that_a_later_piece_gives_up_is_taken_in_the_end(
    terminal: Terminal, table: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_PIECE", 10)
    others = "".join(MANY.splitlines(keepends=True)[1:])
    file = table(f"Operator,Email,Email sync\nbob,{ALICE},x\n{others}alice,a@x.example,\n")
    status, said = await terminal.run("import", file)
    assert (status, f"line 2: bob created: mailbox {ALICE}" in said, said.count("bob")) == (0, True, 1)


async def test_a_dry_run_in_pieces_says_what_the_run_will_do_of_mailboxes_that_change_hands(
    terminal: Terminal, table: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_PIECE", 3)
    names = ("a", "b", "c", "d", "e", "f", "g", "h")
    await terminal.run("import", table("Id,Email\n" + "".join(f"{name},{name}@x.example\n" for name in names)))
    wants = {"a": "d", "b": "b2", "c": "h", "d": "e", "e": "e2", "f": "f2", "g": "g2", "h": "c"}
    file = table("Id,Email\n" + "".join(f"{name},{wanted}@x.example\n" for name, wanted in wants.items()))
    for words in (("--dry-run",), ()):
        status, said = await terminal.run("import", file, *words)
        assert (status, "0 created, 8 changed, 0 unchanged, 0 refused" in said) == (0, True), said
        assert [said.count(f": {name} changed") for name in names] == [1] * 8


async def test_programs_read_what_became_of_each_line(
    terminal: Terminal, table: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_PIECE", 10)
    found = await terminal.json("import", table(MANY + "eve,nowhere,1\n"))
    assert (found["created"], found["refused"], found["ignored"]) == (25, 1, [])
    assert [each["line"] for each in found["lines"]] == list(range(2, 28))
    assert found["lines"][-1]["code"] == "operator-invalid"


async def test_a_workbook_is_imported_and_exported_as_a_table_that_changes_nothing(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "users.xlsx").write_bytes(inline([("Id", "Mail", "Email sync"), ("bob", "bob@x.example", "1")]))
    assert (await terminal.run("import", str(tmp_path / "users.xlsx")))[0] == 0
    out = tmp_path / "out.csv"
    assert (await terminal.run("export", str(out)))[0] == 0
    assert out.read_text().splitlines() == [
        "operator_id,mailbox,connection,email_sync,calendar_sync,contact_sync,time_zone",
        f"alice,{ALICE},default,true,false,false,UTC",
        "bob,bob@x.example,default,true,false,false,UTC",
    ]
    assert (await terminal.run("export"))[1] == out.read_text()
    assert "2 unchanged" in (await terminal.run("import", str(out)))[1]


async def test_a_file_that_is_no_table_is_refused_before_anything_is_done(
    terminal: Terminal, table: Save, tmp_path: Path
) -> None:
    status, said = await terminal.run("import", table("Name,Team\nBob,Sales\n"))
    assert (status, 'call it "operator_id"' in said, "(import-invalid)" in said) == (1, True, True)
    status, said = await terminal.run("import", str(tmp_path / "nothing.csv"))
    assert (status, "No such file" in said) == (1, True)


async def test_an_app_that_cannot_be_reached_says_from_which_line_on_nothing_was_done(table: Save) -> None:
    remote = Remote("http://127.0.0.1:9/api", "")
    status, said = await Terminal(Office(), Session(remote, as_json=False)).run("import", table(MANY))
    assert status == 1
    assert "cannot be reached" in said
    assert "What comes before line 2 is done. Repeat the command" in said


async def test_what_a_file_would_make_a_terminal_do_is_not_shown(terminal: Terminal, table: Save) -> None:
    _, said = await terminal.run("import", table("operator_id,\x1b[2J\nbob\x1b]0;,\n"))
    assert "\x1b" not in said


# Items


@pytest.mark.usefixtures("at_a_keyboard")
async def test_a_person_is_asked_for_the_items_only_where_something_goes_off(terminal: Terminal, table: Save) -> None:
    terminal.office.deliver()
    await terminal.office.settle()
    status, said = await terminal.run(
        "import", table(f"operator_id,mailbox,email_sync\nbob,b@x.example,0\nalice,{ALICE},1\n")
    )
    assert (status, "keep the items" in said) == (0, False)
    off = table("operator_id,email_sync\nalice,0\nbob,0\n")
    status, said = await terminal.run("import", off, answers="burn\nremove\n")
    assert (status, "1 operator to be switched off: keep the items" in said) == (0, True)
    assert "line 2: alice changed: email_sync true → false, email items removed" in said
    await terminal.office.sync()
    assert not await terminal.office.stored()


async def test_without_a_person_items_are_kept_unless_removal_is_asked_for(terminal: Terminal, table: Save) -> None:
    terminal.office.deliver()
    await terminal.office.settle()
    off = table("operator_id,email_sync\nalice,0\n")
    assert (await terminal.run("import", off))[0] == 0
    await terminal.office.sync()
    assert len(await terminal.office.stored()) == 1
    assert "email items removed" in (await terminal.run("disable", "alice", "--items", "remove"))[1]
    await terminal.office.sync()
    assert not await terminal.office.stored()


@pytest.mark.usefixtures("at_a_keyboard")
@pytest.mark.parametrize("words", [("set", "alice", "--no-email"), ("disable", "alice"), ("remove", "alice")])
async def test_whoever_switches_off_or_removes_is_asked_and_enter_means_keep(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    terminal.office.deliver()
    await terminal.office.settle()
    status, said = await terminal.run(*words, answers="\n")
    assert (status, "keep the items in the application, or remove them [keep]" in said) == (0, True)
    await terminal.office.sync()
    assert (len(await terminal.office.stored()), await terminal.is_on("alice")) == (1, False)


# Switching


async def test_operators_are_switched_one_by_one_by_a_file_and_all(terminal: Terminal, table: Save) -> None:
    await terminal.run("import", table("operator_id,mailbox\nbob,b@x.example\ncharlie,c@x.example\n"))
    status, said = await terminal.run("enable", "bob")
    assert (status, said) == (0, "bob changed: email_sync false → true\n0 created, 1 changed, 0 unchanged, 0 refused\n")
    assert "2 changed" in (await terminal.run("disable", "--all"))[1]
    assert "1 changed" in (await terminal.run("enable", "--file", table("charlie\n")))[1]
    assert (
        "1 changed, 1 unchanged"
        in (await terminal.run("enable", "--file", table("Mail;Operator\n;bob\n;charlie\n")))[1]
    )
    assert [await terminal.is_on(name) for name in ("alice", "bob", "charlie")] == [False, True, True]
    status, said = await terminal.run("enable", "--all", "--kinds", "email,calendar", "--dry-run")
    assert (status, "3 changed" in said, await terminal.is_on("alice")) == (0, True, False)


async def test_an_operator_that_is_not_there_is_refused_and_none_is_made(terminal: Terminal) -> None:
    status, said = await terminal.run("enable", "nobody", "alice")
    assert (status, "nobody refused: there is no operator nobody" in said, "1 unchanged, 1 refused" in said) == (
        1,
        True,
        True,
    )
    assert await find_operator(terminal.office.rows, "nobody") is None


@pytest.mark.parametrize("words", [("--fix",), ("--max-failures", "3"), ("--wait-minutes", "9")])
async def test_what_only_waves_do_is_not_passed_over_without_them(terminal: Terminal, words: tuple[str, ...]) -> None:
    status, said = await terminal.run("enable", "alice", *words)
    assert (status, f"{words[0]} is for --wave" in said) == (2, True)


@pytest.mark.parametrize("words", [(), ("alice", "--all"), ("alice", "--kinds", "tasks"), ("alice", "--items", "burn")])
async def test_wrong_usage_ends_with_2(terminal: Terminal, words: tuple[str, ...]) -> None:
    assert (await terminal.run("disable", *words))[0] == 2
    assert await terminal.is_on("alice")


# One by one


async def test_a_list_is_narrowed_by_its_filters(terminal: Terminal, table: Save) -> None:
    await terminal.office.configure({"connections": {"online": {"url": "auto", "trusted_hosts": ["contoso.example"]}}})
    await terminal.run("import", table("operator_id,mailbox,connection\nbob,b@x.example,online\n"))

    async def ids(*words: str) -> list[str]:
        return [each["operator_id"] for each in await terminal.json("list", *words)]

    assert await ids() == ["alice", "bob"]
    assert await ids("--kind", "email", "--on") == ["alice"]
    assert await ids("--kind", "email", "--off") == ["bob"]
    assert await ids("--connection", "online") == ["bob"]
    assert await ids("--search", "x.ex") == ["bob"]
    assert await ids("--search", "nobody") == []
    assert await terminal.run("list", "--search", "nobody") == (0, "No operator is as asked.\n")


async def test_set_changes_what_is_given_and_no_unknown_operator_is_made_without_a_mailbox(terminal: Terminal) -> None:
    found = await terminal.json("set", "alice", "--time-zone", "Europe/Berlin", "--calendar")
    assert (found["email_sync"], found["calendar_sync"], found["time_zone"]) == (True, True, "Europe/Berlin")
    status, said = await terminal.run("set", "bob", "--email")
    assert (status, "operator-unknown" in said) == (1, True)
    assert (await terminal.json("set", "bob", "--mailbox", "bob@x.example"))["email_sync"] is False


async def test_people_see_one_operator_as_tables_and_what_became_of_it(terminal: Terminal, tmp_path: Path) -> None:
    status, said = await terminal.run("show", "alice")
    assert (status, "{" in said) == (0, False)
    assert [f" {word} " in said for word in ("time_zone", "yes", "no", "waiting", "calendar")] == [True] * 5
    assert " yes " in (await terminal.run("set", "alice", "--calendar"))[1]
    assert await terminal.run("export", str(tmp_path / "all.csv")) == (
        0,
        f"All operators are in {tmp_path / 'all.csv'}.\n",
    )
    assert await terminal.run("remove", "alice") == (0, "alice is deleted; what it held stays readable.\n")


async def test_a_workbook_is_not_promised_where_csv_is_written(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "all.xlsx"
    status, said = await terminal.run("export", str(file))
    assert (status, "call it all.csv" in said, file.exists()) == (2, True, False)

"""`exsync operators import`, `export`, `enable` and `disable` on the running app: an export of a CRM brings mailboxes to life."""

import asyncio
import json
import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path

from tests.e2e.office import Office, Person, exsync, exsync_at_terminal

_PROJECT = Path(__file__).resolve().parents[2]


async def test_a_crms_export_switches_mailboxes_on_and_its_bad_lines_are_told(
    office: Office, people: Callable[[str], Person], tmp_path: Path
) -> None:
    alice, bob = people("alice"), people("bob")
    alice.gets("Before the import")
    rows = [f"{each.operator};{each.mailbox};{on};Sales" for each, on in ((alice, "WAHR"), (bob, "FALSCH"))]
    rows += [f"extra-{number};;1;Sales" for number in range(20)]
    file = tmp_path / "users.csv"
    file.write_text("\r\n".join(["Operator ID;Email;Email sync;Team", *rows]), encoding="utf-16")
    status, text, complaint = await exsync(office, "--json", "operators", "import", str(file))
    alice.put = bob.put = True
    found = json.loads(text)
    assert (status, found["created"], found["refused"], found["ignored"]) == (1, 2, 20, ["Team"])
    assert {each["code"] for each in found["lines"][2:]} == {"mailbox-missing"}
    assert "20 refused" in complaint
    await alice.until_live()

    out = tmp_path / "out.csv"
    assert (await exsync(office, "operators", "export", str(out)))[0] == 0
    lines = out.read_text().splitlines()
    mine = [lines[0], *(line for line in lines if line.startswith((f"{alice.operator},", f"{bob.operator},")))]
    out.write_text("\n".join(mine))
    status, text, _ = await exsync(office, "operators", "import", str(out))
    assert (status, text) == (0, "0 created, 0 changed, 2 unchanged, 0 refused\n")

    assert (await exsync(office, "operators", "enable", bob.operator))[0] == 0
    await bob.until_live()
    status, text, _ = await exsync(office, "operators", "disable", "--file", str(out), "--items", "remove")
    assert (status, text.count("email items removed")) == (0, 2)


async def test_a_progress_bar_shows_on_a_terminal_and_never_in_what_a_program_reads(
    office: Office, alice: Person, tmp_path: Path
) -> None:
    file = tmp_path / "users.csv"
    file.write_text(f"operator_id,mailbox\n{alice.operator},{alice.mailbox}\n")
    terminal, screen = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "--url", f"{office.stack.host.url}/api"),
        *("--json", "operators", "import", str(file), "--dry-run"),
        cwd=_PROJECT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=screen,
        env=os.environ | {"TERM": "xterm"},
    )
    out, _ = await process.communicate()
    os.close(screen)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert (process.returncode, json.loads(out)["created"]) == (0, 1)
    assert "looking" in shown
    assert "0/1" in shown or "1/1" in shown


async def test_a_person_at_a_terminal_is_asked_what_becomes_of_the_items(
    office: Office, alice: Person, tmp_path: Path
) -> None:
    await alice.switch_on()
    file = tmp_path / "off.csv"
    file.write_text(f"operator_id,email_sync\n{alice.operator},no\n")
    words = ("operators", "import", str(file))
    status, asked, text, _ = await exsync_at_terminal(office.stack, *words, asks="[keep]", answer="keep")
    assert "1 operator to be switched off: keep the items" in asked
    assert (status, "email_sync true → false\n" in text) == (0, True)

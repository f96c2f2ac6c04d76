"""Tables that a person reads: narrow or piped, nothing in them is cut, and an empty one says so."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from cli import session
from cli.remote import Remote
from shared.model.failures import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
NOBODY = session.Session(Remote("http://127.0.0.1:7071/api", ""), as_json=False)


def test_in_a_narrow_terminal_a_long_id_goes_on_in_the_next_line(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(session, "out", Console(file=shown, width=24))
    session.show_rows(NOBODY, [{"id": "0123456789" * 3, "code": "impersonation-denied"}], ("id", "code"))
    cells = [line[:12] for line in shown.getvalue().splitlines()[1:]]
    assert "".join("".join(cells).split()) == "0123456789" * 3


def test_what_another_program_reads_has_a_line_for_each_row() -> None:
    words = (sys.executable, "-m", "cli", "failures", "catalogue")
    asked = subprocess.run(words, cwd=ROOT, env={"COLUMNS": "60"}, capture_output=True, text=True, check=True)
    lines = asked.stdout.splitlines()
    assert len(lines) == len(REGISTRY) + 1
    assert all(entry.cause in line for entry, line in zip(REGISTRY.values(), lines[1:], strict=True))
    assert "\x1b" not in asked.stdout


def test_that_there_is_nothing_is_said_to_people_and_not_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    session.show_rows(NOBODY, [], ("id",), none="Nothing fails just now.")
    assert capsys.readouterr() == ("", "Nothing fails just now.\n")
    session.show_rows(session.Session(NOBODY.remote, as_json=True), [], ("id",), none="Nothing fails just now.")
    assert capsys.readouterr().err == ""

"""A table loses nothing: not where the terminal is narrow, and not where a program reads it."""

import io

import pytest
from rich.console import Console

from cli import session
from cli.remote import Remote
from cli.session import Session, show_rows

ROWS = [{"operator_id": "alice", "mailbox": f"{'a' * 60}@contoso.example", "detail": "words " * 20}]


def shown() -> None:
    show_rows(Session(Remote("http://127.0.0.1:9", ""), as_json=False), ROWS, ("operator_id", "mailbox", "detail"))


def test_a_row_is_one_line_where_no_terminal_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    shown()
    _, row = capsys.readouterr().out.splitlines()
    assert row.split()[:2] == ["alice", ROWS[0]["mailbox"]]
    assert row.count("words") == 20


def test_a_narrow_terminal_folds_what_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(session, "out", Console(file=screen, force_terminal=True, width=40))
    shown()
    assert max(len(line) for line in screen.getvalue().splitlines()[1:]) == 40
    assert screen.getvalue().count("words") == 20
    assert "…" not in screen.getvalue()

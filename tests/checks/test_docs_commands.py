"""Every command has its place in the documentation, and the documentation names no command that there is not."""

import re
import subprocess
import sys
from pathlib import Path

import typer
from typer.main import get_command

from cli.__main__ import app

ROOT = Path(__file__).resolve().parents[2]


def _commands() -> set[str]:
    """All commands of `exsync`, `operators set` and the like."""
    root = get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    names: set[str] = set()
    for name, command in root.commands.items():
        below = getattr(command, "commands", None)
        names |= {f"{name} {each}" for each in below} if below else {name}
    return names


def test_every_command_of_exsync_is_in_operations() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    missing = {name for name in _commands() if f"exsync {name}" not in page}
    assert not missing


def test_operations_and_readme_name_only_commands_of_exsync_that_there_are() -> None:
    pages = "".join((ROOT / name).read_text() for name in ("README.md", "docs/operations.md"))
    groups = {name.split()[0] for name in _commands() if " " in name}
    named = set(re.findall(rf"exsync ((?:{'|'.join(groups)}) [a-z]+|[a-z]+)", pages))
    assert named <= _commands() | groups


def test_every_command_of_dev_is_in_the_readme() -> None:
    asked = subprocess.run([sys.executable, ROOT / "dev", "--help"], capture_output=True, text=True, check=True)
    commands = set(re.findall(r"^  (\w+) ", asked.stdout, re.MULTILINE))
    assert {"demo", "serve", "test", "check", "bench", "exsync"} <= commands
    page = (ROOT / "README.md").read_text()
    assert not {name for name in commands if f"./dev {name}" not in page}

"""A text that names a command of `exsync`, a remedy above all, names one that there is, with options that it has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from cli.__main__ import app

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("shared", "cli", "http_api")
COMMAND = re.compile(r"\bexsync ([^`\n]*)")
FILLED_IN = "X"


def texts(path: Path) -> Iterator[str]:
    """Every text that a module holds, each whole; what an f-string fills in is FILLED_IN."""
    parts: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts |= {id(each) for each in node.values}
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else FILLED_IN for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def wrong(words: list[str]) -> str:
    """What is wrong with the words behind `exsync`; empty where nothing is."""
    command: TyperCommand | TyperGroup = get_command(app)  # type: ignore[assignment]
    words = [word.strip("'\",.;:()[]") for word in words]
    while words and isinstance(command, TyperGroup):
        word = words[0]
        if option := _option(command, word):
            words = words[1 if option.is_flag else 2 :]
        elif below := command.commands.get(word):
            command, words = below, words[1:]  # type: ignore[assignment]
        else:
            return word if re.fullmatch(r"(--)?[a-z-]+", word) else ""
    return next((word for word in words if re.match("--[a-z]", word) and not _option(command, word)), "")


def _option(command: TyperCommand | TyperGroup, word: str) -> TyperOption | None:
    name = word.partition("=")[0]
    found = [each for each in command.params if isinstance(each, TyperOption)]
    return next((each for each in found if name in (*each.opts, *each.secondary_opts)), None)


def faults(text: str) -> list[str]:
    return [f"exsync {found[1]}: {fault}" for found in COMMAND.finditer(text) if (fault := wrong(found[1].split()))]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_command_in_a_text_of_the_code_is_there_with_its_options(folder: str) -> None:
    modules = sorted((ROOT / folder).rglob("*.py"))
    found = {f"{path.relative_to(ROOT)}: {fault}" for path in modules for text in texts(path) for fault in faults(text)}
    assert not found


def test_every_command_in_the_documentation_is_there_with_its_options() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = {f"{page.name}: {fault}" for page in pages for fault in faults(page.read_text(encoding="utf-8"))}
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "`exsync operator list` lists them",
        "`exsync operators lists`",
        "`exsync failures list --cod x`",
        "exsync --json --urk x status",
    ],
)
def test_a_misprinted_command_is_found(text: str) -> None:
    assert faults(text)


def test_what_an_f_string_fills_in_is_no_fault(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('A = f"`exsync sync {who} --kind {kind}`, "\n', encoding="utf-8")
    (text,) = texts(module)
    assert text == "`exsync sync X --kind X`, "
    assert not faults(text)

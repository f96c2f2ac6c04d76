"""What says which app and which form stands before a command or behind it; help, completion and pages know it."""

import json
from typing import Any

import pytest
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from cli.__main__ import app as command
from cli.anywhere import is_shared
from tests.cli.conftest import Answer, App
from tests.cli.test_completion import run as completed
from tests.cli.test_deployed_app import LISTED, exsync

ONE = Answer(body={"items": [{"operator_id": "alice", "mailbox": "alice@contoso.example"}], "next": None})


@pytest.mark.parametrize(
    "words",
    [
        "--url URL --key k1 --json operators list",
        "operators list --url URL --key k1 --json",
        "operators --json list --url=URL --key=k1",
        "--json operators --url URL list --key k1",
    ],
)
def test_these_options_stand_anywhere(app: App, words: str) -> None:
    app.says(LISTED, ONE)
    status, text = exsync(*words.replace("URL", app.url).split())
    assert (status, json.loads(text)[0]["operator_id"]) == (0, "alice")
    assert app.asked[0][2]["x-functions-key"] == "k1"


def test_a_profile_may_stand_behind_and_counts_less_than_the_line(app: App) -> None:
    app.says(LISTED, ONE)
    exsync("profile", "add", "gone", "--url", "http://127.0.0.1:9/api")
    assert exsync("operators", "list", "--profile", "gone", "--url", app.url)[0] == 0


def test_the_value_of_a_commands_own_option_is_never_taken_for_one_of_them(app: App) -> None:
    app.says("GET /api/operators?limit=200&search=--json", Answer(body={"items": [], "next": None}))
    assert exsync("operators", "list", "--search", "--json", "--url", app.url)[0] == 0


def test_one_without_its_value_is_wrong_usage() -> None:
    status, text = exsync("operators", "list", "--url")
    assert (status, "requires an argument" in text) == (2, True)


def test_behind_two_hyphens_nothing_is_moved(app: App) -> None:
    app.says("GET /api/operators/--json/status", Answer(body={"kinds": {}}))
    assert exsync("status", "--url", app.url, "--", "--json")[0] == 0


def test_no_command_has_one_of_its_own_by_the_same_name() -> None:
    root = get_command(command)
    shared = {name for each in root.params for name in each.opts}
    assert {f"{one}: {name}" for one, each in _commands(root) for name in _own(each) if name in shared} == set()


def test_help_and_completion_of_a_command_know_them() -> None:
    assert "Options of every command" in exsync("status", "--help")[1]
    offered = completed(_EXSYNC_COMPLETE="complete_bash", COMP_WORDS="exsync status --", COMP_CWORD="2")
    assert {"--json", "--url", "--profile", "--all"} <= set(offered.split())
    behind = "exsync --json operators list --url x --se"
    offered = completed(_EXSYNC_COMPLETE="complete_bash", COMP_WORDS=behind, COMP_CWORD="6")
    assert offered.split() == ["--search"]


def _commands(group: Any, name: str = "exsync") -> list[tuple[str, TyperCommand]]:
    if isinstance(group, TyperGroup):
        return [one for below, each in group.commands.items() for one in _commands(each, f"{name} {below}")]
    return [(name, group)]


def _own(one: TyperCommand) -> list[str]:
    options = [each for each in one.params if isinstance(each, TyperOption) and not is_shared(each)]
    return [name for each in options for name in (*each.opts, *each.secondary_opts)]


def test_programs_get_one_document_wherever_they_ask_for_it() -> None:
    assert json.loads(exsync("failures", "explain", "mailbox-unknown", "--json")[1])[0]["code"] == "mailbox-unknown"
    assert json.loads(exsync("failures", "catalogue", "--json")[1])

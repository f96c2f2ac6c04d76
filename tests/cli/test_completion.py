"""Completion in the shells that people use: the script is printed, and a run of it answers with the commands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str, **environment: str) -> str:
    """What `exsync` prints, in a process of its own as a shell would start it."""
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", **environment}
    command = [sys.executable, "-m", "cli", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("bash", "complete -o default -F _exsync_completion exsync"),
        ("zsh", "compdef _exsync_completion exsync"),
        ("powershell", "Register-ArgumentCompleter -Native -CommandName exsync"),
        ("pwsh", "Register-ArgumentCompleter -Native -CommandName exsync"),
    ],
)
def test_each_shells_script_is_printed(shell: str, registers: str) -> None:
    script = run("--show-completion", shell)
    assert registers in script
    assert f"complete_{'powershell' if shell == 'pwsh' else shell}" in script or f"complete_{shell}" in script


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", {"COMP_WORDS": "exsync oper", "COMP_CWORD": "1"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "exsync oper"}),
        ("powershell", {"_TYPER_COMPLETE_ARGS": "exsync oper", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "oper"}),
    ],
)
def test_a_beginning_is_completed(shell: str, line: dict[str, str]) -> None:
    offered = run(_EXSYNC_COMPLETE=f"complete_{shell}", **line)
    assert "operators" in offered
    assert "settings" not in offered


def test_options_and_commands_of_a_group_are_completed() -> None:
    offered = run(_EXSYNC_COMPLETE="complete_bash", COMP_WORDS="exsync trust ", COMP_CWORD="2")
    assert set(offered.split()) >= {"list", "add", "remove", "fetch"}
    assert "--operator" in run(_EXSYNC_COMPLETE="complete_bash", COMP_WORDS="exsync doctor --", COMP_CWORD="2")


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_itself_completes_with_the_script(tmp_path: Path) -> None:
    exsync = tmp_path / "exsync"
    exsync.write_text(f'#!/bin/sh\ncd "{ROOT}" && exec "{sys.executable}" -m cli "$@"\n')
    exsync.chmod(0o755)
    script = f"{run('--show-completion', 'bash')}\nCOMP_WORDS=(exsync oper) COMP_CWORD=1\n_exsync_completion exsync\n"
    script += 'printf "%s\\n" "${COMPREPLY[@]}"\n'
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["operators"], done.stderr

"""`./dev` and the locks: what a fresh machine is told, and that what is installed is pinned and tied to no machine."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT_FILES = ("dev", "requirements.txt", "requirements-dev.txt", "package.json", "package-lock.json", ".npmrc")
PINNED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[0-9][A-Za-z0-9.+!]*)")


def pinned_names(lock: str) -> set[str]:
    """The packages of a lock file. Every line must be a comment, the other lock, or one exact version."""
    names = set()
    for line in (ROOT / lock).read_text().splitlines():
        if line.startswith("#") or line == "-r requirements.txt":
            continue
        match = PINNED.fullmatch(line)
        assert match is not None, f"{lock}: {line!r} is not name==version"
        names.add(canonical(match["name"]))
    return names


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def project() -> dict[str, Any]:
    document: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return document


def test_the_locks_cover_what_the_project_names() -> None:
    app, dev = pinned_names("requirements.txt"), pinned_names("requirements-dev.txt")
    assert {canonical(name) for name in project()["dependencies"]} <= app
    assert {canonical(name) for name in project()["optional-dependencies"]["dev"]} <= app | dev
    assert app.isdisjoint(dev)
    assert "-r requirements.txt" in (ROOT / "requirements-dev.txt").read_text().splitlines()


def test_what_is_only_for_development_is_not_deployed() -> None:
    assert pinned_names("requirements.txt").isdisjoint(
        {"pytest", "ruff", "mypy", "exchangelib", "azure-functions-runtime"}
    )


def test_the_npm_lock_pins_azurite_and_names_no_registry_and_no_path() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = lock["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("integrity" in one for name, one in packages.items() if name)
    assert not [name for name, one in packages.items() if "resolved" in one or "link" in one]


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_every_command(arguments: list[str]) -> None:
    shown = run_dev(ROOT, *arguments)
    assert shown.returncode == 0
    for command in load_dev(ROOT).COMMANDS:
        assert re.search(rf"^  {command}\b", shown.stdout, re.MULTILINE)


def test_an_unknown_command_is_refused_with_the_help() -> None:
    shown = run_dev(ROOT, "dmeo")
    assert shown.returncode == 2
    assert "no command 'dmeo'" in shown.stderr and "demo" in shown.stderr


def test_the_exit_status_is_the_commands_own(tmp_path: Path) -> None:
    failing = tmp_path / "test_failing.py"
    failing.write_text("def test_it(): assert False\n")
    assert run_dev(ROOT, "test", "--version").returncode == 0
    assert run_dev(ROOT, "test", "-q", "--rootdir", str(tmp_path), "-c", os.devnull, str(failing)).returncode == 1


def test_a_missing_python_is_told(fresh: Path) -> None:
    shown = run_dev(fresh, "setup", path=fresh / "nothing", home=fresh)
    assert shown.returncode == 1
    assert "Python 3.13 or later is missing" in shown.stderr


def test_a_missing_node_is_told(fresh: Path) -> None:
    dev = load_dev(fresh)
    dev.VENV_PYTHON.parent.mkdir(parents=True)
    dev.VENV_PYTHON.symlink_to(sys.executable)
    dev.mark_current(dev.VENV, dev.PYTHON_LOCKS)
    shown = run_dev(fresh, "setup", path=fresh / "nothing")
    assert shown.returncode == 1
    assert "Node.js with npm is missing" in shown.stderr


def test_a_shim_that_does_not_run_and_an_old_python_are_passed_over(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_folder, home = fresh / "bin", fresh / "home"
    executable(bin_folder / "python3.13", "exit 127")
    executable(bin_folder / "python3.14", "exit 1")  # as an old Python answers the question for its version
    good = executable(home / ".pyenv/versions/3.13.9/bin/python3", f'exec "{sys.executable}" "$@"')
    monkeypatch.setenv("PATH", str(bin_folder))
    monkeypatch.setenv("HOME", str(home))
    assert load_dev(fresh).find_python() == good


def test_a_set_up_is_current_until_a_lock_changes(fresh: Path) -> None:
    dev = load_dev(fresh)
    dev.VENV_PYTHON.parent.mkdir(parents=True)
    dev.VENV_PYTHON.touch()
    assert not dev.is_current(dev.VENV, dev.PYTHON_LOCKS, dev.VENV_PYTHON)
    dev.mark_current(dev.VENV, dev.PYTHON_LOCKS)
    assert dev.is_current(dev.VENV, dev.PYTHON_LOCKS, dev.VENV_PYTHON)
    with (fresh / "requirements-dev.txt").open("a") as lock:
        lock.write("another==1.0\n")
    assert not dev.is_current(dev.VENV, dev.PYTHON_LOCKS, dev.VENV_PYTHON)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The project as on a machine where nothing is set up."""
    for name in PROJECT_FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "nothing").mkdir()
    return tmp_path


def executable(path: Path, command: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
    return path


def load_dev(root: Path) -> Any:
    """The script as a module, for the project in `root`."""
    loader = importlib.machinery.SourceFileLoader("dev_script", str(root / "dev"))
    spec = importlib.util.spec_from_loader("dev_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def run_dev(
    root: Path, *arguments: str, path: Path | None = None, home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    changed = {name: str(value) for name, value in (("PATH", path), ("HOME", home)) if value is not None}
    return subprocess.run(
        [sys.executable, str(root / "dev"), *arguments],
        env={**os.environ, **changed},
        capture_output=True,
        text=True,
        check=False,
    )

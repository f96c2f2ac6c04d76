"""docs/settings.md, docs/failures.md and docs/cli.md say what the code says, and the tables know every code that is raised."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devtools.command_page import command_page
from devtools.reference_pages import DOCS, failures_page, settings_page
from shared.model.failures import REGISTRY, FailureClass, Owner, failure
from shared.model.setting_names import names_there
from shared.model.setting_table import SETTINGS
from shared.settings import ENVIRONMENT
from shared.wire.ews.faults import ALL_CODES

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("shared", "http_api", "http_health", "push_listener", "queue_collections", "queue_shards", "queue_poison")
CLASSES = {
    "Transient": FailureClass.TRANSIENT,
    "Resync": FailureClass.RESYNC,
    "Reconfigure": FailureClass.RECONFIGURE,
    "Permanent": FailureClass.PERMANENT,
    "Invalid": FailureClass.INPUT,
}
IN_TWO_CLASSES = {"setting-invalid"}
"""A document that is refused when it is sent, and one found in storage that this version cannot read."""


def codes_in(path: Path) -> Iterator[tuple[str, str]]:
    """Class and code of the errors and problem documents that a file makes: `Class("code", …)` and `(Class, "code")`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(code)), *_]):
                pass
            case ast.Tuple(elts=[ast.Name(id=name), ast.Constant(value=str(code)), *_]):
                pass
            case _:
                continue
        if name in CLASSES or name in ("problem", "failure"):
            yield name, code


def test_whoever_moves_finds_every_name_of_the_earlier_product() -> None:
    page = (DOCS / "moving.md").read_text(encoding="utf-8").lower()
    assert [name for name in names_there() if name.lower() not in page] == []


def test_every_schedule_is_among_the_schedules() -> None:
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    schedules = {each.name: each.default for each in ENVIRONMENT if each.name.startswith("SCHEDULE_")}
    assert [name for name, usual in schedules.items() if f"| `{name}` | `{usual}` |" not in page] == []


@pytest.fixture(scope="module")
def raised() -> set[tuple[str, str, str]]:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return {
        (str(path.relative_to(ROOT)), name, code)
        for path in files
        if path.name != "setting_problems.py"  # there `problem` names a setting
        for name, code in codes_in(path)
    }


@pytest.mark.parametrize(
    ("name", "page"), [("settings.md", settings_page), ("failures.md", failures_page), ("cli.md", command_page)]
)
def test_the_page_is_what_its_table_says(name: str, page: Callable[[], str]) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == page(), "run: python -m devtools.reference_pages"


def test_every_code_that_is_raised_is_in_the_registry(raised: set[tuple[str, str, str]]) -> None:
    assert raised
    assert not [each for each in sorted(raised) if each[2] not in REGISTRY]


def test_every_code_is_raised_as_what_the_registry_says(raised: set[tuple[str, str, str]]) -> None:
    others = [
        each
        for each in sorted(raised)
        if each[1] in CLASSES and each[2] in REGISTRY and each[2] not in IN_TWO_CLASSES
        if REGISTRY[each[2]].failure_class is not CLASSES[each[1]]
    ]
    assert not others


def test_every_code_of_the_wire_is_in_the_registry() -> None:
    assert set(REGISTRY) >= ALL_CODES


def test_every_failure_says_what_to_do_and_who_can() -> None:
    for entry in REGISTRY.values():
        assert entry.cause.endswith("."), entry.code
        assert entry.remedy.strip(), entry.code
        assert isinstance(entry.owner, Owner)


def test_a_remedy_names_only_settings_that_there_are() -> None:
    names = {setting.name for setting in SETTINGS}
    for entry in REGISTRY.values():
        for word in entry.remedy.split("`")[1::2]:
            if word.startswith(("connections.", "email.", "notifications.", "attachments.")) and " " not in word:
                assert word in names, f"{entry.code}: {word}"


def test_a_code_of_a_newer_worker_is_shown_under_its_name() -> None:
    assert failure("never-heard-of").code == "never-heard-of"

"""Who may import whom (DESIGN 5), without cycles, and with a reason for each import inside a function.

The rule is checked on the source text; nothing is imported. An import for type checkers alone counts like any other:
who reads the one file needs the other. Each finding is `file:line: what is wrong`.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ("errors", "model", "settings", "wire", "ports", "flows", "adapters", "compose")
TRIGGERS = ("push_", "timer_", "queue_", "http_")
FREE = ("devtools", "bench", "tests")
MAY_IMPORT = {
    "errors": {"errors"},
    "model": {"model", "errors"},
    "settings": {"settings", "errors"},
    "wire": {"wire", "model", "errors"},
    "ports": {"ports", "model", "errors"},
    "flows": {"flows", "ports", "wire", "model", "errors"},
    "adapters": {"adapters", "ports", "wire", "model", "errors", "settings"},
    "compose": set(SHARED),
    "trigger": {"compose", "flows", "model", "errors"},
    "cli": {"cli", "compose", "flows", "model", "errors"},
    "function_app": {"trigger"},
}
# What these layers may import that is not ours, beside the standard library: the world stays in adapters (STYLE 9).
FOREIGN: dict[str, set[str]] = {
    "errors": set(),
    "model": set(),
    "settings": set(),
    "ports": set(),
    "flows": set(),
    "wire": {"lxml"},
}


@dataclass(frozen=True)
class Import:
    """One imported module, as written at `file:line`."""

    module: str
    line: int
    inside_function: bool


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name and what it imports."""

    name: str
    path: Path
    imports: tuple[Import, ...]


def modules(root: Path) -> dict[str, Module]:
    """All of the project's modules by dotted name."""
    files = [path for path in root.rglob("*.py") if not _is_hidden(path.relative_to(root))]
    names = {_dotted(path.relative_to(root)): path for path in files}
    return {name: Module(name, path, tuple(_imports(name, path, set(names)))) for name, path in names.items()}


def layer_of(name: str) -> str:
    """The row of DESIGN 5's table that a module belongs to, "" for what is not ours."""
    parts = name.split(".")
    if parts[0] == "shared":
        return parts[1] if len(parts) > 1 and parts[1] in SHARED else "shared"
    if parts[0].startswith(TRIGGERS):
        return "trigger"
    return parts[0] if parts[0] in (*FREE, "cli", "function_app") else ""


def forbidden_imports(found: dict[str, Module], root: Path) -> list[str]:
    """Imports that the table does not allow."""
    return [
        f"{module.path.relative_to(root)}:{each.line}: {layer_of(module.name)} may not import {each.module}"
        for module in found.values()
        for each in module.imports
        if not _is_allowed(module.name, each.module, ours=set(found))
    ]


def unexplained_imports(found: dict[str, Module], root: Path) -> list[str]:
    """Imports inside functions without a comment on the line, or above it, that says why."""
    return [
        f"{module.path.relative_to(root)}:{each.line}: import inside a function without a comment that says why"
        for module in found.values()
        for each in module.imports
        if each.inside_function and not _is_explained(module.path, each.line)
    ]


def import_cycle(found: dict[str, Module]) -> list[str]:
    """One cycle of imports as a list of modules, empty where there is none."""
    graph = {name: {each.module for each in module.imports if each.module in found} for name, module in found.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(name) for name in reversed(error.args[1])]
    return []


def shadowing_names(root: Path) -> list[str]:
    """Top-level folders and modules named as something that Python or an installed package has already."""
    taken = set(sys.stdlib_module_names) | set(packages_distributions())
    ours = {name.split(".")[0] for name in modules(root)}
    return sorted(ours & taken)


def _is_allowed(importer: str, imported: str, *, ours: set[str]) -> bool:
    layer, target = layer_of(importer), layer_of(imported)
    if layer in (*FREE, ""):
        return True
    if imported not in ours:
        top = imported.split(".")[0]
        return layer not in FOREIGN or top in sys.stdlib_module_names or top in FOREIGN[layer]
    if layer == target == "trigger":
        return importer.split(".")[0] == imported.split(".")[0]
    return target == "shared" or target in MAY_IMPORT.get(layer, set())


def _imports(name: str, path: Path, ours: set[str]) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    inside = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        for module in _imported(node, name, is_package=path.name == "__init__.py", ours=ours):
            yield Import(module, node.lineno, id(node) in inside)  # type: ignore[attr-defined]


def _imported(node: ast.AST, importer: str, *, is_package: bool, ours: set[str]) -> list[str]:
    """The modules an import statement names: `from a import b` means a.b where that is a module, else a."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    package = importer.split(".")[: None if is_package else -1]
    above = package[: len(package) + 1 - node.level] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" if f"{base}.{alias.name}" in ours else base for alias in node.names]


def _is_explained(path: Path, line: int) -> bool:
    lines = path.read_text(encoding="utf-8").splitlines()
    if "#" in lines[line - 1]:
        return True
    above = line - 2
    while above >= 0 and lines[above].strip().startswith(("import ", "from ")):
        above -= 1
    return above >= 0 and lines[above].strip().startswith("#")


def _dotted(relative: Path) -> str:
    parts = relative.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in relative.parts)


@pytest.fixture(scope="module")
def project() -> dict[str, Module]:
    return modules(ROOT)


def test_every_import_is_one_that_the_table_allows(project: dict[str, Module]) -> None:
    findings = forbidden_imports(project, ROOT)
    assert not findings, "\n".join(findings)


def test_no_module_imports_itself_by_way_of_others(project: dict[str, Module]) -> None:
    cycle = import_cycle(project)
    assert not cycle, " → ".join(cycle)


def test_imports_inside_functions_say_why(project: dict[str, Module]) -> None:
    findings = unexplained_imports(project, ROOT)
    assert not findings, "\n".join(findings)


def test_no_folder_hides_a_library() -> None:
    assert shadowing_names(ROOT) == []


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("shared/errors.py", "import shared.model.facts"),
        ("shared/model/facts.py", "from shared import ports"),
        ("shared/model/facts.py", "import httpx"),
        ("shared/settings.py", "from shared.model import facts"),
        ("shared/wire/ews/item.py", "from ...adapters import tables"),
        ("shared/ports.py", "from shared.flows.story import tell"),
        ("shared/flows/story.py", "def late():\n    from shared.adapters.tables import Rows"),
        ("shared/flows/story.py", "from azure.core import MatchConditions"),
        ("shared/adapters/tables.py", "from shared.flows import story"),
        ("http_api/routes.py", "from shared.adapters import tables"),
        ("http_api/routes.py", "from shared import ports"),
        ("http_api/routes.py", "from timer_sync import function"),
        ("cli/main.py", "import shared.wire.ews.item"),
        ("function_app.py", "from shared import compose"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, file: str, text: str) -> None:
    names = ("errors", "settings", "ports", "compose", "model/facts", "wire/ews/item", "flows/story", "adapters/tables")
    _write(tmp_path, {f"shared/{name}.py": "" for name in names} | {"timer_sync/function.py": ""})
    assert forbidden_imports(modules(tmp_path), tmp_path) == []
    _write(tmp_path, {file: text})
    (finding,) = forbidden_imports(modules(tmp_path), tmp_path)
    assert finding.startswith(f"{file}:{len(text.splitlines())}: ")


def test_allowed_imports_are_allowed(tmp_path: Path) -> None:
    story = "import asyncio\nfrom shared.ports import Rows\nfrom . import other\nfrom ..errors import Conflict"
    _write(
        tmp_path,
        {
            "shared/errors.py": "",
            "shared/ports.py": "from shared.errors import Conflict",
            "shared/flows/__init__.py": "",
            "shared/flows/other.py": "",
            "shared/flows/story.py": story,
            "shared/adapters/tables.py": "from azure.core import MatchConditions\nfrom shared.ports import Rows",
            "shared/compose.py": "from shared.adapters import tables\nfrom shared.flows import story",
            "timer_sync/__init__.py": "from timer_sync.function import blueprint",
            "timer_sync/function.py": "import azure.functions\nfrom shared.compose import tables",
            "function_app.py": "import azure.functions\nfrom timer_sync import blueprint",
            "tests/test_story.py": "from shared.adapters.tables import Rows\nimport timer_sync.function",
        },
    )
    assert forbidden_imports(modules(tmp_path), tmp_path) == []
    assert import_cycle(modules(tmp_path)) == []


def test_a_cycle_is_found(tmp_path: Path) -> None:
    _write(tmp_path, {"cli/one.py": "from cli import two", "cli/two.py": "import cli.three", "cli/three.py": ""})
    assert import_cycle(modules(tmp_path)) == []
    _write(tmp_path, {"cli/three.py": "def late():\n    from . import one"})
    assert set(import_cycle(modules(tmp_path))) == {"cli.one", "cli.two", "cli.three"}


def test_an_import_inside_a_function_needs_a_comment(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "cli/why.py": "def late():\n    # heavy: 200 ms\n    import lxml\n    import httpx\n",
            "cli/here.py": "def late():\n    import lxml  # heavy: 200 ms\n",
            "cli/bare.py": "async def late():\n    import lxml\n",
        },
    )
    findings = unexplained_imports(modules(tmp_path), tmp_path)
    assert findings == ["cli/bare.py:2: import inside a function without a comment that says why"]


def test_a_shadowing_folder_is_found(tmp_path: Path) -> None:
    _write(tmp_path, {"email/one.py": "", "httpx/two.py": "", "queue.py": "", "shared/email.py": ""})
    assert shadowing_names(tmp_path) == ["email", "httpx", "queue"]

"""`NAME=VALUE` as people write it at a terminal, read as a patch of the settings document."""

import json
from collections.abc import Sequence
from typing import Any

import typer

from shared.model.setting_names import generic
from shared.model.setting_table import BY_NAME, Setting


def read_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """The nested patch that these words stand for. Raises BadParameter for what is no assignment."""
    patch: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f'"{assignment}": write NAME=VALUE')
        _put(patch, name.strip().split("."), _value(name.strip(), value))
    return patch


def _put(patch: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        patch = patch.setdefault(name, {})
        if not isinstance(patch, dict):
            raise typer.BadParameter(f'"{".".join(path)}": "{name}" is given twice, once as a value')
    if path[-1] in patch:
        raise typer.BadParameter(f'"{path[-1]}" is given twice')
    patch[path[-1]] = value


def _value(name: str, text: str) -> Any:
    """JSON, else the text; of what is both, like the number of a tenant, what the setting takes."""
    try:
        value = json.loads(text, parse_constant=_no_number)
    except ValueError:
        return text
    setting = BY_NAME.get(generic(name))
    is_text = setting is not None and value is not None and not _takes(setting, value) and _takes(setting, text)
    return text if is_text else value


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _takes(setting: Setting, value: Any) -> bool:
    try:
        setting.read(value)
    except ValueError:
        return False
    return True

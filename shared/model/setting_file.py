"""A file with settings of the earlier product, read liberally: JSON, lines of NAME=VALUE, or CSV with two columns.

Nobody exports these in one form: they are copied from forms, from a wiki, from a spreadsheet. What a name means is
decided elsewhere (`setting_import.py`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import Invalid
from shared.model.configuration import is_too_deep
from shared.model.setting_names import folded

LARGEST = 1024 * 1024
_ZIPPED = b"PK\x03\x04"
"""What an Excel workbook begins with."""
_SEPARATORS = "=:,;\t"
_QUOTED = re.compile(rf'"((?:[^"]|"")*)"\s*[{_SEPARATORS}]\s*(.*)')
_PLAIN = re.compile(rf"([^{_SEPARATORS}]+)[{_SEPARATORS}]\s*(.*)")
_NAMES = ("name", "setting", "settingname", "field", "label", "purpose", "settingpurpose", "key")
_VALUES = ("value", "settingvalue", "currentvalue")


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting as it is written there. `line` counts from 1; in JSON it counts the entries."""

    line: int
    name: str
    value: Any


def read_settings_file(content: bytes) -> tuple[Entry, ...]:
    """The settings in a file. Raises Invalid("settings-file-invalid") that says why it has none."""
    if len(content) > LARGEST:
        raise Invalid("settings-file-invalid", f"{len(content)} bytes are more than any file of settings has")
    text = _decoded(content).strip("\ufeff")
    if content.startswith(_ZIPPED) or "\0" in text:
        raise Invalid("settings-file-invalid", "it is no text (an Excel workbook?); save it as CSV")
    entries = tuple(_of_json(text) if text.lstrip()[:1] in ("{", "[") else _of_lines(text))
    if not entries:
        raise Invalid("settings-file-invalid", "there is no setting in it")
    return entries


def _decoded(content: bytes) -> str:
    """UTF-8; UTF-16 by its mark; else what Windows saves by itself in the West."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _of_json(text: str) -> Iterator[Entry]:
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Invalid("settings-file-invalid", f"it begins like JSON and is none: {error}") from error
    if is_too_deep(document):
        raise Invalid("settings-file-invalid", "it is nested deeper than any settings")
    for number, (name, value) in enumerate(_members(document), 1):
        yield Entry(number, name, value)


def _members(document: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Members at any depth, dotted; a list of objects with a name and a value is as good as an object."""
    if isinstance(document, list):
        for record in document:
            by_name = {folded(str(key)): value for key, value in record.items()} if isinstance(record, Mapping) else {}
            name = next((by_name[each] for each in _NAMES if each in by_name), None)
            value = next((by_name[each] for each in _VALUES if each in by_name), None)
            if not isinstance(name, str):
                raise Invalid("settings-file-invalid", 'a list must be of objects like {"name": …, "value": …}')
            yield name, value
    elif isinstance(document, Mapping):
        for name, value in document.items():
            if isinstance(value, Mapping) or _is_list_of_objects(value):
                yield from _members(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", value


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _of_lines(text: str) -> Iterator[Entry]:
    for number, written in enumerate(text.splitlines(), 1):
        line = written.strip()
        if not line or line.startswith(("#", "//", "[", "sep=")):
            continue
        found = _QUOTED.fullmatch(line) or _PLAIN.fullmatch(line)
        name = found[1].replace('""', '"').strip() if found else line
        value = _unquoted(found[2]) if found else None
        if not (folded(name) in _NAMES and isinstance(value, str) and folded(value) in _VALUES):  # the heads of columns
            yield Entry(number, name, value)


def _unquoted(text: str) -> str:
    """The second column without its quotes, and without columns after it that are empty."""
    value = text.strip()
    if quoted := re.fullmatch(r'"((?:[^"]|"")*)"[\s,;]*', value):
        return quoted[1].replace('""', '"').strip()
    return value.rstrip(",;").strip()

"""The lines of iCalendar (RFC 5545 3.1): unfolded and taken apart, or escaped and folded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^;:]*)')
_NAME = re.compile(r"[A-Za-z0-9-]+")
_MOST_OCTETS = 75


@dataclass(frozen=True, slots=True)
class Line:
    """One content line; names are upper case, the value is as it was written."""

    name: str
    value: str
    parameters: dict[str, str] = field(default_factory=dict)


def read_lines(raw: bytes) -> list[Line]:
    """Read every content line; what is none is left out."""
    unfolded = re.sub(r"\r?\n[ \t]", "", raw.decode("utf-8", "replace"))
    found = (_line(one) for one in unfolded.splitlines())
    return [one for one in found if one is not None]


def _line(text: str) -> Line | None:
    name = _NAME.match(text)
    if name is None:
        return None
    at, parameters = name.end(), dict[str, str]()
    while (one := _PARAMETER.match(text, at)) is not None:
        parameters[one[1].upper()] = one[2].strip('"')
        at = one.end()
    return Line(name[0].upper(), text[at + 1 :], parameters) if text[at : at + 1] == ":" else None


def component(lines: Iterable[Line], name: str) -> tuple[list[Line], list[list[Line]]]:
    """Give the lines of the first component of a name, and those of each component inside it."""
    own: list[Line] = []
    inside: list[list[Line]] = []
    stack: list[str] = []
    for line in lines:
        if line.name == "BEGIN" and (stack or line.value.upper() == name):
            stack.append(line.value.upper())
            if len(stack) == 2:
                inside.append([Line("BEGIN", line.value)])
        elif line.name == "END" and stack:
            stack.pop()
            if not stack:
                break
        elif stack:
            (own if len(stack) == 1 else inside[-1]).append(line)
    return own, inside


def plain(value: str) -> str:
    """Take the escapes out of a text."""
    return re.sub(r"\\(.)", lambda one: "\r\n" if one[1] in "nN" else one[1], value)


def texts(value: str) -> list[str]:
    """Take a list of texts apart."""
    return [plain(one) for one in re.split(r"(?<!\\),", value) if one]


def escaped(value: str) -> str:
    """Write a text."""
    return re.sub(r"([\\,;])", r"\\\1", value).replace("\r\n", "\\n").replace("\n", "\\n")


def folded(lines: Iterable[str]) -> bytes:
    """Write lines, none of them longer than 75 octets, and no character in two."""
    written = bytearray()
    for line in lines:
        length = 0
        for character in line:
            octets = character.encode()
            if length + len(octets) > _MOST_OCTETS:
                written += b"\r\n "
                length = 1
            written += octets
            length += len(octets)
        written += b"\r\n"
    return bytes(written)

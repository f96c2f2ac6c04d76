"""Which function an HTTP request belongs to: route templates as ASP.NET reads them. Pure.

A segment is a literal or one parameter: `{name}`, `{name:int}`, `{name?}`, and last `{*name}` for the rest of the path.
Literals win over parameters, parameters over the rest. A method that no route takes is a path that does not exist.
https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

_CONSTRAINTS = {
    "": r".+",
    "int": r"[+-]?\d{1,10}",
    "long": r"[+-]?\d{1,19}",
    "bool": r"(?i:true|false)",
    "alpha": r"[A-Za-z]+",
    "guid": r"[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}",
}
_PARAMETER = re.compile(r"\{(?P<rest>\*{0,2})(?P<name>\w+)(?::(?P<constraint>\w+))?(?P<optional>\??)\}")
_LITERAL, _CONSTRAINED, _FREE, _REST = range(4)


@dataclass(frozen=True, slots=True)
class Segment:
    rank: int
    text: str
    pattern: re.Pattern[str]
    optional: bool = False

    @property
    def takes_rest(self) -> bool:
        return self.rank == _REST


@dataclass(frozen=True, slots=True)
class Template:
    text: str
    segments: tuple[Segment, ...]

    @property
    def precedence(self) -> tuple[int, ...]:
        """Smaller is more specific, compared segment by segment."""
        return tuple(segment.rank for segment in self.segments)

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """The parameters when the path fits, else None. A missing optional parameter is absent."""
        values: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            if segment.takes_rest:
                if index < len(parts):
                    values[segment.text] = "/".join(parts[index:])
                return values
            if index == len(parts) and segment.optional:
                return values
            if index >= len(parts) or not segment.pattern.fullmatch(parts[index]):
                return None
            if segment.rank != _LITERAL:
                values[segment.text] = parts[index]
        return values if len(parts) == len(self.segments) else None


def parse_template(text: str) -> Template:
    """Parse a route template. Raises ValueError for what this host does not know."""
    words = [word for word in text.split("/") if word]
    segments = tuple(_parse_segment(word) for word in words)
    if any(segment.takes_rest or segment.optional for segment in segments[:-1]):
        raise ValueError(f"route {text!r}: only the last segment may be optional or take the rest of the path")
    return Template("/" + "/".join(words), segments)


def _parse_segment(word: str) -> Segment:
    match = _PARAMETER.fullmatch(word)
    if match is None:
        if "{" in word or "}" in word:
            raise ValueError(f"route segment {word!r} is not supported locally: one whole parameter per segment")
        return Segment(_LITERAL, word, re.compile(re.escape(word), re.IGNORECASE))
    constraint = match["constraint"] or ""
    if constraint not in _CONSTRAINTS:
        raise ValueError(f"route constraint {constraint!r} is not supported locally: use one of {_known_constraints()}")
    rank = _REST if match["rest"] else _CONSTRAINED if constraint else _FREE
    return Segment(rank, match["name"], re.compile(_CONSTRAINTS[constraint], re.DOTALL), bool(match["optional"]))


def _known_constraints() -> str:
    return ", ".join(name for name in _CONSTRAINTS if name)


def split_path(raw_path: str) -> list[str]:
    """The decoded segments of a path as it was sent; a slash at the end does not count.

    Quirk: ASP.NET decodes everything but %2F, which stays as it is, so that it cannot be taken for a separator.
    """
    parts = raw_path.removeprefix("/").removesuffix("/").split("/")
    if parts == [""]:
        return []
    return [unquote(re.sub("%2[fF]", "%252F", part)) for part in parts]


@dataclass(frozen=True, slots=True)
class Route[Target]:
    template: Template
    methods: frozenset[str]
    """Empty: every method."""
    target: Target


@dataclass(frozen=True, slots=True)
class Match[Target]:
    route: Route[Target]
    parameters: dict[str, str]


class RouteTable[Target]:
    """All routes of an app, the most specific first."""

    def __init__(self, routes: Iterable[Route[Target]]) -> None:
        self._routes = sorted(routes, key=lambda route: route.template.precedence)

    def find(self, method: str, raw_path: str) -> Match[Target] | None:
        parts = split_path(raw_path)
        for route in self._routes:
            if route.methods and method not in route.methods:
                continue
            parameters = route.template.match(parts)
            if parameters is not None:
                return Match(route, parameters)
        return None

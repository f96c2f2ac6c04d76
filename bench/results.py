"""One measured figure, and all of them as a table that says which target is met."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Target:
    """A bound from the issue: `at_least` or `at_most`."""

    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"

    def met_by(self, value: float) -> bool:
        """Whether the value is on the right side."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is None or value <= self.at_most


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured, its value and unit; `note` says what was counted, where the name does not."""

    what: str
    value: float
    unit: str
    target: Target | None = None
    note: str = ""


def table(groups: Iterable[tuple[str, list[Result]]], title: str) -> Table:
    """All results, a section for each measurement."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("measurement")
    shown.add_column("what", overflow="fold", ratio=1)
    for name in ("value", "unit", "target", "met"):
        shown.add_column(name, justify="right" if name in ("value", "target") else "left", no_wrap=True)
    for name, results in groups:
        for number, result in enumerate(results):
            shown.add_row(name if number == 0 else "", _what(result), _number(result.value), result.unit, *_met(result))
        shown.add_section()
    return shown


def _what(result: Result) -> str:
    return result.what + (f" [dim]({result.note})[/dim]" if result.note else "")


def _met(result: Result) -> tuple[str, str]:
    if result.target is None:
        return "", ""
    return str(result.target), "[green]yes[/green]" if result.target.met_by(result.value) else "[red]NO[/red]"


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

"""What every command shares: the app to talk to, and how what it answers is shown.

Results go to standard output, as a table for people or as JSON for programs; everything else goes to standard error.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.remote import Remote

_UNLIMITED = 100_000
"""Columns, where no terminal gives a width: what another program reads is not broken into lines."""
out = Console(width=None if sys.stdout.isatty() else _UNLIMITED)

OperatorId = Annotated[str, typer.Argument(metavar="OPERATOR", help="The operator's id")]
Kind = Annotated[str, typer.Option(help="Which kind: email")]


def counted(number: int, thing: str) -> str:
    """A number of things, in words: one of it is not many."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Given:
    """How to reach an app, as the options say or a profile keeps it; "" for what was not said."""

    url: str = ""
    auth: str = ""
    scope: str = ""
    ca: str = ""


@dataclass(slots=True)
class Session:
    """What the options before the command say."""

    remote: Remote
    as_json: bool
    given: Given = Given()

    def tell(self, words: str) -> None:
        """Tell people what was done; a program has the exit status."""
        if not self.as_json:
            print(words, file=sys.stderr)


def show_document(document: Any) -> None:
    """Print a document as JSON."""
    out.print_json(data=document)


def show_remedies(faults: Iterable[Mapping[str, Any]]) -> None:
    """What mends them, each `remedy` once beside its `code`; not wrapped, since a command in it is copied."""
    for code, remedy in {one["code"]: one["remedy"] for one in faults if one.get("remedy")}.items():
        out.print(f"[red]{code}[/red] → {escape(remedy)}", highlight=False, soft_wrap=True)


def stream_document(entries: Iterable[Any]) -> None:
    """Print a JSON list as its entries come: of 100,000 nobody wants to hold them all."""
    between = "["
    for entry in entries:
        print(between, json.dumps(entry), sep="\n", end="")
        between = ","
    print("\n]" if between == "," else "[]")


def show_rows(session: Session, rows: Sequence[Mapping[str, Any]], columns: Iterable[str], *, none: str = "") -> None:
    """Print rows: a table of these columns, or all that is known as JSON. `none` is told people where there is no row.

    Nothing is cut: where it is narrow a cell goes on in the next line.
    """
    if session.as_json:
        show_document(rows)
        return
    if not rows and none:
        print(none, file=sys.stderr)
        return
    names = tuple(columns)
    table = Table(box=None)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in names))
    out.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else escape("\n".join(map(printable, str(value).split("\n"))))


def printable(text: str) -> str:
    """A stranger's words, a subject's or a file's, without what a terminal would obey."""
    return "".join(each if each.isprintable() else "?" for each in text)

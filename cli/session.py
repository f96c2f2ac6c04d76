"""What every command shares: the app to talk to, and how what it answers is shown.

Results go to standard output, as a table for people or as JSON for programs; everything else goes to standard error.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from cli.remote import Remote

_WIDEST = 10_000

out = Console()

OperatorId = Annotated[str, typer.Argument(metavar="OPERATOR", help="The operator's id")]
Kind = Annotated[str, typer.Option(help="email")]


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


def show_document(document: Any) -> None:
    """Print a document as JSON."""
    out.print_json(data=document)


def stream_document(entries: Iterable[Any]) -> None:
    """Print a JSON list as its entries come: of 100,000 nobody wants to hold them all."""
    between = "["
    for entry in entries:
        print(between, json.dumps(entry), sep="\n", end="")
        between = ","
    print("\n]" if between == "," else "[]")


def show_rows(session: Session, rows: Sequence[Mapping[str, Any]], columns: Iterable[str]) -> None:
    """Print rows: a table of these columns, or all that is known as JSON. Nothing is cut off: a narrow terminal folds it, and
    elsewhere, where `grep` may read it, each row is one line."""
    if session.as_json:
        show_document(rows)
        return
    names = tuple(columns)
    table = Table(*(Column(name, overflow="fold") for name in names), box=None)
    for row in rows:
        table.add_row(*("" if row.get(name) is None else escape(str(row.get(name))) for name in names))
    (out if out.is_terminal else Console(width=_WIDEST)).print(table)

"""Which operators a command is for: those that it names, those of a file, or all; exactly one of the three."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli.remote import Refused, Remote
from cli.session import printable
from shared.errors import Invalid
from shared.model.operator_table import OPERATOR_ID, read_operator_ids

Ids = Annotated[list[str] | None, typer.Argument(metavar="OPERATOR", help="Operators' ids")]
FileOfIds = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="A file of ids: one a line, or a table with a column operator_id"),
]
All = Annotated[bool, typer.Option("--all", help="All operators")]


def chosen(ids: Sequence[str] | None, file: Path | None, everybody: Iterable[str] | None) -> Iterable[str]:
    """The ids that are meant, each once. `everybody`: where --all is given; not read before it is needed."""
    if sum((bool(ids), file is not None, everybody is not None)) != 1:
        raise typer.BadParameter("name operators, or give --file FILE, or --all: one of the three")
    if everybody is not None:
        return everybody
    return list(dict.fromkeys(_ids_of(file) if file else ids or ()))


def all_operators(remote: Remote, **query: str) -> Iterator[str]:
    """The ids of all, or of those that the query lets pass, as they come."""
    return (each[OPERATOR_ID] for each in remote.pages("operators", limit=200, **query))


def _ids_of(file: Path) -> list[str]:
    try:
        with file.open("rb") as content:
            return list(read_operator_ids(content))
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}.") from error
    except Invalid as invalid:
        raise Refused(printable(f"{file}: {invalid.detail}"), invalid.code) from invalid

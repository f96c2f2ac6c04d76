"""The same call for many operators: who is meant, a few calls at once, and a progress bar on a terminal.

Of each operator only the id is held, so 100,000 of them take a few megabytes.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.remote import Refused, Remote

_COLUMN = "operator_id"
Ids = Annotated[list[str] | None, typer.Argument(metavar="OPERATOR", help="The operators' ids")]
FileOfIds = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="CSV with a column operator_id, or one id a line"),
]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=64, help="How many calls at once")]


def chosen(remote: Remote, ids: Sequence[str] | None, *, every: bool, file: Path | None) -> list[str]:
    """The ids that are meant, each once, by exactly one of: named, all, in a file."""
    if bool(ids) + every + (file is not None) != 1:
        raise typer.BadParameter("name operators, or give --file FILE, or --all: one of the three")
    if file is not None:
        return list(dict.fromkeys(_ids_of(file)))
    if every:
        return [each[_COLUMN] for each in remote.pages("operators", limit=200)]
    return list(dict.fromkeys(ids or ()))


def _ids_of(path: Path) -> Iterator[str]:
    """The column `operator_id`, whatever its case and the separator; without such a header the first column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            delimiter = ";" if first.count(";") > first.count(",") else ","
            header = [
                name.strip().lower().replace(" ", "_") for name in next(csv.reader([first], delimiter=delimiter), [])
            ]
            place = header.index(_COLUMN) if _COLUMN in header else 0
            rows = csv.reader(lines if _COLUMN in header else _after(first, lines), delimiter=delimiter)
            yield from (row[place].strip() for row in rows if len(row) > place and row[place].strip())
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: {error}") from error


def _after(first: str, lines: Iterable[str]) -> Iterator[str]:
    yield first
    yield from lines


def side_by_side[R](do: Callable[[str], R], ids: Iterable[str], *, at_once: int) -> Iterator[R]:
    """What `do` gives for each id, as it comes; never more than `at_once` under way.

    Who stops asking, by an error or Ctrl-C, waits for the calls under way and begins no other.
    """
    waiting = iter(ids)
    with ThreadPoolExecutor(at_once) as pool:
        under_way = {pool.submit(do, one) for one in islice(waiting, at_once)}
        while under_way:
            done, under_way = _first_done(under_way)
            for each in done:
                under_way |= {pool.submit(do, one) for one in islice(waiting, 1)}
                yield each.result()


def _first_done[R](under_way: set[Future[R]]) -> tuple[set[Future[R]], set[Future[R]]]:
    done, rest = wait(under_way, return_when=FIRST_COMPLETED)
    return done, rest


def progress() -> Progress:
    """A progress bar on standard error, and nothing where that is no terminal."""
    console = Console(stderr=True)
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

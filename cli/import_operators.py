"""`exsync operators import` and `export`: operators in bulk, as the tables that a CRM writes and reads."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.items import Items, ItemsOption, settle_items
from cli.pieces import refuse_refused, send_lines, show_results
from cli.remote import Refused
from cli.session import Session, counted, printable
from shared.errors import Invalid
from shared.model.failures import failure
from shared.model.operator_change import says_off
from shared.model.operator_table import LINE, OperatorTable, read_operator_table

_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")


def import_operators(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV (comma, semicolon or tab) or Excel (.xlsx)")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what each line would change")] = False,
    items: ItemsOption = None,
) -> None:
    """Create and change operators by a table's lines. A line that is refused stops no other; what is done stays done."""
    session: Session = context.obj
    survey = _survey(file)
    print(_heading(survey), file=sys.stderr)
    kept = items or (Items.KEEP if dry_run else _ask(session, file, survey))
    with _opened(file) as table:
        results = send_lines(session, table.lines, survey.fields, total=survey.lines, items=kept.value, dry_run=dry_run)
        about = {"dry_run": dry_run, "encoding": table.encoding, "columns": table.columns, "ignored": table.ignored}
        counts = show_results(session, results, numbered=True, **about)
    refuse_refused(counts)


def export_operators(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; else standard output")] = None,
) -> None:
    """Write all operators as CSV, which `import` reads back."""
    if file is not None and file.suffix.lower() in _WORKBOOKS:
        raise typer.BadParameter(f"{file}: what is written is CSV, which Excel opens; call it {file.stem}.csv")
    parts = _one_header(context.obj.remote.parts("operators/export", format="csv"))
    if file is None:
        for part in parts:
            sys.stdout.write(part)
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            out.writelines(parts)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}.") from error
    context.obj.tell(f"All operators are in {file}.")


@dataclass(frozen=True, slots=True)
class _Survey:
    """What a first reading of the file shows."""

    fields: tuple[str, ...]
    ignored: tuple[str, ...]
    lines: int
    off: int
    """How many lines switch something off, if it is on."""


def _survey(file: Path) -> _Survey:
    """Read the whole file once: what cannot be read as a table is refused before anything is done."""
    lines = off = 0
    with _opened(file) as table:
        for line in table.lines:
            lines += 1
            off += line.refusal is None and says_off(line)
        fields = tuple(field for field in table.columns.values() if field != LINE)
        return _Survey(fields, table.ignored, lines, off)


def _heading(survey: _Survey) -> str:
    ignored = f"; not used: {', '.join(survey.ignored)}" if survey.ignored else ""
    lines = "1 line" if survey.lines == 1 else f"{survey.lines} lines"
    return printable(f"{lines}; columns: {', '.join(survey.fields)}{ignored}")


def _ask(session: Session, file: Path, survey: _Survey) -> Items:
    """Ask what becomes of the items only where a line does switch off what is on: a dry run of such lines tells."""
    if not survey.off or not sys.stdin.isatty():
        return Items.KEEP
    with _opened(file) as table:
        lines = (line for line in table.lines if line.refusal is None and says_off(line))
        results = send_lines(session, lines, survey.fields, total=survey.off, dry_run=True)
        going = sum(
            (True, False) in {(each["from"], each["to"]) for each in result["changes"].values()} for result in results
        )
    return settle_items(None, f"{counted(going, 'operator')} to be switched off") if going else Items.KEEP


@contextmanager
def _opened(file: Path) -> Iterator[OperatorTable]:
    """The file's table; whatever is wrong with the file is the command's refusal."""
    try:
        with file.open("rb") as content:
            yield read_operator_table(content)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}.") from error
    except Invalid as invalid:
        remedy = failure(invalid.code).remedy_of_call
        raise Refused(
            printable(f"{file}: {invalid.detail}") + f"\n{remedy}\n({invalid.code})", invalid.code
        ) from invalid


def _one_header(parts: Iterator[str]) -> Iterator[str]:
    """The parts as one table: each has the headers, which stand in its first line."""
    yield next(parts)
    for part in parts:
        yield part.partition("\n")[2]

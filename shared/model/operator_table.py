"""A table of operators, exported from a CRM, as lines that each say what one operator should be. Pure but for the file's reads.

Columns are found by their headers, in any order and case, in our words and in those of the earlier product; what a file does
not have, and what a cell leaves empty, says nothing. A line that cannot be used carries its refusal and stops no other.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import chain
from typing import Any, BinaryIO

from shared.errors import Invalid
from shared.model.delimited import TableRow, delimited_rows, encoding_of
from shared.model.spreadsheet import OLE, ZIP, spreadsheet_rows

OPERATOR_ID, MAILBOX, CONNECTION, TIME_ZONE = "operator_id", "mailbox", "connection", "time_zone"
FLAGS = ("email_sync", "calendar_sync", "contact_sync")
EXPORTED = (OPERATOR_ID, MAILBOX, CONNECTION, *FLAGS, TIME_ZONE)
"""The columns of an export, in order: an import reads them back."""
ITEMS, LINE = "items", "line"
"""`items`: what becomes of the items of a kind that the line switches off. `line`: the line's number in the file that these
lines were cut from."""
_KNOWN_AS: Mapping[str, tuple[str, ...]] = {
    OPERATOR_ID: (
        "operatorid",
        "operator",
        "pyuseridentifier",
        "useridentifier",
        "userid",
        "user",
        "id",
        "systemuserid",
        "donotmodifyuser",
    ),
    MAILBOX: (
        "mailbox",
        "primarysmtpaddress",
        "smtpaddress",
        "email",
        "emailaddress",
        "pyemailaddress",
        "mail",
        "emailadresse",
        "primaryemail",
        "internalemailaddress",
    ),
    CONNECTION: ("connection", "exchangeconnection"),
    "email_sync": ("emailsync", "isemailsync", "emailsyncenabled", "enableemailsync", "emailsynchronization"),
    "calendar_sync": (
        "calendarsync",
        "isenabledbisync",
        "enabledbisync",
        "bisync",
        "calendarsyncenabled",
        "calendarsynchronization",
        "appointmentsync",
    ),
    "contact_sync": ("contactsync", "contactssync", "iscontactsync", "contactsyncenabled", "contactsynchronization"),
    TIME_ZONE: ("timezone", "pytimezone", "defaulttimezone"),
    ITEMS: ("items",),
    LINE: ("line",),
}
"""The best name first: of two columns that mean the same, the one that says so better counts."""
_AS_TEXT = re.compile(r'="([^"]*)"')
"""A formula by which CRMs keep Excel from taking an id for a number."""
_SCHEME = re.compile(r"(?i)(smtp|mailto):")
_XLSX = "xlsx"
_BEGIN = 64
"""Bytes, of which a file's kind is told."""


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """What one line says, as it is written: by field, only what the file has and the cell does not leave empty.

    `lacks_mailbox`: the file has the column, and this cell of it is empty.
    """

    number: int
    cells: Mapping[str, str]
    lacks_mailbox: bool = False
    refusal: Invalid | None = None

    @property
    def operator_id(self) -> str:
        """The operator's id; empty where the line has none, and his mailbox stands for him."""
        return self.cells.get(OPERATOR_ID, "")


@dataclass(frozen=True, slots=True)
class OperatorTable:
    """`columns`: the file's headers and the fields they were taken for; `ignored`: the others. `lines` reads on when asked."""

    encoding: str
    columns: Mapping[str, str]
    ignored: tuple[str, ...]
    lines: Iterator[OperatorLine]


def read_operator_table(file: BinaryIO) -> OperatorTable:
    """The operators of a CSV or .xlsx file, which stays open. Raises Invalid("import-invalid"), also from `lines`."""
    encoding, rows = _rows_of(file)
    header = next(rows, None)
    if header is None:
        raise Invalid("import-invalid", "the file is empty")
    places = _places(header.cells)
    columns = {header.cells[place].strip(): field for field, place in places.items()}
    ignored = (name.strip() for place, name in enumerate(header.cells) if place not in places.values())
    # In a text a cell too many means that the others may have moved; in a workbook each has its column, whatever is beside.
    width = None if encoding == _XLSX else len(header.cells)
    lines = _without_repeats(_line(row, places, width) for row in rows)
    return OperatorTable(encoding, columns, tuple(filter(None, ignored)), lines)


def read_operator_ids(file: BinaryIO) -> Iterator[str]:
    """The ids of a file of operators: a table with a column for them, or nothing but ids, one a line."""
    _, rows = _rows_of(file)
    header = next(rows, None)
    if header is None:
        raise Invalid("import-invalid", "the file is empty")
    if len(header.cells) == 1 and not any(_is_header_of(field, header.cells[0]) for field in (OPERATOR_ID, MAILBOX)):
        yield from (_text(row.cells[0]) for row in map(_sound, chain([header], rows)))
        return
    places = _places(header.cells)
    if OPERATOR_ID not in places:
        raise Invalid("import-invalid", _no_id(header.cells))
    place = places[OPERATOR_ID]
    ids = (_text(row.cells[place]) for row in map(_sound, rows) if place < len(row.cells))
    yield from filter(None, ids)


def _sound(row: TableRow) -> TableRow:
    """The row, which is refused with the whole file where it cannot be read: who it names is not known."""
    if row.problem:
        raise Invalid("import-invalid", f"line {row.number}: {row.problem}")
    return row


def write_operators(operators: Iterable[Mapping[str, Any]]) -> bytes:
    """Operators, as JSON names their facts, as a CSV file."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(EXPORTED)
    for operator in operators:
        facts = (operator[field] for field in EXPORTED)
        writer.writerow(str(fact).lower() if isinstance(fact, bool) else fact for fact in facts)
    return out.getvalue().encode()


def write_operator_lines(lines: Iterable[OperatorLine], fields: Sequence[str]) -> bytes:
    """Lines as a CSV file of their own, with their numbers in the column `line`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((LINE, *fields))
    for line in lines:
        writer.writerow((line.number, *(line.cells.get(field, "") for field in fields)))
    return out.getvalue().encode()


def _rows_of(file: BinaryIO) -> tuple[str, Iterator[TableRow]]:
    begin = file.read(_BEGIN)
    file.seek(0)
    if begin.startswith(ZIP):
        return _XLSX, spreadsheet_rows(file)
    if begin.lstrip(codecs.BOM_UTF8 + b" \r\n\t").startswith(b"<"):
        what = "this is a web page or XML, as CRMs write it under the name .xls"
        raise Invalid("import-invalid", f'{what}; open it in Excel and save it as .xlsx or "CSV UTF-8"')
    if begin.startswith(OLE):
        raise Invalid("import-invalid", "this is an .xls, or a workbook with a password; save it as .xlsx without one")
    encoding = encoding_of(file)
    return encoding, delimited_rows(file, encoding)


def _places(header: Sequence[str]) -> dict[str, int]:
    """In which column each field is. Raises Invalid where it cannot be told, or where no column says which operator."""
    plain = [_plain(name) for name in header]
    places = {}
    for field, names in _KNOWN_AS.items():
        name = next((name for name in names if name in plain), None)
        if name is None:
            continue
        if plain.count(name) > 1:
            raise Invalid("import-invalid", f'two columns are called "{header[plain.index(name)].strip()}"; keep one')
        places[field] = plain.index(name)
    if OPERATOR_ID not in places and MAILBOX not in places:
        raise Invalid("import-invalid", _no_id(header))
    return places


def _no_id(header: Sequence[str]) -> str:
    found = ", ".join(f'"{name.strip()}"' for name in header[:20])
    close = get_close_matches(OPERATOR_ID, [name.strip().lower() for name in header], 1)
    meant = f' (is it "{close[0]}"?)' if close else ""
    return f'the first line names no column for the operator\'s id; call it "operator_id"{meant}. It names: {found}'


def _is_header_of(field: str, name: str) -> bool:
    return _plain(name) in _KNOWN_AS[field]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _line(row: TableRow, places: Mapping[str, int], width: int | None) -> OperatorLine:
    if row.problem:
        return OperatorLine(row.number, {}, refusal=Invalid("line-unreadable", row.problem))
    texts = {field: _text(row.cells[place]) if place < len(row.cells) else "" for field, place in places.items()}
    cells = {field: text for field, text in texts.items() if text}
    number = int(cells.pop(LINE)) if cells.get(LINE, "").isdecimal() else row.number
    if MAILBOX in cells:
        cells[MAILBOX] = _SCHEME.sub("", cells[MAILBOX], count=1)
    lacks_mailbox = MAILBOX in places and MAILBOX not in cells
    return OperatorLine(number, cells, lacks_mailbox, _refusal(row, cells, width))


def _text(cell: str) -> str:
    written = _AS_TEXT.fullmatch(cell.strip())
    return (written[1] if written else cell).strip()


def _refusal(row: TableRow, cells: Mapping[str, str], width: int | None) -> Invalid | None:
    if width is not None and any(map(str.strip, row.cells[width:])):
        counts = f"it has {len(row.cells)} cells, the first line {width}"
        return Invalid("line-unreadable", f"{counts}: is a comma not in quotes?")
    if OPERATOR_ID not in cells and MAILBOX not in cells:
        return Invalid("operator-invalid", "operator_id: it is empty, and there is no mailbox that says who it is")
    return None


def _without_repeats(lines: Iterable[OperatorLine]) -> Iterator[OperatorLine]:
    """Refuse a line whose operator, or whose mailbox, an earlier one has; that one counts."""
    operators: dict[str, int] = {}
    mailboxes: dict[str, int] = {}
    for line in lines:
        refusal = None if line.refusal else _repeat(line, operators, mailboxes)
        yield replace(line, refusal=refusal) if refusal else line


def _repeat(line: OperatorLine, operators: dict[str, int], mailboxes: dict[str, int]) -> Invalid | None:
    earlier = operators.setdefault(line.operator_id, line.number) if line.operator_id else line.number
    if earlier != line.number:
        return Invalid("line-repeated", f"operator {line.operator_id} is in line {earlier} already, which counts")
    if MAILBOX not in line.cells:
        return None
    connection = line.cells.get(CONNECTION, "default")
    # The same address by another connection is the mailbox of another Exchange; storage knows more, by `mailbox-taken`.
    earlier = mailboxes.setdefault(f"{line.cells[MAILBOX].lower()} {connection}", line.number)
    if earlier != line.number:
        return Invalid("line-repeated", f"{line.cells[MAILBOX]} is the mailbox of line {earlier} already, which counts")
    return None

"""The rows of the first sheet of an Excel workbook (.xlsx) that a person sees: ZIP and SpreadsheetML, read as a stream.

ECMA-376 part 1, 18.3 (worksheets), 18.4 (shared strings) and 18.8 (number formats). A document type is refused, and so is a
file that unpacks to more than a table of operators needs; what is not read (macros, other sheets) is not unpacked.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from shared.errors import Invalid
from shared.model.delimited import TableRow
from shared.model.workbook_parts import Attributes, parse_part, parser_of, parts_of, unpacked

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0"
"""How .xlsx begins, and how .xls does, or a workbook with a password."""
_MOST_STRINGS = 64 * 1024 * 1024
_STRING = 64
"""What a text takes in memory beside its characters."""
_MOST_COLUMNS = 1000
_MOST_ROWS = 1_048_576
"""Of a sheet, in Excel. Empty ones cost time too."""
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, expat.ExpatError, KeyError, ValueError),
    *(OSError, EOFError, RuntimeError, NotImplementedError),
)
"""What the archive, the parser and our own reading of numbers raise for a file that is damaged, or encrypted."""
_REFERENCE = re.compile(r"([A-Z]{1,3})[0-9]+")
_MERGED = re.compile(r"[A-Z]{1,3}([0-9]+):[A-Z]{1,3}([0-9]+)")
_ESCAPED = re.compile(r"(?i)_x(?!d[89a-f])([0-9a-f]{4})_")
"""How a text holds a character that XML does not allow; half of a surrogate pair is none. ECMA-376 part 1, 22.9.2.19."""
_EXACT = 10**15
"""Excel keeps 15 digits of a number."""


def spreadsheet_rows(file: BinaryIO) -> Iterator[TableRow]:
    """The rows that are not empty, the header first. Raises Invalid("import-invalid") for what is no workbook."""
    try:
        with zipfile.ZipFile(file) as book:
            parts = parts_of(book)
            strings = _strings(book, parts.strings) if parts.strings else []
            widths = _widths(book, parts.styles) if parts.styles else {}
            yield from _rows(book, parts.sheet, _Sheet(strings, widths))
    except _BROKEN as error:
        what = f"this is no .xlsx that can be read ({error})"
        raise Invalid("import-invalid", f'{what}; save it as "CSV UTF-8"') from error


def _strings(book: zipfile.ZipFile, part: str) -> list[str]:
    """The texts that cells refer to by number. What is said of pronunciation (`rPh`) is none of them."""
    found: list[str] = []
    text = _Text()
    size = 0

    def start(name: str, _: Attributes) -> None:
        text.begin(name, begins="si")

    def end(name: str) -> None:
        nonlocal size
        text.end(name)
        if name == "si":
            found.append(_plain(text.take()))
            size += _STRING + len(found[-1])
            if size > _MOST_STRINGS:
                words = "the workbook holds more text than a table of operators has"
                raise Invalid("import-invalid", f'{words}; save its first sheet as "CSV UTF-8"')

    parse_part(book, part, start, end, text.add)
    return found


def _widths(book: zipfile.ZipFile, part: str) -> dict[str, int]:
    """By a cell's style, to how many digits zeros fill its number up (`00000`): so an id is shown, and so it is meant."""
    formats: dict[str, int] = {}
    styles: list[int] = []
    within = [""]

    def start(name: str, attributes: Attributes) -> None:
        if name == "numFmt" and set(attributes["formatCode"]) == {"0"}:
            formats[attributes["numFmtId"]] = len(attributes["formatCode"])
        elif name == "xf" and within[-1] == "cellXfs":
            styles.append(formats.get(attributes.get("numFmtId", ""), 0))
        within.append(name)

    def end(_: str) -> None:
        within.pop()

    parse_part(book, part, start, end)
    return {str(number): width for number, width in enumerate(styles) if width}


class _Text:
    """The text of the element that is being read: what its `t` hold, but for those below `rPh`."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._inside = False
        self._sounds = False

    def begin(self, name: str, *, begins: str) -> None:
        """An element begins; a new text with the element `begins`."""
        if name == begins:
            self._pieces.clear()
        self._sounds |= name == "rPh"
        self._inside = name in ("t", "v") and not self._sounds

    def add(self, data: str) -> None:
        """Character data."""
        if self._inside:
            self._pieces.append(data)

    def end(self, name: str) -> None:
        """An element ends."""
        self._sounds &= name != "rPh"
        self._inside = False

    def take(self) -> str:
        """The text so far."""
        return "".join(self._pieces)


class _Sheet:
    """Gathers rows while a sheet is parsed; `rows` is what is whole and was not taken yet.

    `strings`: the texts that cells refer to. `widths`: of `_widths`.
    """

    def __init__(self, strings: list[str], widths: dict[str, int]) -> None:
        self.rows: list[TableRow] = []
        self.text = _Text()
        self._strings = strings
        self._widths = widths
        self._header = 0
        self._number = 0
        self._count = 0
        self._cells: list[str] = []
        self._column = 0
        self._kind = self._style = ""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""
        if name == "row":
            self._begin_row(attributes)
        elif name == "c":
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._make_room(attributes.get("r", ""))
        elif name == "mergeCell":
            self._refuse_merged(attributes["ref"])
        self.text.begin(name, begins="c")

    def end(self, name: str) -> None:
        """An element ends."""
        self.text.end(name)
        if name == "c":
            self._cells[self._column] = self._value(self.text.take())
        elif name == "row" and any(map(str.strip, self._cells)):
            self._header = self._header or self._number
            self.rows.append(TableRow(self._number, tuple(self._cells)))

    def _begin_row(self, attributes: Attributes) -> None:
        self._number = int(attributes.get("r", self._number + 1))
        self._cells = []
        self._count += 1
        if self._count > _MOST_ROWS:
            raise Invalid("import-invalid", f"the sheet has more than {_MOST_ROWS} rows")

    def _make_room(self, reference: str) -> None:
        """Empty cells are not written: a cell's reference (`C7`) says in which column it is."""
        found = _REFERENCE.fullmatch(reference)
        self._column = _column(found[1]) if found else len(self._cells)
        if self._column >= _MOST_COLUMNS:
            raise Invalid("import-invalid", f"row {self._number} has more than {_MOST_COLUMNS} columns")
        self._cells += [""] * (self._column + 1 - len(self._cells))

    def _refuse_merged(self, reference: str) -> None:
        """Only the first row of a merged cell would have its value. The sheet says so at its end."""
        found = _MERGED.fullmatch(reference)
        if found and self._header < int(found[1]) < int(found[2]):
            words = f"the cells {reference} are merged, so only the first of these rows has their value"
            raise Invalid("import-invalid", f"{words}; unmerge them and fill in each row")

    def _value(self, text: str) -> str:
        match self._kind:
            case "s":
                return self._shared(int(text)) if text else ""
            case "b":
                return {"1": "true", "0": "false"}.get(text, text)
            case "n":
                return _number(text).zfill(self._widths.get(self._style, 0)) if text else ""
            case _:
                return _plain(text)

    def _shared(self, number: int) -> str:
        if not 0 <= number < len(self._strings):
            raise ValueError(f"there is no text {number}")
        return self._strings[number]


def _number(text: str) -> str:
    """A whole number as one: Excel writes 1001 and 1E5, other programs 1001.0."""
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT else text


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _rows(book: zipfile.ZipFile, part: str, sheet: _Sheet) -> Iterator[TableRow]:
    parser = parser_of(sheet.start, sheet.end, sheet.text.add)
    for chunk in unpacked(book, part):
        parser.Parse(chunk)
        yield from sheet.rows
        sheet.rows.clear()
    parser.Parse(b"", True)


def _column(letters: str) -> int:
    """A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1

"""The rows of a text file with commas, semicolons or tabs, as CRMs and Excel write it. Read in little memory.

UTF-8 with or without a byte order mark, UTF-16 with one (Excel's "Unicode text"), else Windows-1252. RFC 4180; a quote that
is never closed spoils its own line and no other.
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from shared.errors import Invalid

DELIMITERS = (",", ";", "\t")
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NAMES_DELIMITER = re.compile(r'(?i)sep=([^\w" \r\n])[\r\n]*$')
"""A first line by which Excel is told what stands between the cells."""
_CHUNK = 64 * 1024
_LONGEST_LINE = 100_000
_MOST_LINES_OF_A_ROW = 100


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row. `number` is its line in the file, where it begins; `problem` says why it cannot be read, else empty."""

    number: int
    cells: tuple[str, ...]
    problem: str = ""


def encoding_of(file: BinaryIO) -> str:
    """How the text is encoded: all of it is looked at, and the file is at its beginning again afterwards."""
    begin = file.read(4)
    names = tuple(name for mark, name in _BYTE_ORDER_MARKS if begin.startswith(mark))
    if b"\0" in begin and not names:
        raise Invalid("import-invalid", 'this is no text; save the table as "CSV UTF-8" or as .xlsx')
    for name in names or ("utf-8", "cp1252"):
        if _is_in(file, name):
            return name
    what = names[0].upper().removesuffix("-SIG") if names else "UTF-8 nor Windows-1252"
    raise Invalid("import-invalid", f'the text is {"not" if names else "neither"} {what}; save it as "CSV UTF-8"')


def delimited_rows(file: BinaryIO, encoding: str) -> Iterator[TableRow]:
    """The rows that are not empty, the header first. The file is closed with it.

    Raises Invalid("import-invalid") for what is no table.
    """
    lines = _Lines(io.TextIOWrapper(file, encoding=encoding, newline=""))
    delimiter = lines.delimiter()
    while True:
        # Strict: a quote that closes in the midst of a cell was none of that cell's, so lines were run together.
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            for cells in reader:
                number = lines.end_row()
                if any(map(str.strip, cells)):
                    yield TableRow(number, tuple(cells))
            return
        except (_Unclosed, csv.Error):
            number, line = lines.first_alone()
            yield _lenient(number, line, delimiter)


def _lenient(number: int, line: str, delimiter: str) -> TableRow:
    """A line for itself whose quotes are not as they should be: readable if at least each has its other."""
    if line.count('"') % 2:
        return TableRow(number, (), "a quote is not closed in this line")
    return TableRow(number, tuple(next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))))


def _is_in(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        file.seek(0)
    return True


class _Unclosed(Exception):
    """A row goes on and on: its quote was never closed."""


class _Lines:
    """The lines of a text. Those of the row that is being read are kept, so that they can be read otherwise."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self._before = 0
        """How many lines there are before the row that is being read."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._row) == _MOST_LINES_OF_A_ROW:
            raise _Unclosed
        line = self._again.popleft() if self._again else self._read()
        if not line:
            if self._row:
                raise _Unclosed
            raise StopIteration
        self._row.append(line)
        return line

    def end_row(self) -> int:
        """The row is read; the number of its first line."""
        number = self._before + 1
        self._before += len(self._row)
        self._row.clear()
        return number

    def first_alone(self) -> tuple[int, str]:
        """The first line of the row, as a row of its own, and its number. The others are read once more."""
        line, *others = self._row
        self._again.extendleft(reversed(others))
        del self._row[1:]
        return self.end_row(), line

    def delimiter(self) -> str:
        """What stands between the cells: Excel's `sep=` says so, else what is most in the first line, outside quotes."""
        first = self._read()
        if named := _NAMES_DELIMITER.match(first):
            self._before = 1
            return named[1]
        self._again.append(first)
        outside = "".join(first.split('"')[::2])
        return max(DELIMITERS, key=outside.count)

    def _read(self) -> str:
        line = self._text.readline(_LONGEST_LINE)
        if len(line) == _LONGEST_LINE:
            raise Invalid(
                "import-invalid", f"a line has more than {_LONGEST_LINE} characters: this is no table of operators"
            )
        return line

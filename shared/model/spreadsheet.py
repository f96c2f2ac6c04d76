"""The rows of the first sheet of an Excel workbook (.xlsx): ZIP and SpreadsheetML, read as a stream.

ECMA-376 part 1, 18.3 (worksheets) and 18.4 (shared strings). A document type is refused, and so is a file that unpacks to more
than a table of operators needs; what is not read of a workbook (styles, macros, other sheets) is not unpacked.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.parsers import expat

from shared.errors import Invalid
from shared.model.delimited import TableRow

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0"
"""How .xlsx begins, and how .xls does, or a workbook with a password."""
_CHUNK = 64 * 1024
_LARGEST_PART = 256 * 1024 * 1024
_MOST_STRINGS = 64 * 1024 * 1024
_STRING = 64
"""What a text takes in memory beside its characters."""
_MOST_COLUMNS = 1000
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, expat.ExpatError, KeyError, ValueError),
    *(OSError, EOFError, RuntimeError, NotImplementedError),
)
"""What the archive, the parser and our own reading of numbers raise for a file that is damaged, or encrypted."""
_REFERENCE = re.compile(r"([A-Z]{1,3})[0-9]+")

type Attributes = dict[str, str]


def spreadsheet_rows(file: BinaryIO) -> Iterator[TableRow]:
    """The rows that are not empty, the header first. Raises Invalid("import-invalid") for what is no workbook."""
    try:
        with zipfile.ZipFile(file) as book:
            strings = _strings(book)
            yield from _rows(book, _first_sheet(book), strings)
    except _BROKEN as error:
        what = f"this is no .xlsx that can be read ({error})"
        raise Invalid("import-invalid", f'{what}; save it as "CSV UTF-8"') from error


def _first_sheet(book: zipfile.ZipFile) -> str:
    """The part with the first sheet: the workbook names its relation, and the relations name the part."""
    sheets: list[str] = []
    targets: dict[str, str] = {}

    def in_workbook(name: str, attributes: Attributes) -> None:
        if name == "sheet":
            sheets.extend(value for key, value in attributes.items() if _local(key) == "id" and " " in key)

    def in_relations(name: str, attributes: Attributes) -> None:
        if name == "Relationship":
            targets[attributes["Id"]] = attributes["Target"]

    _parse(book, "xl/workbook.xml", in_workbook)
    _parse(book, "xl/_rels/workbook.xml.rels", in_relations)
    if not sheets:
        raise Invalid("import-invalid", "the workbook has no sheet")
    return posixpath.normpath(posixpath.join("/xl", targets[sheets[0]])).lstrip("/")


def _strings(book: zipfile.ZipFile) -> list[str]:
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
            found.append(text.take())
            size += _STRING + len(found[-1])
            if size > _MOST_STRINGS:
                words = "the workbook holds more text than a table of operators has"
                raise Invalid("import-invalid", f'{words}; save its first sheet as "CSV UTF-8"')

    if "xl/sharedStrings.xml" in book.namelist():
        _parse(book, "xl/sharedStrings.xml", start, end, text.add)
    return found


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
    """Gathers rows while a sheet is parsed; `rows` is what is whole and was not taken yet."""

    def __init__(self, strings: list[str]) -> None:
        self.rows: list[TableRow] = []
        self.text = _Text()
        self._strings = strings
        self._number = 0
        self._cells: list[str] = []
        self._kind = ""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""
        if name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._cells = []
        elif name == "c":
            self._kind = attributes.get("t", "n")
            self._leave_out_up_to(attributes.get("r", ""))
        self.text.begin(name, begins="c")

    def end(self, name: str) -> None:
        """An element ends."""
        self.text.end(name)
        if name == "c":
            self._cells.append(self._value(self.text.take()))
        elif name == "row" and any(map(str.strip, self._cells)):
            self.rows.append(TableRow(self._number, tuple(self._cells)))

    def _leave_out_up_to(self, reference: str) -> None:
        """Empty cells are not written: a cell's reference (`C7`) says in which column it is."""
        found = _REFERENCE.fullmatch(reference)
        column = _column(found[1]) if found else len(self._cells)
        if column >= _MOST_COLUMNS:
            raise Invalid("import-invalid", f"row {self._number} has more than {_MOST_COLUMNS} columns")
        self._cells += [""] * (column - len(self._cells))

    def _value(self, text: str) -> str:
        if self._kind == "s" and text:
            return self._strings[int(text)] if int(text) < len(self._strings) else ""
        if self._kind == "b":
            return "true" if text == "1" else "false"
        # Excel writes a whole number as one, other programs write 1001.0.
        return text.removesuffix(".0") if self._kind == "n" else text


def _rows(book: zipfile.ZipFile, part: str, strings: list[str]) -> Iterator[TableRow]:
    sheet = _Sheet(strings)
    parser = _parser(sheet.start, sheet.end, sheet.text.add)
    for chunk in _chunks(book, part):
        parser.Parse(chunk)
        yield from sheet.rows
        sheet.rows.clear()
    parser.Parse(b"", True)


def _parse(
    book: zipfile.ZipFile,
    part: str,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] = lambda _: None,
    data: Callable[[str], None] = lambda _: None,
) -> None:
    parser = _parser(start, end, data)
    for chunk in _chunks(book, part):
        parser.Parse(chunk)
    parser.Parse(b"", True)


def _parser(
    start: Callable[[str, Attributes], None], end: Callable[[str], None], data: Callable[[str], None]
) -> expat.XMLParserType:
    """A parser that hands on local names: strict and transitional documents differ in their namespaces only."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
    parser.EndElementHandler = lambda name: end(_local(name))
    parser.CharacterDataHandler = data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> None:
    raise Invalid("import-invalid", "the workbook has a document type, which no workbook of Excel has")


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _chunks(book: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """A part as it unpacks. What the archive says of its size is not believed."""
    left = _LARGEST_PART
    with book.open(part) as packed:
        while chunk := packed.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise Invalid("import-invalid", f"{part} unpacks to more than {_LARGEST_PART} bytes")
            yield chunk


def _column(letters: str) -> int:
    """A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1

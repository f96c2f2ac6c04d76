"""The parts of an Excel workbook (.xlsx): which they are, and each parsed as it unpacks. ECMA-376 parts 1 and 2.

A document type is refused, and so is a part that unpacks to more than a table of operators needs; what is not asked for is not
unpacked.
"""

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.parsers import expat

from shared.errors import Invalid

_CHUNK = 64 * 1024
_LARGEST_PART = 256 * 1024 * 1024

type Attributes = dict[str, str]


@dataclass(frozen=True, slots=True)
class Parts:
    """Where in the archive something is; `strings` and `styles` are empty where the workbook has none."""

    sheet: str
    strings: str
    styles: str


def parts_of(book: zipfile.ZipFile) -> Parts:
    """The workbook names the relation of each sheet, and the relations name the parts."""
    sheets: list[str] = []
    by_id: dict[str, str] = {}
    by_type: dict[str, list[str]] = {"worksheet": [], "sharedStrings": [], "styles": []}

    def in_workbook(name: str, attributes: Attributes) -> None:
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            sheets.extend(value for key, value in attributes.items() if _local(key) == "id" and " " in key)

    def in_relations(name: str, attributes: Attributes) -> None:
        if name == "Relationship":
            part = posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/")
            by_id[attributes["Id"]] = part
            by_type.setdefault(posixpath.basename(attributes["Type"]), []).append(part)

    parse_part(book, "xl/workbook.xml", in_workbook)
    parse_part(book, "xl/_rels/workbook.xml.rels", in_relations)
    found = [by_id[sheet] for sheet in sheets if by_id.get(sheet) in by_type["worksheet"]]
    if not found:
        raise Invalid("import-invalid", "the workbook has no sheet that is a table and is not hidden")
    there = frozenset(book.namelist())
    strings, styles = (next(filter(there.__contains__, by_type[name]), "") for name in ("sharedStrings", "styles"))
    return Parts(found[0], strings, styles)


def parse_part(
    book: zipfile.ZipFile,
    part: str,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] = lambda _: None,
    data: Callable[[str], None] = lambda _: None,
) -> None:
    """Parse a part of which little is kept."""
    parser = parser_of(start, end, data)
    for chunk in unpacked(book, part):
        parser.Parse(chunk)
    parser.Parse(b"", True)


def parser_of(
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


def unpacked(book: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """A part as it unpacks. What the archive says of its size is not believed."""
    left = _LARGEST_PART
    with book.open(part) as packed:
        while chunk := packed.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise Invalid("import-invalid", f"{part} unpacks to more than {_LARGEST_PART} bytes")
            yield chunk

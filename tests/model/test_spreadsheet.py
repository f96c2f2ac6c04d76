"""Excel workbooks: every sort of cell, the first sheet wherever it is, and files that mean harm."""

import io
import random
from contextlib import suppress

import pytest

from shared.errors import Invalid
from shared.model import spreadsheet
from shared.model.operator_table import read_operator_table
from shared.model.spreadsheet import spreadsheet_rows
from tests.model.workbook import MAIN, inline, workbook


def rows(content: bytes) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.number, row.cells) for row in spreadsheet_rows(io.BytesIO(content))]


def test_every_sort_of_cell_is_read_in_its_column() -> None:
    sheet = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>'
        '<row r="3"><c r="A3"><v>1001</v></c><c r="B3" t="b"><v>1</v></c><c r="D3" t="b"><v>0</v></c></row>'
        '<row r="4"><c r="A4"><v>1002.0</v></c><c r="C4" t="str"><f>A1&amp;"x"</f><v>made</v></c></row>'
        '<row r="5"><c r="AA5" t="inlineStr"><is><r><t>rich</t></r><r><t xml:space="preserve"> text</t></r></is></c></row>'
        '<row r="6"><c r="A6" t="s"/><c r="B6" t="e"><v>#N/A</v></c></row>'
    )
    strings = ["<t>Operator</t>", "<r><t>E</t></r><r><t>mail</t></r><rPh sb='0' eb='1'><t>sounds</t></rPh>"]
    assert rows(workbook(sheet, strings=strings)) == [
        (1, ("Operator", "", "Email")),
        (3, ("1001", "true", "", "false")),
        (4, ("1002", "", "made")),
        (5, ("",) * 26 + ("rich text",)),
        (6, ("", "#N/A")),
    ]


def test_a_workbook_without_references_and_of_the_strict_form_is_read_too() -> None:
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    sheet = f'<worksheet xmlns="{strict}"><sheetData><row><c><v>1</v></c><c><v>2</v></c></row></sheetData></worksheet>'
    assert rows(workbook("", parts={"xl/worksheets/sheet2.xml": sheet})) == [(1, ("1", "2"))]


def test_a_target_may_be_named_from_the_root() -> None:
    relations = '<Relationships xmlns="x"><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>'
    sheet = "<row><c><v>1</v></c></row>"
    assert rows(workbook(sheet, parts={"xl/_rels/workbook.xml.rels": relations})) == [(1, ("1",))]


def test_operators_of_a_workbook_are_those_of_the_same_table_as_text() -> None:
    table = read_operator_table(
        io.BytesIO(inline([("Operator ID", "Email", "Email sync"), ("alice", "a@x.example", "x")]))
    )
    assert table.encoding == "xlsx"
    found = [(line.number, dict(line.cells)) for line in table.lines]
    assert found == [(2, {"operator_id": "alice", "mailbox": "a@x.example", "email_sync": "x"})]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (workbook("<row><c><v>1</v>"), "no .xlsx that can be read"),
        (workbook('<row r="one"/>'), "no .xlsx that can be read"),
        (workbook('<row><c t="s"><v>x</v></c></row>', strings=["<t>a</t>"]), "no .xlsx that can be read"),
        (workbook('<row><c r="XFD1"><v>1</v></c></row>'), "more than 1000 columns"),
        (workbook("", parts={"xl/workbook.xml": f'<workbook xmlns="{MAIN}"/>'}), "has no sheet"),
        (workbook("", parts={"xl/_rels/workbook.xml.rels": "<Relationships/>"}), "no .xlsx that can be read"),
        (b"PK\x03\x04" + bytes(100), "no .xlsx that can be read"),
    ],
)
def test_what_is_no_workbook_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(Invalid, match="import-invalid") as refused:
        rows(content)
    assert words in refused.value.detail


def test_a_damaged_workbook_is_read_or_refused_and_nothing_else() -> None:
    sound = inline([("Operator", "Email"), ("alice", "a@x.example")])
    damage = random.Random(5)
    for _ in range(3000):
        content = bytearray(sound)
        for _ in range(damage.randint(1, 6)):
            content[damage.randrange(4, len(content))] = damage.randrange(256)
        with suppress(Invalid):
            rows(bytes(content[: damage.randrange(len(content) // 2, len(content) * 2)]))


def test_a_workbook_with_entities_is_refused_before_they_unfold() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><sst xmlns="x"><si><t>&b;</t></si></sst>'
    with pytest.raises(Invalid, match="document type"):
        rows(workbook("", parts={"xl/sharedStrings.xml": bomb}))


def test_a_part_that_unpacks_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "_LARGEST_PART", 1024 * 1024)
    with pytest.raises(Invalid, match="unpacks to more than"):
        rows(workbook(" " * 2_000_000))


def test_more_text_than_a_table_of_operators_has_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "_MOST_STRINGS", 1000)
    with pytest.raises(Invalid, match="more text"):
        rows(workbook("", strings=["<t>" + "x" * 600 + "</t>"] * 2))

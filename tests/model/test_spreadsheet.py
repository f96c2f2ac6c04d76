"""Excel workbooks: every sort of cell, the first sheet wherever it is, and files that mean harm."""

import io
import random
from contextlib import suppress

import pytest

from shared.errors import Invalid
from shared.model import spreadsheet, workbook_parts
from shared.model.operator_table import read_operator_table
from shared.model.spreadsheet import spreadsheet_rows
from tests.model.workbook import MAIN, RELATIONS, inline, workbook


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
    relation = '<Relationship Id="rId2" Type="x/worksheet" Target="/xl/worksheets/sheet2.xml"/>'
    relations = f'<Relationships xmlns="x">{relation}</Relationships>'
    sheet = "<row><c><v>1</v></c></row>"
    assert rows(workbook(sheet, parts={"xl/_rels/workbook.xml.rels": relations})) == [(1, ("1",))]


def test_numbers_are_read_as_they_are_shown() -> None:
    styles = (
        '<numFmts><numFmt numFmtId="164" formatCode="00000"/><numFmt numFmtId="165" formatCode="0.00"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="164"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs>'
    )
    written = ["42", "1001.0", "1001.00", "1E5", "1.5", "12345678901234567", "1.23456789012345E+17", "1E999", ""]
    cells = "".join(f'<c s="{style}"><v>{text}</v></c>' for style in (0, 1) for text in written)
    plain = ["42", "1001", "1001", "100000", "1.5", "12345678901234567", "1.23456789012345E+17", "1E999", ""]
    filled = ["00042", "01001", "01001", "100000", "001.5", *plain[5:]]
    rest = '<c s="2"><v>7</v></c><c s="9"><v>8</v></c><c t="b"><v>true</v></c><c t="b"/><c t="d"><v>2026-11-26</v></c>'
    ((_, found),) = rows(workbook(f"<row>{cells}{rest}</row>", styles=styles))
    assert list(found) == [*plain, *filled, "7", "8", "true", "", "2026-11-26"]


def test_a_character_that_xml_does_not_allow_is_written_as_its_number() -> None:
    sheet = '<row><c t="s"><v>0</v></c><c t="inlineStr"><is><t>b_x005F_x0041_</t></is></c></row>'
    assert rows(workbook(sheet, strings=["<t>a_x000D__xD800_</t>"])) == [(1, ("a\r_xD800_", "b_x0041_"))]


def test_cells_out_of_their_order_stand_in_their_columns() -> None:
    assert rows(workbook('<row><c r="C1"><v>3</v></c><c r="A1"><v>1</v></c></row>')) == [(1, ("1", "", "3"))]


def test_the_first_sheet_that_is_a_table_and_is_not_hidden_counts() -> None:
    sheets = [("rId9", ""), ("rId1", 'state="veryHidden"'), ("rId2", ""), ("rId1", "")]
    entries = "".join(f'<sheet name="{number}" {state} r:id="{name}"/>' for number, (name, state) in enumerate(sheets))
    relations = "".join(
        f'<Relationship Id="{name}" Type="x/{kind}" Target="{target}"/>'
        for name, kind, target in (
            ("rId1", "worksheet", "worksheets/sheet1.xml"),
            ("rId2", "worksheet", "worksheets/sheet2.xml"),
            ("rId9", "chartsheet", "chartsheets/sheet1.xml"),
        )
    )
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="x">{relations}</Relationships>',
    }
    assert rows(workbook("<row><c><v>1</v></c></row>", parts=parts)) == [(1, ("1",))]


def test_rows_that_share_a_merged_cell_are_refused_but_not_a_merged_heading() -> None:
    def merged(*references: str) -> bytes:
        cells = "".join(f'<mergeCell ref="{reference}"/>' for reference in references)
        sheet = "".join(f'<row r="{number}"><c><v>{number}</v></c></row>' for number in (1, 2, 3))
        text = f"<sheetData>{sheet}</sheetData><mergeCells>{cells}</mergeCells>"
        return workbook("", parts={"xl/worksheets/sheet2.xml": f'<worksheet xmlns="{MAIN}">{text}</worksheet>'})

    assert len(rows(merged("A1:B1", "C1:C3", "A2:B2"))) == 3
    with pytest.raises(Invalid, match="C2:C3 are merged"):
        rows(merged("A1:B1", "C2:C3"))


def test_operators_of_a_workbook_are_those_of_the_same_table_as_text() -> None:
    table = read_operator_table(
        io.BytesIO(inline([("Operator ID", "Email", "Email sync"), ("alice", "a@x.example", "x")]))
    )
    assert table.encoding == "xlsx"
    found = [(line.number, dict(line.cells)) for line in table.lines]
    assert found == [(2, {"operator_id": "alice", "mailbox": "a@x.example", "email_sync": "x"})]


def test_a_note_beside_the_table_is_no_mistake_of_its_row() -> None:
    book = inline([("Operator ID", "Email"), ("alice", "a@x.example", "", "on leave until May")])
    (line,) = read_operator_table(io.BytesIO(book)).lines
    assert (line.operator_id, line.refusal) == ("alice", None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (workbook("<row><c><v>1</v>"), "no .xlsx that can be read"),
        (workbook('<row r="one"/>'), "no .xlsx that can be read"),
        (workbook('<row><c t="s"><v>x</v></c></row>', strings=["<t>a</t>"]), "no .xlsx that can be read"),
        (workbook('<row><c t="s"><v>-1</v></c></row>', strings=["<t>a</t>"]), "there is no text -1"),
        (workbook('<row><c t="s"><v>1</v></c></row>', strings=["<t>a</t>"]), "there is no text 1"),
        (workbook('<row><c r="XFD1"><v>1</v></c></row>'), "more than 1000 columns"),
        (workbook("", parts={"xl/workbook.xml": f'<workbook xmlns="{MAIN}"/>'}), "has no sheet"),
        (workbook("", parts={"xl/_rels/workbook.xml.rels": "<Relationships/>"}), "has no sheet"),
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
    monkeypatch.setattr(workbook_parts, "_LARGEST_PART", 1024 * 1024)
    with pytest.raises(Invalid, match="unpacks to more than"):
        rows(workbook(" " * 2_000_000))


def test_more_text_than_a_table_of_operators_has_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "_MOST_STRINGS", 1000)
    with pytest.raises(Invalid, match="more text"):
        rows(workbook("", strings=["<t>" + "x" * 600 + "</t>"] * 2))


def test_rows_without_end_are_given_up_though_they_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "_MOST_ROWS", 1000)
    with pytest.raises(Invalid, match="more than 1000 rows"):
        rows(workbook("<row/>" * 1001))

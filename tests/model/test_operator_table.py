"""Tables of operators as CRMs and Excel write them: headers, encodings, delimiters, flags, and lines that are refused."""

import io
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.model.operator import Operator
from shared.model.operator_change import changes_between, operator_after
from shared.model.operator_table import (
    EXPORTED,
    OperatorLine,
    OperatorTable,
    read_operator_ids,
    read_operator_table,
    write_operator_lines,
    write_operators,
)

ALICE = Operator("alice", "alice@contoso.example", "k", email_sync=True, time_zone="Europe/Berlin")


def table(text: str | bytes) -> OperatorTable:
    return read_operator_table(io.BytesIO(text if isinstance(text, bytes) else text.encode()))


def cells(text: str | bytes) -> list[dict[str, str]]:
    return [dict(line.cells) for line in table(text).lines if line.refusal is None]


def refusals(text: str) -> list[tuple[int, str]]:
    return [(line.number, line.refusal.code) for line in table(text).lines if line.refusal]


@pytest.mark.parametrize(
    "header",
    [
        "operator_id,mailbox,email_sync,calendar_sync,contact_sync",
        "OPERATOR ID,Email,Email sync,IsEnabledBiSync,Contact sync",
        "Operator-Id , E-Mail , EMAIL SYNC,isEnabledBiSync,contactsync",
        "pyUserIdentifier,Email Address,emailSync,BiSync,Contacts Sync",
        "(Do Not Modify) User,Primary Email,Email sync,Bi-Sync,Contact sync",
    ],
)
def test_headers_are_known_in_any_case_and_in_the_words_of_the_earlier_product(header: str) -> None:
    fields = {
        "operator_id": "alice",
        "mailbox": "a@x.example",
        "email_sync": "1",
        "calendar_sync": "0",
        "contact_sync": "x",
    }
    assert cells(f"{header}\nalice,a@x.example,1,0,x\n") == [fields]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_delimiter_encoding_and_line_end_gives_the_same_lines(delimiter: str, encoding: str, end: str) -> None:
    rows = [("Näme", "Operator", "Email"), ('"Müller, Jörg; Vertrieb"', "jörg", "joerg@contoso.example")]
    text = end.join(delimiter.join(row) for row in rows) + end
    found = table(text.encode(encoding))
    assert (found.columns, found.ignored) == ({"Operator": "operator_id", "Email": "mailbox"}, ("Näme",))
    assert [dict(line.cells) for line in found.lines] == [{"operator_id": "jörg", "mailbox": "joerg@contoso.example"}]


def test_the_encoding_is_told() -> None:
    assert table("operator_id,näme\n".encode("cp1252")).encoding == "cp1252"
    assert table("operator_id,näme\n").encoding == "utf-8"


def test_excels_line_that_names_the_delimiter_is_none_of_the_table() -> None:
    lines = list(table("sep=;\r\noperator_id;mailbox\r\nalice;a@x.example\r\n").lines)
    assert [(line.number, line.operator_id) for line in lines] == [(3, "alice")]


@pytest.mark.parametrize("named", ['"', "a", " ", ";;", ""])
def test_a_first_line_that_names_what_cannot_be_a_delimiter_is_a_header_like_any(named: str) -> None:
    with pytest.raises(Invalid, match="no column for the operator's id"):
        table(f"sep={named}\noperator_id;mailbox\nalice;a@x.example\n")


def test_a_formula_that_keeps_an_id_from_being_a_number_is_its_text() -> None:
    text = 'operator_id,mailbox\n"=""00042""",="a@x.example"\n=cmd|x,b@x.example\n'
    assert [each["operator_id"] for each in cells(text)] == ["00042", "=cmd|x"]
    assert cells(text)[0]["mailbox"] == "a@x.example"
    assert list(read_operator_ids(io.BytesIO(b'"=""00042"""\n'))) == ["00042"]


def test_of_two_columns_that_mean_the_same_the_better_name_counts_and_the_other_is_told() -> None:
    found = table("Id,Operator ID,Mail,Email\n17,alice,old@x.example,a@x.example\n")
    assert found.columns == {"Operator ID": "operator_id", "Email": "mailbox"}
    assert found.ignored == ("Id", "Mail")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"Name,User name\nAlice,a\n", 'no column for the operator\'s id; call it "operator_id"'),
        (b"operatorid_,operator id\na,b\n", "two columns are called"),
        (b"a\0b\0c\0", "this is no text"),
        (b"operator_id\n\x81\x8d\n", "neither UTF-8 nor Windows-1252"),
        (b"\xff\xfeo\0p\0e", "is not UTF-16"),
        (b"\xef\xbb\xbfoperator_id\nj\xf6rg\n", "is not UTF-8;"),
        (b"\xd0\xcf\x11\xe0 old Excel", "this is an .xls"),
        (b"\xef\xbb\xbf\r\n<html><table><tr><td>operator_id", "this is a web page or XML"),
        (b"PK\x03\x04 no archive", "this is no .xlsx"),
        (b"operator_id," + b"x" * 200_000, "a line has more than"),
    ],
)
def test_what_is_no_table_of_operators_is_refused_with_the_reason(content: bytes, words: str) -> None:
    with pytest.raises(Invalid, match="import-invalid") as refused:
        list(table(content).lines)
    assert words in refused.value.detail


@given(st.binary(max_size=60), st.sampled_from([b"", b"operator_id,mailbox\n", b"\xff\xfe", b"sep=;\n", b'Id;"']))
def test_whatever_is_in_a_file_it_is_read_or_refused(content: bytes, begin: bytes) -> None:
    with suppress(Invalid):
        list(table(begin + content).lines)


def test_a_quote_that_is_not_closed_spoils_its_own_line_only() -> None:
    text = 'operator_id,name\nalice,"Alice\nbob,Bob\ncharlie,"Charlie, ""the"" boss"\ndana,"Da\nna"\n'
    assert refusals(text) == [(2, "line-unreadable")]
    read = [(line.number, line.operator_id) for line in table(text).lines if not line.refusal]
    assert read == [(3, "bob"), (4, "charlie"), (5, "dana")]


def test_quotes_in_the_midst_of_a_cell_or_before_a_blank_do_no_harm() -> None:
    text = 'operator_id,size,mailbox\nalice,5" pipe,a@x.example\nbob,"5""" , b@x.example\ncharlie,"a"b,c@x.example\n'
    assert [each["mailbox"] for each in cells(text)] == ["a@x.example", "b@x.example", "c@x.example"]


def test_a_quote_that_is_never_closed_in_a_long_file_costs_no_other_line() -> None:
    rest = "".join(f"user{number},x\n" for number in range(1000))
    lines = list(table(f'operator_id,name\nalice,"Alice\n{rest}').lines)
    assert (lines[0].number, lines[0].refusal is not None) == (2, True)
    assert [line.operator_id for line in lines[1:]] == [f"user{number}" for number in range(1000)]


def test_empty_lines_count_but_are_no_lines_of_the_table() -> None:
    lines = list(table("operator_id,mailbox\n\n , \nalice,a@x.example\n,,\n").lines)
    assert [(line.number, line.operator_id) for line in lines] == [(4, "alice")]


def test_a_line_of_other_shape_or_without_an_id_is_refused_and_a_short_one_leaves_its_fields() -> None:
    text = "operator_id,mailbox,email_sync\n,,1\nbob,b@x.example,1,surplus\ncharlie\n"
    assert refusals(text) == [(2, "operator-invalid"), (3, "line-unreadable")]
    assert cells(text) == [{"operator_id": "charlie"}]


def test_a_mailbox_stands_for_an_operator_whose_id_the_file_does_not_have() -> None:
    assert cells("Email,Email sync\na@x.example,1\n") == [{"mailbox": "a@x.example", "email_sync": "1"}]
    assert refusals("Email,Email sync\n,1\na@x.example,1\nA@x.example,0\n") == [
        (2, "operator-invalid"),
        (4, "line-repeated"),
    ]
    with pytest.raises(Invalid, match="no column for the operator's id"):
        list(read_operator_ids(io.BytesIO(b"Email,Email sync\na@x.example,1\n")))


def test_an_operator_or_a_mailbox_of_an_earlier_line_is_refused_and_the_earlier_named() -> None:
    text = (
        "operator_id,mailbox,connection\nalice,a@x.example,\nalice,b@x.example,\nbob,A@X.example,\n"
        "bob,b@x.example,default\ncharlie,a@x.example,other\n"
    )
    assert refusals(text) == [(3, "line-repeated"), (4, "line-repeated"), (5, "line-repeated")]
    details = [line.refusal.detail for line in table(text).lines if line.refusal]
    assert details[0] == "operator alice is in line 2 already, which counts"
    assert details[1] == "A@X.example is the mailbox of line 2 already, which counts"


def test_an_address_may_have_its_scheme_before_it() -> None:
    assert cells("operator_id,mailbox\nalice,SMTP:a@x.example\n")[0]["mailbox"] == "a@x.example"


def test_a_piece_keeps_the_numbers_of_the_file_it_was_cut_from() -> None:
    lines = [
        OperatorLine(70_001, {"operator_id": "alice", "mailbox": "a@x.example"}),
        OperatorLine(70_005, {"operator_id": "b"}),
    ]
    back = list(table(write_operator_lines(lines, ("operator_id", "mailbox"))).lines)
    assert [(line.number, dict(line.cells)) for line in back] == [(line.number, dict(line.cells)) for line in lines]
    assert back[1].lacks_mailbox


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("alice\nbob\n\n charlie \n", ["alice", "bob", "charlie"]),
        ("Operator ID\nalice\nbob\n", ["alice", "bob"]),
        ("Name;Operator\nAlice;alice\nNobody;\nBob;bob\n", ["alice", "bob"]),
    ],
)
def test_ids_are_read_of_a_list_or_of_a_table(text: str, ids: list[str]) -> None:
    assert list(read_operator_ids(io.BytesIO(text.encode()))) == ids


def test_a_list_of_addresses_is_no_list_of_ids() -> None:
    with pytest.raises(Invalid, match="no column for the operator's id"):
        list(read_operator_ids(io.BytesIO(b"Email\na@x.example\n")))


def test_a_file_of_ids_with_a_line_that_cannot_be_read_is_refused_whole() -> None:
    with pytest.raises(Invalid, match="line 3: a quote is not closed"):
        list(read_operator_ids(io.BytesIO(b'Operator ID\nalice\n"bob\n')))


# What a line makes of an operator


def line(**fields: str) -> OperatorLine:
    return OperatorLine(2, {"operator_id": "alice", **fields})


@pytest.mark.parametrize("word", ["true", "TRUE", "yes", "Y", "1", "x", "X", "on", "WAHR", "ja", "VRAI", "sí"])
def test_these_words_mean_on(word: str) -> None:
    assert operator_after(line(mailbox="a@x.example", contact_sync=word), None).contact_sync is True


@pytest.mark.parametrize("word", ["false", "No", "n", "0", "-", "off", "FALSCH", "nein", "FAUX"])
def test_these_words_mean_off(word: str) -> None:
    assert operator_after(line(email_sync=word), ALICE).email_sync is False


def test_what_a_line_does_not_say_stays_and_a_new_operator_has_the_defaults() -> None:
    assert operator_after(line(), ALICE) == ALICE
    assert operator_after(line(mailbox="ALICE@contoso.example"), ALICE) == ALICE, "the case alone is no change"
    assert operator_after(line(mailbox="a@x.example"), None) == Operator("alice", "a@x.example", "")
    changed = operator_after(line(connection="online", calendar_sync="x"), ALICE)
    assert changes_between(ALICE, changed) == {"connection": ("default", "online"), "calendar_sync": (False, True)}


@pytest.mark.parametrize(
    ("said", "lacks", "before", "code"),
    [
        ({"email_sync": "maybe"}, False, ALICE, "operator-invalid"),
        ({"items": "burn"}, False, ALICE, "operator-invalid"),
        ({"email_sync": "1"}, False, None, "operator-unknown"),
        ({"email_sync": "0"}, True, None, "mailbox-missing"),
        ({"email_sync": "1"}, True, ALICE, "mailbox-missing"),
        ({}, True, ALICE, "mailbox-missing"),
    ],
)
def test_a_line_that_makes_no_operator_is_refused(
    said: dict[str, str], lacks: bool, before: Operator | None, code: str
) -> None:
    with pytest.raises(Invalid, match=code):
        operator_after(OperatorLine(2, {"operator_id": "alice", **said}, lacks), before)


def test_an_operator_who_is_off_needs_no_mailbox_in_the_file() -> None:
    leaver = OperatorLine(2, {"operator_id": "alice", "email_sync": "no"}, lacks_mailbox=True)
    assert operator_after(leaver, ALICE).mailbox == ALICE.mailbox


def test_an_export_is_read_back_as_it_was() -> None:
    facts = {name: getattr(ALICE, name, ALICE.id) for name in EXPORTED}
    back = [operator_after(each, None) for each in table(write_operators([facts])).lines]
    assert changes_between(ALICE, back[0]) == {}


# Size


class _Endless(io.RawIOBase):
    """A file of 100,000 operators that is made while it is read: no test data takes part in what is measured."""

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self.made = 0
        self.seek(0)

    def seek(self, offset: int, whence: int = 0) -> int:
        assert (offset, whence) == (0, 0)
        self._made = self._make()
        self._rest = b""
        return 0

    def _make(self) -> Iterator[bytes]:
        yield b"Operator,Email,Email sync,Name\n"
        for number in range(self._lines):
            yield f'user{number},user{number}@contoso.example,x,"Somebody, number {number}"\n'.encode()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while len(self._rest) < len(buffer) and (more := next(self._made, None)):
            self._rest += more
            self.made += 1
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def test_100_000_lines_are_read_as_they_are_asked_for() -> None:
    file = _Endless(100_000)
    found = read_operator_table(file)  # type: ignore[arg-type]
    looked_at = file.made
    assert looked_at > 100_000, "the encoding is looked for in the whole file"
    next(found.lines)
    assert file.made - looked_at < 3_000
    assert sum(line.refusal is None for line in found.lines) == 99_999


def test_of_a_line_that_was_read_only_its_operator_and_its_mailbox_are_remembered() -> None:
    tracemalloc.start()
    try:
        for _ in read_operator_table(_Endless(20_000)).lines:  # type: ignore[arg-type]
            pass
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / 20_000 < 500, "bytes a line"

"""Characters, times and HTML: what comes in is mended as little as possible, what goes out is always legal."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from shared.wire.ews.dates import read_time, write_time
from shared.wire.ews.html_text import html_to_text
from shared.wire.ews.legal_text import LegalBytes, attribute, content, legal

REFERENCES = {
    b"&#x1F;": b"",
    b"&#x0;": b"",
    b"&#0;": b"",
    b"&#00031;": b"",
    b"&#x0000000B;": b"",
    b"&#xFFFE;": b"",
    b"&#65535;": b"",
    b"&#xD800;": b"",
    b"&#xdfff;": b"",
    b"&#55296;": b"",
    b"&#x110000;": b"",
    b"&#99999999999;": b"",
    b"&#x9;": b"&#x9;",
    b"&#10;": b"&#10;",
    b"&#xD;": b"&#xD;",
    b"&#8364;": b"&#8364;",
    b"&#x20AC;": b"&#x20AC;",
    b"&#xD7FF;": b"&#xD7FF;",
    b"&#x10FFFF;": b"&#x10FFFF;",
    b"&amp;#x1F;": b"&amp;#x1F;",
    b"&lt;": b"&lt;",
    b"a\x00b\x1fc\td\r\n": b"abc\td\r\n",
    "\ufffe€\uffff\ufffd".encode(): "€\ufffd".encode(),
    "a\ud800b".encode("utf-8", "surrogatepass"): b"ab",
    b"\xff\xfea\xc3": b"a",
    b"100 & more": b"100 & more",
}
PIECES = st.lists(st.sampled_from([*REFERENCES, b"&", b"#", b";", b"x", "é".encode(), "🚀".encode(), b" text "]))
TIMES = {
    "2026-11-20T10:15:00Z": datetime(2026, 11, 20, 10, 15, tzinfo=UTC),
    " 2026-11-20T10:15:00Z\n": datetime(2026, 11, 20, 10, 15, tzinfo=UTC),
    "2026-11-20T10:15:00": datetime(2026, 11, 20, 10, 15, tzinfo=UTC),
    "2026-11-20T10:15:00.5Z": datetime(2026, 11, 20, 10, 15, 0, 500_000, tzinfo=UTC),
    "2026-11-20T10:15:00.123456789Z": datetime(2026, 11, 20, 10, 15, 0, 123_456, tzinfo=UTC),
    "2026-11-20T10:15:00+05:30": datetime(2026, 11, 20, 4, 45, tzinfo=UTC),
    "0001-01-01T00:00:00Z": None,
    "1601-01-01T00:00:00Z": None,
    "4501-01-01T00:00:00Z": None,
    "9999-12-31T23:59:59-14:00": None,
    "yesterday": None,
    "": None,
    None: None,
}
PAGES = {
    "": "",
    "  ": "",
    "just text": "just text",
    "<p>one</p><p>two</p>": "one\n\ntwo",
    "a<br>b<br/>c": "a\nb\nc",
    "<ul><li>a</li><li>b</li></ul>": "a\n\nb",
    "<head><title>t</title><style>p {}</style></head><body>x<script>y()</script>z</body>": "xz",
    "<p>a  \n b&nbsp;c &amp; d &euro;</p><!-- no -->": "a b\xa0c & d €",
    "<div><div><p>deep</p></div></div>": "deep",
    "<p>never closed": "never closed",
    "<![if mso]>Outlook<![endif]>": "Outlook",
}


def cleaned(*pieces: bytes) -> bytes:
    filtering = LegalBytes()
    return b"".join([*(filtering.feed(piece) for piece in pieces), filtering.feed(b"", final=True)])


@pytest.mark.parametrize(("given_bytes", "expected"), REFERENCES.items())
def test_only_illegal_characters_and_references_go(given_bytes: bytes, expected: bytes) -> None:
    assert cleaned(b"<a>" + given_bytes + b"</a>") == b"<a>" + expected + b"</a>"


@given(pieces=PIECES, data=st.data())
def test_it_does_not_matter_where_the_pieces_are_cut(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    parts = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert cleaned(*parts) == cleaned(whole)


@given(text=st.text())
def test_what_is_sent_is_always_legal_and_says_all_that_can_be_said(text: str) -> None:
    element = etree.fromstring(f"<a b={attribute(text)}>{content(text)}</a>".encode())
    assert (element.text or "").replace("\r", "\n") == legal(text).replace("\r\n", "\n").replace("\r", "\n")
    assert (element.get("b") or "").split() == legal(text).split()


@pytest.mark.parametrize(("text", "expected"), TIMES.items())
def test_times_are_read_in_utc(text: str | None, expected: datetime | None) -> None:
    assert read_time(text) == expected


def test_times_are_written_in_utc() -> None:
    local = datetime(2026, 11, 20, 11, 15, tzinfo=timezone(timedelta(hours=1)))
    assert write_time(local) == "2026-11-20T10:15:00Z"
    assert write_time(local.replace(microsecond=250_000)) == "2026-11-20T10:15:00.250000Z"


@pytest.mark.parametrize(("page", "expected"), PAGES.items())
def test_the_words_of_a_page_without_its_markup(page: str, expected: str) -> None:
    assert html_to_text(page) == expected


@given(page=st.text())
def test_any_text_may_call_itself_html(page: str) -> None:
    assert isinstance(html_to_text(page), str)


@pytest.mark.parametrize("nasty", ["<div>", "<", "\xa0", "<head>", "<!--", "&nbsp;\n", "&", "<p>\t"])
def test_a_hostile_page_costs_no_more_than_its_length(nasty: str) -> None:
    assert "start" in html_to_text("start" + nasty * 200_000 + "end")


def test_the_words_of_a_bottomless_page_are_kept() -> None:
    assert html_to_text("<div>" * 5000 + "end") == "end"

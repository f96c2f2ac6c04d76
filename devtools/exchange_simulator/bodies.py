"""Conversion between HTML and text bodies, as the server makes the one that a message does not have."""

import re
from functools import lru_cache
from html import escape
from html.parser import HTMLParser

_BLOCKS = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "hr"}
_SILENT = {"script", "style", "head", "title"}


class _TextOfHtml(HTMLParser):
    """Collects text; blocks begin a line; scripts, styles and the head are silent."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _SILENT:
            self.silent += 1
        elif tag == "body":
            self.silent = 0
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self.silent:
            self.silent -= 1
        elif tag in _BLOCKS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


@lru_cache(maxsize=1024)
def text_of_html(html: str) -> str:
    """Give the readable text of an HTML body, lines joined by CRLF."""
    reader = _TextOfHtml()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError):  # malformed declarations
        return re.sub(r"<[^>]*>", " ", html)
    lines = (line.strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"(\r\n){3,}", "\r\n\r\n", "\r\n".join(lines)).strip()


def html_of_text(text: str) -> str:
    """Wrap a text body as the HTML that the server gives for it."""
    lines = escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>\r\n")
    return f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>{lines}</body></html>'

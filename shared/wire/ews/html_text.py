"""Plain text of an HTML body, for servers that give none (`item:TextBody` came with Exchange 2013)."""

import re
from collections.abc import Iterator

from lxml import etree, html

_SILENT = frozenset({"script", "style", "head", "title", "template"})
_LINES = "p div br tr li ul ol table h1 h2 h3 h4 h5 h6 hr blockquote pre section article header footer address dt dd"
_BLOCKS = frozenset(_LINES.split())
_MARKUP = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"\n{3,}")


def html_to_text(source: str) -> str:
    """The words of the document, a line for each block."""
    if not source.strip():
        return ""
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = etree.fromstring(source.encode("utf-8", "ignore"), parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        root = None
    if root is None or parser.error_log.filter_from_fatals():  # Nested too deeply for a tree, say.
        return " ".join(_MARKUP.sub(" ", source).split())
    lines = (line.strip() for line in "".join(_words(root)).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _words(root: etree._Element) -> Iterator[str]:
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        name = element.tag
        if event == "start":
            if name in _SILENT:
                walk.skip_subtree()
                continue
            yield "\n" if name in _BLOCKS else ""
            yield _SPACES.sub(" ", element.text or "")
        else:
            yield "\n" if name in _BLOCKS and name != "br" else ""
            yield _SPACES.sub(" ", element.tail or "")

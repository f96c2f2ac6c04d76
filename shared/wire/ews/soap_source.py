"""The bytes of an answer on their way into a parser: the prologue is checked, illegal characters go, errors get our names.

An XML parser with entities, DTDs and the network off; no DTD reaches it anyway. PROTOCOL 14.
"""

import re
from typing import Any, Protocol

from shared.errors import Reconfigure, SyncError, Transient
from shared.wire.ews.legal_text import LegalBytes

PARSER_OPTIONS: dict[str, Any] = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": True,
    "remove_comments": True,
    "remove_pis": True,
}
"""For every parser of answers. `huge_tree`: a body or an attachment may be larger than libxml2's 10 MB."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PROLOGUE = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([\w.-]+)[\s/>]")
_LONGEST_PROLOGUE = 4096
_UNFINISHED_START = re.compile(rb"<(?:\?.*|!-.*|[\w.-]*:?[\w.-]*)|\xef\xbb?", re.DOTALL)
_MARKUP = re.compile(r"<style.*?</style>|<[^>]*>", re.DOTALL)


class Parser(Protocol):
    """A parser of lxml or of the standard library; both say what is wrong with a SyntaxError."""

    def feed(self, data: bytes, /) -> object:
        """Take the next piece."""
        ...

    def close(self) -> object:
        """Say that there is no more."""
        ...


class SoapSource:
    """Feeds a parser. Only errors of `shared/errors.py` come out: Transient("answer-truncated") from `close` when the
    answer ended too early, Transient("answer-malformed") when it is no XML, and those of `not_soap`.
    """

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._prologue: Prologue | None = Prologue()
        self._legal = LegalBytes()

    def feed(self, data: bytes) -> None:
        """Read the next piece, of any size."""
        if self._prologue is not None:
            data = self._prologue.feed(data)
            if not self._prologue.done:
                return
            self._prologue = None
        self._parse(self._legal.feed(data))

    def close(self) -> object:
        """Say that the answer is complete; what the parser has made of it."""
        if self._prologue is not None:
            raise self._prologue.unfinished()
        self._parse(self._legal.feed(b"", final=True))
        try:
            return self._parser.close()
        except SyntaxError as wrong:
            raise Transient("answer-truncated", f"the answer ended too early: {wrong.msg}") from None

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
        except SyntaxError as wrong:
            raise Transient("answer-malformed", f"the answer is not XML: {wrong.msg}") from None


class Prologue:
    """What precedes the root element. It is checked and dropped, so that no DTD ever reaches the parser."""

    def __init__(self) -> None:
        self._held = b""
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """Nothing until the root's name is known; then everything from the root on. Raises for anything but SOAP."""
        self._held += data
        rest = self._rest()
        root = _ROOT.match(rest)
        if root is not None and root[1] == b"Envelope":
            self.done = True
            return rest
        if len(self._held) >= _LONGEST_PROLOGUE:
            raise not_soap(self._held)
        return b""

    def unfinished(self) -> SyncError:
        """The error for an answer that ended here."""
        rest = self._rest()
        if not rest or _UNFINISHED_START.fullmatch(rest):
            return Transient("answer-truncated", "the answer ended before it began")
        return not_soap(self._held)

    def _rest(self) -> bytes:
        held = self._held.removeprefix(_BYTE_ORDER_MARK)
        prologue = _PROLOGUE.match(held)
        return held[prologue.end() if prologue else 0 :]


def not_soap(data: bytes) -> SyncError:
    """The error for an answer that is no SOAP: a page for people, or something else altogether.

    Quirk: while its worker process starts anew, Exchange answers "Server Error in '/EWS' Application" as HTML.
    """
    start = data[:_LONGEST_PROLOGUE]
    shown = " ".join(_MARKUP.sub(" ", start.decode("utf-8", "replace")).split())[:200]
    if b"server error in" in start.lower():
        return Transient("exchange-unavailable", f"the server answered with an error page: {shown}")
    if b"<html" in start.lower() or b"<!doctype html" in start.lower():
        return Reconfigure("url-wrong", f"the URL answers with a page for people, not with EWS: {shown}")
    return Reconfigure("not-exchange", f"the answer is not SOAP: {shown}")

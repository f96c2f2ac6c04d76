"""Characters that XML 1.0 forbids, taken out of what is sent and of what is received.

Only illegal characters and references go; `&#8364;` stays. PROTOCOL 14, https://www.w3.org/TR/xml/#charsets
"""

import codecs
import re
from xml.sax.saxutils import escape, quoteattr

_ILLEGAL_BYTES = bytes(code for code in range(0x20) if code not in (0x09, 0x0A, 0x0D))
_NONCHARACTER_START = 0xEF
_NONCHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")
_ILLEGAL_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,24})|([0-9]{1,24}));")
_UNCOMMON_REFERENCE = re.compile(rb"#(?<=&#)(?!xD;|xA;)")
_HASH = ord("#")
_LONGEST_REFERENCE = 32


def legal(text: str) -> str:
    """The text without what XML cannot carry; a server would refuse the whole request for one such character."""
    return _ILLEGAL_TEXT.sub("", text)


def content(text: str) -> str:
    """Text as the content of an element."""
    return escape(legal(text))


def attribute(text: str) -> str:
    """Text as the value of an attribute, with its quotation marks."""
    return quoteattr(legal(text))


class LegalBytes:
    """Takes UTF-8 in pieces and hands it on without illegal characters, whatever the cuts between the pieces.

    Quirk: Exchange writes `&#x1F;` and the like for control characters in subjects and bodies. Bytes that are no UTF-8 are
    dropped too. Text is not told from CDATA, which Exchange does not write.
    """

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """What can be handed on now. A character or reference that may go on in the next piece is held back."""
        known = self._held + data if self._held else data
        legal_bytes, rest = _legal_characters(known, final=final)
        start = legal_bytes.rfind(b"&", -_LONGEST_REFERENCE)
        if not final and start >= 0 and legal_bytes.find(b";", start) < 0:
            legal_bytes, rest = legal_bytes[:start], legal_bytes[start:] + rest
        self._held = rest
        # A body has hundreds of `&#xD;` and hardly ever another reference, so looking first is worth it.
        if _HASH in legal_bytes and _UNCOMMON_REFERENCE.search(legal_bytes):
            return _REFERENCE.sub(_legal_reference, legal_bytes)
        return legal_bytes


def _legal_characters(data: bytes, *, final: bool) -> tuple[bytes, bytes]:
    """The whole characters that are legal, and the beginning of one that is cut off. Good data is not copied."""
    legal_bytes, rest = data, b""
    if not data.isascii():
        try:
            _, length = codecs.utf_8_decode(data, "strict", final)
            legal_bytes, rest = (data, b"") if length == len(data) else (data[:length], data[length:])
        except UnicodeDecodeError:
            text, length = codecs.utf_8_decode(data, "ignore", final)
            legal_bytes, rest = text.encode(), data[length:]
        if _NONCHARACTER_START in legal_bytes:
            legal_bytes = _NONCHARACTERS.sub(b"", legal_bytes)
    if any(code in legal_bytes for code in _ILLEGAL_BYTES):
        legal_bytes = legal_bytes.translate(None, _ILLEGAL_BYTES)
    return legal_bytes, rest


def _legal_reference(match: re.Match[bytes]) -> bytes:
    digits = match[1] or match[2]
    return match[0] if is_legal(int(digits, 16 if match[1] else 10)) else b""


def is_legal(code: int) -> bool:
    """Whether XML 1.0 allows the character."""
    if code < 0x20:
        return code in (0x09, 0x0A, 0x0D)
    return code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF

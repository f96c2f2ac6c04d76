"""The content of an attachment or of a message, decoded block by block while it comes: nothing is ever held whole."""

from binascii import Error as WrongEncoding
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any, cast

from lxml import etree

from shared.errors import Permanent, Reconfigure
from shared.wire.ews.faults import SUCCESS, Refusal, error
from shared.wire.ews.soap_source import PARSER_OPTIONS, SoapSource

_CONTENT = frozenset({"Content", "MimeContent"})
_WORDS = frozenset({"ResponseCode", "MessageText", "Value", "faultcode", "faultstring"})
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_OTHERS = bytes(code for code in range(256) if code not in _ALPHABET)


class ContentBlocks:
    """`feed` gives the bytes that can be decoded now, at most as many as it was fed; `close` gives the last ones.

    `close` raises the server's refusal, or what else is wrong with the answer: what came before is then no whole content.
    """

    def __init__(self) -> None:
        self._target = _Target()
        self._source = SoapSource(etree.XMLParser(target=cast(Any, self._target), **PARSER_OPTIONS))
        self._undecoded = b""

    def feed(self, data: bytes) -> bytes:
        """Read the next piece."""
        self._source.feed(data)
        encoded = self._undecoded + self._target.content()
        whole = len(encoded) - len(encoded) % 4
        self._undecoded = encoded[whole:]
        return _decode(encoded[:whole])

    def close(self) -> bytes:
        """Say that the answer is complete."""
        self._source.close()
        refused = self._target.refusal()
        if refused is not None:
            raise error(refused)
        return self._decode_rest()

    def _decode_rest(self) -> bytes:
        encoded = self._undecoded + self._target.content()
        return _decode(encoded + b"=" * (-len(encoded) % 4))


def _decode(encoded: bytes) -> bytes:
    try:
        return a2b_base64(encoded)
    except WrongEncoding as wrong:
        raise Permanent("item-corrupt", f"the content is not base64: {wrong}") from None


class _Target:
    """Collects pieces of the first content element, and what a response message or fault says."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._name = ""
        self._contents = 0
        self._said: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._value_name = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._name = tag[tag.rfind("}") + 1 :]
        self._contents += self._name in _CONTENT
        if self._name == "Value":
            self._value_name = attributes.get("Name", "")

    def end(self, tag: str) -> None:  # noqa: ARG002 (lxml gives it)
        self._name = ""

    def data(self, text: str) -> None:
        if self._name in _CONTENT:
            if self._contents == 1:
                self._pieces.append(text)
        elif self._name == "Value":
            self._values[self._value_name] = self._values.get(self._value_name, "") + text
        elif self._name in _WORDS:
            self._said[self._name] = self._said.get(self._name, "") + text

    def close(self) -> None:
        """lxml asks for it."""

    def content(self) -> bytes:
        """What came of the content since the last call, still encoded, without white space."""
        text = "".join(self._pieces)
        self._pieces.clear()
        return text.encode("ascii", "ignore").translate(None, _OTHERS)

    def refusal(self) -> Refusal | None:
        """What the server said instead of the content."""
        code = self._said.get("ResponseCode", "").strip()
        if code == SUCCESS:
            return None
        if not self._said:
            raise Reconfigure("not-exchange", "the answer is SOAP, but not the answer to what was asked")
        fault = self._said.get("faultcode", "").strip().rpartition(":")[2]
        text = self._said.get("MessageText") or self._said.get("faultstring", "")
        return Refusal(code or (fault if fault.startswith("Error") else ""), text.strip(), self._values)

"""An XML answer of Autodiscover as an element, by the settings that answers of EWS are read with. PROTOCOL 14."""

import re

from lxml import etree

from shared.errors import Transient
from shared.wire.ews.reading import Element, local
from shared.wire.ews.soap_source import PARSER_OPTIONS, not_soap

LARGEST = 1 << 20
"""Bytes of an answer that are read at most; real ones have a few thousand."""

_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)


def read_root(data: bytes, name: str) -> Element:
    """The root element, which must have this local name.

    Raises Reconfigure("url-wrong") or ("not-exchange") for anything else, Transient("answer-malformed") for broken XML.
    """
    if _DOCTYPE.search(data) or not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise not_soap(data)
    try:
        root = etree.fromstring(data, etree.XMLParser(**{**PARSER_OPTIONS, "huge_tree": False}))
    except etree.XMLSyntaxError as wrong:
        raise Transient("answer-malformed", f"the answer is not XML: {wrong.msg}") from None
    if local(root) != name:
        raise not_soap(data)
    return root

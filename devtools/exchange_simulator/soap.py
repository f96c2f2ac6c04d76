"""The envelope both ways: a request's bytes to its operation and header facts, an answer's parts to bytes.

Written from PROTOCOL 1 to 2: SOAP 1.1, the operation is the local name of the body's child, header order is free.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from devtools.exchange_simulator import markup
from devtools.exchange_simulator.versions import Product

Element = etree._Element
T = "{" + markup.TYPES + "}"
M = "{" + markup.MESSAGES + "}"
_S = "{" + markup.SOAP + "}"


@dataclass(frozen=True, slots=True)
class Streamed:
    """Bytes that go out as base64, block by block, and are never in memory as a whole."""

    blocks: Callable[[], Iterator[bytes]]


Piece = str | Streamed


class SoapFault(Exception):
    """The whole request fails: HTTP 500 with a fault (PROTOCOL 1.3)."""

    def __init__(self, code: str, text: str, *, values: Mapping[str, str] | None = None, xml: str = "") -> None:
        super().__init__(text)
        self.code, self.text, self.values, self.xml = code, text, dict(values or {}), xml


class ItemError(Exception):
    """One input fails: its response message has class Error."""

    def __init__(self, code: str, text: str = "", *, values: Mapping[str, str] | None = None, path: str = "") -> None:
        super().__init__(code)
        self.code, self.text, self.values, self.path = code, text or code, dict(values or {}), path


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a request says: `sid` is the kind and value of the ConnectingSID, None without impersonation.

    `time_zone` is the Windows id of the TimeZoneContext, which is UTC without one (PROTOCOL 11.5).
    """

    operation: str
    body: Element
    version: str | None
    sid: tuple[str, str] | None
    time_zone: str


def read_envelope(raw: bytes) -> Envelope:
    """Read a request. Raises SoapFault for what is no SOAP 1.1 request."""
    try:
        root = etree.fromstring(
            raw, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        )
    except etree.XMLSyntaxError as error:
        raise SoapFault("ErrorSchemaValidation", f"The request is not well-formed XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise SoapFault("ErrorInvalidRequest", "A document type declaration is not allowed.")
    body = root.find(_S + "Body")
    child = next((one for one in body if isinstance(one.tag, str)), None) if body is not None else None
    if root.tag != _S + "Envelope" or child is None:
        raise SoapFault("ErrorInvalidRequest", "The request is no SOAP 1.1 envelope with a body.")
    header = root.find(_S + "Header")
    # Quirk: the element of GetUserAvailability, alone of those known here, ends with Request.
    operation = etree.QName(child).localname.removesuffix("Request")
    return Envelope(operation, child, *_header(header))


def _header(header: Element | None) -> tuple[str | None, tuple[str, str] | None, str]:
    if header is None:
        return None, None, "UTC"
    names = [one.tag for one in header if isinstance(one.tag, str)]
    if len(names) != len(set(names)):
        raise SoapFault("ErrorDuplicateSOAPHeader", "A SOAP header appears twice.")
    version = header.find(T + "RequestServerVersion")
    impersonation = header.find(T + "ExchangeImpersonation")
    zone = header.find(f"{T}TimeZoneContext/{T}TimeZoneDefinition")
    time_zone = (zone.get("Id") if zone is not None else None) or "UTC"
    return version.get("Version") if version is not None else None, _connecting_sid(impersonation), time_zone


def _connecting_sid(impersonation: Element | None) -> tuple[str, str] | None:
    if impersonation is None:
        return None
    sid = impersonation.find(T + "ConnectingSID")
    found = [one for one in sid if isinstance(one.tag, str)] if sid is not None else []
    if len(found) != 1 or not (found[0].text or "").strip():
        raise SoapFault("ErrorInvalidExchangeImpersonationHeaderData", "The impersonation header names nobody.")
    return etree.QName(found[0]).localname, (found[0].text or "").strip()


def envelope(product: Product, body: Iterable[Piece], *, tells_version: bool = True) -> Iterator[Piece]:
    """Wrap the pieces of an answer."""
    major, minor, build, revision = product.build
    header = (
        f'<s:Header><h:ServerVersionInfo MajorVersion="{major}" MinorVersion="{minor}" MajorBuildNumber="{build}" '
        f'MinorBuildNumber="{revision}" Version="{product.reported}" xmlns:h="{markup.TYPES}"/></s:Header>'
    )
    yield (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{markup.SOAP}">'
        f"{header if tells_version else ''}"
        f'<s:Body xmlns:m="{markup.MESSAGES}" xmlns:t="{markup.TYPES}">'
    )
    yield from body
    yield "</s:Body></s:Envelope>"


def fault(error: SoapFault, *, detail: bool = True) -> str:
    """Write a fault; without `detail` it is what old servers and proxies give."""
    inside = (
        f'<detail><e:ResponseCode xmlns:e="{markup.ERRORS}">{error.code}</e:ResponseCode>'
        f'<e:Message xmlns:e="{markup.ERRORS}">{markup.text(error.text)}</e:Message>'
        f'<t:MessageXml xmlns:t="{markup.TYPES}">{_values(error.values)}{error.xml}</t:MessageXml></detail>'
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{markup.SOAP}"><s:Body><s:Fault>'
        f'<faultcode xmlns:a="{markup.TYPES}">a:{error.code}</faultcode>'
        f'<faultstring xml:lang="en-US">{markup.text(error.text)}</faultstring>'
        f"{inside if detail else ''}</s:Fault></s:Body></s:Envelope>"
    )


def _values(values: Mapping[str, str]) -> str:
    return "".join(f'<t:Value Name="{name}">{markup.text(value)}</t:Value>' for name, value in values.items())


def answer(operation: str, messages: Iterable[Iterable[Piece]]) -> Iterator[Piece]:
    """Put response messages together, one per input and in input order."""
    yield f"<m:{operation}Response><m:ResponseMessages>"
    for message in messages:
        yield from message
    yield f"</m:ResponseMessages></m:{operation}Response>"


def success(operation: str, content: Sequence[Piece]) -> Iterator[Piece]:
    """One response message of class Success."""
    yield f'<m:{operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
    yield from content
    yield f"</m:{operation}ResponseMessage>"


def failure(operation: str, error: ItemError, content: str = "") -> Iterator[Piece]:
    """One response message of class Error; a batch that stopped is a Warning (PROTOCOL 1.3)."""
    grade = "Warning" if error.code == "ErrorBatchProcessingStopped" else "Error"
    inside = _values(error.values) + error.path
    yield (
        f'<m:{operation}ResponseMessage ResponseClass="{grade}"><m:MessageText>{markup.text(error.text)}'
        f"</m:MessageText><m:ResponseCode>{error.code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>"
        f"{'<m:MessageXml>' + inside + '</m:MessageXml>' if inside else ''}{content}</m:{operation}ResponseMessage>"
    )


def written(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """Turn pieces into bytes of some size; small ones are gathered, streamed ones stay apart."""
    gathered: list[str] = []
    length = 0
    for piece in pieces:
        if isinstance(piece, str):
            gathered.append(piece)
            length += len(piece)
            if length > 200_000:
                yield "".join(gathered).encode()
                gathered, length = [], 0
            continue
        yield "".join(gathered).encode()
        gathered, length = [], 0
        yield from _base64(piece.blocks())
    yield "".join(gathered).encode()


def _base64(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Encode blocks of any length as one base64 text."""
    rest = b""
    for block in blocks:
        block = rest + block
        usable = len(block) - len(block) % 3
        for start in range(0, usable, 49_152):
            yield b64encode(block[start : min(start + 49_152, usable)])
        rest = block[usable:]
    yield b64encode(rest)

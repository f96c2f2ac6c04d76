"""Header fields of any message, however malformed: raw strings to text, addresses, dates and ids.

The standard library's parser does the work; where it raises on malformed input, a plainer reading takes over.
Nothing here raises.
"""

import re
from datetime import UTC, datetime
from email import policy
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from devtools.exchange_simulator.mail import Address

# What the email package raises on malformed input, besides its own errors (which are ValueError's or Exception's).
PARSE_ERRORS = (ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError, NotImplementedError)

_ADDRESS = re.compile(r"[^\s<>,;:\"()]+@[^\s<>,;:\"()]+")
_MESSAGE_ID = re.compile(r"<[^<>]*>")


def decode_bytes(raw: bytes, charset: str = "") -> str:
    """Decode bytes in the charset they claim; else as UTF-8; else as Windows-1252, which most such mail is."""
    for name in (charset, "utf-8", "cp1252"):
        try:
            if name:
                return raw.decode(name)
        except (LookupError, ValueError):
            continue
    return raw.decode("latin-1")


def raw_fields(message: Message) -> tuple[tuple[str, str], ...]:
    """Give all fields in order, unfolded, 8-bit bytes decoded, encoded words untouched."""
    return tuple((name, _unfold(str(value))) for name, value in message.raw_items())


def _unfold(value: str) -> str:
    if not value.isascii():
        value = decode_bytes(value.encode("utf-8", "surrogateescape"))
    return re.sub(r"\r?\n|\r", "", value).strip() if "\n" in value or "\r" in value else value.strip()


def decoded(value: str) -> str:
    """Decode encoded words; what cannot be decoded stays as written."""
    if "=?" not in value:
        return value
    try:
        return str(policy.default.header_factory("subject", value))
    except PARSE_ERRORS:
        pass
    try:
        parts = decode_header(value)
        return "".join(part if isinstance(part, str) else decode_bytes(part, name or "") for part, name in parts)
    except PARSE_ERRORS:
        return value


def addresses(value: str) -> tuple[Address, ...]:
    """Read an address list with its groups; what has no `@` is left out unless it is all there is."""
    if not value:
        return ()
    try:
        found = [Address(one.display_name, one.addr_spec) for one in _parsed_addresses(value)]
    except PARSE_ERRORS:
        found = []
    if not any("@" in one.address for one in found):
        found = _plain_addresses(value) or found
    return tuple(Address(decoded(one.name), one.address) for one in found if one.name or one.address)


def _parsed_addresses(value: str):  # type: ignore[no-untyped-def]  # the email package does not type its headers
    return policy.default.header_factory("to", value).addresses


def _plain_addresses(value: str) -> list[Address]:
    found = [Address(name, address) for name, address in getaddresses([value], strict=False) if "@" in address]
    return found or [Address("", address) for address in _ADDRESS.findall(value)]


def date(value: str) -> datetime | None:
    """Read a Date field as UTC; None when it makes no sense."""
    try:
        found = parsedate_to_datetime(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (*PARSE_ERRORS, OverflowError):
        return None


def message_ids(value: str) -> str:
    """Give the ids of a References or In-Reply-To field as one line, or the text itself when it has none."""
    return " ".join(_MESSAGE_ID.findall(value)) or value

"""Writing XML: namespaces, escaping and dates, as text templates because answers must be cheap.

Text from mail may hold characters that XML 1.0 forbids; they are dropped here, so an answer is always well formed.
Only fault injection puts them back (PROTOCOL 14).
"""

import re
from datetime import UTC, datetime

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def legal(value: str) -> str:
    """Drop what XML 1.0 cannot carry."""
    return value if value.isalnum() else _ILLEGAL.sub("", value)


def text(value: str) -> str:
    """Escape element content. A carriage return is written as a reference, or a parser would fold CRLF to LF."""
    value = legal(value)
    if "&" in value or "<" in value or ">" in value:
        value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return value.replace("\r", "&#xD;") if "\r" in value else value


def attribute(value: str) -> str:
    """Escape an attribute value for double quotes."""
    return text(value).replace('"', "&quot;").replace("\n", "&#xA;").replace("\t", "&#x9;")


def boolean(value: bool) -> str:
    """Write xs:boolean as Exchange does."""
    return "true" if value else "false"


def stamp(moment: datetime) -> str:
    """Write an aware datetime as UTC with `Z` and whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def moment(value: str) -> datetime:
    """Read an xs:dateTime; a value without a zone is UTC. Raises ValueError."""
    found = datetime.fromisoformat(value.strip())
    return found if found.tzinfo else found.replace(tzinfo=UTC)

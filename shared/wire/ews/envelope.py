"""The SOAP envelope of a request: which version of the schema, and whose mailbox. PROTOCOL 1 and 2."""

from dataclasses import dataclass

from shared.wire.ews.legal_text import attribute, content

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"

_START = f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">'
_OLD_VERSIONS = ("Exchange2007", "Exchange2009", "Exchange2010")


@dataclass(frozen=True, slots=True)
class Header:
    """`version` for RequestServerVersion; `mailbox` is the primary SMTP address to impersonate.

    `without`: property paths that this server refuses, which no shape may ask for.
    """

    version: str
    mailbox: str
    without: frozenset[str] = frozenset()

    @property
    def knows_text_body(self) -> bool:
        """Whether the schema has `item:TextBody`, which came with Exchange 2013."""
        return not self.version.startswith(_OLD_VERSIONS)


def request(header: Header, body: str) -> bytes:
    """The bytes of a whole request around the operation's element.

    https://learn.microsoft.com/exchange/client-developer/web-service-reference/exchangeimpersonation
    """
    return (
        f"{_START}<s:Header><t:RequestServerVersion Version={attribute(header.version)}/>"
        f"<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>{content(header.mailbox)}"
        f"</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def soap_action(operation: str) -> str:
    """The value of the SOAPAction header field, with its quotation marks."""
    return f'"{MESSAGES}/{operation}"'

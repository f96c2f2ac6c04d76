"""The HTTP header fields of a request. PROTOCOL 1 and 2."""

from shared.errors import Reconfigure
from shared.wire.ews.envelope import soap_action

COMPRESSED = "gzip, deflate"
PLAIN = "identity"
"""For contents of any size: a few compressed bytes could stand for more than fits into memory."""

_USER_AGENT = "ExchangeCRMSync/0.1"


def request_headers(
    operation: str, anchor_mailbox: bytes, authorization: str, *, request_id: str, encodings: str
) -> dict[bytes, bytes]:
    """`request_id` is fresh for each attempt; the server logs it and sends it back. `encodings`: COMPRESSED or PLAIN.

    `authorization` is empty where the connection is signed in, not the request (NTLM).
    """
    signed = {b"Authorization": authorization.encode()} if authorization else {}
    return signed | {
        b"Content-Type": b"text/xml; charset=utf-8",
        b"Accept": b"text/xml",
        b"Accept-Encoding": encodings.encode(),
        b"SOAPAction": soap_action(operation).encode(),
        b"User-Agent": _USER_AGENT.encode(),
        b"X-AnchorMailbox": anchor_mailbox,
        b"client-request-id": request_id.encode(),
        b"return-client-request-id": b"true",
    }


def anchor(address: str) -> bytes:
    """The mailbox's address as a header value: without it Exchange adds a hop to each call. Raises Reconfigure."""
    value = address.encode("utf-8", "replace")
    if not value or any(code <= 0x20 or code == 0x7F for code in value):
        raise Reconfigure("mailbox-address-invalid", f"{address!r} is no mail address")
    return value

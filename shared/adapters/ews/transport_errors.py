"""What httpx and the system call a failed connection, in our words. DESIGN 4.1: translated once, at the border."""

import socket
import ssl
from collections.abc import Iterator

import httpx

from shared.errors import Reconfigure, SyncError, Transient
from shared.model.foreign_codes import CERTIFICATE_ERRORS

CERTIFICATE_CODES = frozenset({*CERTIFICATE_ERRORS.values(), "tls-untrusted"})
"""What may be mended by another bundle of trusted certificates, or by another certificate."""


def certificate_error(wrong: ssl.SSLCertVerificationError, host: str) -> Reconfigure:
    """Why a certificate was refused."""
    code = CERTIFICATE_ERRORS.get(getattr(wrong, "verify_code", 0), "tls-untrusted")
    return Reconfigure(code, f"{host}: {getattr(wrong, 'verify_message', '') or wrong}")


def transport_error(wrong: Exception, host: str) -> SyncError:
    """The error for a request that got no whole answer."""
    causes = list(_causes(wrong))
    untrusted = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if untrusted is not None:
        return certificate_error(untrusted, host)
    for kind, code, words in _CAUSES:
        found = next((cause for cause in causes if isinstance(cause, kind)), None)
        if found is not None:
            return Transient(code, f"{host}: {words}{f': {found}' if str(found) else ''}")
    return Transient("exchange-unreachable", f"{host}: {type(wrong).__name__} {wrong}".rstrip())


# Looked for in this order, anywhere among the causes of what httpx raised.
_CAUSES: tuple[tuple[type[BaseException], str, str], ...] = (
    (ssl.SSLError, "tls-failed", "no secure connection could be agreed upon"),
    (socket.gaierror, "dns-failed", "the name cannot be resolved"),
    (ConnectionRefusedError, "connection-refused", "nothing listens there"),
    (httpx.ConnectTimeout, "exchange-unreachable", "no connection within the time allowed"),
    (httpx.TimeoutException, "exchange-timeout", "no answer within the time allowed"),
    (httpx.ConnectError, "exchange-unreachable", "no connection"),
    (httpx.DecodingError, "answer-malformed", "the answer's compression is broken"),
    (httpx.InvalidURL, "exchange-unreachable", "the URL is wrong"),
    (httpx.RemoteProtocolError, "connection-lost", "the server closed the connection"),
    (httpx.TransportError, "connection-lost", "the connection broke"),
)


def _causes(wrong: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [wrong]
    while waiting:
        cause = waiting.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions

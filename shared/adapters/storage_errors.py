"""Azure's errors in our words (`shared/errors.py`): the border that nothing of azure.core crosses.

https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
"""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

import aiohttp
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
)

from shared.errors import Conflict, Reconfigure, SyncError, Transient, Unclear
from shared.model.failures import error_class
from shared.model.foreign_codes import of_storage_error

_BEING_DELETED = ("TableBeingDeleted", "ContainerBeingDeleted", "QueueBeingDeleted")


def error_code(error: AzureError) -> str:
    """What the service called it (`TableNotFound`), "" where no service answered."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def translated(error: AzureError) -> SyncError:
    """The error of a read, or of a write that may be repeated."""
    if not isinstance(error, HttpResponseError) or error.status_code is None:
        denied = isinstance(error, ClientAuthenticationError)
        return Reconfigure("storage-denied", _first_line(error)) if denied else _unavailable(error)
    code = of_storage_error(error.status_code, error_code(error))
    return error_class(code)(
        code,
        _first_line(error),
        retry_after=_retry_after(error),
        exchange_code=error_code(error),
        request_id=_request_id(error),
    )


def transaction_error(error: AzureError) -> Exception:
    """The error of a transaction that was sent once: Conflict, Unclear, or what `translated` says.

    Quirk: azure.core reports every broken connection as ServiceRequestError, "not sent"; only a connection that could
    not be made is that. A 5xx answer may come after the commit.
    """
    if _was_never_sent(error):
        return _unavailable(error)
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if status is None and not isinstance(error, ClientAuthenticationError):
        return Unclear(_first_line(error))
    if status is not None and (status >= 500 or status in (408, 429)):
        return Unclear(f"{status} {error_code(error)}")
    if status in (404, 409, 412) and error_code(error) not in _BEING_DELETED:
        return Conflict(f"{status} {error_code(error)}")
    return translated(error)


@contextmanager
def azure_errors() -> Generator[None]:
    """Translate what azure.core raises inside."""
    try:
        yield
    except AzureError as error:
        raise translated(error) from error


def _was_never_sent(error: AzureError) -> bool:
    refused = isinstance(error.inner_exception, aiohttp.ClientConnectorError)
    return isinstance(error, ServiceRequestTimeoutError) or (isinstance(error, ServiceRequestError) and refused)


def _unavailable(error: AzureError) -> Transient:
    return Transient(
        "storage-unavailable", _first_line(error), retry_after=_retry_after(error), exchange_code=error_code(error)
    )


def _retry_after(error: AzureError) -> timedelta | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    seconds = str(headers.get("Retry-After", ""))
    return timedelta(seconds=int(seconds)) if seconds.isascii() and seconds.isdigit() else None


def _request_id(error: HttpResponseError) -> str:
    """Under which id Azure's support finds the request."""
    headers = getattr(error.response, "headers", None) or {}
    known = str(headers.get("x-ms-request-id", ""))[:200]
    return f"{headers.get('Date', '')} x-ms-request-id={known}".strip() if known else ""


def _first_line(error: AzureError) -> str:
    return (error.message or type(error).__name__).split("\n", 1)[0][:300]

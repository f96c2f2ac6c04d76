"""How Azure's errors become ours, as a table; what real connections do is in test_lost_acknowledgements."""

import aiohttp
import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
)

from shared.adapters.blobs import StorageBlobs
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.adapters.storage_errors import transaction_error, translated
from shared.adapters.tables import TableRows
from shared.errors import SyncError


def _answered(status: int, code: str) -> HttpResponseError:
    error = HttpResponseError(f"{status}\nsecond line")
    error.status_code, error.error_code = status, code  # type: ignore[attr-defined]
    return error


def _broken(cause: Exception) -> ServiceRequestError:
    """As the SDK's transport wraps what aiohttp raises."""
    return ServiceRequestError(cause, error=cause)


CASES: list[tuple[AzureError, str, str]] = [
    (_answered(400, "InvalidInput"), "Permanent storage-refused", "Permanent storage-refused"),
    (_answered(400, "EntityTooLarge"), "Permanent row-too-large", "Permanent row-too-large"),
    (_answered(401, "NoAuthenticationInformation"), "Reconfigure storage-denied", "Reconfigure storage-denied"),
    (_answered(403, "AuthorizationFailure"), "Reconfigure storage-denied", "Reconfigure storage-denied"),
    (_answered(404, "ResourceNotFound"), "Reconfigure storage-missing", "Conflict"),
    (_answered(408, "OperationTimedOut"), "Transient storage-unavailable", "Unclear"),
    (_answered(409, "EntityAlreadyExists"), "Permanent storage-refused", "Conflict"),
    (_answered(409, "TableBeingDeleted"), "Transient storage-unavailable", "Transient storage-unavailable"),
    (_answered(412, "UpdateConditionNotSatisfied"), "Permanent storage-refused", "Conflict"),
    (_answered(413, "RequestBodyTooLarge"), "Permanent transaction-too-large", "Permanent transaction-too-large"),
    (_answered(429, "TooManyRequests"), "Transient storage-unavailable", "Unclear"),
    (_answered(500, "InternalError"), "Transient storage-unavailable", "Unclear"),
    (_answered(503, "ServerBusy"), "Transient storage-unavailable", "Unclear"),
    (ClientAuthenticationError("no identity"), "Reconfigure storage-denied", "Reconfigure storage-denied"),
    (ServiceRequestTimeoutError("connect"), "Transient storage-unavailable", "Transient storage-unavailable"),
    (_broken(aiohttp.ServerDisconnectedError()), "Transient storage-unavailable", "Unclear"),
    (_broken(aiohttp.ClientOSError(104, "reset")), "Transient storage-unavailable", "Unclear"),
    (ServiceResponseError("timeout"), "Transient storage-unavailable", "Unclear"),
]


def _name(error: Exception) -> str:
    return f"{type(error).__name__} {error.code}" if isinstance(error, SyncError) else type(error).__name__


@pytest.mark.parametrize(("error", "repeatable", "_transaction"), CASES, ids=lambda case: repr(case)[:60])
def test_an_error_of_what_may_be_repeated(error: AzureError, repeatable: str, _transaction: str) -> None:
    assert _name(translated(error)) == repeatable
    assert "second line" not in str(translated(error))


@pytest.mark.parametrize(("error", "_repeatable", "transaction"), CASES, ids=lambda case: repr(case)[:60])
def test_an_error_of_a_transaction(error: AzureError, _repeatable: str, transaction: str) -> None:
    assert _name(transaction_error(error)) == transaction


async def test_everything_can_be_made_beforehand_and_again(storage_account: StorageAccount) -> None:
    for _ in range(2):
        await TableRows(storage_account).ensure()
        await StorageBlobs(storage_account).ensure()
        await StorageQueues(storage_account).ensure()

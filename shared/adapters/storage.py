"""One storage account: its three service clients over one HTTP session, by connection string or by identity.

Clients are made on first use, inside the event loop that uses them, and are never closed one by one: `close` ends the
session and the credential for all. Retries are few and short, since the queue brings the work back anyway.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from azure.core import AsyncPipelineClient
from azure.core.pipeline import AsyncPipeline, policies
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from shared.settings import StorageSettings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

CONNECT_SECONDS = 5
READ_SECONDS = 60
RETRIES = 2
BLOCK = 4 * 1024 * 1024
_DISPENSABLE = (
    policies.AsyncRedirectPolicy,
    policies.ContentDecodePolicy,
    policies.CustomHookPolicy,
    policies.DistributedTracingPolicy,
    policies.HttpLoggingPolicy,
    policies.NetworkTraceLoggingPolicy,
    policies.ProxyPolicy,
    policies.RequestIdPolicy,
    policies.UserAgentPolicy,
)


class StorageAccount:
    """Storage for `TableRows`, `StorageBlobs` and `StorageQueues`; one for each process and event loop.

    `trusted` is a PEM file of authorities to trust in place of the system's. A `credential` that is given is its
    owner's to close; without one, `credential` is the app's identity.
    """

    def __init__(
        self, settings: StorageSettings, *, credential: "AsyncTokenCredential | None" = None, trusted: str | None = None
    ) -> None:
        self.settings = settings
        self._given = credential
        self._transport = AioHttpTransport(
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            connection_verify=trusted or True,
            use_env_settings=False,  # else every request looks for a .netrc and proxies: a tenth of its CPU
        )

    @cached_property
    def tables(self) -> TableServiceClient:
        """The client for tables. Reads are retried; a transaction must be sent with `retry_total=0`."""
        options: dict[str, Any] = {"transport": self._transport, "retry_total": RETRIES, "retry_backoff_factor": 0.2}
        if self.settings.connection_string:
            return TableServiceClient.from_connection_string(self.settings.connection_string, **options)
        return TableServiceClient(self.settings.table_url, credential=self.credential, **options)

    @cached_property
    def table_requests(self) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
        """Requests of our own to the table service, signed, with their headers and retried as the SDK does it.

        Of the SDK's thirteen policies only these: the others cost a third of a point read's CPU and do nothing for it.
        """
        sdk = [getattr(each, "_policy", each) for each in self.tables._client._client._pipeline._impl_policies]
        needed = [policy for policy in sdk if not isinstance(policy, _DISPENSABLE)]
        return AsyncPipelineClient(self.tables.url, pipeline=AsyncPipeline(self._transport, policies=needed))

    @cached_property
    def blobs(self) -> BlobServiceClient:
        """The client for blobs, with blocks small enough for many uploads side by side."""
        options = self._retrying() | {
            "max_single_put_size": BLOCK,
            "max_block_size": BLOCK,
            "max_single_get_size": BLOCK,
            "max_chunk_get_size": BLOCK,
        }
        if self.settings.connection_string:
            return BlobServiceClient.from_connection_string(self.settings.connection_string, **options)
        return BlobServiceClient(self.settings.blob_url, credential=self.credential, **options)

    @cached_property
    def queues(self) -> QueueServiceClient:
        """The client for queues."""
        options = self._retrying()
        if self.settings.connection_string:
            return QueueServiceClient.from_connection_string(self.settings.connection_string, **options)
        return QueueServiceClient(self.settings.queue_url, credential=self.credential, **options)

    @cached_property
    def credential(self) -> "AsyncTokenCredential":
        """The app's identity, for storage by endpoint and for the vault."""
        if self._given is not None:
            return self._given
        # Imported here: azure-identity and msal cost a cold start 200 ms, and a connection string needs neither.
        from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

        client_id = self.settings.client_id or None
        if self.settings.managed_identity:
            return ManagedIdentityCredential(client_id=client_id)
        return DefaultAzureCredential(managed_identity_client_id=client_id)

    async def close(self) -> None:
        """End the HTTP session and the credential; calls after this fail."""
        if self._given is None and "credential" in self.__dict__:
            await self.credential.close()
        await self._transport.close()

    def _retrying(self) -> dict[str, Any]:
        """Options of azure-storage: retries after about 0 to 1 and 0 to 2 seconds (its default: 15 and more)."""
        backoff = {"initial_backoff": 0, "increment_base": 1, "random_jitter_range": 1}
        return {"transport": self._transport, "retry_total": RETRIES, **backoff}

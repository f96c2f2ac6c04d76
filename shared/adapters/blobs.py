"""Immutable contents in Azure Blob Storage, one container. Names are written once and never overwritten.

Large contents pass through a temporary file and go up and down in blocks, so that memory stays flat.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import IO, Any
from urllib.parse import quote

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobSasPermissions, UserDelegationKey, generate_blob_sas
from azure.storage.blob.aio import BlobClient

from shared.adapters.storage import BLOCK, StorageAccount
from shared.adapters.storage_errors import azure_errors
from shared.errors import Permanent, Reconfigure, Transient
from shared.ports import BlobInfo

CONTAINER = "exchange-crm-sync"
KEY_LIFE = timedelta(days=1)
# Storage clocks differ: a link is valid from a little earlier.
CLOCK_SKEW = timedelta(minutes=15)
_ATTEMPTS = 3


class StorageBlobs:
    """The port `Blobs`. `counts` tells puts, touches, gets, lists and deletes since the start."""

    def __init__(self, account: StorageAccount, container: str = CONTAINER) -> None:
        self.counts: Counter[str] = Counter()
        self._account = account
        self._container = container
        self._delegation: tuple[UserDelegationKey, datetime] | None = None

    async def ensure(self) -> None:
        """Create the container if it is missing. Writes do so too, when they meet that."""
        with azure_errors():
            try:
                await self._account.blobs.create_container(self._container)
            except ResourceExistsError:
                return

    async def put(self, name: str, content: bytes) -> None:
        """Write a blob, or mark the one that is there as just written."""
        await self._write(name, content, len(content))

    async def put_stream(self, prefix: str, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Write a stream under `prefix` and the SHA-256 of its content, by way of a temporary file."""
        digest = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(max_size=BLOCK) as spool:
            async for chunk in chunks:
                digest.update(chunk)
                spool.write(chunk)
            size = spool.tell()
            name = prefix + digest.hexdigest()
            if size <= BLOCK or not await self._touch(name):
                await self._write(name, spool, size)
        return name, size

    async def get(self, name: str) -> bytes | None:
        """Read a whole blob."""
        self.counts["gets"] += 1
        with azure_errors():
            try:
                content: bytes = await (await self._blob(name).download_blob()).readall()
            except ResourceNotFoundError:
                return None
        return content

    async def stream(self, name: str, *, first: int = 0, length: int | None = None) -> AsyncGenerator[bytes]:
        """Read a blob, or a range of it, in pieces of at most 4 MiB; nothing where the range is outside."""
        if length == 0:
            return
        self.counts["gets"] += 1
        with azure_errors():
            try:
                answer = await self._blob(name).download_blob(first, length)
                async for piece in answer.chunks():
                    yield piece
            except ResourceNotFoundError:
                raise Permanent("content-missing", name) from None
            except HttpResponseError as error:
                if error.status_code != 416:
                    raise

    async def link(self, name: str, *, until: datetime, content_type: str, file_name: str) -> str | None:
        """A URL with a shared access signature, by the account's key or by the identity's delegation key."""
        signer = await self._signer(until)
        if signer is None:
            return None
        blob = self._blob(name)
        signature = generate_blob_sas(
            str(blob.account_name),
            blob.container_name,
            blob.blob_name,
            permission=BlobSasPermissions(read=True),
            expiry=until.astimezone(UTC),
            content_type=content_type,
            content_disposition=f"attachment; filename*=UTF-8''{quote(file_name, safe='')}",
            **signer,
        )
        return f"{blob.url}?{signature}"

    async def names(self, prefix: str) -> AsyncGenerator[BlobInfo]:
        """All blobs whose name begins with `prefix`, by name."""
        with azure_errors():
            try:
                pages = self._account.blobs.get_container_client(self._container).list_blobs(name_starts_with=prefix)
                async for page in pages.by_page():
                    self.counts["lists"] += 1
                    async for blob in page:
                        yield BlobInfo(blob.name, blob.size, blob.last_modified)
            except ResourceNotFoundError:
                return

    async def delete(self, name: str) -> None:
        """Remove a blob, if it is there."""
        self.counts["deletes"] += 1
        with azure_errors():
            try:
                await self._blob(name).delete_blob()
            except ResourceNotFoundError:
                return

    async def _write(self, name: str, content: bytes | IO[bytes], size: int) -> None:
        """Write, or touch where the name is taken; again where the container is missing or a sweep came between."""
        for _ in range(_ATTEMPTS):
            with azure_errors():
                try:
                    return await self._upload(name, content, size)
                except ResourceExistsError:
                    if await self._touch(name):
                        return None
                except ResourceNotFoundError:
                    await self.ensure()
        raise Transient("storage-unavailable", f"blob {name} comes and goes")

    async def _upload(self, name: str, content: bytes | IO[bytes], size: int) -> None:
        self.counts["puts"] += 1
        if not isinstance(content, bytes):
            content.seek(0)
        await self._blob(name).upload_blob(content, length=size, overwrite=False)

    async def _touch(self, name: str) -> bool:
        """Make the blob's modified time new; whether it is there."""
        self.counts["touches"] += 1
        with azure_errors():
            try:
                await self._blob(name).set_blob_metadata({})
            except ResourceNotFoundError:
                return False
        return True

    async def _signer(self, until: datetime) -> dict[str, Any] | None:
        """What signs a link: the account's key, or a delegation key that outlives the link; None where neither is."""
        if self._account.settings.connection_string:
            key = getattr(self._account.blobs.credential, "account_key", None)
            return {"account_key": key} if key else None
        try:
            return {"user_delegation_key": await self._delegated_key(until)}
        except Reconfigure:
            return None

    async def _delegated_key(self, until: datetime) -> UserDelegationKey:
        if self._delegation is None or self._delegation[1] < until:
            now = datetime.now(UTC)
            expiry = max(until, now + KEY_LIFE)
            with azure_errors():
                key = await self._account.blobs.get_user_delegation_key(now - CLOCK_SKEW, expiry)
            self._delegation = (key, expiry)
        return self._delegation[0]

    def _blob(self, name: str) -> BlobClient:
        return self._account.blobs.get_blob_client(self._container, name)

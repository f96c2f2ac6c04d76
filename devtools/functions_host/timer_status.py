"""When each timer ran last and is due next, kept in blob storage where the real host keeps it.

With it a timer knows after a restart that it missed a time, and runs at once with `past_due`.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import ContainerClient

log = logging.getLogger("functions_host.timers")
CONTAINER = "azure-webjobs-hosts"


@dataclass(frozen=True, slots=True)
class TimerStatus:
    last: datetime | None = None
    next: datetime | None = None

    def as_json(self) -> dict[str, str]:
        last = (self.last or datetime.min.replace(tzinfo=UTC)).isoformat()
        following = (self.next or datetime.min.replace(tzinfo=UTC)).isoformat()
        return {"Last": last, "Next": following, "LastUpdated": last}

    @classmethod
    def from_json(cls, text: str | bytes) -> TimerStatus:
        document = json.loads(text)
        return cls(datetime.fromisoformat(document["Last"]), datetime.fromisoformat(document["Next"]))


class TimerStatusStore:
    """Reads and writes; trouble with the storage is logged and never keeps a timer from running."""

    def __init__(self, container: ContainerClient, host_id: str) -> None:
        self._container = container
        self._host_id = host_id

    async def read(self, function: str) -> TimerStatus:
        try:
            download = await self._container.download_blob(self._name(function))
            return TimerStatus.from_json(await download.readall())
        except ResourceNotFoundError:
            return TimerStatus()
        except (AzureError, ValueError, KeyError) as error:
            log.warning("the status of timer %s cannot be read: %s", function, error)
            return TimerStatus()

    async def write(self, function: str, status: TimerStatus) -> None:
        try:
            await self._upload(self._name(function), json.dumps(status.as_json()).encode())
        except AzureError as error:
            log.warning("the status of timer %s cannot be kept: %s", function, error)

    async def _upload(self, name: str, data: bytes) -> None:
        try:
            await self._container.upload_blob(name, data, overwrite=True)
        except ResourceNotFoundError:
            try:
                await self._container.create_container()
            except ResourceExistsError:
                log.debug("%s was made by another meanwhile", CONTAINER)
            await self._container.upload_blob(name, data, overwrite=True)

    def _name(self, function: str) -> str:
        return f"timers/{self._host_id}/{function}/status"

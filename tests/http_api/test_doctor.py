"""`POST /doctor` where it is needed most: when storage, in which each call is written down first, is what fails."""

from typing import Any

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Transient
from tests.flows.office import Office
from tests.http_api.client import calling


class Down(MemoryRows):
    """Tables that do not answer."""

    async def transact(self, table: str, partition: str, writes: Any) -> tuple[str, ...]:
        raise Transient("storage-unavailable", "Table Storage answers 503")

    async def get(self, table: str, partition: str, key: str) -> Any:
        raise Transient("storage-unavailable", "Table Storage answers 503")


async def test_the_doctor_says_that_storage_is_down_though_the_audit_cannot_be_written() -> None:
    async with calling(Office(), rows=Down()) as client:
        answer = await client.post("/api/doctor")
        change = await client.patch("/api/settings", json={}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["first"]["name"]) == (200, "tables")
    assert answer.json()["first"]["code"] == "storage-unavailable"
    assert change.status_code == 503

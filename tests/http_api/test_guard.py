"""On a developer's machine only this machine's own pages may call; everywhere no answer is sniffed or cached."""

import pytest

from tests.flows.office import Office
from tests.http_api.client import calling


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:7071"}, 200),
        ({"Host": "[::1]:7071"}, 200),
        ({"Origin": "http://localhost:7071"}, 200),
        ({"Host": "charlie.example"}, 403),
        ({"Host": "127.0.0.1.charlie.example"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "https://charlie.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[broken"}, 403),
    ],
)
async def test_a_local_server_answers_only_its_own_machine(headers: dict[str, str], status: int) -> None:
    async with calling(Office(), local=True) as client:
        answer = await client.get("/api/operators", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "host-not-allowed"


async def test_in_azure_the_host_is_what_the_front_end_says() -> None:
    async with calling(Office()) as client:
        answer = await client.get("/api/operators", headers={"Host": "exsync.example", "Origin": "https://crm.example"})
    assert answer.status_code == 200


async def test_no_answer_is_sniffed_or_cached() -> None:
    async with calling(Office()) as client:
        for path in ("/api/operators", "/api/nothing", "/api/openapi.json"):
            headers = (await client.get(path)).headers
            assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")

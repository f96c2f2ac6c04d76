"""A query parameter that the call does not have: refused where something would be changed, and where it is nearly one."""

import pytest

from tests.flows.office import Office
from tests.http_api.client import calling


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("DELETE", "/api/operators/alice?item=remove", 'query.item: there is no such parameter; write "items"'),
        ("DELETE", "/api/operators/alice?simulate=1", "query.simulate: there is no such parameter; there are: items"),
        (
            "POST",
            "/api/operators/alice/sync?dry_run=1",
            "query.dry_run: there is no such parameter; this call has none",
        ),
        ("GET", "/api/operators?limti=1", 'query.limti: there is no such parameter; write "limit"'),
    ],
)
async def test_it_is_refused_with_what_was_probably_meant_and_nothing_is_done(
    method: str, path: str, words: str
) -> None:
    office = await Office().open()
    async with calling(office) as http:
        body = {"kinds": ["email"]} if method == "POST" else None
        answer = await http.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (400, "request-malformed", words)
        assert (await http.get("/api/operators/alice")).json()["email_sync"] is True


@pytest.mark.parametrize("path", ["/api/operators?nocache=1&utm_source=x", "/api/operators?code=KEY&clientId=default"])
async def test_what_gateways_and_the_host_add_to_a_call_that_reads_is_let_pass(path: str) -> None:
    async with calling(await Office().open()) as http:
        assert (await http.get(path)).status_code == 200

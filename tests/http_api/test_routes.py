"""The calls of an administrator and of the CRM, one after another as they are made."""

import json
from collections import Counter
from typing import Any

import httpx
import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Transient
from shared.ports import COLLECTIONS_QUEUE
from tests.flows.breaking import Fuse
from tests.flows.office import Office
from tests.http_api.client import calling

ALICE = {"mailbox": "alice@contoso.example", "email_sync": True, "time_zone": "Europe/Berlin"}


async def synced_office() -> Office:
    office = Office()
    office.deliver("offer")
    await office.open()
    await office.settle()
    return office


async def call(office: Office, method: str, path: str, **more: Any) -> httpx.Response:
    async with calling(office) as client:
        return await client.request(method, f"/api{path}", **more)


async def test_an_operator_is_new_once_and_then_replaced() -> None:
    office = Office()
    assert (await call(office, "PUT", "/operators/alice", json=ALICE)).status_code == 201
    again = await call(office, "PUT", "/operators/alice", json=ALICE)
    assert again.status_code == 200
    assert again.json() == {
        "operator_id": "alice",
        "connection": "default",
        "calendar_sync": False,
        "contact_sync": False,
        **ALICE,
    }
    assert (await call(office, "GET", "/operators/alice")).json() == again.json()
    assert (await call(office, "PUT", "/operators/alice", json=again.json())).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "request-malformed"),
        ({"mailbox": "alice@contoso.example", "email_snyc": True}, "request-malformed"),
        ({"mailbox": "alice@contoso.example", "email_sync": "yes"}, "request-malformed"),
        ({"mailbox": "alice@contoso.example", "operator_id": "bob"}, "operator-invalid"),
        ({"mailbox": "alice"}, "operator-invalid"),
        ({"mailbox": "alice\ud800@contoso.example"}, "operator-invalid"),
    ],
)
async def test_a_mistake_in_an_operator_is_named(body: dict[str, Any], code: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await call(Office(), "PUT", "/operators/alice", content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_a_body_that_is_not_declared_as_json_is_refused_with_the_header_to_send() -> None:
    answer = await call(Office(), "PUT", "/operators/alice", content=json.dumps(ALICE))
    assert answer.status_code == 400
    assert "Content-Type: send application/json" in answer.json()["detail"]


async def test_operators_are_paged() -> None:
    office = Office()
    for name in ("alice", "bob", "charlie"):
        await call(office, "PUT", f"/operators/{name}", json={"mailbox": f"{name}@contoso.example"})
    first = (await call(office, "GET", "/operators?limit=2")).json()
    second = (await call(office, "GET", "/operators", params={"limit": 2, "after": first["next"]})).json()
    assert [each["operator_id"] for each in first["items"] + second["items"]] == ["alice", "bob", "charlie"]
    assert second["next"] is None


async def test_a_deleted_operator_is_404_but_its_items_stay_readable() -> None:
    office = await synced_office()
    assert (await call(office, "DELETE", "/operators/alice")).status_code == 204
    assert (await call(office, "GET", "/operators/alice")).status_code == 404
    assert (await call(office, "GET", "/operators/alice/status")).status_code == 404
    assert len((await call(office, "GET", "/operators/alice/emails")).json()["items"]) == 1
    assert len((await call(office, "GET", "/operators/alice/changes")).json()["changes"]) == 1


async def test_deleting_with_the_items_takes_them_out_of_the_application() -> None:
    office = await synced_office()
    assert (await call(office, "DELETE", "/operators/alice?items=remove")).status_code == 204
    assert await office.sync() == "off"
    assert (await call(office, "GET", "/operators/alice/emails")).json()["items"] == []
    entries = (await call(office, "GET", "/operators/alice/changes")).json()["changes"]
    assert [(entry["type"], entry["item"]) for entry in entries] == [("created", None), ("deleted", None)]


async def test_a_sync_is_accepted_with_or_without_a_body() -> None:
    office = await synced_office()
    office.queues.receive(COLLECTIONS_QUEUE)
    for more in ({}, {"json": {"kinds": ["email"]}}):
        answer = await call(office, "POST", "/operators/alice/sync", **more)
        assert (answer.status_code, answer.json()["kinds"]) == (202, ["email"])
    assert len(office.queues.receive(COLLECTIONS_QUEUE)) == 2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kinds": ["calendar"]}, 400, "kind-not-available"),
        ({"kinds": ["fax"]}, 400, "request-malformed"),
        ({"kinds": []}, 400, "request-malformed"),
    ],
)
async def test_a_sync_of_what_there_is_not_is_refused(body: dict[str, Any], status: int, code: str) -> None:
    answer = await call(await synced_office(), "POST", "/operators/alice/sync", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_releasing_where_nothing_is_held_is_a_conflict() -> None:
    answer = await call(await synced_office(), "POST", "/operators/alice/release", json={"kind": "email"})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-held")


async def test_a_held_removal_takes_place_once_it_is_released() -> None:
    office = Office()
    folder = office.box.add_folder("Customers", parent="inbox")
    for _ in range(40):
        office.deliver(folder=folder)
    await office.open()
    await office.settle()
    office.box.delete_folder(folder, for_good=True)
    await office.settle()
    assert (await call(office, "POST", "/operators/alice/release", json={"kind": "email"})).status_code == 202
    await office.settle()
    status = (await call(office, "GET", "/operators/alice/status")).json()["kinds"]["email"]
    assert (status["state"], status["held"]) == ("polling", None)
    items = (await call(office, "GET", "/operators/alice/emails")).json()["items"]
    assert {item["gone"] for item in items} == {"deleted"}


async def test_settings_are_patched_under_their_version() -> None:
    office = await synced_office()
    before = await call(office, "GET", "/settings")
    patch = {"email": {"sync_from_days": 7}}
    merge = {"Content-Type": "application/merge-patch+json"}
    content = json.dumps(patch)
    missing = await call(office, "PATCH", "/settings", content=content, headers=merge)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition-required")
    with_match = {**merge, "If-Match": before.headers["etag"]}
    dry = await call(office, "PATCH", "/settings?dry_run=true", content=content, headers=with_match)
    done = await call(office, "PATCH", "/settings", content=content, headers=with_match)
    stale = await call(office, "PATCH", "/settings", content=content, headers=with_match)
    foretold = {name: dry.json()[name] for name in ("will", "harm")}
    assert dry.json() == done.json() == (await call(office, "GET", "/settings")).json() | foretold
    assert done.json()["email"]["sync_from_days"] == 7
    assert dry.headers["etag"] == done.headers["etag"] != before.headers["etag"]
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")


@pytest.mark.parametrize("content", ["", "[]", '"x"', "{", "null"])
async def test_a_patch_that_is_no_object_is_malformed(content: str) -> None:
    headers = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
    answer = await call(Office(), "PATCH", "/settings", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed")


async def test_mistakes_in_settings_are_named_line_by_line() -> None:
    patch = {"connections": {"default": {"url": "https//mail.contoso.example/EWS/Exchange.asmx", "batch_size": 0}}}
    answer = await call(Office(), "PATCH", "/settings", json=patch, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (400, "setting-invalid")
    first, second = answer.json()["detail"].split("\n")
    assert 'write "https://mail.contoso.example/EWS/Exchange.asmx"' in first
    assert second.startswith("connections.default.batch_size (Batch size, EWSBatchSize): ")


async def test_a_secret_is_not_sent_to_another_host_without_itself() -> None:
    office = await synced_office()
    patch = {"connections": {"default": {"url": "https://charlie.example/EWS/Exchange.asmx"}}}
    refused = await call(office, "PATCH", "/settings", json=patch, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (403, "secret-not-confirmed")
    headers = {"If-Match": "*", "X-Confirm-Secret": "x"}
    assert (await call(office, "PATCH", "/settings", json=patch, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/operators/charlie", 404, "operator-unknown"),
        ("/operators/charlie/emails", 404, "operator-unknown"),
        ("/operators/alice/emails/nothing", 404, "item-unknown"),
        ("/operators/alice/emails?limit=201", 400, "request-malformed"),
        ("/operators/alice/emails?limit=0", 400, "request-malformed"),
        ("/operators/alice/emails?include=everything", 400, "request-malformed"),
        ("/operators/alice/emails?after=x", 400, "cursor-invalid"),
        ("/operators/alice/changes?kind=fax", 400, "request-malformed"),
        ("/operators/alice/changes?after=x", 400, "cursor-invalid"),
        ("/operators/alice/appointments", 404, "not-found"),
        ("/operators/alice/commands/1", 404, "not-found"),
        ("/operators/", 404, "not-found"),
        ("/failures?of=items", 400, "request-malformed"),
        ("/failures?operator_id=charlie", 404, "operator-unknown"),
        ("/nothing", 404, "not-found"),
        ("/docs/secrets.txt", 404, "not-found"),
    ],
)
async def test_every_refusal_is_a_problem_document(path: str, status: int, code: str) -> None:
    answer = await call(await synced_office(), "GET", path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert all(problem[name] for name in ("type", "title", "detail", "remedy"))


async def test_a_method_that_is_not_known_names_those_that_are() -> None:
    answer = await call(Office(), "PATCH", "/operators/alice")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"]


async def test_kinds_of_later_versions_have_an_empty_feed() -> None:
    answer = await call(await synced_office(), "GET", "/operators/alice/changes?kind=calendar")
    assert (answer.status_code, answer.json()["changes"]) == (200, [])


async def test_while_storage_is_down_the_caller_is_told_to_come_again() -> None:
    office = await synced_office()

    class Down:
        def __getattr__(self, name: str) -> Any:
            raise Transient("storage-unavailable", "the server is busy")

    down: Any = Down()
    async with calling(office, rows=down) as client:
        answer = await client.get("/api/operators/alice")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
    assert answer.headers["retry-after"] == "5"


async def test_a_write_without_acknowledgement_is_to_be_repeated() -> None:
    office = Office()
    worker = Fuse(3, "undone").worker(office.world())
    async with calling(office, rows=worker.rows) as client:
        first = await client.put("/api/operators/alice", json=ALICE)
        second = await client.put("/api/operators/alice", json=ALICE)
    assert (first.status_code, second.status_code) == (503, 201)


async def test_an_error_of_our_own_is_a_problem_document_and_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        async def get(self, *_: str) -> None:
            raise RuntimeError("the pipe sk-secret burst")

    broken: Any = Broken()
    async with calling(Office(), rows=broken) as client:
        answer = await client.get("/api/operators/alice?code=key-of-the-function")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert "pipe" not in answer.text
    (record,) = [record for record in caplog.records if record.name == "http_api.guard"]
    assert record.getMessage() == "GET /api/operators/alice failed"
    assert record.exc_info


async def test_asking_the_feed_for_news_costs_one_read_while_there_are_none() -> None:
    office = await synced_office()
    assert isinstance(office.rows, MemoryRows)
    async with calling(office) as client:
        first = (await client.get("/api/operators/alice/changes")).json()
        before = Counter(office.rows.counts)
        again = (await client.get("/api/operators/alice/changes", params={"after": first["next"]})).json()
        assert again == {"changes": [], "next": first["next"]}
        assert office.rows.counts - before == Counter(gets=1)
        office.deliver("news")
        await office.settle()
        news = (await client.get("/api/operators/alice/changes", params={"after": first["next"]})).json()
        assert [(each["type"], each["item"]["subject"]) for each in news["changes"]] == [("created", "news")]

"""What is no GET stands in the audit: who, when, what, to whom, how it ended; and never a secret or content."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from http_api.app import create_app
from shared.flows.audit import conceal, sweep_audit
from shared.flows.operators import get_operator
from shared.ports import Rows
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import Office, note
from tests.http_api.client import BASE
from tests.http_api.test_roles import principal

BOB = principal("administrator")
ALICE = {"mailbox": "alice@contoso.example", "email_sync": True}


def client(office: Office, *, rows: Rows | None = None) -> httpx.AsyncClient:
    async def world() -> Any:
        return office.world(rows=rows)

    transport = httpx.ASGITransport(create_app(world, signs_in=True), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"{BASE}/api", headers=BOB)


async def entries(http: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await http.get("/audit", params=query)).json()["items"]
    return found


async def test_an_action_is_there_with_who_when_what_whom_and_how_it_ended() -> None:
    async with client(Office()) as http:
        assert (await http.put("/operators/alice?items=remove", json=ALICE)).status_code == 201
        assert await entries(http) == [
            {
                "at": "2026-11-20T12:00:00Z",
                "by": "bob@contoso.example",
                "action": "put_one_operator",
                "target": "alice",
                "outcome": "done",
                "code": None,
                "detail": {"items": "remove"},
            }
        ]


async def test_reading_leaves_no_trace() -> None:
    async with client(Office()) as http:
        await http.get("/operators")
        await http.get("/operators/nobody")
        assert await entries(http) == []


@pytest.mark.parametrize(
    ("roles", "path", "body", "outcome", "code"),
    [
        ("reader", "/operators/alice", ALICE, "refused", "role-missing"),
        ("administrator", "/operators/alice", {"mailbox": "none"}, "refused", "operator-invalid"),
        ("administrator", "/operators/alice", {"mailbux": "x"}, "refused", "request-malformed"),
    ],
)
async def test_a_refusal_is_there_with_its_code(
    roles: str, path: str, body: dict[str, Any], outcome: str, code: str
) -> None:
    async with client(Office()) as http:
        await http.put(path, json=body, headers=principal(roles, name="charlie@contoso.example"))
        [entry] = await entries(http)
    assert (entry["by"], entry["target"]) == ("charlie@contoso.example", "alice")
    assert (entry["outcome"], entry["code"]) == (outcome, code)


async def test_a_change_of_settings_names_them_and_shows_no_value() -> None:
    office = Office()
    patch = {"email": {"enabled": True, "exclude_addresses": ["dana@secret.example"]}, "connections": None}
    async with client(office) as http:
        headers = {"If-Match": "*", "X-Confirm-Secret": "hush-hush", "Content-Type": "application/merge-patch+json"}
        assert (await http.patch("/settings", json=patch, headers=headers)).status_code == 200
        answer = await http.get("/audit")
    assert answer.json()["items"][0]["target"] == "email.enabled, email.exclude_addresses, connections"
    assert "dana" not in answer.text and "hush" not in answer.text


async def test_operators_that_an_import_changes_are_found_one_by_one_and_the_others_leave_nothing() -> None:
    office = await Office().open()
    table = "operator_id,mailbox,email_sync\nalice,alice@contoso.example,0\neve,eve@x.example,1\n"
    async with client(office) as http:
        for query in ("?dry_run=true", "", ""):
            await http.post(f"/operators/import{query}", content=table, headers={"Content-Type": "text/csv"})
        taken = "operator_id,mailbox\nbob,alice@contoso.example\n"
        await http.post("/operators/import", content=taken, headers={"Content-Type": "text/csv"})
        found = {name: await entries(http, operator_id=name) for name in ("alice", "bob", "eve")}
    [alice], [eve] = found["alice"], found["eve"]
    assert (alice["by"], alice["action"], alice["outcome"]) == ("bob@contoso.example", "import_one_operator", "done")
    assert alice["detail"] == {"changed": "email_sync"}
    assert eve["detail"]["changed"].startswith("mailbox, ")
    assert {(each["outcome"], each["code"]) for each in found["bob"]} == {("refused", "mailbox-taken")}


ABOUT_ALICE = (
    ("POST", "/operators/alice/sync", {"kinds": ["email"]}),
    ("POST", "/pauses/operator-alice", {"reason": "a move"}),
    ("POST", "/failures/alice:email/retry", None),
    ("POST", "/failures/alice:email:0123/retry", None),
    ("POST", "/operators/alice/forget", None),
)


@pytest.mark.parametrize(("method", "path", "body"), ABOUT_ALICE)
async def test_whatever_is_done_about_an_operator_is_found_by_the_id_and_concealed_with_it(
    method: str, path: str, body: Any
) -> None:
    office = await Office().open()
    operator = await get_operator(office.rows, "alice")
    async with client(office) as http:
        await http.request(method, path, json=body)
        assert len(await entries(http, operator_id="alice")) == 1
        await conceal(office.world(), office.now.date(), operator)
        [entry] = await entries(http, operator_id="alice")
    assert "alice" not in str(entry)


async def test_whom_to_forget_is_concealed_under_the_name_of_the_report() -> None:
    office = await Office().open()
    async with client(office) as http:
        report = (await http.post("/forget", json={"address": "Dana@customer.example"})).json()
        office.now += timedelta(seconds=1)
        await http.post("/operators/Eve/forget")
        operator, address = await entries(http)
        assert await entries(http, operator_id="Eve") == [operator]
        everything = (await http.get("/audit")).text
    assert address["target"].removeprefix("forgotten-") == report["id"].removeprefix("address-")
    assert "dana" not in everything.lower() and "eve" not in everything.lower()


@pytest.mark.parametrize(
    "body",
    [b'{"\\ud800": {"\\udfff": 1}}', b'{"\\u0000": NaN}', b"[1]", b"null"],
)
async def test_a_body_that_nobody_can_read_is_refused_and_the_audit_still_reads(body: bytes) -> None:
    async with client(Office()) as http:
        headers = {"Content-Type": "application/json", "If-Match": "*"}
        assert (await http.patch("/settings", content=body, headers=headers)).status_code == 400
        assert (await http.get("/audit")).status_code == 200


async def test_a_body_with_thousands_of_names_leaves_a_small_entry() -> None:
    async with client(Office()) as http:
        names = {f"name-{number}": number for number in range(20_000)}
        await http.patch("/settings", json=names, headers={"If-Match": "*"})
        [entry] = await entries(http)
    assert len(entry["target"]) == 500


@pytest.mark.parametrize("day", ["0001-01-01", "2031-01-01", "9999-12-31"])
async def test_a_day_without_entries_is_empty_and_the_last_page(day: str) -> None:
    async with client(Office()) as http:
        assert (await http.get("/audit", params={"day": day})).json() == {"items": [], "next": None}


async def test_what_cannot_be_written_down_is_not_done() -> None:
    office = await Office().open()
    async with client(office, rows=Fuse(1, "undone").worker(office.world()).rows) as http:
        answer = await http.delete("/operators/alice")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
    async with client(office) as http:
        assert (await http.get("/operators/alice")).status_code == 200
        assert await entries(http) == []


async def test_an_action_that_died_half_way_stays_begun() -> None:
    office = Office()
    async with client(office, rows=Fuse(2).worker(office.world()).rows) as http:
        with pytest.raises(Crash):
            await http.put("/operators/alice", json=ALICE)
    async with client(office) as http:
        [entry] = await entries(http)
    assert (entry["outcome"], entry["target"]) == ("begun", "alice")


async def test_the_newest_is_first_and_pages_go_back_over_days() -> None:
    office = Office()
    async with client(office) as http:
        for name in ("one", "two", "three", "four", "five"):
            await http.delete(f"/operators/{name}")
            office.now += timedelta(hours=13)
        found, after = [], ""
        while after is not None:
            page = (await http.get("/audit", params={"limit": 2, "after": after})).json()
            assert len(page["items"]) <= 2
            found += [entry["target"] for entry in page["items"]]
            after = page["next"]
        assert found == ["five", "four", "three", "two", "one"]
        assert [entry["target"] for entry in await entries(http, day="2026-11-21")] == ["three", "two"]
        assert [entry["target"] for entry in await entries(http, operator_id="two")] == ["two"]


async def test_one_operators_entries_are_found_among_thousands_of_others_in_bounded_steps() -> None:
    office = Office()
    world = office.world()
    await note(world, by="bob", action="send", target="alice")
    for _ in range(2500):
        await note(world, by="bob", action="send", target="charlie")
    office.now += timedelta(days=60)
    async with client(office) as http:
        found: list[dict[str, Any]] = []
        after, calls = "", 0
        while after is not None:
            before = office.rows.counts["queries"]  # type: ignore[attr-defined]
            page = (await http.get("/audit", params={"operator_id": "alice", "after": after})).json()
            assert office.rows.counts["queries"] - before <= 32  # type: ignore[attr-defined]
            found += page["items"]
            after, calls = page["next"], calls + 1
    assert [entry["action"] for entry in found] == ["send"]
    assert calls > 3


@pytest.mark.parametrize("query", [{"day": "yesterday"}, {"day": "2026-13-01"}, {"after": "nonsense"}])
async def test_a_mistake_in_the_question_is_named(query: dict[str, str]) -> None:
    async with client(Office()) as http:
        assert (await http.get("/audit", params=query)).status_code == 400


async def test_what_is_too_old_is_swept_and_the_rest_stays() -> None:
    office = Office()
    world = office.world()
    year = timedelta(days=365)
    assert await sweep_audit(world, year, deadline=office.now + timedelta(minutes=4))
    for _ in range(250):
        await note(world, by="bob", action="old", target="alice")
    office.now += timedelta(days=2)
    await note(world, by="bob", action="new", target="alice")
    office.now += timedelta(days=364)
    assert not await sweep_audit(world, year, deadline=office.now), "no time, so it is not done"
    assert await sweep_audit(world, year, deadline=office.now + timedelta(minutes=4))
    async with client(office) as http:
        found: list[dict[str, Any]] = []
        after = ""
        while after is not None:
            page = (await http.get("/audit", params={"after": after})).json()
            found, after = found + page["items"], page["next"]
    assert [entry["action"] for entry in found] == ["new"]
    assert (await office.rows.query("audit", "2026-11-20")).rows == ()

"""Operators in bulk over HTTP: a CRM's export goes in, an export comes out and goes in again, and lists are filtered."""

from collections import Counter
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from shared.flows.operators import list_operators
from shared.model.operator import Operator
from tests.flows.office import ALICE, Office
from tests.http_api.client import calling
from tests.model.workbook import inline

BAD = {
    17: ("user17,,1,0", "mailbox-missing"),
    18: ("user18,user18@,1,0", "operator-invalid"),
    19: ("user19,user19 at contoso,1,0", "operator-invalid"),
    100: ("user99,other@contoso.example,1,0", "line-repeated"),
    101: ("user101,USER99@contoso.example,1,0", "line-repeated"),
    200: (f"user200,{ALICE},1,0", "mailbox-taken"),
    201: ("user 201,user201@contoso.example,1,0", "operator-invalid"),
    202: ("user202,user202@contoso.example,perhaps,0", "operator-invalid"),
    203: (",user203@contoso.example,1,0", "operator-unknown"),
    204: ('user204,"user204@contoso.example,1,0', "line-unreadable"),
    205: ("user205,user205@contoso.example,1,0,more", "line-unreadable"),
    206: ("user206,user206@contoso.example,1,2", "operator-invalid"),
    **{line: (f"user{line},user{line},1,0", "operator-invalid") for line in range(900, 908)},
}
"""By line of the file; the headers are line 1."""


def crm_export() -> str:
    good = (f"user{line},user{line}@contoso.example,1,0" for line in range(2, 1002))
    rows = [BAD[line][0] if line in BAD else row for line, row in enumerate(good, 2)]
    return "\n".join(["Operator ID,Email,Email sync,IsEnabledBiSync", *rows, ""])


async def imported(client: httpx.AsyncClient, content: str | bytes, **query: Any) -> dict[str, Any]:
    answer = await client.post(f"/api/operators/import?{urlencode(query)}", content=content)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert isinstance(document, dict)
    return document


async def ids(client: httpx.AsyncClient, **query: Any) -> list[str]:
    """The ids of a whole list, page by page."""
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await client.get("/api/operators", params={**query, **({"after": after} if after else {})})).json()
        found += [each["operator_id"] for each in page["items"]]
        after = page["next"]
    return found


async def test_of_1000_lines_20_are_refused_each_with_its_number_and_code_and_980_done() -> None:
    office = await Office().open()
    assert len(BAD) == 20
    async with calling(office) as client:
        for dry_run in ("true", "false"):
            found = await imported(client, crm_export(), dry_run=dry_run)
            assert (found["created"], found["refused"], found["dry_run"]) == (980, 20, dry_run == "true")
            assert [each["line"] for each in found["lines"]] == list(range(2, 1002))
            refused = {each["line"]: each["code"] for each in found["lines"] if each["outcome"] == "refused"}
            assert refused == {line: code for line, (_, code) in BAD.items()}
        assert len(await ids(client, limit=200)) == 981
        again = Counter(each["outcome"] for each in (await imported(client, crm_export()))["lines"])
    assert again == {"unchanged": 980, "refused": 20}


async def test_a_workbook_is_told_by_its_content() -> None:
    async with calling(Office()) as client:
        found = await imported(client, inline([("Operator", "E-Mail", "Email sync"), ("alice", ALICE, "WAHR")]))
        assert (found["encoding"], found["created"]) == ("xlsx", 1)
        assert (await client.get("/api/operators/alice")).json()["email_sync"] is True


async def test_a_file_that_is_no_table_or_too_large_is_refused_whole() -> None:
    async with calling(Office()) as client:
        answer = await client.post("/api/operators/import", content=b"Name\nAlice\n")
        assert (answer.status_code, answer.json()["code"]) == (400, "import-invalid")
        rows = "".join(f"user{number},user{number}@x.example\n" for number in range(1001))
        for content in (f"operator_id,mailbox\n{rows}".encode(), b" " * (10 * 1024 * 1024 + 1)):
            answer = await client.post("/api/operators/import", content=content)
            assert (answer.status_code, answer.json()["code"]) == (413, "import-too-large")
        assert await ids(client) == []


@pytest.mark.parametrize(
    "how", [{"files": {"file": ("users.csv", b"operator_id\nalice\n")}}, {"data": {"operator_id": ""}}]
)
async def test_a_file_in_a_form_is_refused_since_another_table_would_be_read_of_it(how: dict[str, Any]) -> None:
    async with calling(Office()) as client:
        answer = await client.post("/api/operators/import", **how)
    assert (answer.status_code, answer.json()["code"]) == (400, "import-invalid")
    assert "--data-binary" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["dryrun", "dry-run", "dryRun", "DRY_RUN", "dry_runs"])
async def test_a_misspelt_dry_run_is_not_taken_for_a_real_one(name: str) -> None:
    async with calling(Office()) as client:
        answer = await client.post(
            f"/api/operators/import?{name}=true", content=b"operator_id,mailbox\nbob,b@x.example\n"
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed")
        assert 'write "dry_run"' in answer.json()["detail"]
        assert await ids(client) == []


async def test_what_a_gateway_adds_to_the_query_is_let_pass() -> None:
    async with calling(Office()) as client:
        answer = await client.get("/api/operators?code=key&subscription-key=x&clientId=default&_=17&limit=5")
        assert answer.status_code == 200


async def test_of_a_cell_that_is_no_value_of_any_operator_only_the_beginning_is_told() -> None:
    async with calling(await Office().open()) as client:
        answer = await client.put("/api/operators/alice", json={"mailbox": "x" * 50_000, "time_zone": "y" * 50_000})
        assert answer.status_code == 400
        assert len(answer.content) < 2000


async def test_a_connection_that_the_settings_do_not_have_is_refused_unless_the_operator_has_it_already() -> None:
    office = await Office().open()
    async with calling(office) as client:
        facts = {"mailbox": "b@x.example", "connection": "defualt"}
        answer = await client.put("/api/operators/bob", json=facts)
        assert (answer.status_code, answer.json()["code"]) == (400, "operator-invalid")
        assert 'is it "default"?' in answer.json()["detail"]
        old = {"url": "https://old.example/EWS/Exchange.asmx", "version": "Exchange2016"}
        await office.configure({"connections": {"old": old}})
        assert (await client.put("/api/operators/bob", json={**facts, "connection": "old"})).status_code == 201
        await office.configure({"connections": {"old": None}})
        later = {**facts, "connection": "old", "email_sync": True}
        assert (await client.put("/api/operators/bob", json=later)).status_code == 200


async def test_an_export_comes_in_parts_and_is_read_back_without_a_change() -> None:
    async with calling(Office()) as client, calling(Office()) as another:
        await imported(client, crm_export())
        parts = []
        url: str | None = "/api/operators/export?format=csv&limit=300"
        while url:
            answer = await client.get(url)
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            parts.append(answer.text)
            url = answer.links.get("next", {}).get("url")
        assert len(parts) == 4
        assert {part.partition("\n")[0] for part in parts} == {
            "operator_id,mailbox,connection,email_sync,calendar_sync,contact_sync,time_zone"
        }
        for part in parts:
            assert (await imported(client, part))["unchanged"] == part.count("\n") - 1
            assert (await imported(another, part))["refused"] == 0
        assert await ids(another, limit=200) == await ids(client, limit=200)


async def test_a_cursor_of_another_list_is_refused() -> None:
    async with calling(Office()) as client:
        answer = await client.get("/api/operators/export?after=YWJj")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid")


async def test_the_names_of_the_calls_are_no_ids_of_operators() -> None:
    async with calling(Office()) as client:
        for name in ("import", "export"):
            answer = await client.put(f"/api/operators/{name}", json={"mailbox": "a@x.example"})
            assert (answer.status_code, answer.json()["code"]) == (400, "operator-invalid")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["alice", "bob", "charlie"]),
        ({"search": "ALI"}, ["alice"]),
        ({"search": "fabrikam"}, ["bob", "charlie"]),
        ({"connection": "online"}, ["charlie"]),
        ({"kind": "email"}, ["alice", "charlie"]),
        ({"kind": "email", "on": "false"}, ["bob"]),
        ({"on": "true"}, ["alice", "bob", "charlie"]),
        ({"on": "false"}, []),
        ({"kind": "calendar", "on": "true", "search": "b"}, ["bob"]),
    ],
)
async def test_a_list_is_narrowed_by_text_connection_and_what_is_on(query: dict[str, str], expected: list[str]) -> None:
    table = (
        "operator_id,mailbox,connection,email_sync,calendar_sync\n"
        "alice,alice@contoso.example,,1,\nbob,bob@fabrikam.example,,,1\ncharlie,charlie@fabrikam.example,online,1,\n"
    )
    async with calling(Office()) as client:
        await imported(client, table)
        assert await ids(client, limit=2, **query) == expected


async def test_a_filter_looks_at_a_thousand_operators_a_call_and_leads_on() -> None:
    office = Office()
    async with calling(office) as client:
        for begin in (0, 1000, 2000):
            rows = "".join(f"user{number:05d},user{number:05d}@x.example\n" for number in range(begin, begin + 1000))
            await imported(client, f"operator_id,mailbox\n{rows}")
        page = (await client.get("/api/operators?search=user02999")).json()
        assert (page["items"], page["next"] is not None) == ([], True)
        assert await ids(client, search="user02999") == ["user02999"]
        assert await ids(client, search="user0100", limit=3) == [f"user0100{digit}" for digit in range(10)]


async def test_a_filter_that_many_match_gives_no_more_than_asked_for_and_forgets_none() -> None:
    office = Office()
    async with calling(office) as client:
        rows = "".join(f"user{number},user{number}@x.example,1\n" for number in range(25))
        await imported(client, f"operator_id,mailbox,email_sync\n{rows}")
        page = (await client.get("/api/operators?kind=email&limit=10")).json()
        assert len(page["items"]) == 10
        assert len(set(await ids(client, kind="email", limit=10))) == 25

    def nobody(_: Operator) -> bool:
        return False

    assert (await list_operators(office.rows, wanted=nobody)).operators == ()

"""Who may call what: every route against every role, as the table of docs/api.md says, with the header that the platform sets."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from http_api.app import PREFIX, create_app
from http_api.callers import Needs
from shared.flows.operators import put_operator
from shared.flows.sync_collection import sync_collection
from shared.model.caller import Role
from shared.model.email import Email
from shared.model.exchange import ItemFailure
from shared.model.operator import Kind
from tests.flows.office import NOON, Office
from tests.http_api.client import BASE, bob

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
TABLE = re.compile(r"\| call \|(?P<roles>.*)\n\|[-|]+\n(?P<rows>(?:\|.*\n)+)")
EMAIL = Email("", "", "", subject="Offer", received=NOON, sent=NOON)
CONTENT = ("/emails", "/changes", "/appointments", "/contacts", "/commands")


def principal(*roles: str, kind: str = "aad", name: str = "bob@contoso.example") -> dict[str, str]:
    """The header of a caller with these app roles."""
    claims = [{"typ": "preferred_username", "val": name}, *({"typ": "roles", "val": role} for role in roles)]
    text = json.dumps({"auth_typ": kind, "name_typ": "name", "role_typ": "roles", "claims": claims})
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(text.encode()).decode()}


def client(office: Office, *, signs_in: bool = True) -> httpx.AsyncClient:
    """A client of the app where App Service Authentication says who calls."""

    async def world() -> Any:
        return office.world()

    app = create_app(world, signs_in=signs_in)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE)


def table() -> dict[str, frozenset[Role]]:
    """The roles that open each call, by the page."""
    found = TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert found
    roles = [Role(name) for name in re.findall(r"`(\w+)`", found["roles"])]
    opens: dict[str, frozenset[Role]] = {}
    for row in found["rows"].splitlines():
        calls, *marks = [cell.strip() for cell in row.strip("|").split("|")]
        allowed = frozenset(role for role, mark in zip(roles, marks, strict=True) if mark == "yes")
        opens |= dict.fromkeys(re.findall(r"`([A-Z]+ /[^`]*)`", calls), allowed)
    return opens


def routes() -> Iterator[tuple[str, APIRoute]]:
    """All routes of the app, whichever way they came into it."""
    app = create_app(None)  # type: ignore[arg-type]
    for included in app.routes:
        for route in included.original_router.routes:  # type: ignore[attr-defined]
            assert isinstance(route, APIRoute), f"{route} is no route that could say its roles"
            for method in sorted(route.methods or ()):
                yield f"{method} {route.path}", route


def needed(route: APIRoute) -> list[Needs]:
    calls = [dependency.call for dependency in route.dependant.dependencies]
    return [call for call in calls if isinstance(call, Needs)]


def test_every_route_says_which_roles_it_needs_and_the_page_says_the_same() -> None:
    opens = {name: [need.roles for need in needed(route)] for name, route in routes()}
    assert len(opens) >= 25
    assert opens == {name: [roles] for name, roles in table().items()}


def test_content_is_the_applications_alone_and_a_reader_changes_nothing() -> None:
    for name, roles in table().items():
        if any(part in name for part in CONTENT):
            assert roles == {Role.APPLICATION}, name
        assert name.startswith("GET ") or Role.READER not in roles, name
        assert roles, name


@pytest.mark.parametrize("role", Role)
async def test_a_role_opens_exactly_its_calls(role: Role) -> None:
    office = await Office().open()
    async with client(office) as http:
        for name, roles in table().items():
            method, path = name.split(" ")
            answer = await http.request(method, PREFIX + re.sub(r"{\w+}", "0", path), headers=principal(role))
            refused = answer.status_code == 403 and answer.json()["code"] == "role-missing"
            assert refused is (role not in roles), f"{role}: {name}: {answer.status_code} {answer.text[:200]}"


async def test_whom_nobody_signed_in_gets_nothing() -> None:
    async with client(Office()) as http:
        for name in table():
            method, path = name.split(" ")
            answer = await http.request(method, PREFIX + re.sub(r"{\w+}", "0", path), headers={"x-functions-key": "k"})
            assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-required"), name


@pytest.mark.parametrize(
    "header",
    [
        {"X-MS-CLIENT-PRINCIPAL": "no base64 at all"},
        {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(b'{"claims": []}').decode()},
        {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(b"[]").decode()},
        principal("administrator", kind="google"),
    ],
)
async def test_a_header_that_is_not_of_entra_id_names_nobody(header: dict[str, str]) -> None:
    async with client(Office()) as http:
        answer = await http.get("/api/settings", headers=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-required")


async def test_without_the_platforms_sign_in_the_header_is_not_believed() -> None:
    office = Office()
    async with client(office, signs_in=False) as http:
        answer = await http.put(
            "/api/operators/alice", json={"mailbox": "alice@contoso.example"}, headers=principal("reader")
        )
        assert answer.status_code == 201
        [entry] = (await http.get("/api/audit")).json()["items"]
    assert entry["by"] == "function key"


async def test_an_application_may_be_limited_to_named_operators() -> None:
    office = await Office().open()
    limited = principal("application:alice", "application:bob")
    async with client(office) as http:
        assert (await http.get("/api/operators/alice/emails", headers=limited)).status_code == 200
        assert (await http.get("/api/failures?operator_id=alice", headers=limited)).status_code == 200
        for path in ("/operators/charlie/emails", "/operators/charlie/changes", "/failures?operator_id=charlie"):
            answer = await http.get(f"/api{path}", headers=limited)
            assert (answer.status_code, answer.json()["code"]) == (403, "operator-not-yours"), path
        beside = await http.get("/api/docs?operator_id=alice", headers=limited)
        assert beside.status_code == 403, "a parameter that the call does not know names no operator"
        everybodys = principal("application:bob", "application")
        assert (await http.get("/api/operators/alice/emails", headers=everybodys)).status_code == 200


async def test_an_application_that_is_limited_is_told_of_its_operators_alone() -> None:
    office = await Office().open()
    office.exchange.add_mailbox("bob@contoso.example")
    await put_operator(office.world(), bob())
    for name in ("alice", "bob"):
        office.exchange.mailboxes[f"{name}@contoso.example"].deliver(EMAIL)
        await sync_collection(office.world(), name, Kind.EMAIL, budget=timedelta(minutes=4))
    async with client(office) as http:
        for roles, names in ((["application:bob", "application:eve"], {"bob"}), (["application"], {"alice", "bob"})):
            told, cursor, more = set(), "", True
            while more:
                query = {"after": cursor} if cursor else {}
                page = (await http.get("/api/changes", params=query, headers=principal(*roles))).json()
                told |= {hint["operator_id"] for hint in page["items"]}
                cursor, more = page["next"], page["more"]
            assert told == names


async def test_who_reads_everybodys_status_sees_content_only_of_the_applications_operators() -> None:
    office = await Office().open()
    broken = office.deliver("Offer")
    office.box.failures[broken] = ItemFailure(broken, "item-corrupt", "ErrorCorruptData", "Data is corrupt.")
    office.deliver("Lunch")
    await office.settle()
    async with client(office) as http:
        for operator, may_read in (("bob", False), ("alice", True)):
            both = principal("reader", f"application:{operator}")
            (mail,) = (await http.get("/api/operators/alice/why?subject=Lunch", headers=both)).json()["mails"]
            (failure,) = (await http.get("/api/failures?operator_id=alice", headers=both)).json()["items"]
            assert (mail["subject"], failure["subject"]) == (("Lunch", "Offer") if may_read else (None, None))


async def test_a_second_role_is_not_limited_by_the_applications_operators() -> None:
    office = await Office().open()
    async with client(office) as http:
        both = principal("application:bob", "reader")
        assert (await http.get("/api/operators/alice/status", headers=both)).status_code == 200
        assert (await http.get("/api/operators/alice/emails", headers=both)).status_code == 403

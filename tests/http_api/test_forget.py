"""Forgetting over HTTP: asked for, reported, and itself in the audit without a name."""

from datetime import timedelta

import httpx

from http_api.app import create_app
from shared.flows.forget_operator import go_on_forgetting
from shared.ports import SHARDS_QUEUE, World
from tests.flows.office import Office
from tests.flows.test_forget_address import carry_on
from tests.http_api.client import BASE
from tests.http_api.test_audit import client, entries
from tests.http_api.test_roles import principal

DANA = {"address": "dana@customer.example"}


async def test_an_operator_is_forgotten_and_the_report_says_what_went() -> None:
    office = Office()
    office.deliver("A mail")
    await office.open()
    await office.settle()
    async with client(office) as http:
        await http.post("/operators/alice/sync")
        office.now += timedelta(minutes=1)
        asked = await http.post("/operators/alice/forget")
        assert (asked.status_code, asked.json()["state"]) == (202, "working")
        for task in office.queues.receive(SHARDS_QUEUE):
            if task["task"] == "forget-operator":
                await go_on_forgetting(office.world(), task["job"], budget=timedelta(minutes=4))
        told = (await http.get("/operators/alice/forget")).json()
        assert (told["state"], told["removed"]["items"], told["by"]) == ("done", 1, "bob@contoso.example")
        assert (await http.get("/operators/alice")).status_code == 404
        assert (await http.get("/operators/alice/emails", headers=principal("application"))).status_code == 404
        again = await http.post("/operators/alice/forget")
        assert (again.status_code, again.json()) == (202, told)
        listed = await http.get("/audit")
        assert "alice" not in listed.text
        names = [entry["action"] for entry in await entries(http, operator_id="alice")]
    assert sorted(names) == ["ask_for_a_sync", "forget_an_operator", "forget_an_operator"]


async def test_a_person_is_forgotten_and_the_address_stands_nowhere() -> None:
    office = Office()
    async with client(office) as http:
        asked = (await http.post("/forget", json=DANA)).json()
        await carry_on(office)
        told = (await http.get(f"/forget/{asked['id']}")).json()
        assert (told["state"], told["id"]) == ("done", asked["id"])
        for path in ("/settings", "/settings/history", "/audit"):
            assert "dana" not in (await http.get(path)).text


async def test_a_person_is_let_in_again_by_the_name_of_the_report() -> None:
    office = await Office().open()
    async with client(office) as http:
        path = f"/forget/{(await http.post('/forget', json=DANA)).json()['id']}"
        refused = await http.delete(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "forget-under-way")
        await carry_on(office)
        assert (await http.delete(path, headers=principal("sales_ops"))).status_code == 403
        done = await http.delete(path)
        assert (done.status_code, done.content) == (204, b"")
        for again in (
            await http.delete(path),
            await http.get(path),
            await http.delete("/forget/dana@customer.example"),
        ):
            assert (again.status_code, again.json()["code"]) == (404, "forget-unknown")
        listed = await entries(http)
        assert "dana" not in str(listed)
    about_her = [entry["outcome"] for entry in listed if entry["target"] == f"forgotten-{path[-32:]}"]
    assert sorted(about_her) == ["done", "done", "refused", "refused", "refused", "refused"], "under one name"


async def test_this_process_keeps_to_it_at_once() -> None:
    office, told = Office(), []

    async def world() -> World:
        return office.world()

    app = create_app(world, settings_changed=lambda: told.append("read anew"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{BASE}/api") as http:
        asked = (await http.post("/forget", json=DANA)).json()
        await carry_on(office)
        await http.delete(f"/forget/{asked['id']}")
    assert told == ["read anew"] * 2


async def test_mistakes_are_named() -> None:
    office = await Office().open()
    async with client(office) as http:
        for method, path, body, status, code in [
            ("POST", "/operators/nobody/forget", None, 404, "operator-unknown"),
            ("GET", "/operators/nobody/forget", None, 404, "forget-unknown"),
            ("GET", "/forget/address-x%23y", None, 404, "forget-unknown"),
            ("POST", "/forget", {"address": "alice@contoso.example"}, 409, "address-of-operator"),
            ("POST", "/forget", {"address": "dana"}, 400, "request-malformed"),
        ]:
            answer = await http.request(method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code), path

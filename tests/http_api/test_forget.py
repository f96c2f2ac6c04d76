"""Forgetting over HTTP: asked for, reported, and itself in the audit without a name."""

from datetime import timedelta

from shared.flows.forget_operator import go_on_forgetting
from shared.ports import SHARDS_QUEUE
from tests.flows.office import Office
from tests.flows.test_forget_address import carry_on
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


async def test_a_person_is_forgotten_and_the_address_stands_only_in_the_settings() -> None:
    office = Office()
    async with client(office) as http:
        asked = (await http.post("/forget", json=DANA)).json()
        await carry_on(office)
        told = (await http.get(f"/forget/{asked['id']}")).json()
        assert (told["state"], told["id"]) == ("done", asked["id"])
        assert "dana" not in (await http.get("/audit")).text
        assert (await http.get("/settings")).json()["email"]["exclude_addresses"] == ["dana@customer.example"]


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

"""`/settings` beside the document itself: what a change will do, who made it, and the earlier product's settings."""

from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]

from http_api.app import create_app
from http_api.settings import FORETOLD
from http_api.settings_documents import SettingsHistory, SettingsImported
from shared.compose import World
from shared.model.setting_table import SETTINGS
from tests.flows.office import Office
from tests.http_api.client import BASE, calling

MATCH = {"If-Match": "*"}
FILE = "EWSNotificationsListenerURL,https://mail.contoso.example/EWS/Exchange.asmx\nEWSBatchSize,200\nPassword,hush\n"


async def call(office: Office, method: str, path: str, **more: Any) -> httpx.Response:
    async with calling(office) as client:
        return await client.request(method, f"/api/settings{path}", **more)


async def test_a_change_says_what_it_does_and_a_dry_run_says_only_that() -> None:
    office = await Office().open()
    off = {"email": {"enabled": False}}
    dry = (await call(office, "PATCH", "?dry_run=true", json=off, headers=MATCH)).json()
    assert dry["will"] == dry["harm"]
    assert "stops for all operators" in dry["harm"][0]
    assert (await call(office, "GET", "")).json()["email"]["enabled"] is True
    more = (await call(office, "PATCH", "", json={"email": {"sync_from_days": 30}}, headers=MATCH)).json()
    assert (len(more["will"]), more["harm"]) == (1, [])
    assert "backfill" in more["will"][0]


async def test_a_dry_run_goes_to_its_end_and_says_that_a_secret_will_be_asked_for() -> None:
    office = await Office().open()
    elsewhere = {"connections": {"default": {"url": "auto", "trusted_hosts": ["charlie.example"]}}}
    for request in ({"json": elsewhere}, {"json": elsewhere, "headers": MATCH | {"X-Confirm-Secret": "guess"}}):
        dry = await call(office, "PATCH", "?dry_run=true", **{"headers": MATCH} | request)
        (asked,) = [each for each in dry.json()["will"] if "default-password" in each]
        assert asked.startswith("connections.default.trusted_hosts: this would send the secret")
    confirmed = MATCH | {"X-Confirm-Secret": "x"}
    known = await call(office, "PATCH", "?dry_run=true", json=elsewhere, headers=confirmed)
    assert not [each for each in known.json()["will"] if "default-password" in each]
    assert (await call(office, "PATCH", "", json=elsewhere, headers=MATCH)).json()["code"] == "secret-not-confirmed"


async def test_a_misprinted_parameter_changes_nothing() -> None:
    office = await Office().open()
    refused = await call(office, "PATCH", "?dryrun=true", json={"email": {"enabled": False}}, headers=MATCH)
    assert (refused.status_code, refused.json()["code"]) == (400, "request-malformed")
    assert "query.dryrun" in refused.json()["detail"]
    assert "dry_run" in refused.json()["detail"]
    assert (await call(office, "GET", "")).json()["email"]["enabled"] is True
    with_key = await call(office, "PATCH", "?code=key&clientId=x", json={"email": {"enabled": False}}, headers=MATCH)
    assert with_key.status_code == 200


async def test_what_is_nested_without_end_is_refused() -> None:
    office = Office()
    for deep in ('{"a":' * 2000 + "1" + "}" * 2000, '{"email": {"folders": ' + "[" * 2000 + "]" * 2000 + "}}"):
        refused = await call(office, "PATCH", "", content=deep, headers=MATCH | {"Content-Type": "application/json"})
        assert (refused.status_code, refused.json()["code"]) == (400, "setting-invalid")


async def test_an_answer_may_be_sent_back_as_it_is() -> None:
    office = await Office().open()
    answer = await call(office, "PATCH", "", json={"email": {"sync_from_days": 30}}, headers=MATCH)
    again = await call(office, "PATCH", "", json=answer.json(), headers={"If-Match": answer.headers["etag"]})
    assert (again.status_code, again.json()["will"]) == (200, [])


def test_no_setting_has_the_name_of_what_is_foretold() -> None:
    assert not {setting.name.split(".")[0] for setting in SETTINGS}.intersection(FORETOLD)


async def test_the_history_names_the_caller_and_is_read_in_pages() -> None:
    office = await Office().open()
    for days in (7, 30):
        await call(office, "PATCH", "", json={"email": {"sync_from_days": days}}, headers=MATCH)
    page = (await call(office, "GET", "/history?limit=1")).json()
    jsonschema.validate(page, SettingsHistory.model_json_schema())
    assert page["items"][0]["by"] == "function key"
    assert page["items"][0]["changes"] == [{"setting": "email.sync_from_days", "from": 7, "to": 30}]
    rest = (await call(office, "GET", f"/history?after={page['next']}")).json()
    assert ([each["number"] for each in rest["items"]], rest["next"]) == ([2, 1], None)
    assert (await call(office, "GET", "/history?after=x")).json()["code"] == "cursor-invalid"


async def test_an_import_says_what_each_setting_becomes_and_changes_the_document() -> None:
    office = Office()
    dry = await call(office, "POST", "/import?dry_run=true", content=FILE)
    assert (await call(office, "GET", "")).json()["connections"] == {}
    done = await call(office, "POST", "/import", content=FILE)
    assert done.json() == dry.json()
    jsonschema.validate(done.json(), SettingsImported.model_json_schema())
    assert [each["state"] for each in done.json()["items"]] == ["taken", "taken", "not_needed"]
    assert "hush" not in done.text
    now = await call(office, "GET", "")
    assert now.json()["connections"]["default"]["batch_size"] == 200
    assert now.headers["etag"] == done.headers["etag"] == dry.headers["etag"]
    assert (await call(office, "POST", "/import", content=FILE)).headers["etag"] == now.headers["etag"]
    assert len((await call(office, "GET", "/history")).json()["items"]) == 1


async def test_an_import_does_not_walk_a_secret_out() -> None:
    office = await Office().open()
    elsewhere = "Exchange URL=https://charlie.example/EWS/Exchange.asmx"
    dry = await call(office, "POST", "/import?dry_run=true", content=elsewhere)
    assert [each["state"] for each in dry.json()["items"]] == ["taken"]
    assert "default-password" in dry.json()["will"][-1]
    refused = await call(office, "POST", "/import", content=elsewhere)
    assert (refused.status_code, refused.json()["code"]) == (403, "secret-not-confirmed")
    confirmed = await call(office, "POST", "/import", content=elsewhere, headers={"X-Confirm-Secret": "x"})
    assert confirmed.status_code == 200


async def test_a_file_without_settings_and_a_connection_without_a_name_are_refused() -> None:
    empty = await call(Office(), "POST", "/import", content=b"")
    assert (empty.status_code, empty.json()["code"]) == (400, "settings-file-invalid")
    for name in ("Head Office", "head.office", "", "auto"):
        badly_named = await call(Office(), "POST", f"/import?connection={name}", content=FILE)
        assert (badly_named.status_code, badly_named.json()["code"]) == (400, "setting-invalid")
        assert badly_named.json()["detail"].startswith(f"connections.{name}: ")


async def test_the_process_is_told_of_real_changes_only() -> None:
    office = await Office().open()
    told: list[str] = []

    async def world() -> World:
        return office.world()

    app = create_app(world, settings_changed=lambda: told.append("changed"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        for query in ("?dry_run=true", ""):
            await client.patch(f"/api/settings{query}", json={"email": {"sync_from_days": 9}}, headers=MATCH)
            await client.post(f"/api/settings/import{query}", content="Sync From No Of Days=8")
    assert told == ["changed", "changed"]

"""`POST /discover` as an administrator calls it, and what `exsync doctor --discover` makes of the answer."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from cli.remote import Refused
from http_api.documents import Discovered
from shared.model.autodiscover import Answer
from tests.flows.office import ALICE, Office
from tests.http_api.client import calling

JSON = f"https://autodiscover.contoso.example/autodiscover/autodiscover.json/v1.0/{ALICE}?Protocol=EWS"
HERE = "https://mail.contoso.example/EWS/Exchange.asmx"
ELSEWHERE = "https://mail.fabrikam.example/EWS/Exchange.asmx"


async def discovered(office: Office, **body: Any) -> httpx.Response:
    async with calling(office) as client:
        return await client.post("/api/discover", json={"address": ALICE, **body})


async def test_the_connection_that_leads_there_is_named() -> None:
    office = await Office().open()
    office.exchange.autodiscover_answers[JSON] = Answer(HERE, build="15.1.2507.61")
    found = Discovered.model_validate((await discovered(office)).json())
    assert (found.url, found.version, found.connection, found.code) == (HERE, "Exchange2016", "default", None)
    assert found.commands == [
        f"exsync settings set connections.default.url={HERE} connections.default.version=Exchange2016"
    ]


async def test_a_place_to_which_no_connection_leads_is_found_all_the_same() -> None:
    office = await Office().open()
    office.exchange.autodiscover_answers[JSON] = Answer(ELSEWHERE)
    found = Discovered.model_validate((await discovered(office)).json())
    assert (found.url, found.connection, found.code) == (ELSEWHERE, None, "connection-not-found")
    assert found.commands == [f"exsync settings set connections.other.url={ELSEWHERE}"]


async def test_the_cloud_is_a_connection_of_its_own_beside_the_one_that_is_there() -> None:
    office = await Office().open()
    online = "https://outlook.office365.com/EWS/Exchange.asmx"
    office.exchange.autodiscover_answers[JSON] = Answer(online)
    found = Discovered.model_validate((await discovered(office)).json())
    assert found.version == "Exchange365"
    assert found.commands == [
        f"exsync settings set connections.online.url={online} connections.online.version=Exchange365"
    ]


async def test_a_host_to_trust_is_added_to_those_that_are_trusted() -> None:
    office = await Office().open()
    await office.configure({"connections": {"default": {"url": "auto", "trusted_hosts": ["contoso.example"]}}})
    office.exchange.autodiscover_answers[JSON] = Answer(ELSEWHERE)
    found = Discovered.model_validate((await discovered(office)).json())
    hosts = '["contoso.example", "mail.fabrikam.example"]'
    assert found.commands == [f"exsync settings set 'connections.default.trusted_hosts={hosts}'"]


async def test_where_nothing_is_found_each_step_says_why() -> None:
    office = await Office().open()
    found = Discovered.model_validate((await discovered(office)).json())
    assert (found.url, found.code) == (None, "autodiscover-untrusted")
    assert [each.code for each in found.steps] == ["dns-failed"] * 3
    assert found.untrusted_hosts == ["contoso.example", "autodiscover.contoso.example"]
    assert found.commands == ["exsync settings set 'connections.default.trusted_hosts=[\"contoso.example\"]'"]


@pytest.mark.parametrize("body", [{"address": "alice"}, {"address": ""}, {"connection": "nowhere"}, {"adress": ALICE}])
async def test_a_mistake_is_named(body: dict[str, str]) -> None:
    answer = await discovered(await Office().open(), **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed")


@contextmanager
def serving(document: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """An app that answers every call with the document; its URL, and what it was sent."""
    sent: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api", sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_the_doctor_shows_the_steps_and_the_command() -> None:
    office = await Office().open()
    office.exchange.autodiscover_answers[JSON] = Answer(HERE, build="15.1.2507.61")
    document = (await discovered(office)).json()
    with serving(document) as (url, sent):
        result = CliRunner().invoke(app, ["--url", url, "doctor", "--discover", ALICE, "--connection", "default"])
    assert sent == [("/api/discover", {"address": ALICE, "connection": "default"})]
    assert result.exit_code == 0
    for shown in (JSON, f"url: {HERE}", "version: Exchange2016", f"→ {document['commands'][0]}"):
        assert shown in result.output


async def test_the_doctor_fails_where_nothing_leads_to_the_mailbox() -> None:
    document = (await discovered(await Office().open())).json()
    with serving(document) as (url, _):
        result = CliRunner().invoke(app, ["--url", url, "doctor", "--discover", ALICE])
    assert isinstance(result.exception, Refused)
    assert "autodiscover-untrusted" in str(result.exception)
    assert result.output.count("dns-failed: Correct the host in the URL") == 1, "once, though three steps failed so"

"""The control API: every verb over HTTP, and the process that serves it."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.mail_sources import messages
from tests.devtools.exchange_simulator.listener import Listener, subscribe
from tests.devtools.exchange_simulator.talk import ALICE, BOB, INBOX, T, Talk, item_shape, mail

ROOT = Path(__file__).resolve().parents[3]


async def test_a_day_in_a_mailbox(exchange: ExchangeSimulator, client: httpx.AsyncClient) -> None:
    box = f"{exchange.control}/mailboxes/{ALICE}"

    async def post(path: str, given: dict[str, object]) -> dict[str, Any]:
        answer = await client.post(box + path, json=given)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    query = {
        "folder": "inbox",
        "received": "2026-11-20T10:00:00Z",
        "read": "true",
        "sensitivity": "Private",
        "categories": "a,b",
    }
    item = (await client.post(f"{box}/deliver", params=query, content=mail("Hello"))).json()["id"]
    folder = (await post("/folders", {"name": "Projects", "parent": "inbox"}))["id"]
    moved = (await post("/move", {"item": item, "folder": "Inbox/Projects"}))["id"]
    await post("/flag", {"item": moved, "read": False, "subject": "Changed", "importance": "High"})
    (row,) = (await client.get(f"{box}/items", params={"folder": folder})).json()
    assert (row["subject"], row["is_read"], row["sensitivity"], row["categories"]) == (
        "Changed",
        False,
        "Private",
        ["a", "b"],
    )
    copy = (await post("/copy", {"item": moved, "folder": "inbox"}))["id"]
    deleted = (await post("/delete", {"item": copy, "how": "deleted_items"}))["id"]
    assert (await client.get(f"{box}/items", params={"folder": "deleteditems"})).json()[0]["id"] == deleted
    assert (await post("/renew-ids", {})) == {"items": 2}
    await client.patch(f"{box}/folders", json={"folder": folder, "name": "Customers", "parent": "msgfolderroot"})
    paths = {one["path"] for one in (await client.get(f"{box}/folders")).json()}
    assert "Customers" in paths
    await client.delete(f"{box}/folders", params={"folder": "Customers"})
    assert (await client.get(f"{box}/items", params={"folder": "Customers"})).status_code == 404


async def test_send_fill_and_large(exchange: ExchangeSimulator, client: httpx.AsyncClient) -> None:
    sent = {"sender": ALICE, "to": [BOB, ALICE], "subject": "Hi", "text": "there"}
    ids = (await client.post(f"{exchange.control}/send", json=sent)).json()
    assert set(ids) == {"sent", ALICE, BOB}
    await client.post(f"{exchange.control}/mailboxes/{BOB}/fill", json={"count": 10, "size": 3000, "days": 2})
    await client.post(f"{exchange.control}/mailboxes/{BOB}/large", json={"size": 1000})
    assert len(exchange.items(BOB)) == 12
    boxes = (await client.get(f"{exchange.control}/mailboxes")).json()
    assert {one["address"]: one["items"] for one in boxes}[BOB] == 12


async def test_deliver_with_sent_keeps_the_senders_copy(exchange: ExchangeSimulator, client: httpx.AsyncClient) -> None:
    raw = mail().replace(b"carla@customer.example", BOB.encode())
    await client.post(f"{exchange.control}/mailboxes/{ALICE}/deliver", params={"sent": "true"}, content=raw)
    assert exchange.items(BOB, "sentitems")[0].search_key == exchange.items(ALICE)[0].search_key


async def test_requests_are_counted(exchange: ExchangeSimulator, client: httpx.AsyncClient, talk: Talk) -> None:
    await talk.find()
    await talk.but(mailbox=BOB).sync()
    seen = (await client.get(f"{exchange.control}/requests")).json()
    assert seen["operations"] == {"FindItem": 1, "SyncFolderItems": 1}
    assert seen["mailboxes"] == {ALICE: 1, BOB: 1}
    assert seen["entries"][0]["code"] == "NoError"
    await client.delete(f"{exchange.control}/requests")
    assert (await client.get(f"{exchange.control}/requests")).json()["total"] == 0


async def test_faults_and_subscriptions(
    exchange: ExchangeSimulator, client: httpx.AsyncClient, talk: Talk, listener: Listener
) -> None:
    fault = (
        await client.post(f"{exchange.control}/faults", json={"kind": "server_busy", "operation": "FindItem"})
    ).json()
    assert (await client.get(f"{exchange.control}/faults")).json() == [fault]
    await client.delete(f"{exchange.control}/faults")
    assert (await talk.find()).codes == ["NoError"]
    await subscribe(talk, listener.url)
    await client.post(f"{exchange.control}/settle")
    (shown,) = (await client.get(f"{exchange.control}/subscriptions")).json()
    assert (shown["mailbox"], shown["delivered"], shown["pending"]) == (ALICE, 1, 0)
    assert (await client.post(f"{exchange.control}/subscriptions/error", json={"mailbox": ALICE})).json() == {"sent": 1}
    assert (await client.delete(f"{exchange.control}/subscriptions")).json() == {"lost": 0}


async def test_wrong_names_and_values_are_explained(exchange: ExchangeSimulator, client: httpx.AsyncClient) -> None:
    unknown = await client.get(f"{exchange.control}/mailboxes/nobody@contoso.example/items")
    wrong = await client.post(f"{exchange.control}/faults", json={"kind": "nonsense"})
    assert (unknown.status_code, wrong.status_code) == (404, 400)
    assert "nonsense" in wrong.json()["error"]
    assert len((await client.get(exchange.control)).json()["routes"]) > 30


async def test_a_hundred_thousand_messages_and_a_window(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.fill(ALICE, 100_000, days=1000)
    since = list(exchange.mailbox(ALICE).items.values())[-1001].received
    value = f"{since:%Y-%m-%dT%H:%M:%SZ}"
    path = '<t:FieldURI FieldURI="item:DateTimeReceived"/>'
    constant = f'<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant>'
    restriction = f"<m:Restriction><t:IsGreaterThan>{path}{constant}</t:IsGreaterThan></m:Restriction>"
    found = await talk.find(restriction, size=250)
    assert found.body.find(".//{*}RootFolder").get("TotalItemsInView") == "1000"  # type: ignore[union-attr]
    item = await talk.get_item(
        found.ids()[0], shape=item_shape(more="<t:IncludeMimeContent>true</t:IncludeMimeContent>")
    )
    assert 9_000 < len(item.texts(T + "MimeContent")[0]) * 3 / 4 < 11_000
    assert len((await talk.sync(folder=INBOX)).ids()) == 512


async def test_the_process_says_when_it_is_ready_and_stops_on_a_signal(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.eml").write_bytes(mail(str(number)))
    arguments = ["-m", "devtools.exchange_simulator", "--port", "0", "--mailbox", ALICE, "--mail", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    ready = (await process.stdout.readline()).decode().split()
    assert ready[0] == "ready"
    assert ready[1].endswith("/EWS/Exchange.asmx")
    control = ready[1].replace("/EWS/Exchange.asmx", "/control")
    rows = (await client.get(f"{control}/mailboxes/{ALICE}/items")).json()
    assert [row["subject"] for row in rows] == ["0", "1", "2"]
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


def test_messages_from_mbox_maildir_and_folder(tmp_path: Path) -> None:
    mbox = tmp_path / "mbox"
    mbox.write_bytes(b"From a@x Thu\nSubject: 1\n\n>From here\nFrom there\n\nFrom b@x Thu\nSubject: 2\n\nbody\n")
    assert list(messages(mbox)) == [b"Subject: 1\n\nFrom here\nFrom there\n\n", b"Subject: 2\n\nbody\n"]
    maildir = tmp_path / "maildir"
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True)
    (maildir / "cur" / "1:2,S").write_bytes(b"a")
    (maildir / "new" / "2").write_bytes(b"b")
    assert list(messages(maildir)) == [b"a", b"b"]

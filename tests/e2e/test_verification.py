"""`exsync operators verify` and waves against the running app: what an administrator sees who switches many on."""

import asyncio
import csv
import json
import signal
import sys
from pathlib import Path

from devtools.stack import until
from tests.e2e.conftest import People
from tests.e2e.office import LIMIT, Office, Person, exsync

_PROJECT = Path(__file__).resolve().parents[2]


async def put_off(person: Person, mailbox: str = "") -> None:
    """The operator is known and everything is off."""
    person.put = True
    await person.application.put_operator(person.operator, mailbox or person.mailbox, email_sync=False)


async def test_a_mailbox_that_is_synchronised_is_verified_to_its_push(office: Office, alice: Person) -> None:
    await alice.switch_on()
    status, text, complaint = await exsync(office, "--json", "operators", "verify", alice.operator)
    assert (status, complaint) == (0, "")
    (found,) = json.loads(text)
    assert found["ok"] is True
    assert {check["name"] for check in found["checks"] if check["ok"]} == {
        *("connection", "address", "primary", "mailbox", "access", "folders", "push", "email_sync")
    }
    assert len(alice.subscriptions()) == 1


async def test_a_mailbox_is_verified_before_it_is_switched_on_and_the_probe_ends(office: Office, bob: Person) -> None:
    await put_off(bob)
    status, text, _ = await exsync(office, "--json", "operators", "verify", bob.operator, "--kinds", "email")
    assert status == 0
    (push,) = [check for check in json.loads(text)[0]["checks"] if check["name"] == "push"]
    assert (push["ok"], "a probe" in push["detail"]) == (True, True)
    await bob.until_unsubscribed()
    assert bob.asked("Subscribe") == 1


async def test_faults_are_listed_the_worst_first_and_written_as_csv(
    office: Office, people: People, tmp_path: Path
) -> None:
    alice, sales, dora = people("alice"), people("sales"), people("dora")
    office.exchange.add_entry(f"list-of-{sales.operator}@contoso.example", "PublicDL")
    office.exchange.add_mailbox(
        f"primary-of-{dora.operator}@contoso.example", aliases=[f"al-{dora.operator}@contoso.example"]
    )
    await put_off(alice)
    await put_off(sales, f"list-of-{sales.operator}@contoso.example")
    await put_off(dora, f"al-{dora.operator}@contoso.example")
    ids, report = tmp_path / "ids.csv", tmp_path / "report.csv"
    ids.write_text("\n".join(["operator_id", alice.operator, sales.operator, dora.operator, "nobody"]))
    status, text, complaint = await exsync(
        office, "operators", "verify", "--file", str(ids), "--csv", str(report), "--fix"
    )
    assert status == 1
    assert "2 of 4 operators have a fault" in complaint
    assert "2 of 4 operators are well, primary addresses adopted: 1" in text
    assert text.index("nobody") < text.index(sales.operator) < text.index(dora.operator)
    assert alice.operator not in text
    with report.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    faults = {(row["operator_id"], row["check"], row["code"]) for row in rows}
    assert (sales.operator, "mailbox", "address-not-mailbox") in faults
    assert ("nobody", "call", "operator-unknown") in faults
    assert [row["adopted_from"] for row in rows if row["operator_id"] == dora.operator] == [
        f"al-{dora.operator}@contoso.example"
    ]
    _, text, _ = await exsync(office, "--json", "operators", "show", dora.operator)
    assert json.loads(text)["mailbox"] == f"primary-of-{dora.operator}@contoso.example"


async def test_waves_stop_at_too_many_failures_and_go_on_once_mended(
    office: Office, people: People, tmp_path: Path
) -> None:
    crew = [people(f"wave{number}") for number in range(6)]
    for each in crew:
        each.gets("Before the switch")
        await put_off(each)
    wrong = crew[2]
    await put_off(wrong, f"misprint-{wrong.operator}@contoso.example")
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(each.operator for each in crew))
    words = (
        "operators",
        "enable",
        "--wave",
        "2,4,100%",
        "--file",
        str(ids),
        "--max-failures",
        "0",
        "--yes",
        "--at-once",
        "1",
    )
    status, text, complaint = await exsync(office, "--json", *words)
    assert status == 1
    assert "Stopped in wave 2: 1 operator failed, 0 may" in complaint
    first, second = json.loads(text)["waves"]
    assert (first["ready"], first["refused"]) == (2, 0)
    assert (second["refused"], second["untouched"]) == (1, 1)
    assert [each["code"] for each in second["failures"]] == ["mailbox-unknown"]
    assert [(await each.status())["state"] != "off" for each in crew] == [True, True, False, False, False, False]

    await put_off(wrong)
    status, text, _ = await exsync(office, "--json", *words)
    assert status == 0
    waves = json.loads(text)["waves"]
    assert [(wave["operators"], wave["ready"], wave["were_on"]) for wave in waves] == [(2, 2, 2), (2, 2, 0), (2, 2, 0)]
    for each in crew:
        assert [email["subject"] for email in await office.application.emails(each.operator)] == ["Before the switch"]


async def test_ctrl_c_says_what_is_on_and_the_same_command_goes_on(office: Office, alice: Person) -> None:
    alice.gets("Before the switch")
    await put_off(alice)
    busy = alice.fault("server_busy", "FindItem", count=None)
    words = ("operators", "enable", "--wave", "100%", alice.operator, "--yes")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "--url", f"{office.stack.host.url}/api", *words),
        cwd=_PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await until(
        alice.status, lambda status: status["state"] not in ("off", "waiting"), what="switched on", within=LIMIT
    )
    process.send_signal(signal.SIGINT)
    _, complaint = await process.communicate()
    assert process.returncode == 1
    assert "Interrupted in wave 1: 1 of its operators are on" in complaint.decode()
    office.exchange.clear_faults()
    assert busy not in office.exchange.faults.waiting
    await office.application.sync(alice.operator)
    status, text, _ = await exsync(office, *words)
    assert (status, "1 of 1 operators are on and ready" in text) == (0, True)

"""`exsync` against the running app, as an administrator would use it: a process of its own over real HTTP."""

import json
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from tests.adapters.making_certificates import make
from tests.e2e.conftest import Configured
from tests.e2e.office import Office, Person, exsync, exsync_at_terminal

_PROJECT = Path(__file__).resolve().parents[2]


async def test_an_operator_is_set_watched_and_removed(office: Office, people: Callable[[str], Person]) -> None:
    alice = people("alice")
    alice.gets("Before the switch")
    assert (await exsync(office, "operators", "set", alice.operator, "--mailbox", alice.mailbox, "--email"))[0] == 0
    alice.put = True
    await alice.until_live()
    status, text, _ = await exsync(office, "status", alice.operator)
    assert status == 0
    assert "live" in text
    _, text, _ = await exsync(office, "--json", "operators", "list")
    assert alice.operator in [each["operator_id"] for each in json.loads(text)]
    assert (await exsync(office, "sync", alice.operator))[0] == 0
    _, text, _ = await exsync(office, "--json", "operators", "set", alice.operator, "--no-email")
    assert json.loads(text)["mailbox"] == alice.mailbox
    _, text, _ = await exsync(office, "--json", "status", alice.operator)
    assert {each["state"] for each in json.loads(text)} == {"off"}


async def test_what_is_unusual_of_a_server_is_told_beside_the_status(
    office: Office, alice: Person, configured: Configured
) -> None:
    old = {"url": office.exchange.url, "version": "Exchange2013", "authentication": "basic"}
    async with configured(connections={"later": old}):
        await alice.switch_on(connection="later")
        _, text, _ = await exsync(office, "status", alice.operator)
        assert "note: connections.later.version is Exchange2013, but the server is Exchange2016" in text.replace(
            "\n", " "
        )
        await alice.switch_off()


async def test_settings_are_shown_and_a_wrong_one_is_explained(office: Office) -> None:
    _, text, _ = await exsync(office, "--json", "settings", "show")
    assert json.loads(text)["email"]["enabled"] is True
    assert (await exsync(office, "settings", "set", "--dry-run", "email.sync_from_days=7"))[0] == 0
    status, _, complaint = await exsync(office, "settings", "set", "notifications.frequency_minutes=0")
    assert status == 1
    assert "notifications.frequency_minutes" in complaint


async def test_before_something_stops_a_person_is_asked(office: Office) -> None:
    words = ("settings", "set", "email.enabled=false")
    status, asked, _, complaint = await exsync_at_terminal(office.stack, *words, asks="[y/N]:", answer="n")
    assert "email stops for all operators" in asked
    assert (status, "Nothing was changed." in complaint) == (1, True)
    _, text, _ = await exsync(office, "--json", "settings", "show", "email.enabled")
    assert json.loads(text) == {"email.enabled": True}


async def test_the_history_of_the_running_app_is_told(office: Office) -> None:
    status, text, _ = await exsync(office, "--json", "settings", "history")
    assert status == 0
    changed = {each["setting"] for entry in json.loads(text) for each in entry["changes"]}
    assert "email.enabled" in changed


async def test_a_refusal_is_one_clear_message(office: Office) -> None:
    status, _, complaint = await exsync(office, "status", "nobody")
    assert status == 1
    assert "nobody" in complaint
    assert "Traceback" not in complaint
    status, _, complaint = await exsync(office, "--url", "http://127.0.0.1:9/api", "operators", "list")
    assert status == 1
    assert "cannot be reached" in complaint


async def test_a_failure_is_explained_without_an_app(office: Office) -> None:
    status, text, _ = await exsync(office, "failures", "explain", "brake-held")
    assert status == 0
    assert "release" in text
    assert (await exsync(office, "failures", "explain", "no-such-code"))[0] == 1


async def test_a_files_password_is_asked_for_at_a_terminal_and_its_certificate_is_kept(
    office: Office, tmp_path: Path
) -> None:
    made = make("mail.contoso.example")
    encrypted = BestAvailableEncryption(b"hush")
    file = tmp_path / "mail.pfx"
    file.write_bytes(pkcs12.serialize_key_and_certificates(None, made.key, made.certificate, None, encrypted))
    words = ("trust", "add", str(file))
    status, asked, text, _ = await exsync_at_terminal(office.stack, *words, asks=": ", answer="hush")
    assert "mail.pfx" in asked
    assert (status, "added: CN=mail.contoso.example" in text) == (0, True)
    await office.stack.restart_host()
    _, text, _ = await exsync(office, "--json", "trust", "list")
    assert made.sha256 in [each["sha256"] for each in json.loads(text)]
    assert (await exsync(office, "trust", "remove", made.sha256))[0] == 0
    _, text, _ = await exsync(office, "--json", "trust", "list")
    assert made.sha256 not in [each["sha256"] for each in json.loads(text)]


async def test_a_trial_of_the_alerts_is_in_the_mailbox(
    office: Office, alice: Person, bob: Person, configured: Configured
) -> None:
    alerts = {"from": alice.mailbox, "failures_to": [bob.mailbox]}
    async with configured(alerts=alerts):
        status, text, _ = await exsync(office, "--json", "alerts", "test")
        assert (status, [each["state"] for each in json.loads(text)]) == (0, ["sent", "off"])
        subjects = [item.subject for item in office.exchange.items(bob.mailbox)]
        assert subjects == ["[CRM sync] A trial of the alerts, through Exchange"]
        status, text, _ = await exsync(office, "--json", "alerts", "list")
        assert (status, json.loads(text)) == (0, [])

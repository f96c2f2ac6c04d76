"""An administrator's day over the running app: pauses, the audit, forgetting somebody, a mailbox that nobody signs in to."""

import json
from typing import Any

from devtools.stack import until
from tests.e2e.conftest import People
from tests.e2e.office import LIMIT, Office, Person, exsync


async def audited(office: Office, *words: str) -> list[dict[str, Any]]:
    status, text, complaint = await exsync(office, "--json", "audit", *words)
    assert status == 0, complaint
    found: list[dict[str, Any]] = json.loads(text)
    return found


async def test_a_paused_operator_waits_and_catches_up_at_once_when_resumed(office: Office, alice: Person) -> None:
    await alice.switch_on()
    await alice.until_quiet()
    status, text, complaint = await exsync(
        office, "pause", "--operator", alice.operator, "--reason", "Mailbox is moved"
    )
    assert (status, "Mailbox is moved" in text) == (0, True), complaint
    paused = await alice.until_status(lambda status: status["state"] == "paused", "paused")
    assert (paused["reason"], paused["paused"]["by"]) == ("Mailbox is moved", "function key")
    before = alice.asked("SyncFolderItems")
    alice.gets("while it was paused")
    await alice.until_status(lambda status: status["asked_at"], "asked for by push")
    assert (alice.asked("SyncFolderItems"), await alice.application.emails(alice.operator)) == (before, [])
    assert (await exsync(office, "resume", "--operator", alice.operator))[0] == 0
    await alice.until_subjects("while it was paused")
    assert [entry["action"] for entry in await audited(office, "--operator", alice.operator)][:2] == ["resume", "pause"]
    status, _, complaint = await exsync(office, "resume", "--operator", alice.operator)
    assert (status, "pause-unknown" in complaint) == (1, True)
    assert (await exsync(office, "pause", "--all", "--kind", "email", "--reason", "x"))[0] == 2


async def test_a_forgotten_operator_leaves_nothing_but_a_report(office: Office, alice: Person) -> None:
    alice.gets("one")
    alice.gets("two")
    await alice.switch_on()
    await alice.until_subjects("one", "two")
    status, _, complaint = await exsync(office, "operators", "forget", alice.operator)
    assert (status, "for good?" in complaint) == (1, True), "without a terminal nobody has agreed"
    status, text, complaint = await exsync(office, "--json", "operators", "forget", alice.operator, "--yes")
    assert status == 0, complaint
    alice.put = False
    report = json.loads(text)
    assert (report["state"], report["removed"]["items"]) == ("done", 2)
    assert alice.operator not in [each["operator_id"] for each in await office.application.operators()]
    assert (await exsync(office, "status", alice.operator))[0] == 1
    entries = await audited(office, "--operator", alice.operator)
    assert {entry["action"] for entry in entries} == {"put_one_operator", "forget_an_operator"}
    assert not [entry for entry in entries if alice.operator in entry["target"]]


async def test_a_forgotten_customer_is_gone_from_all_operators_and_does_not_come_back(
    office: Office, alice: Person, bob: Person
) -> None:
    erin = "erin@forget.example"
    for person in (alice, bob):
        person.gets("from her", author=f"Erin <{erin}>")
        person.gets("from another")
        await person.switch_on()
        await person.until_subjects("from her", "from another")
    status, text, complaint = await exsync(office, "--json", "forget", "--address", erin, "--yes")
    assert status == 0, complaint
    assert json.loads(text)["removed"]["items"] == 2
    alice.gets("from her again", author=f"Erin <{erin}>")
    alice.gets("the last one")
    await alice.until_subjects("from another", "the last one")
    await bob.until_subjects("from another")
    assert erin not in json.dumps(await office.application.settings())
    status, _, complaint = await exsync(office, "forget", "--address", "Erin@Forget.example", "--undo")
    assert (status, "kept" in complaint) == (0, True), complaint
    bob.gets("from her, who is welcome again", author=f"Erin <{erin}>")
    await bob.until_subjects("from another", "from her, who is welcome again")
    status, _, complaint = await exsync(office, "forget", "--address", erin, "--undo")
    assert (status, "forget-unknown" in complaint) == (1, True)


async def test_a_shared_mailbox_is_an_operator_like_any_other(office: Office, people: People) -> None:
    info = people("info")  # no user of the simulated Exchange has its name: nobody could sign in to it
    info.gets("To whom it may concern")
    await info.switch_on()
    await info.until_subjects("To whom it may concern")
    info.gets("pushed like any other")
    await info.until_subjects("To whom it may concern", "pushed like any other")


async def test_what_was_refused_is_in_the_audit_too(office: Office) -> None:
    assert (await exsync(office, "settings", "set", "notifications.frequency_minutes=0"))[0] == 1

    async def newest() -> list[dict[str, Any]]:
        return await audited(office)

    entries = await until(newest, len, what="an entry", within=LIMIT)
    refused = next(entry for entry in entries if entry["action"] == "patch_the_settings" and entry["code"])
    found = refused["target"], refused["outcome"], refused["code"]
    assert found == ("notifications.frequency_minutes", "refused", "setting-invalid")

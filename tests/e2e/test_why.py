"""`exsync why` and the hints of `GET /changes` over the running app, its storage and the simulated Exchange."""

import json

from tests.e2e.conftest import People
from tests.e2e.office import Office, exsync


async def test_why_reads_well_for_a_mail_that_is_held_one_kept_out_and_one_that_is_nowhere(
    office: Office, people: People
) -> None:
    alice = people("alice")
    alice.gets("Offer of the day", message_id="<offer.1@customer.example>")
    alice.gets("Personal", message_id="<personal.1@customer.example>", sensitivity="Private")
    await alice.switch_on()
    await alice.until_subjects("Offer of the day")

    status, text, _ = await exsync(office, "why", "offer.1@customer.example", "--operator", alice.operator)
    assert status == 0
    assert "Offer of the day · <offer.1@customer.example> · Inbox" in text
    assert "Stored: The application holds it as " in text

    status, text, _ = await exsync(office, "why", "personal", "--operator", alice.operator)
    assert status == 0
    assert "Kept out: Its sensitivity keeps it out (email.skip_sensitivity)\n→ " in text
    assert "Who: CRM administrator" in text
    assert "  NO  " in text

    status, text, _ = await exsync(office, "why", "never@customer.example", "--operator", alice.operator)
    assert status == 0
    assert "Get-MessageTrackingLog" in text
    assert text.startswith("Not found: It is in none of the ")
    assert "Deleted Items, Drafts, Inbox, " in text.partition("Looked in: ")[2]

    status, text, _ = await exsync(office, "--json", "why", "--subject", "a@b", "--operator", alice.operator)
    assert (status, json.loads(text)["subject"]) == (0, "a@b")
    status, _, complaint = await exsync(office, "why", "x", "--operator", "nobody-here")
    assert (status, "operator-unknown" in complaint) == (1, True)


async def test_a_push_becomes_a_hint_for_who_follows_many(office: Office, people: People) -> None:
    alice = people("alice")
    await alice.switch_on()
    alice.gets("Pushed")
    await alice.until_subjects("Pushed")
    await alice.until_quiet()
    cursor, more, told = "", True, []
    while more:
        page = (await office.application.ask("GET", "changes", params={"after": cursor, "limit": 200})).json()
        cursor, more = page["next"], page["more"]
        told += [hint for hint in page["items"] if hint["operator_id"] == alice.operator]
    assert [hint["changes_url"] for hint in told] == [f"/api/operators/{alice.operator}/changes?kind=email"]

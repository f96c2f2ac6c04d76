"""The main path: a flag goes on, the window comes by itself, and what arrives is pushed and readable."""

from collections.abc import Callable

from tests.e2e.office import Person, message, names


async def test_a_flag_that_goes_on_brings_the_window_and_a_subscription_by_themselves(alice: Person) -> None:
    alice.gets("of last week", days_ago=7)
    alice.gets("of yesterday", days_ago=1)
    alice.gets("of today")
    alice.gets("sent today", folder="sentitems", author=f"Alice <{alice.mailbox}>", to="dana@customer.example")
    alice.gets("only in Drafts", folder="drafts")

    await alice.switch_on()

    emails = await alice.until_subjects("of today", "sent today", "of yesterday")
    assert [email["folder"] for email in emails] == ["Inbox", "Sent Items", "Inbox"]
    assert names(await alice.application.newest(alice.operator))[-1] == "of yesterday"
    assert len(alice.subscriptions()) == 1
    status = await alice.status()
    assert status["items"] == 3
    assert {folder["phase"] for folder in status["folders"]} == {"live"}


async def test_what_arrives_is_pushed_and_readable(alice: Person) -> None:
    await alice.switch_on()
    alice.gets(
        "An order", text="Ten of them, please.\n", importance="High", in_reply_to="<1@a>", references="<0@a> <1@a>"
    )

    (email,) = await alice.until_subjects("An order")

    whole = await alice.application.email(alice.operator, email["item_id"])
    assert whole["from"] == {"name": "Dana", "address": "dana@customer.example"}
    assert whole["to"] == [{"name": "alice@contoso.example", "address": "alice@contoso.example"}]
    assert whole["text"].strip() == "Ten of them, please."
    assert (whole["importance"], whole["in_reply_to"], whole["references"]) == ("high", "<1@a>", ["<0@a>", "<1@a>"])
    assert await alice.changes(email["item_id"]) == ["created"]
    assert (await alice.status())["lag_seconds"] == 0


async def test_a_mail_to_oneself_is_two_items_one_in_inbox_and_one_in_sent(alice: Person) -> None:
    await alice.switch_on()
    alice.exchange.send(alice.mailbox, [alice.mailbox], subject="Note to myself", text="Do not forget.")

    emails = await alice.until_subjects("Note to myself", "Note to myself")

    assert {email["folder"] for email in emails} == {"Inbox", "Sent Items"}
    assert len({email["internet_message_id"] for email in emails}) == 1
    assert len({email["item_id"] for email in emails}) == 2


async def test_a_mail_from_one_operator_to_another_is_there_for_both(alice: Person, bob: Person) -> None:
    await alice.switch_on()
    await bob.switch_on()
    alice.exchange.send(alice.mailbox, [bob.mailbox], subject="For Bob")

    (sent,) = await alice.until_subjects("For Bob")
    (received,) = await bob.until_subjects("For Bob")

    assert (sent["folder"], received["folder"]) == ("Sent Items", "Inbox")


async def test_two_mails_with_one_message_id_are_two_items(alice: Person) -> None:
    alice.gets("in the window", message_id="<same@customer.example>")
    await alice.switch_on()
    alice.gets("pushed", message_id="<same@customer.example>")

    emails = await alice.until_subjects("in the window", "pushed")

    assert {email["internet_message_id"] for email in emails} == {"<same@customer.example>"}


async def test_a_mail_without_a_message_id_is_an_item_like_any_other(alice: Person) -> None:
    alice.gets("in the window", message_id="")
    await alice.switch_on()
    alice.gets("pushed", message_id="")

    emails = await alice.until_subjects("in the window", "pushed")

    assert {email["internet_message_id"] for email in emails} == {None}


async def test_a_mail_edited_twice_during_its_own_sync_ends_as_it_was_edited_last(alice: Person) -> None:
    await alice.switch_on()
    fetching = alice.fault("slow", "GetItem", delay_ms=700)
    item = alice.gets("first words")
    await alice.until_taken(fetching)
    alice.exchange.replace(alice.mailbox, item, message("second words").as_bytes())
    looking = alice.fault("slow", "SyncFolderItems", delay_ms=300)
    await alice.until_taken(looking)
    alice.exchange.replace(alice.mailbox, item, message("last words", text="Final.").as_bytes())

    (email,) = await alice.until_subjects("last words")

    assert email["text"].strip() == "Final."
    changes = await alice.changes(email["item_id"])
    assert changes[0] == "created"
    assert set(changes[1:]) <= {"updated"}


async def test_charlie_who_is_not_switched_on_is_never_looked_at(people: Callable[[str], Person]) -> None:
    charlie = people("charlie")
    charlie.gets("nobody may see this")
    charlie.put = True
    await charlie.switch_off()

    assert await charlie.application.emails(charlie.operator) == []
    assert (await charlie.status())["state"] == "off"
    assert charlie.exchange.requests.mailboxes[charlie.mailbox] == 0
    assert charlie.subscriptions() == []

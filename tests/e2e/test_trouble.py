"""What goes wrong between us and Exchange: named with cause and remedy, then mended, and nothing is lost."""

from collections.abc import Callable

import pytest

from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER
from devtools.stack import until
from devtools.stack.application import Document
from tests.e2e.conftest import Configured
from tests.e2e.office import Office, Person


async def test_a_wrong_password_is_named_and_the_sync_resumes_once_it_is_right(office: Office, alice: Person) -> None:
    alice.gets("before")
    await alice.switch_on()
    alice.exchange.add_user(DEFAULT_USER, "rotated")
    try:
        alice.gets("meanwhile")
        failure = await alice.until_failing("authentication-failed")
        assert "basic" in failure["detail"].lower()
        await office.stack.restart_host(EXSYNC_SECRET_DEFAULT_PASSWORD="rotated")
        await alice.until_mended()
        await alice.until_subjects("before", "meanwhile")
    finally:
        alice.exchange.add_user(DEFAULT_USER, DEFAULT_PASSWORD)
        await office.stack.restart_host(EXSYNC_SECRET_DEFAULT_PASSWORD=DEFAULT_PASSWORD)


async def test_a_refused_impersonation_is_named_and_the_sync_resumes_once_it_is_allowed(
    alice: Person, bob: Person
) -> None:
    alice.gets("for alice")
    bob.gets("for bob")
    alice.exchange.allow_impersonation(DEFAULT_USER, [bob.mailbox])
    await alice.switch_on(until_live=False)
    await bob.switch_on()

    await bob.until_subjects("for bob")
    failure = await alice.until_failing("impersonation-denied")
    assert failure["owner"]
    assert (await alice.status())["subscription"]["failure"]["code"] == "impersonation-denied"

    alice.exchange.allow_impersonation(DEFAULT_USER, None)
    await alice.until_mended()
    await alice.until_subjects("for alice")


async def test_an_unknown_mailbox_is_named_and_the_sync_begins_once_it_is_there(
    people: Callable[[str], Person],
) -> None:
    erin = people("erin")
    erin.exchange.remove_mailbox(erin.mailbox)
    await erin.switch_on(until_live=False)
    await erin.until_failing("mailbox-unknown")

    erin.exchange.add_mailbox(erin.mailbox)
    erin.gets("in the new mailbox")
    await erin.until_mended()
    await erin.until_subjects("in the new mailbox")


async def test_an_unreachable_exchange_is_named_and_nothing_that_came_meanwhile_is_lost(
    office: Office, alice: Person
) -> None:
    alice.gets("before")
    await alice.switch_on(connection="cable")
    office.cable.cut()
    try:
        alice.gets("meanwhile")
        await alice.until_failing("connection-refused")
        await alice.until_subjects("before")
    finally:
        await office.cable.mend()

    await alice.until_mended()
    await alice.until_subjects("before", "meanwhile")


async def test_a_connection_that_is_taken_out_of_the_settings_is_named_until_it_is_back(
    alice: Person, configured: Configured
) -> None:
    connection = {"url": alice.exchange.url, "version": "Exchange2016", "authentication": "basic"}
    async with configured(connections={"later": connection}):
        await alice.switch_on(connection="later")
    alice.gets("waits for a connection")
    failure = await alice.until_failing("connection-unknown")
    assert "later" in failure["detail"]

    async with configured(connections={"later": connection}):
        await alice.until_mended()
        await alice.until_subjects("waits for a connection")
        await alice.switch_off()


async def test_without_a_notification_url_the_mailbox_is_polled_and_status_says_why(
    alice: Person, configured: Configured
) -> None:
    alice.gets("in the window")
    async with configured(notifications={"url": None}):
        await alice.switch_on(until_live=False)
        status = await alice.until_status(lambda status: status["state"] == "polling", "polling")
        await alice.until_subjects("in the window")
        status = await alice.until_status(lambda status: status["subscription"], "the subscription's failure")
        assert status["subscription"]["failure"]["code"] == "push-url-invalid"
        assert "notifications.url" in status["subscription"]["failure"]["detail"]


@pytest.mark.parametrize(
    ("kind", "operation", "more"),
    [
        ("server_busy", "SyncFolderItems", {"back_off_ms": 1500}),
        ("item_busy", "GetItem", {"back_off_ms": 1500}),
        ("unavailable", None, {"status": 503, "retry_after": 1}),
        ("reset_before", "GetItem", {}),
        ("reset_after", "SyncFolderItems", {}),
        ("reset_middle", "GetItem", {}),
        ("reset_middle", "SyncFolderItems", {}),
        ("html", "GetItem", {"status": 500}),
        ("wrong_content", "SyncFolderItems", {"text": "<html>It works!</html>"}),
        ("batch_stopped", "GetItem", {"after": 2}),
    ],
)
async def test_a_passing_fault_loses_and_doubles_nothing(
    alice: Person, kind: str, operation: str | None, more: dict[str, object]
) -> None:
    subjects = [f"number {number}" for number in range(6)]
    for subject in subjects[:3]:
        alice.gets(subject)
    await alice.switch_on()
    alice.fault(kind, operation, count=1, **more)
    for subject in subjects[3:]:
        alice.gets(subject)

    await until_resumed(alice)

    await alice.until_subjects(*subjects)


async def until_resumed(person: Person) -> None:
    """Wait until the fault was met and the sync goes well again, without waiting out the pause after a failure."""

    async def met() -> bool:
        return not person.exchange.faults.waiting

    await until(met, what="the fault is met")
    await person.until_mended()


async def test_throttling_is_honoured_even_when_somebody_asks_for_a_sync(alice: Person) -> None:
    await alice.switch_on()
    alice.fault("server_busy", "SyncFolderItems", back_off_ms=6_000)
    alice.gets("must wait")
    failure = await alice.until_failing("exchange-busy")
    assert "ErrorServerBusy" in failure["detail"]
    asked = alice.exchange.requests.mailboxes[alice.mailbox]

    await alice.application.sync(alice.operator)
    status = await alice.until_status(lambda status: status["failure"]["count"] > 1, "refused by our own pause")
    assert alice.exchange.requests.mailboxes[alice.mailbox] == asked
    assert status["retry_at"] > status["failure"]["last"]

    async def ask_again() -> list[Document]:
        await alice.application.sync(alice.operator)
        return await alice.application.emails(alice.operator)

    await until(ask_again, what="the end of the pause", every=1)


async def test_illegal_characters_are_replaced_and_stop_no_message(alice: Person) -> None:
    alice.gets("before")
    await alice.switch_on()
    alice.fault("illegal_characters", "GetItem", count=None)
    alice.gets("Quarterly figures")

    emails = await alice.until_emails(lambda emails: len(emails) == 2, "both")

    assert any("Quarterly" in email["subject"] and email["subject"].isprintable() for email in emails), emails


async def test_unknown_elements_and_nine_digits_are_no_obstacle(alice: Person) -> None:
    alice.fault("unknown_elements", count=None)
    alice.fault("nine_digits", count=None)
    alice.gets("before")
    await alice.switch_on()
    alice.gets("after")

    await alice.until_subjects("before", "after")


async def test_an_item_that_exchange_cannot_read_is_named_and_stops_no_other(alice: Person) -> None:
    alice.fault("item_error", count=None, item="damaged", code="ErrorCorruptData")
    alice.gets("first")
    damaged = alice.gets("damaged")
    alice.gets("last")
    await alice.switch_on()

    await alice.until_subjects("first", "last")
    (failure,) = await alice.application.failures(alice.operator)
    assert (failure["code"], failure["exchange_code"]) == ("item-corrupt", "ErrorCorruptData")
    assert failure["remedy"]
    assert (await alice.status())["failed_items"] == 1

    alice.exchange.clear_faults()
    alice.exchange.flag(alice.mailbox, damaged, categories=["Repaired"])
    await alice.until_subjects("first", "last", "damaged")
    assert await alice.application.failures(alice.operator) == []


async def test_a_void_sync_state_is_rebuilt_without_doubling(alice: Person) -> None:
    alice.gets("before")
    await alice.switch_on()
    (email,) = await alice.until_subjects("before")
    alice.fault("invalid_sync_state", "SyncFolderItems", count=2)
    alice.gets("after")

    await alice.until_subjects("before", "after")
    assert await alice.changes(email["item_id"]) == ["created"]


async def test_an_error_push_makes_a_new_subscription(alice: Person) -> None:
    await alice.switch_on()
    (old,) = alice.subscriptions()

    await alice.exchange.error_push(alice.mailbox)

    async def subscribed() -> list[str]:
        return [one.id for one in alice.subscriptions()]

    (new,) = await until(subscribed, what="a new subscription")
    assert new != old.id
    alice.gets("pushed by the new one")
    await alice.until_subjects("pushed by the new one")

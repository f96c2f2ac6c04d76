"""Status says in which state a kind is and why, what fails, since when, and what mends it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Reconfigure, SyncError
from shared.flows.health import deep_health
from shared.flows.operators import get_operator, put_operator
from shared.flows.receive_notification import want
from shared.flows.status import list_failures, operator_status
from shared.flows.subscription_row import KEY, subscription_columns
from shared.flows.subscription_row import TABLE as SUBSCRIPTIONS
from shared.model.email import timestamp
from shared.model.exchange import ItemFailure, Mailbox
from shared.model.operator import Kind, Operator
from shared.model.subscription import Subscription
from shared.ports import Upsert
from tests.flows.office import Office

ALICE = "alice@contoso.example"


async def status(office: Office) -> dict[str, Any]:
    document = await operator_status(office.world(), await get_operator(office.rows, "alice"))
    email = document["kinds"]["email"]
    assert isinstance(email, dict)
    return email


async def subscribe(office: Office, **facts: Any) -> None:
    """Store a subscription as the flow that keeps it would."""
    mailbox_key = office.key.partition("-")[0]
    columns = subscription_columns(Subscription("alice", **facts))
    await office.rows.transact(SUBSCRIPTIONS, mailbox_key, [Upsert(KEY, columns)])


async def quiet_office() -> Office:
    office = await Office().open()
    office.deliver()
    await office.settle()
    await office.configure({"notifications": {"mode": "push"}})
    return office


async def test_a_kind_that_has_not_begun_waits() -> None:
    office = await Office().open()
    email = await status(office)
    assert (email["state"], email["last_sync_at"], email["items"]) == ("waiting", None, 0)


async def test_a_kind_is_off_and_the_reason_names_each_switch() -> None:
    office = await quiet_office()
    await put_operator(office.world(), Operator("alice", ALICE, ""))
    assert (await status(office))["reason"] == "the operator's email_sync is false"
    await office.configure({"email": {"enabled": False}})
    email = await status(office)
    assert email["state"] == "off"
    assert email["reason"] == "email.enabled is false in the settings and the operator's email_sync is false"
    assert email["items"] == 1


async def test_kinds_of_later_versions_are_off() -> None:
    office = await quiet_office()
    document = await operator_status(office.world(), await get_operator(office.rows, "alice"))
    assert document["kinds"]["calendar"] == {"state": "off", "reason": "calendar comes with a later version"}


async def test_during_the_first_sync_progress_is_told() -> None:
    office = await Office().open()
    for number in range(300):
        office.deliver(age=timedelta(minutes=number))
    assert await office.sync(budget=timedelta(0)) == "continued"
    email = await status(office)
    assert email["state"] == "initial"
    assert "of" in email["reason"]


async def test_with_push_that_is_heard_it_is_live_and_not_behind() -> None:
    office = await quiet_office()
    await subscribe(office, subscription_id="s1", created_at=office.now, last_heard=office.now)
    office.now += timedelta(minutes=20)
    email = await status(office)
    assert (email["state"], email["lag_seconds"]) == ("live", 0)
    assert email["subscription"]["live"] is True


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, "there is no push subscription yet"),
        ({"subscription_id": "s1"}, "no push was heard"),
        (
            {"failure": json.dumps({"code": "push-url-invalid", "detail": "no", "since": "2026-11-20T12:00:00Z"})},
            "Exchange does not accept the listener's URL",
        ),
    ],
)
async def test_without_push_it_polls_and_says_why(facts: dict[str, Any], reason: str) -> None:
    office = await quiet_office()
    await subscribe(office, created_at=office.now - timedelta(days=1), **facts)
    office.now += timedelta(minutes=4)
    email = await status(office)
    assert email["state"] == "polling"
    assert reason in email["reason"]
    assert email["lag_seconds"] == 240
    assert email["subscription"]["live"] is False


async def test_polling_by_choice_is_named_as_that() -> None:
    office = await quiet_office()
    await office.configure({"notifications": {"mode": "poll"}})
    assert (await status(office))["reason"] == "notifications.mode is poll"


async def test_a_sync_that_somebody_waits_for_is_the_lag() -> None:
    office = await quiet_office()
    await subscribe(office, subscription_id="s1", created_at=office.now, last_heard=office.now)
    await office.rows.transact("collections", office.key, [Upsert("wanted", {"at": office.now})])
    asked = office.now
    office.now += timedelta(seconds=7)
    email = await status(office)
    assert (email["lag_seconds"], email["asked_at"], email["syncing"]) == (7, timestamp(asked), False)


async def test_a_sync_under_way_shows() -> None:
    """Not one that only follows what is held already: that one is over before anybody could look."""
    office = await quiet_office()
    await office.configure({"email": {"sync_from_days": 30}})
    seen = []

    async def look(operation: str, _: Mailbox) -> None:
        if operation == "find_items":
            seen.append((await status(office))["syncing"])

    office.exchange.before = look
    await want(office.world(), office.key, "alice", "email")
    await office.sync()
    assert set(seen) == {True}
    email = await status(office)
    assert (email["asked_at"], email["syncing"]) == (None, False)


async def refuse(_: str, __: Mailbox) -> None:
    raise Reconfigure("authentication-failed", "HTTP 401; the server offers NTLM")


async def test_a_failing_sync_says_what_fails_since_when_and_what_mends_it() -> None:
    office = await quiet_office()
    office.exchange.before = refuse
    since = office.now
    await office.sync()
    office.now += timedelta(hours=1)
    await office.sync()
    email = await status(office)
    assert email["state"] == "failing"
    failure = email["failure"]
    assert (failure["code"], failure["class"], failure["count"]) == ("authentication-failed", "reconfigure", 2)
    assert failure["since"] == since.isoformat().replace("+00:00", "Z")
    assert "Key Vault" in failure["remedy"]
    assert failure["detail"] == "HTTP 401; the server offers NTLM"
    assert email["retry_at"] > failure["last"]


async def test_a_brake_that_holds_is_shown_with_its_numbers_and_remedy() -> None:
    office = Office()
    folder = office.box.add_folder("Customers", parent="inbox")
    for number in range(40):
        office.deliver(folder=folder, age=timedelta(minutes=number))
    await office.open()
    await office.settle()
    office.box.delete_folder(folder)
    await office.settle()
    email = await status(office)
    assert email["state"] == "held"
    assert (email["held"]["count"], email["held"]["of"]) == (40, 40)
    assert "`exsync release <operator>`" in email["held"]["remedy"]


async def office_with_failed_items() -> Office:
    office = Office()
    for number in range(5):
        item = office.deliver(f"mail {number}")
        if number < 3:
            office.box.failures[item] = ItemFailure(item, "item-corrupt", "ErrorItemCorrupt", f"broken {number}")
    await office.open()
    await office.settle()
    return office


async def test_items_that_failed_are_counted_and_listed_with_their_remedy() -> None:
    office = await office_with_failed_items()
    assert (await status(office))["failed_items"] == 3
    operator = await get_operator(office.rows, "alice")
    first = await list_failures(office.world(), operator, Kind.EMAIL, limit=2)
    assert first.next is not None
    second = await list_failures(office.world(), operator, Kind.EMAIL, limit=2, after=first.next)
    assert second.next is None
    found = first.items + second.items
    assert sorted(item["detail"] for item in found) == ["broken 0", "broken 1", "broken 2"]
    assert {(item["code"], item["class"], item["exchange_code"]) for item in found} == {
        ("item-corrupt", "permanent", "ErrorItemCorrupt")
    }
    assert all(item["first_at"] == "2026-11-20T12:00:00Z" for item in found)


async def test_health_names_each_thing_and_what_mends_it() -> None:
    office = await quiet_office()
    health = await deep_health(office.world())
    assert [(check["name"], check["ok"]) for check in health["checks"]] == [
        ("storage", True),
        ("settings", True),
        ("exchange default", True),
        ("certificates", True),
        ("alerts", True),
    ]
    assert "notifications.url is not set" in health["checks"][1]["detail"]
    office.exchange.before = refuse
    health = await deep_health(office.world())
    assert health["status"] == "failing"
    assert health["checks"][2]["code"] == "authentication-failed"


async def test_health_survives_what_it_looks_at() -> None:
    office = await quiet_office()

    class Down:
        async def get(self, *_: str) -> None:
            raise SyncError("storage-unavailable", "down")

    broken: Any = Down()
    health = await deep_health(office.world(rows=broken))
    assert [check["ok"] for check in health["checks"]] == [False, False]

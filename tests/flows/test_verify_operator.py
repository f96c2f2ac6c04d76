"""Verifying an operator: each thing that can be wrong with a mailbox is found, named and told how to mend."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Permanent, Reconfigure, SyncError
from shared.flows.head import HEAD
from shared.flows.head import TABLE as COLLECTIONS
from shared.flows.keep_subscription import keep_subscription
from shared.flows.operators import change_operator, get_operator
from shared.flows.receive_notification import Reply, receive_notification
from shared.flows.subscription_row import read_subscription
from shared.flows.verify_operator import verify_operator
from shared.model.exchange import Mailbox, Notification, Resolved
from shared.model.operator import Kind, Operator
from shared.ports import Merge
from tests.flows.office import ALICE, Office

LISTENER = "https://app.example/api/ews/notifications"
SHORT = timedelta(seconds=0.05)


async def opened(*, push: bool = False) -> Office:
    office = await Office().open()
    if push:
        await office.configure({"notifications": {"mode": "push", "url": LISTENER}})
    await office.settle()
    return office


async def verified(office: Office, operator_id: str = "alice", **more: Any) -> dict[str, Any]:
    operator = await get_operator(office.rows, operator_id)
    return await verify_operator(office.world(), operator, patience=SHORT, **more)


async def put(office: Office, operator_id: str, mailbox: str, **flags: Any) -> None:
    await change_operator(office.world(), operator_id, lambda _: Operator(operator_id, mailbox, "", **flags))


def outcomes(found: dict[str, Any]) -> dict[str, Any]:
    return {check["name"]: check["code"] or check["ok"] for check in found["checks"]}


def fails(office: Office, operation: str, error: SyncError, *, of: str = ALICE) -> None:
    async def fail(called: str, mailbox: Mailbox) -> None:
        if called == operation and mailbox.address == of:
            raise error

    office.exchange.before = fail


def speaks(office: Office) -> list[Reply]:
    """Exchange sends the first status event of each Subscribe at once."""
    replies: list[Reply] = []

    async def status(called: str, mailbox: Mailbox) -> None:
        if called == "subscribe":
            operator_id = mailbox.address.partition("@")[0]
            key = (await get_operator(office.rows, operator_id)).mailbox_key
            number = len(office.exchange.subscriptions)
            note = Notification(f"subscription/{number}", "watermark/1", "w2", status_only=True)
            replies.append(await receive_notification(office.world(), key, (note,)))

    office.exchange.after = status
    return replies


async def test_a_mailbox_with_which_all_is_well() -> None:
    found = await verified(await opened())
    assert found["ok"] is True
    assert outcomes(found) == {
        **dict.fromkeys(("connection", "address", "primary", "mailbox", "access", "folders", "email_sync"), True),
        "push": None,
    }


async def test_an_alias_is_named_with_the_primary_address_and_adopted_on_demand() -> None:
    office = await opened()
    office.exchange.aliases["al@contoso.example"] = ALICE
    await put(office, "alice", "al@contoso.example", email_sync=True)
    await office.settle()
    found = await verified(office)
    assert (found["ok"], outcomes(found)["primary"], found["adopted"]) == (False, "mailbox-not-primary", None)
    assert (await get_operator(office.rows, "alice")).mailbox == "al@contoso.example"
    found = await verified(office, fix=True)
    assert found["ok"] is True
    assert found["adopted"] == {"from": "al@contoso.example", "to": ALICE}
    assert (await get_operator(office.rows, "alice")).mailbox == ALICE


async def test_what_was_changed_while_an_alias_was_found_is_kept() -> None:
    office = await opened()
    office.exchange.aliases["al@contoso.example"] = ALICE
    await put(office, "alice", "al@contoso.example", email_sync=True)
    await office.settle()

    async def changed(operation: str, mailbox: Mailbox) -> None:
        if operation == "resolve" and mailbox.address != ALICE:
            await put(office, "alice", "al@contoso.example", email_sync=True, time_zone="Europe/Berlin")

    office.exchange.after = changed
    assert (await verified(office, fix=True))["adopted"]
    operator = await get_operator(office.rows, "alice")
    assert (operator.mailbox, operator.time_zone) == (ALICE, "Europe/Berlin")


async def test_an_alias_of_another_operators_mailbox_is_a_duplicate_and_not_adopted() -> None:
    office = await opened()
    office.exchange.aliases["al@contoso.example"] = ALICE
    await put(office, "double", "al@contoso.example", email_sync=True)
    found = await verified(office, "double", fix=True)
    assert outcomes(found)["primary"] == "mailbox-taken"
    assert "operator alice" in next(check["detail"] for check in found["checks"] if check["name"] == "primary")
    assert found["adopted"] is None


async def test_an_alias_is_not_adopted_while_something_else_is_wrong() -> None:
    office = await opened()
    office.exchange.aliases["al@contoso.example"] = ALICE
    await put(office, "alice", "al@contoso.example", email_sync=True)
    fails(office, "sync_folder_items", Reconfigure("access-denied", "no"), of="al@contoso.example")
    found = await verified(office, fix=True)
    assert outcomes(found)["folders"] == "access-denied"
    assert (found["adopted"], found["mailbox"]) == (None, "al@contoso.example")


@pytest.mark.parametrize("mailbox_type", ["PublicDL", "Contact", "PublicFolder", "GroupMailbox"])
async def test_what_is_no_mailbox_is_found_in_the_name_of_a_neighbour(mailbox_type: str) -> None:
    office = await opened()
    office.exchange.directory.append(Resolved("sales@contoso.example", "Sales", mailbox_type))
    await put(office, "sales", "sales@contoso.example", email_sync=True)
    found = outcomes(await verified(office, "sales"))
    assert (found["address"], found["mailbox"], found["access"]) == (True, "address-not-mailbox", "mailbox-unknown")
    assert found["folders"] is found["push"] is None


async def test_a_misprint_is_unknown_to_the_directory() -> None:
    office = await opened()
    await put(office, "bob", "bbo@contoso.example")
    found = outcomes(await verified(office, "bob", kinds=[Kind.EMAIL]))
    assert found["address"] == "mailbox-unknown"


async def test_without_a_neighbour_the_directory_cannot_be_asked_and_that_is_told() -> None:
    office = await opened()
    del office.exchange.mailboxes[ALICE]
    found = await verified(office)
    assert (outcomes(found)["access"], outcomes(found)["address"]) == ("mailbox-unknown", None)
    assert found["ok"] is False


async def test_a_missing_right_to_impersonate_is_told_with_its_remedy() -> None:
    office = await opened()
    fails(office, "distinguished_folders", Reconfigure("impersonation-denied", "not this one"))
    found = await verified(office)
    (access,) = [check for check in found["checks"] if check["name"] == "access"]
    assert access["code"] == "impersonation-denied"
    assert "New-ManagementRoleAssignment" in access["remedy"]


async def test_a_server_that_is_down_is_not_asked_further() -> None:
    office = await opened()
    await put(office, "bob", "bob@contoso.example")
    fails(office, "distinguished_folders", SyncError("exchange-unreachable", "gone"))
    before = office.exchange.counts.total()
    found = outcomes(await verified(office))
    assert (found["access"], found["address"]) == ("exchange-unreachable", None)
    assert office.exchange.counts.total() == before + 1


async def test_a_connection_that_the_settings_do_not_have_is_told_first() -> None:
    office = await opened()
    await put(office, "alice", ALICE, email_sync=True, connection="elsewhere")
    found = await verified(office)
    assert found["checks"][0] == {
        "name": "connection",
        "ok": False,
        "detail": 'there is no connection "elsewhere" in the settings',
        "code": "connection-unknown",
        "remedy": found["checks"][0]["remedy"],
    }


async def test_a_folder_of_the_settings_that_is_not_there_is_told_and_no_fault() -> None:
    office = await opened()
    await office.configure({"email": {"folders": ["inbox", "Projects"]}})
    found = await verified(office)
    (folders,) = [check for check in found["checks"] if check["name"] == "folders"]
    assert folders["ok"] is True
    assert folders["detail"] == "Inbox can be read; not in this mailbox: Projects"


async def test_a_folder_that_may_not_be_read_is_named() -> None:
    office = await opened()
    fails(office, "sync_folder_items", Reconfigure("access-denied", "no right"))
    (folders,) = [check for check in (await verified(office))["checks"] if check["name"] == "folders"]
    assert (folders["code"], folders["detail"]) == ("access-denied", "Inbox: no right")


async def test_a_subscription_that_was_heard_is_proof_and_is_left_alone() -> None:
    office = await opened(push=True)
    speaks(office)
    await keep_subscription(office.world(), "alice")
    assert outcomes(await verified(office))["push"] is True
    assert office.exchange.counts["subscribe"] == 1


async def test_a_missing_subscription_is_made_and_its_first_status_event_is_proof() -> None:
    office = await opened(push=True)
    replies = speaks(office)
    assert outcomes(await verified(office))["push"] is True
    assert replies == [Reply.OK]


async def test_silence_after_subscribe_means_that_exchange_does_not_reach_us() -> None:
    office = await opened(push=True)
    assert outcomes(await verified(office))["push"] == "push-not-arriving"


async def test_a_subscription_that_was_refused_is_asked_for_again_at_once() -> None:
    office = await opened(push=True)
    fails(office, "subscribe", Reconfigure("push-url-invalid", "not this URL"))
    assert outcomes(await verified(office))["push"] == "push-url-invalid"
    fails(office, "nothing", Reconfigure("mended"))
    speaks(office)
    assert outcomes(await verified(office))["push"] is True


async def test_a_server_without_push_is_polled_which_is_no_fault() -> None:
    office = await opened(push=True)
    fails(office, "subscribe", Permanent("operation-not-supported", "no Subscribe here"))
    found = await verified(office)
    assert (outcomes(found)["push"], found["ok"]) == (None, True)


async def off(office: Office) -> None:
    office.exchange.add_mailbox("bob@contoso.example")
    await put(office, "bob", "bob@contoso.example")


async def test_an_operator_that_is_off_is_probed_and_nothing_of_it_stays() -> None:
    office = await opened(push=True)
    await off(office)
    replies = speaks(office)
    found = await verified(office, "bob", kinds=[Kind.EMAIL])
    assert (outcomes(found)["push"], found["ok"]) == (True, True)
    assert replies == [Reply.UNSUBSCRIBE]
    operator = await get_operator(office.rows, "bob")
    subscription, _ = await read_subscription(office.rows, operator.mailbox_key)
    assert subscription is not None
    assert subscription.subscription_id == ""
    # Switched on after that, it is subscribed as ever.
    await put(office, "bob", "bob@contoso.example", email_sync=True)
    await keep_subscription(office.world(), "bob")
    assert replies == [Reply.UNSUBSCRIBE, Reply.OK]


async def test_a_probe_that_nobody_answers_to_is_told() -> None:
    office = await opened(push=True)
    await off(office)
    assert outcomes(await verified(office, "bob", kinds=[Kind.EMAIL]))["push"] == "push-not-arriving"


async def test_without_a_kind_neither_folders_nor_push_are_looked_at() -> None:
    office = await opened(push=True)
    await off(office)
    found = outcomes(await verified(office, "bob"))
    assert (found["folders"], found["push"], found["access"]) == (None, None, True)
    assert office.exchange.counts["subscribe"] == 0


async def test_a_kind_that_the_settings_keep_off_cannot_go_on() -> None:
    office = await opened()
    await off(office)
    await office.configure({"email": {"enabled": False}})
    assert outcomes(await verified(office, "bob", kinds=[Kind.EMAIL]))["email_sync"] == "kind-off"
    assert outcomes(await verified(office, "alice"))["email_sync"] == "kind-off"


async def test_a_subscription_that_outlived_its_operators_flag_is_told() -> None:
    office = await opened(push=True)
    speaks(office)
    await keep_subscription(office.world(), "alice")
    await put(office, "alice", ALICE)
    assert outcomes(await verified(office))["email_sync"] == "off-but-running"
    await keep_subscription(office.world(), "alice")
    assert outcomes(await verified(office))["email_sync"] is True


async def test_a_sync_that_fails_is_told_by_its_code() -> None:
    office = await opened()
    fails(office, "sync_folder_items", Reconfigure("mailbox-misconfigured", "no licence"))
    await office.sync()
    found = outcomes(await verified(office))
    assert (found["folders"], found["email_sync"]) == ("mailbox-misconfigured", "mailbox-misconfigured")


async def test_a_lease_held_though_all_is_off_is_told() -> None:
    office = await opened()
    await put(office, "alice", ALICE)
    await office.rows.transact(COLLECTIONS, office.key, [Merge(HEAD, {"until": office.now + timedelta(minutes=5)})])
    assert outcomes(await verified(office))["email_sync"] == "off-but-running"


async def test_an_exchange_that_does_not_answer_is_a_fault_and_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = await opened()

    async def hang(_: str, __: Mailbox) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("shared.flows.verify_operator._ASKING", timedelta(seconds=0.05))
    office.exchange.before = hang
    found = await verified(office)
    assert not found["ok"]
    assert outcomes(found)["access"] == "exchange-timeout"
    assert outcomes(found)["address"] is outcomes(found)["push"] is None

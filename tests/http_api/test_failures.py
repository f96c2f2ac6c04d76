"""`/failures` and `/status` as they are called: the whole list, one operator's, single items, and another try."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from http_api import callers
from http_api.failures import OwnerName
from shared.model.caller import Caller, Role
from shared.model.exchange import ItemFailure
from shared.model.failures import Owner
from tests.flows.office import Office
from tests.flows.test_failure_index import Refusing, fail, working_office
from tests.http_api.client import calling


async def call(office: Office, method: str, path: str, **more: Any) -> httpx.Response:
    async with calling(office) as client:
        return await client.request(method, f"/api{path}", **more)


async def failing_office() -> Office:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office)
    return office


async def test_all_that_fails_is_listed_with_cause_remedy_and_ids() -> None:
    office = await failing_office()
    document = (await call(office, "GET", "/failures")).json()
    while not document["items"]:  # a page may be empty though there is more
        document = (await call(office, "GET", f"/failures?after={document['next']}")).json()
    (item,) = document["items"]
    assert (item["id"], item["code"], item["class"]) == ("alice:email", "impersonation-denied", "reconfigure")
    assert "New-ManagementRoleAssignment" in item["remedy"]
    assert item["owner"] == Owner.EXCHANGE.value
    assert item["request_ids"] == ["client-request-id=1"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 1),
        ("?code=impersonation-denied", 1),
        ("?code=mailbox-full", 0),
        ("?owner=exchange", 1),
        ("?owner=crm", 0),
        ("?kind=subscription", 0),
        ("?connection=default&kind=email", 1),
        ("?of=collections&operator_id=alice", 1),
        ("?of=collections&operator_id=alice&code=mailbox-full", 0),
        ("?operator_id=alice", 0),
        ("?of=items&operator_id=alice", 0),
        ("?operator_id=alice&code=impersonation-denied", 1),
        ("?operator_id=alice&owner=crm", 0),
    ],
)
async def test_what_is_asked_for_is_listed(query: str, count: int) -> None:
    answer = await call(await failing_office(), "GET", f"/failures{query}")
    assert (answer.status_code, len(answer.json()["items"])) == (200, count)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?of=items", "operator_id"),
        ("?of=items&operator_id=alice&kind=subscription", "kind"),
        ("?of=items&operator_id=alice&kind=email_items", "kind"),
        ("?owner=somebody", "owner"),
        ("?code=impersonation-refused", "code"),
        ("?kind=mail", "kind"),
        ("?of=items&operator_id=alice&code=mailbox-full", "of"),
        ("?limit=201", "limit"),
    ],
)
async def test_a_question_that_makes_no_sense_is_explained(query: str, words: str) -> None:
    answer = await call(await failing_office(), "GET", f"/failures{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed")
    assert words in answer.json()["detail"]


def test_each_owner_can_be_asked_for() -> None:
    assert {each.name for each in OwnerName} == {owner.name for owner in Owner}
    assert all(each.value == each.name.lower() for each in OwnerName)


async def test_failures_are_summed_up() -> None:
    document = (await call(await failing_office(), "GET", "/failures/summary")).json()
    assert document["next"] is None
    (group,) = document["items"]
    assert (group["code"], group["count"], group["operator_id"]) == ("impersonation-denied", 1, "alice")


async def test_another_try_is_asked_for_once() -> None:
    office = await failing_office()
    answer = await call(office, "POST", "/failures/alice:email/retry")
    assert (answer.status_code, answer.json()["operator_id"]) == (202, "alice")
    assert await office.sync() == "failed", "not paused: it was asked for"
    unknown = await call(office, "POST", "/failures/alice:subscription/retry")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "failure-unknown")


async def test_a_failed_item_has_an_id_to_try_it_again_by() -> None:
    office = await lacking_office()
    (item,) = (await call(office, "GET", "/failures?operator_id=alice")).json()["items"]
    assert (item["code"], item["request_id"]) == ("item-corrupt", None)
    assert (await call(office, "POST", f"/failures/{item['id']}/retry")).status_code == 202


async def lacking_office() -> Office:
    """Alice's sync is well, but one mail cannot be read."""
    office = Office()
    broken = office.deliver("Delivery note 4711")
    office.box.failures[broken] = ItemFailure(broken, "item-corrupt", "ErrorCorruptData", "Data is corrupt.")
    await office.open()
    await office.settle()
    return office


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?of=collections&operator_id=alice", 1),
        ("?operator_id=alice&kind=email_items", 1),
        ("?operator_id=alice&code=items-failed", 1),
        ("?of=collections&operator_id=alice&kind=email", 0),
        ("?of=collections&operator_id=alice&owner=exchange", 0),
    ],
)
async def test_a_mailbox_with_items_that_cannot_be_read_is_among_what_fails(query: str, count: int) -> None:
    found = (await call(await lacking_office(), "GET", f"/failures{query}")).json()["items"]
    assert [(each["id"], each["detail"], each["count"]) for each in found] == [
        ("alice:email_items", "1 item cannot be read", 1)
    ] * count


async def test_items_that_cannot_be_read_are_counted_in_the_summary_and_in_both_statuses() -> None:
    office = await lacking_office()
    (group,) = (await call(office, "GET", "/failures/summary")).json()["items"]
    assert (group["code"], group["kind"], group["count"]) == ("items-failed", "email_items", 1)
    (line,) = (await call(office, "GET", "/status")).json()["items"]
    one = (await call(office, "GET", "/operators/alice/status")).json()
    assert (line["kinds"]["email"]["failed_items"], one["kinds"]["email"]["failed_items"]) == (1, 1)
    assert (line["kinds"]["email"]["state"], line["kinds"]["email"]["code"]) == ("polling", None)


async def test_all_items_of_a_mailbox_are_tried_again_by_one_call() -> None:
    office = await lacking_office()
    office.box.failures.clear()
    office.now += timedelta(minutes=5)
    answer = await call(office, "POST", "/failures/alice:email_items/retry")
    assert (answer.status_code, answer.json()["id"]) == (202, "alice:email_items")
    await office.settle()
    assert (await call(office, "GET", "/failures?of=collections&operator_id=alice")).json()["items"] == []
    again = await call(office, "POST", "/failures/alice:email_items/retry")
    assert (again.status_code, again.json()["code"]) == (404, "failure-unknown")


async def test_the_status_of_all_is_a_line_each() -> None:
    document = (await call(await failing_office(), "GET", "/status?limit=1")).json()
    (line,) = document["items"]
    assert line["kinds"]["email"]["code"] == "impersonation-denied"
    assert line["kinds"]["calendar"] == {"state": "off"}
    assert document["next"] is None


async def test_a_call_that_exchange_refuses_names_the_request_in_its_problem() -> None:
    office = Office()
    office.deliver("Offer")
    await office.open()
    await office.settle()
    (email,) = (await call(office, "GET", "/operators/alice/emails")).json()["items"]
    office.exchange.before = Refusing()
    problem = (await call(office, "GET", f"/operators/alice/emails/{email['item_id']}/mime")).json()
    assert (problem["code"], problem["request_id"]) == ("impersonation-denied", "client-request-id=1")


@pytest.mark.parametrize("role", list(Role))
async def test_the_subject_of_a_mail_that_cannot_be_read_is_only_for_who_may_read_content(
    role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await working_office()
    name = office.deliver("Offer")
    office.box.failures[name] = ItemFailure(name, "item-unreadable", "ErrorCorruptData")
    await office.settle()
    monkeypatch.setattr(callers, "KEY_HOLDER", Caller("charlie", frozenset({role})))
    (item,) = (await call(office, "GET", "/failures?operator_id=alice")).json()["items"]
    assert item["code"] == "item-unreadable"
    assert item["subject"] == ("Offer" if role is Role.APPLICATION else None)

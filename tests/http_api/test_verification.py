"""`POST /operators/{operator_id}/verify`: what it answers, what it changes, and how many run at once."""

import asyncio
from datetime import timedelta

import pytest

from http_api.verification import AT_ONCE, place
from http_api.verification_documents import Verification
from shared.errors import Transient
from shared.flows.operators import get_operator, put_operator
from shared.model.exchange import Mailbox
from shared.model.operator import Operator
from tests.flows.office import ALICE, Office
from tests.http_api.client import calling

ALIAS = "al@contoso.example"


async def test_the_answer_has_the_form_that_is_described() -> None:
    office = await Office().open()
    await office.settle()
    async with calling(office) as client:
        answer = await client.post("/api/operators/alice/verify")
    assert answer.status_code == 200
    found = Verification.model_validate(answer.json())
    assert (found.operator_id, found.ok, found.adopted) == ("alice", True, None)


async def test_a_fault_is_an_answer_with_its_remedy_and_no_error() -> None:
    office = await Office().open()
    del office.exchange.mailboxes[ALICE]
    async with calling(office) as client:
        answer = await client.post("/api/operators/alice/verify")
    assert answer.status_code == 200
    (access,) = [check for check in answer.json()["checks"] if check["name"] == "access"]
    assert (answer.json()["ok"], access["code"]) == (False, "mailbox-unknown")
    assert access["remedy"]


async def test_a_primary_address_is_adopted_only_when_asked() -> None:
    office = await Office().open()
    office.exchange.aliases[ALIAS] = ALICE
    await put_operator(office.world(), Operator("alice", ALIAS, "", email_sync=True))
    async with calling(office) as client:
        told = (await client.post("/api/operators/alice/verify")).json()
        assert (await get_operator(office.rows, "alice")).mailbox == ALIAS
        mended = (await client.post("/api/operators/alice/verify?fix=true")).json()
    assert (told["ok"], told["adopted"]) == (False, None)
    assert (mended["ok"], mended["adopted"]) == (True, {"from": ALIAS, "to": ALICE})
    assert Verification.model_validate(mended).mailbox == ALICE


async def test_kinds_and_operators_that_there_are_not_are_refused() -> None:
    office = await Office().open()
    async with calling(office) as client:
        unknown = await client.post("/api/operators/nobody/verify")
        malformed = await client.post("/api/operators/alice/verify", json={"kinds": ["fax"]})
        later = await client.post("/api/operators/alice/verify", json={"kinds": ["calendar"]})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "operator-unknown")
    assert (malformed.status_code, malformed.json()["code"]) == (400, "request-malformed")
    assert (later.status_code, later.json()["code"]) == (400, "kind-not-available")


async def test_a_connection_is_asked_for_a_few_mailboxes_at_once() -> None:
    office = await Office().open()
    names = [f"operator{number}" for number in range(3 * AT_ONCE)]
    for name in names:
        office.exchange.add_mailbox(f"{name}@contoso.example")
        await put_operator(office.world(), Operator(name, f"{name}@contoso.example", ""))
    under_way: set[str] = set()
    most = 0
    full = asyncio.Barrier(AT_ONCE)

    async def enter(operation: str, mailbox: Mailbox) -> None:
        nonlocal most
        if operation == "distinguished_folders":
            under_way.add(mailbox.address)
            most = max(most, len(under_way))
            await full.wait()
        if operation == "resolve":
            under_way.discard(mailbox.address)

    office.exchange.before = enter
    async with calling(office) as client:
        answers = await asyncio.gather(*(client.post(f"/api/operators/{name}/verify") for name in names))
    assert {answer.status_code for answer in answers} == {200}
    assert most == AT_ONCE


async def test_who_gets_no_place_in_time_is_told_to_come_again() -> None:
    gates = {"default": asyncio.Semaphore(1)}
    async with place(gates, "default"), place(gates, "another"):
        with pytest.raises(Transient, match="verification-busy") as busy:
            async with place(gates, "default", longest_wait=timedelta(0)):
                raise AssertionError("there was no place")
    assert busy.value.retry_after
    async with place(gates, "default", longest_wait=timedelta(0)):
        pass

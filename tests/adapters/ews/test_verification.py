"""Verification against a server that speaks EWS: aliases, what is no mailbox, and rights that are missing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.directory import OTHER_TYPES
from devtools.exchange_simulator.fault_injection import Fault
from devtools.exchange_simulator.simulator import DEFAULT_USER
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.flows.operators import get_operator, put_operator
from shared.flows.verify_operator import verify_operator
from shared.model.operator import Kind, Operator
from tests.adapters.ews.world import ALICE, BOB, exchange_at
from tests.flows.office import Office

ALIAS = "al@contoso.example"


class Verifier:
    """Alice is an operator, and whoever else is put; the office's rows, the simulator's mailboxes."""

    def __init__(self, office: Office, exchange: EwsExchange) -> None:
        self.world = office.world(exchange=exchange, now=lambda: datetime.now(UTC))

    async def put(self, operator_id: str, mailbox: str) -> None:
        await put_operator(self.world, Operator(operator_id, mailbox, ""))

    async def __call__(self, operator_id: str, *, fix: bool = False) -> dict[str, Any]:
        operator = await get_operator(self.world.rows, operator_id)
        found = await verify_operator(self.world, operator, kinds=[Kind.EMAIL], fix=fix)
        found["outcomes"] = {check["name"]: check["code"] or check["ok"] for check in found["checks"]}
        return found


@pytest_asyncio.fixture
async def verify(simulator: ExchangeSimulator) -> AsyncIterator[Verifier]:
    office = await Office().open()
    connection = Connection("default", simulator.url, version="Exchange2016", authentication="basic")
    async with exchange_at(connection) as exchange:
        verifier = Verifier(office, exchange)
        await verifier.put("alice", ALICE.address)
        yield verifier


async def test_a_mailbox_of_a_real_server_passes(verify: Verifier) -> None:
    found = await verify("alice")
    assert found["ok"] is True, found
    assert {name for name, outcome in found["outcomes"].items() if outcome is True} == {
        *("connection", "address", "primary", "mailbox", "access", "folders", "email_sync")
    }


async def test_an_alias_is_adopted(simulator: ExchangeSimulator, verify: Verifier) -> None:
    simulator.add_mailbox("charlie@contoso.example", aliases=[ALIAS])
    await verify.put("charlie", ALIAS)
    assert (await verify("charlie"))["outcomes"]["primary"] == "mailbox-not-primary"
    found = await verify("charlie", fix=True)
    assert (found["ok"], found["adopted"]) == (True, {"from": ALIAS, "to": "charlie@contoso.example"})


@pytest.mark.parametrize("mailbox_type", sorted(set(OTHER_TYPES) - {"Unknown"}))
async def test_what_is_no_mailbox_is_named(simulator: ExchangeSimulator, verify: Verifier, mailbox_type: str) -> None:
    simulator.add_entry("sales@contoso.example", mailbox_type)
    await verify.put("sales", "sales@contoso.example")
    assert (await verify("sales"))["outcomes"]["mailbox"] == "address-not-mailbox"


async def test_an_address_whose_beginning_is_another_mailboxs_address_is_not_confused(
    simulator: ExchangeSimulator, verify: Verifier
) -> None:
    simulator.add_mailbox(ALICE.address + ".org")
    assert (await verify("alice"))["ok"] is True


async def test_a_mailbox_that_may_not_be_impersonated(simulator: ExchangeSimulator, verify: Verifier) -> None:
    simulator.allow_impersonation(DEFAULT_USER, [ALICE.address])
    await verify.put("bob", BOB.address)
    found = (await verify("bob"))["outcomes"]
    assert (found["access"], found["address"], found["primary"]) == ("impersonation-denied", True, True)
    assert found["folders"] is None


async def test_a_leavers_mailbox_is_unknown(simulator: ExchangeSimulator, verify: Verifier) -> None:
    await verify.put("bob", BOB.address)
    simulator.remove_mailbox(BOB.address)
    found = (await verify("bob"))["outcomes"]
    assert (found["access"], found["address"]) == ("mailbox-unknown", "mailbox-unknown")


async def test_a_folder_without_a_right_is_named(simulator: ExchangeSimulator, verify: Verifier) -> None:
    simulator.inject(Fault("error", operation="SyncFolderItems", code="ErrorAccessDenied", count=1))
    found = await verify("alice")
    (folders,) = [check for check in found["checks"] if check["name"] == "folders"]
    assert folders["code"] == "access-denied"
    assert folders["detail"].startswith("Inbox: ")

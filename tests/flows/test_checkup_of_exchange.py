"""The doctor on the way to a real (simulated) Exchange, over our adapters: what is well, refused, slow, or not there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devtools.exchange_simulator.fault_injection import Fault
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER, ExchangeSimulator
from shared.adapters.certificates import TlsCertificates
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.adapters.network import HttpNetwork
from shared.flows.checkup.report import check_up
from shared.flows.checkup.running import Limits
from tests.flows.office import ALICE, Office


@dataclass
class Checked:
    """Alice's office on a simulated Exchange."""

    office: Office
    exchange: EwsExchange
    simulator: ExchangeSimulator

    async def findings(self, limits: Limits | None = None) -> dict[str, dict[str, Any]]:
        world = self.office.world(exchange=self.exchange, now=lambda: datetime.now(UTC))
        world = replace(world, network=HttpNetwork(), certificates=TlsCertificates())
        answer = await check_up(world, limits=limits or Limits())
        return {each["name"].removeprefix("default "): each for each in answer["checks"]}


@pytest.fixture
async def checked() -> AsyncIterator[Checked]:
    async with ExchangeSimulator() as simulator:
        simulator.add_mailbox(ALICE)
        office = await Office(clock=datetime.now(UTC)).open()
        await office.configure({"connections": {"default": {"url": simulator.url}}})
        office.secrets.values |= {"default-username": DEFAULT_USER, "default-password": DEFAULT_PASSWORD}
        connection = Connection("default", simulator.url)
        exchange = EwsExchange([connection], office.secrets, now=lambda: office.now, new_id=office.world().new_id)
        yield Checked(office, exchange, simulator)
        simulator.clear_faults()
        await exchange.aclose()


async def test_each_step_of_the_way_is_taken(checked: Checked) -> None:
    found = await checked.findings()
    for name in ("secrets", "mailbox", "name", "certificate", "answer", "clock", "sign-in", "impersonation"):
        assert found[name]["state"] == "ok", found[name]
    assert "Basic" in found["answer"]["detail"]
    assert ALICE in found["impersonation"]["detail"]


async def test_an_exchange_that_hangs_is_told_and_the_doctor_does_not_wait_for_it(checked: Checked) -> None:
    checked.simulator.inject(Fault("slow", operation="GetFolder", delay_ms=600_000, count=None))
    found = await checked.findings(Limits(one=timedelta(seconds=1.5)))
    assert (found["sign-in"]["code"], found["impersonation"]["state"]) == ("exchange-timeout", "not_tried")
    assert found["answer"]["state"] == "ok"


async def test_a_wrong_password_is_told_at_the_sign_in(checked: Checked) -> None:
    checked.office.secrets.values["default-password"] = "wrong"
    found = await checked.findings()
    assert (found["sign-in"]["code"], found["impersonation"]["state"]) == ("authentication-failed", "not_tried")


async def test_a_missing_right_is_told_at_the_impersonation(checked: Checked) -> None:
    checked.simulator.allow_impersonation(DEFAULT_USER, [])
    found = await checked.findings()
    assert (found["sign-in"]["state"], found["impersonation"]["code"]) == ("ok", "impersonation-denied")


async def test_a_wrong_path_is_told_before_any_password_is_sent(checked: Checked) -> None:
    url = checked.simulator.url.replace("Exchange.asmx", "Nowhere.asmx")
    await checked.office.configure({"connections": {"default": {"url": url}}})
    found = await checked.findings()
    assert (found["answer"]["code"], found["sign-in"]["state"]) == ("url-wrong", "not_tried")
    assert checked.exchange.counts == {}

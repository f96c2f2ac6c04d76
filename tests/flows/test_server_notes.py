"""What is known of the server is told where people look: in status, in health, and by the name of a lasting failure."""

from datetime import timedelta

import pytest

from shared.errors import Transient
from shared.flows.health import deep_health
from shared.flows.operators import get_operator
from shared.flows.status import operator_status
from shared.model.exchange import Mailbox
from shared.model.server import Build, Server
from tests.flows.office import Office


async def test_notes_of_the_server_come_into_status_and_go_with_their_cause() -> None:
    office = await Office().open()
    for notes in (("this server cannot sort",), ()):
        office.exchange.known_servers["default"] = Server(Build(15, 1, 2507), notes)
        await office.settle()
        document = await operator_status(office.world(), await get_operator(office.rows, "alice"))
        assert document["kinds"]["email"]["notes"] == list(notes)


async def test_health_names_the_server_behind_a_connection() -> None:
    office = await Office().open()
    office.exchange.known_servers["default"] = Server(Build(15, 1, 2507), ("this server cannot sort",))
    details = [check["detail"] for check in (await deep_health(office.world()))["checks"]]
    assert any(detail.endswith("; server 15.1.2507 (Exchange2016); this server cannot sort") for detail in details)


async def names_shown(office: Office, met: list[str]) -> list[str]:
    """What the collection's failure is called while Exchange fails in these ways, one after the other."""
    failing = iter(met)

    async def fails(operation: str, mailbox: Mailbox) -> None:
        raise Transient(next(failing), "no")

    office.exchange.before = fails
    shown = []
    for _ in met:
        assert await office.sync() == "failed"
        trouble = (await office.head()).trouble
        assert trouble is not None
        shown.append(trouble.code)
        office.now += timedelta(minutes=16)
    return shown


@pytest.mark.parametrize(
    ("code", "passing", "called"),
    [("impersonation-failed", 3, "impersonation-broken"), ("exchange-routing-failed", 6, "exchange-routing-broken")],
)
async def test_what_keeps_failing_becomes_the_administrators_matter_and_its_beginning_stays(
    code: str, passing: int, called: str
) -> None:
    office = await Office().open()
    begun = office.now
    assert await names_shown(office, [code] * (passing + 2)) == [code] * passing + [called] * 2
    trouble = (await office.head()).trouble
    assert trouble is not None
    assert trouble.since == begun


async def test_failures_of_other_kinds_between_are_not_counted_as_lasting() -> None:
    office = await Office().open()
    met = ["exchange-busy"] * 5 + ["impersonation-failed"] * 3 + ["exchange-busy"] + ["impersonation-failed"] * 3
    assert await names_shown(office, met) == met

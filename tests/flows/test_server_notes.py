"""What is known of the server is told where people look: in status, in health, and by the name of a lasting failure."""

from datetime import timedelta

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


async def test_impersonation_that_keeps_failing_becomes_the_administrators_matter() -> None:
    async def fails(operation: str, mailbox: Mailbox) -> None:
        raise Transient("impersonation-failed", "no")

    office = await Office().open()
    office.exchange.before = fails
    codes = []
    for _ in range(5):
        await office.sync()
        trouble = (await office.head()).trouble
        assert trouble is not None
        codes.append(trouble.code)
        office.now += timedelta(minutes=16)
    assert codes == ["impersonation-failed"] * 3 + ["impersonation-denied"] * 2

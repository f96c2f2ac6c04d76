"""`exsync forget`: a person is let in again by the address, in whichever way it is written, and people are told so."""

import pytest
import typer

from cli.forget import forget_operator, forget_person
from tests.cli.terminal import run, session_on
from tests.flows.office import Office
from tests.flows.test_forget_address import carry_on

GROUP = typer.Typer()
GROUP.command("forget")(forget_person)
GROUP.command("forget-operator")(forget_operator)


@pytest.mark.parametrize(
    "written", ["dörte@bücher.example", " <DÖRTE@XN--BCHER-KVA.example>", "Do\u0308rte@Bücher.example"]
)
async def test_who_was_forgotten_is_let_in_again_by_the_address(written: str) -> None:
    office = await Office().open()
    asked = await run(
        GROUP, session_on(office.world), "forget", "--address", "dörte@bücher.example", "--yes", "--no-wait"
    )
    assert asked.status == 0
    early = await run(GROUP, session_on(office.world), "forget", "--address", written, "--undo")
    assert (early.status, "forget-under-way" in early.complaint) == (1, True)
    await carry_on(office)
    ended = await run(GROUP, session_on(office.world), "forget", "--address", written, "--undo")
    assert (ended.status, ended.out) == (0, "")
    assert ended.complaint == f"Mail to and from {written} that comes from now on is kept.\n"
    again = await run(GROUP, session_on(office.world), "forget", "--address", written, "--undo")
    assert (again.status, "forget-unknown" in again.complaint) == (1, True)


async def test_a_program_hears_nothing_but_the_exit_status() -> None:
    office = await Office().open()
    await run(GROUP, session_on(office.world), "forget", "--address", "dana@customer.example", "--yes", "--no-wait")
    await carry_on(office)
    session = session_on(office.world, as_json=True)
    ended = await run(GROUP, session, "forget", "--address", "dana@customer.example", "--undo")
    assert (ended.status, ended.said) == (0, "")

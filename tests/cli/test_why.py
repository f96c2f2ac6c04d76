"""`exsync why`: what people paste is taken for a Message-ID or for a subject, and what it says can be followed."""

import pytest

from tests.cli.test_failures import only, run
from tests.flows.office import Office


@pytest.mark.parametrize(
    "pasted",
    [
        "a.b@c",
        " <a.b@c> ",
        "Message-ID: <a.b@c>",
        "message-id:\n <a.b@c>",
        "Offer for dana@customer.example",
        "=?utf-8?Q?Offer_for_dana=40customer.example?=",
    ],
)
async def test_what_is_pasted_finds_the_mail(pasted: str) -> None:
    office = await Office().open()
    office.deliver("Offer for dana@customer.example", internet_message_id="<a.b@c>")
    await office.settle()
    status, text, _ = await run(office, pasted, "--operator", "alice", of=only("why"))
    assert status == 0
    assert text.startswith("Offer for dana@customer.example · <a.b@c> · Inbox · ") and "\nStored: " in text


async def test_a_message_id_without_an_at_sign_is_one_in_its_brackets() -> None:
    office = await Office().open()
    office.deliver("Fax", internet_message_id="<no-at>")
    await office.settle()
    _, text, _ = await run(office, "<no-at>", "--operator", "alice", of=only("why"))
    assert "\nStored: " in text


async def test_the_command_of_a_remedy_stands_on_one_line_as_it_is_to_be_typed() -> None:
    office = await Office().open()
    office.deliver(folder=office.box.add_folder("It's [red]Ωmega[/red] " + "long " * 40))
    await office.settle()
    _, text, _ = await run(office, "1@fabrikam.example", "--operator", "alice", of=only("why"))
    command = next(line for line in text.splitlines() if line.startswith("→ "))
    assert "exsync settings set 'email.folders=[" in command and "[red]Ωmega[/red]" in command

"""Sending through Exchange: in the mailbox's own name, kept nowhere, and never twice for a lost answer."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from devtools.exchange_simulator import ExchangeSimulator, Fault
from devtools.exchange_simulator.simulator import DEFAULT_USER
from shared.adapters.ews.connection import Connection
from shared.errors import Reconfigure, SyncError
from shared.model.exchange import Mailbox
from tests.adapters.ews.world import ALICE, BOB, exchange_at


def mail(*, sender: str = ALICE.address, to: str = f"{BOB.address}, outside@fabrikam.example") -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = f"Exchange CRM Sync <{sender}>"
    message["To"] = to
    message["Subject"] = "Es schlägt fehl"
    message["Message-ID"] = "<dns-failed.default.1.opened-1@contoso.example>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("Größe: 1\n")
    return message.as_bytes()


def received(simulator: ExchangeSimulator, mailbox: Mailbox) -> list[EmailMessage]:
    box = simulator.mailbox(mailbox.address)
    contents = [b"".join(item.content.mime_blocks()) for item in box.folder("inbox").items.values()]
    return [message_from_bytes(each, policy=policy.default) for each in contents]


async def test_a_mail_is_in_the_recipients_mailbox_as_it_was_written(simulator: ExchangeSimulator) -> None:
    async with exchange_at(Connection("default", simulator.url)) as exchange:
        await exchange.send_mail(ALICE, mail())
    (found,) = received(simulator, BOB)
    assert (found["subject"], found.get_content().strip()) == ("Es schlägt fehl", "Größe: 1")
    assert found["message-id"] == "<dns-failed.default.1.opened-1@contoso.example>"
    assert found["auto-submitted"] == "auto-generated"
    assert [(each.sender, each.recipients) for each in simulator.outgoing] == [
        (ALICE.address, ("outside@fabrikam.example",))
    ]
    assert simulator.items(ALICE.address, "sentitems") == []


async def test_each_refusal_has_its_name(simulator: ExchangeSimulator) -> None:
    async with exchange_at(Connection("default", simulator.url)) as exchange:
        with pytest.raises(Reconfigure, match="access-denied"):
            await exchange.send_mail(ALICE, mail(sender="ceo@contoso.example"))
        with pytest.raises(Reconfigure, match="mailbox-unknown"):
            await exchange.send_mail(Mailbox("nobody@contoso.example"), mail())
        simulator.allow_impersonation(DEFAULT_USER, [])
        with pytest.raises(Reconfigure, match="impersonation-denied"):
            await exchange.send_mail(ALICE, mail())
    assert received(simulator, BOB) == []


async def test_a_lost_answer_is_not_asked_for_again(simulator: ExchangeSimulator) -> None:
    simulator.inject(Fault("reset_after", operation="CreateItem"))
    async with exchange_at(Connection("default", simulator.url)) as exchange:
        with pytest.raises(SyncError, match="connection-lost"):
            await exchange.send_mail(ALICE, mail())
    assert exchange.counts["CreateItem"] == 1
    assert len(received(simulator, BOB)) == 1

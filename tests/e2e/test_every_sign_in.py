"""A day of mail by each way to sign in, over TLS of a private authority, on each product that companies run.

All over one app, whose settings have a connection for each. A server refuses what its version does not know.
"""

import asyncio

import pytest

from devtools.exchange_simulator.simulator import DEFAULT_CLIENT, DEFAULT_USER
from devtools.stack.application import Document
from tests.e2e.conftest import Configured, People
from tests.e2e.office import Person
from tests.e2e.servers import PRODUCTS, SIGN_INS, Server
from tests.e2e.test_contents import PDF, PIXEL, STORY, with_attachments

NEWEST = {"Exchange2010": "Exchange2010_SP2", "Exchange2013": "Exchange2013_SP1", "Exchange2016": "Exchange2016"}
MOST_AT_ONCE = 8
"""Requests of two mailboxes: so many connections, and so many handshakes, are enough for any number of requests."""
MORNING = ("to be read", "moves about", "to be deleted")


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("sign_in", SIGN_INS)
async def test_a_day_of_mail_is_kept_in_step(
    servers: dict[str, Server], people: People, sign_in: str, product: str
) -> None:
    server = servers[f"{sign_in}-{product.removeprefix('Exchange')}"]
    alice, bob = people("alice", server), people("bob", server)
    alice.exchange.add_folder(alice.mailbox, "Projects", parent="inbox")
    arrived = {subject: alice.gets(subject, days_ago=1) for subject in MORNING}
    alice.gets("of last week", days_ago=7)
    await asyncio.gather(alice.switch_on(), bob.switch_on())
    before = {email["subject"]: email["item_id"] for email in await alice.until_subjects(*MORNING)}
    # Alice may have two: the first may have been made before her folder was known, and ends at its next notification.
    assert (bool(alice.subscriptions()), len(bob.subscriptions())) == (True, 1)

    spend_the_day(alice, bob, arrived)

    emails = {email["subject"]: email for email in await alice.until_emails(is_evening, "the evening")}
    assert {subject: emails[subject]["item_id"] for subject in MORNING} == before
    await check_contents(alice, emails)
    (received,) = await bob.until_subjects("For Bob")
    assert received["folder"] == "Inbox"
    assert (await alice.until_quiet())["notes"] == []
    check_requests(server, NEWEST[product], (alice, bob))


def spend_the_day(alice: Person, bob: Person, arrived: dict[str, str]) -> None:
    """Mail comes and goes, and people do to it what they do."""
    alice.gets_raw(with_attachments().as_bytes())
    alice.gets("The whole story", text=STORY)
    alice.exchange.send(alice.mailbox, [bob.mailbox], subject="For Bob")
    alice.exchange.flag(alice.mailbox, arrived["to be read"], read=True)
    alice.exchange.move(alice.mailbox, arrived["moves about"], "Projects")
    alice.exchange.delete(alice.mailbox, arrived["to be deleted"])


def is_evening(emails: list[Document]) -> bool:
    """Whether all is there that happened during the day."""
    held = {email["subject"]: email for email in emails}
    return (
        {"Everything attached", "The whole story", "For Bob"} < set(held)
        and held["to be read"]["is_read"]
        and (held["moves about"]["folder"], held["moves about"]["gone"]) == ("Inbox/Projects", None)
        and held["to be deleted"]["gone"] == "deleted"
    )


async def check_contents(alice: Person, emails: dict[str, Document]) -> None:
    """A long body and attachments are what was sent."""
    assert emails["The whole story"]["text"].replace("\r\n", "\n") == STORY
    email = emails["Everything attached"]
    files = {file["name"]: file for file in email["attachments"]}
    assert await alice.attachment(email, files["Angebot für Zoë.pdf"]) == PDF
    assert await alice.attachment(email, files["logo.png"]) == PIXEL


def check_requests(server: Server, version: str, people: tuple[Person, ...]) -> None:
    """All were in the product's own version and language, by the one account, which signed in no more often than it must."""
    mailboxes = {person.mailbox for person in people}
    requests = [entry for entry in server.exchange.requests.entries if entry.mailbox in mailboxes]
    account = DEFAULT_CLIENT if server.authentication == "oauth" else DEFAULT_USER
    assert {(entry.version, entry.account) for entry in requests} == {(version, account)}
    assert {entry.code for entry in requests} <= {"NoError", "ErrorItemNotFound"}
    connections = server.exchange.ntlm.all
    assert bool(connections) == (server.authentication == "ntlm")
    assert all(connection.handshakes == 1 for connection in connections)
    assert len(connections) <= MOST_AT_ONCE < len(requests) / 2
    assert server.exchange.tokens.requests == (server.authentication == "oauth")


@pytest.mark.parametrize(
    ("name", "told", "refused", "taken"),
    [
        ("basic-2010", "Exchange2013", {"Exchange2013_SP1", "Exchange2013"}, "Exchange2010_SP2"),
        ("basic-2013", "Exchange2016", {"Exchange2016", "Exchange2015"}, "Exchange2013_SP1"),
        ("basic-2016", "Exchange2019", set(), "Exchange2016"),
    ],
)
async def test_a_server_refuses_a_newer_version_and_is_asked_in_its_own(
    servers: dict[str, Server],
    people: People,
    configured: Configured,
    name: str,
    told: str,
    refused: set[str],
    taken: str,
) -> None:
    server = servers[name]
    alice = people("alice", server)
    alice.gets("whatever the settings say")
    async with configured(connections={name: server.connection(told)}):
        await alice.switch_on()
        await alice.until_subjects("whatever the settings say")
        notes = " ".join((await alice.until_quiet())["notes"])
        assert f"connections.{name}.version is {told}, but the server is Exchange{name[-4:]}" in notes
        assert ("does not take" in notes) == bool(refused)

    requests = [entry for entry in server.exchange.requests.entries if entry.mailbox == alice.mailbox]
    assert {entry.version for entry in requests if entry.code == "ErrorInvalidServerVersion"} == refused
    assert {entry.version for entry in requests if entry.code == "NoError"} == {taken}


async def test_a_version_that_is_far_too_new_is_named_and_the_sync_begins_once_it_is_right(
    servers: dict[str, Server], people: People, configured: Configured
) -> None:
    server = servers["basic-2010"]
    alice = people("alice", server)
    alice.gets("before its version is right")
    async with configured(connections={server.name: server.connection("Exchange2016")}):
        await alice.switch_on(until_live=False)
        failure = await alice.until_failing("version-not-supported")
        assert "connections.<name>.version" in failure["remedy"]

    await alice.until_mended()
    await alice.until_subjects("before its version is right")

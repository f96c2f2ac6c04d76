"""The routes of alerts, and `exsync alerts`, on the application itself; mail by a real Exchange's twin and a real mail server."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest_asyncio

from cli.alerts import alerts
from devtools.exchange_simulator import ExchangeSimulator, Fault
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.adapters.smtp import SmtpServers
from shared.compose import World
from shared.errors import Transient
from shared.flows.alert_failures import alert_failures
from tests.adapters.ews.world import SIGN_IN, exchange_at
from tests.adapters.mail_server import MailServer, mail_server
from tests.cli.terminal import Ended, run, session_on
from tests.flows.alert_office import ADMINS, BUDGET, SENDER, AlertOffice
from tests.http_api.client import calling


@pytest_asyncio.fixture
async def office() -> AlertOffice:
    return await AlertOffice().prepared()


async def test_open_causes_are_listed_in_pages_with_their_remedies(office: AlertOffice) -> None:
    for code in ("connection-refused", "dns-failed", "impersonation-denied"):
        await office.fails(f"operator-{code}", code=code)
    await office.tick()
    async with calling(office) as client:
        first = (await client.get("/api/alerts?limit=2")).json()
        second = (await client.get("/api/alerts", params={"limit": 2, "after": first["next"]})).json()
        wrong = await client.get("/api/alerts?after=nonsense")
    assert [each["code"] for each in (*first["items"], *second["items"])] == [
        "dns-failed",
        "connection-refused",
        "impersonation-denied",
    ]
    assert second["next"] is None
    shown = first["items"][1]
    assert (shown["mailboxes"], shown["told"], shown["operators"]) == (1, [ADMINS], ["operator-connection-refused"])
    assert (shown["remedy"], shown["told_at"]) == (shown["remedy"], "2026-11-20T12:05:00Z")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")


async def test_a_trial_goes_both_ways(office: AlertOffice) -> None:
    async with calling(office) as client:
        answer = (await client.post("/api/alerts/test", json={})).json()
    assert answer["to"] == [ADMINS]
    assert [(each["way"], each["state"]) for each in answer["ways"]] == [("exchange", "sent"), ("smtp", "sent")]
    assert [str(mail["subject"]) for mail in office.mails()] == [
        "[CRM sync] A trial of the alerts, through Exchange",
        "[CRM sync] A trial of the alerts, over SMTP",
    ]


async def test_a_trial_says_what_each_way_lacks(office: AlertOffice) -> None:
    await office.configure({"alerts": {"smtp_url": None}})
    office.exchange.mailboxes.pop(SENDER)
    async with calling(office) as client:
        answer = (await client.post("/api/alerts/test", json={"to": "Bob@contoso.example"})).json()
    assert answer["to"] == ["bob@contoso.example"]
    exchange, smtp = answer["ways"]
    assert (exchange["state"], exchange["code"]) == ("failed", "mailbox-unknown")
    assert "alerts.from" in exchange["remedy"] and "operators set" not in exchange["remedy"]
    assert exchange["remedy"]
    assert (smtp["state"], smtp["detail"]) == ("off", "alerts.smtp_url is not set")


async def test_a_trial_needs_somebody_to_go_to(office: AlertOffice) -> None:
    await office.configure({"alerts": {"failures_to": []}})
    async with calling(office) as client:
        nobody = await client.post("/api/alerts/test", json={})
        nonsense = await client.post("/api/alerts/test", json={"to": "bob"})
    assert [each.status_code for each in (nobody, nonsense)] == [400, 400]
    assert "set alerts.failures_to" in nobody.json()["detail"]
    assert "'bob' is not a mail address" in nonsense.json()["detail"]


@dataclass
class Real:
    """The application with the real adapters: a simulated Exchange over HTTP, and a mail server over SMTP."""

    office: AlertOffice
    simulator: ExchangeSimulator
    exchange: EwsExchange
    server: MailServer

    def world(self) -> World:
        smtp = SmtpServers(self.office.secrets)
        return replace(self.office.world(exchange=self.exchange), smtp=smtp)


@pytest_asyncio.fixture
async def real(office: AlertOffice) -> AsyncIterator[Real]:
    async with (
        ExchangeSimulator(mailboxes=[SENDER, ADMINS]) as simulator,
        exchange_at(Connection("default", simulator.url), secrets=SIGN_IN) as exchange,
        mail_server() as server,
    ):
        await office.configure({"alerts": {"smtp_url": server.url()}})
        yield Real(office, simulator, exchange, server)


async def test_an_alert_is_in_the_recipients_mailbox_and_over_smtp_when_exchange_is_down(real: Real) -> None:
    await real.office.fails("alice")
    await alert_failures(real.world(), budget=BUDGET)
    (item,) = real.simulator.items(ADMINS)
    assert item.subject == "[CRM sync] 1 mailbox fails: connection-refused (default)"
    assert real.server.taken == []
    real.simulator.inject(Fault("unavailable", operation="CreateItem", count=None, retry_after=None))
    await real.office.fails("bob", code="dns-failed")
    await alert_failures(real.world(), budget=BUDGET)
    (envelope,) = real.server.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [ADMINS])
    assert isinstance(envelope.content, bytes)
    assert b"Subject: [CRM sync] 1 mailbox fails: dns-failed (default)" in envelope.content
    assert len(real.simulator.items(ADMINS)) == 1


async def exsync(world: World, *words: str) -> tuple[object, Ended]:
    """Run `exsync --json alerts …`: what it prints, and how it ends."""
    ended = await run(alerts, session_on(lambda: world, as_json=True), *words)
    return json.loads(ended.out), ended


async def test_the_command_tries_both_ways_and_ends_well(real: Real) -> None:
    printed, ended = await exsync(real.world(), "test", "--to", ADMINS)
    assert (ended.status, ended.complaint) == (0, "")
    assert isinstance(printed, list)
    assert [(each["way"], each["state"]) for each in printed] == [("exchange", "sent"), ("smtp", "sent")]
    assert len(real.simulator.items(ADMINS)) == len(real.server.taken) == 1


async def test_the_command_ends_badly_where_a_way_fails_or_none_is_set_up(office: AlertOffice) -> None:
    office.smtp.failure = Transient("smtp-unreachable", "nothing listens there")
    assert (await exsync(office.world(), "test"))[1].status == 1
    await office.configure({"alerts": {"smtp_url": None, "from": None}})
    printed, ended = await exsync(office.world(), "test")
    assert "Neither way" in ended.complaint
    assert isinstance(printed, list)
    assert {each["state"] for each in printed} == {"off"}


async def test_the_command_lists_what_lasts(office: AlertOffice) -> None:
    await office.fails("alice")
    await office.tick()
    printed, ended = await exsync(office.world(), "list")
    assert ended.status == 0
    assert isinstance(printed, list)
    assert [each["code"] for each in printed] == ["connection-refused"]

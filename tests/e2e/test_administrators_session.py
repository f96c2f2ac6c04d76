"""A new administrator's session, as docs/operations.md tells it: from nothing to a thousand operators, and through an outage.

All is real, with two things shortened. 12 of the operators are verified and switched on, since each costs this machine a second.
And nobody waits for the clock: the app's own timers of alerts and of subscriptions are put off, and the flow of alerts is run
here, over the same storage, mail server and Exchange, by a clock that is some minutes ahead.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from devtools.azurite import Azurite, Ports
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER, ExchangeSimulator
from devtools.stack import Stack, until
from shared.adapters.blobs import StorageBlobs
from shared.adapters.certificates import TlsCertificates
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.adapters.network import HttpNetwork
from shared.adapters.queues import StorageQueues
from shared.adapters.secrets import EnvironmentSecrets
from shared.adapters.smtp import SmtpServers
from shared.adapters.storage import StorageAccount
from shared.adapters.tables import TableRows
from shared.flows.alert_failures import alert_failures
from shared.model.keys import mailbox_key
from shared.ports import World
from shared.settings import StorageSettings
from tests.adapters.mail_server import MailServer, mail_server
from tests.e2e.forwarder import Forwarder
from tests.e2e.office import LIMIT, exsync_of, message

SENDER, ADMINS = "crm-sync@contoso.example", "crm-admins@contoso.example"
GOOD = [f"op{number:04}" for number in range(1, 981)]
PILOT = GOOD[:12]
ALIAS, LIST, MISSPELT, FORGOTTEN = "op0003", "op0008", "op0011", "op0007"
"""Of the pilot: what Exchange alone knows to be wrong, and who is left out when impersonation is set up anew."""
NEVER = "0 0 0 29 2 *"
HEADER = "Operator ID;Email;Email sync;Connection;Time zone;Team"
# Bad lines: what stands there, the operator that is named, the code, and words of the reason.
BAD = (
    (";;yes;;;Sales", "?", "operator-invalid", "there is no mailbox that says who it is"),
    ("b02;;yes;;;Sales", "b02", "mailbox-missing", "operator b02 has no mailbox"),
    ("b03;;;;;", "b03", "mailbox-missing", "operator b03 has no mailbox"),
    ("b04;b04@@contoso.example;no;;;", "b04", "operator-invalid", "'b04@@contoso.example' is not an SMTP address"),
    ("b05;b05.contoso.example;no;;;", "b05", "operator-invalid", "'b05.contoso.example' is not an SMTP address"),
    ("b06;b 06@contoso.example;no;;;", "b06", "operator-invalid", "'b 06@contoso.example' is not an SMTP address"),
    ("b07;b07@;no;;;", "b07", "operator-invalid", "'b07@' is not an SMTP address"),
    ("op0001;other@contoso.example;no;;;", "op0001", "line-repeated", "operator op0001 is in line 2 already"),
    ("op0002;op0002@contoso.example;no;;;", "op0002", "line-repeated", "operator op0002 is in line 3 already"),
    ("b10;op0003@contoso.example;no;;;", "b10", "line-repeated", "is the mailbox of line 4 already"),
    ("b11;OP0004@contoso.example;no;;;", "b11", "line-repeated", "is the mailbox of line 5 already"),
    ("b12;b12@contoso.example;perhaps;;;", "b12", "operator-invalid", '"perhaps" is neither on nor off'),
    ("b13;b13@contoso.example;2;;;", "b13", "operator-invalid", '"2" is neither on nor off'),
    ("b14;b14@contoso.example;no;;Europe/Belin;", "b14", "operator-invalid", "'Europe/Belin' is not an IANA name"),
    ("b15;b15@contoso.example;no;;GMT+1;", "b15", "operator-invalid", "'GMT+1' is not an IANA name"),
    ("b16;b16@contoso.example;no;;;Sales; North", "b16", "line-unreadable", "it has 7 cells, the first line 6"),
    ('b17;"b17@contoso.example;no;;;', "?", "line-unreadable", "a quote is not closed"),
    ("b/18;b18@contoso.example;no;;;", "b/18", "operator-invalid", "1 to 128 of A-Z"),
    ("b 19;b19@contoso.example;no;;;", "b 19", "operator-invalid", "1 to 128 of A-Z"),
    ("b20;b20@contoso.example;no;our exchange;;", "b20", "operator-invalid", 'no connection "our exchange"'),
)


async def test_from_nothing_to_a_thousand_operators_and_through_an_outage(tmp_path: Path) -> None:
    async with company(tmp_path) as contoso:
        await configure(contoso)
        await import_a_thousand_lines(contoso)
        await verify_the_pilot(contoso)
        await enable_in_waves(contoso)
        await break_exchange(contoso)
        await mend_all_but_one(contoso)
        await mend_the_last(contoso)


@dataclass(frozen=True, slots=True)
class Company:
    """The stack with a line to Exchange that can be cut, a mail server beside it, and the administrator's folder."""

    stack: Stack
    cable: Forwarder
    mail: MailServer
    folder: Path

    @property
    def exchange(self) -> ExchangeSimulator:
        return self.stack.exchange

    @property
    def exchange_url(self) -> str:
        return self.exchange.url.replace(self.exchange.origin, f"http://127.0.0.1:{self.cable.port}")

    async def done(self, *words: str) -> str:
        """What a command prints that does what it should."""
        status, text, complaint = await exsync_of(self.stack, *words)
        assert status == 0, f"{words}: {complaint}\n{text}"
        return text

    async def refused(self, *words: str) -> tuple[str, str]:
        """What a command prints, and what it complains of, that ends with 1."""
        status, text, complaint = await exsync_of(self.stack, *words)
        assert status == 1, f"{words}: {complaint}\n{text}"
        return text, complaint

    async def failing(self) -> list[dict[str, Any]]:
        """All that fails, as the interface lists it."""
        answer = await self.stack.application.ask("GET", "failures", params={"of": "collections", "limit": 200})
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def alerts_after(self, minutes: int) -> tuple[list[str], list[str]]:
        """The timer of alerts fires when so many minutes have passed; the subjects that went over SMTP and through Exchange."""
        over_smtp, by_exchange = len(self.mail.taken), len(self.exchange.items(ADMINS))
        async with world_ahead(self, timedelta(minutes=minutes)) as world:
            await alert_failures(world, budget=timedelta(minutes=4))
        taken = [str(self.mail_over_smtp(each)["subject"]) for each in range(over_smtp, len(self.mail.taken))]
        return taken, [item.subject for item in self.exchange.items(ADMINS)[by_exchange:]]

    def mail_over_smtp(self, number: int = -1) -> EmailMessage:
        """A mail that the mail server took; the last one."""
        content = self.mail.taken[number].content
        assert isinstance(content, bytes)
        return message_from_bytes(content, policy=policy.default)


@asynccontextmanager
async def company(folder: Path) -> AsyncIterator[Company]:
    """A company with nearly a thousand mailboxes, of which some are not what the CRM believes."""
    exchange = ExchangeSimulator(mailboxes=[SENDER, ADMINS, "nina.oe@contoso.example", "right@contoso.example"])
    for operator in GOOD:
        if operator not in (ALIAS, LIST, MISSPELT):
            exchange.add_mailbox(f"{operator}@contoso.example")
    exchange.add_entry(f"{LIST}@contoso.example", "PublicDL")
    exchange.add_mailbox("ole.berg@contoso.example", aliases=[f"{ALIAS}@contoso.example"])
    azurite = Azurite(ports=Ports.free())
    settings = {"SCHEDULE_ALERTS": NEVER, "SCHEDULE_SUBSCRIPTIONS": NEVER}
    async with (
        mail_server() as mail,
        Forwarder(0) as cable,
        Stack(exchange, azurite=azurite, settings=settings) as stack,
    ):
        cable.upstream_port = int(exchange.origin.rpartition(":")[2])
        yield Company(stack, cable, mail, folder)


@asynccontextmanager
async def world_ahead(contoso: Company, ahead: timedelta) -> AsyncIterator[World]:
    """The ports of a process whose clock is ahead."""

    def now() -> datetime:
        return datetime.now(UTC) + ahead

    def new_id() -> str:
        return mailbox_key(secrets.token_bytes(10))

    account = StorageAccount(StorageSettings(contoso.stack.azurite.connection_string))
    sign_in = {"EXSYNC_SECRET_DEFAULT_USERNAME": DEFAULT_USER, "EXSYNC_SECRET_DEFAULT_PASSWORD": DEFAULT_PASSWORD}
    vault = EnvironmentSecrets(sign_in)
    exchange = EwsExchange([Connection("default", contoso.exchange_url)], vault, now=now, new_id=new_id)
    storage = TableRows(account), StorageBlobs(account), StorageQueues(account)
    try:
        yield World(*storage, vault, exchange, now, new_id, TlsCertificates(), HttpNetwork(), SmtpServers(vault))
    finally:
        await exchange.aclose()
        await account.close()


async def configure(contoso: Company) -> None:
    text, _ = await contoso.refused("doctor")
    first = text.partition("What to do first")[2]
    assert "exsync settings set connections.default.url=https://HOST/EWS/Exchange.asmx\n" in first
    await contoso.done(
        *(
            "settings",
            "set",
            f"connections.default.url={contoso.exchange_url}",
            "connections.default.version=Exchange2016",
        ),
        *("connections.default.authentication=basic", f"notifications.url={contoso.stack.listener_url}"),
        *("email.enabled=true", f'alerts.failures_to=["{ADMINS}"]', f"alerts.from={SENDER}"),
        *(f"alerts.smtp_url={contoso.mail.url()}", "alerts.after_minutes=1"),
    )
    found, trial = await asyncio.gather(contoso.done("doctor"), contoso.done("--json", "alerts", "test"))
    assert "No check fails." in found
    ways = json.loads(trial)
    assert [(each["way"], each["state"]) for each in ways] == [("exchange", "sent"), ("smtp", "sent")]


async def import_a_thousand_lines(contoso: Company) -> None:
    lines = [f"{operator};{operator}@contoso.example;no;;Europe/Berlin;Sales" for operator in GOOD]
    for number, (bad, *_) in enumerate(BAD, 1):
        lines.insert(number * 50 - 1, bad)
    file = contoso.folder / "users.csv"
    file.write_text("\n".join([HEADER, *lines]))
    for words, there in ((("--dry-run",), 0), ((), len(GOOD))):
        text, complaint = await contoso.refused("operators", "import", str(file), *words)
        assert "1000 lines" in complaint
        assert "20 refused" in complaint
        assert text.endswith("980 created, 0 changed, 0 unchanged, 20 refused\n")
        refusals = [line for line in text.splitlines() if " refused: " in line]
        for number, (line, (_, operator, code, reason)) in enumerate(zip(refusals, BAD, strict=True), 1):
            assert line.startswith(f"line {number * 50 + 1}: {operator} refused: ")
            assert reason in line
            assert line.endswith(f"({code})")
        assert len(await contoso.stack.application.operators()) == there


async def verify_the_pilot(contoso: Company) -> None:
    for operator in PILOT:
        if operator not in (ALIAS, LIST, MISSPELT):
            contoso.exchange.deliver(f"{operator}@contoso.example", message("Before the switch").as_bytes())
    pilot = contoso.folder / "pilot.txt"
    pilot.write_text("\n".join(PILOT))
    text, complaint = await contoso.refused("operators", "verify", "--file", str(pilot), "--kinds", "email")
    assert "3 of 12 operators have a fault." in complaint
    found = {line.split()[0]: line for line in text.splitlines() if line.startswith(" op0")}
    assert found.keys() == {ALIAS, LIST, MISSPELT}
    assert "mailbox-not-primary" in found[ALIAS]
    assert "ole.berg@contoso.example" in found[ALIAS]
    assert "address-not-mailbox" in found[LIST]
    assert "mailbox-unknown" in found[MISSPELT]
    assert "exsync operators set <operator> --mailbox <address>" in text


async def enable_in_waves(contoso: Company) -> None:
    pilot = str(contoso.folder / "pilot.txt")
    waves = ("operators", "enable", "--wave", "5%,25%,100%", "--file", pilot, "--fix", "--yes")
    text, complaint = await contoso.refused(*waves)
    assert "wave 1 of 3: 1 operator: 1 ready\nwave 2 of 3: 2 operators: 2 ready\n" in text
    assert "Stopped in wave 3" in complaint
    assert "address-not-mailbox" in text
    mended = contoso.folder / "mended.csv"
    mended.write_text(f"Operator ID;Email\n{LIST};nina.oe@contoso.example\n{MISSPELT};right@contoso.example\n")
    assert "2 changed" in await contoso.done("operators", "import", str(mended))
    text = await contoso.done(*waves)
    assert "12 of 12 operators are on and ready" in text
    assert [each["subject"] for each in await contoso.stack.application.emails(PILOT[-1])] == ["Before the switch"]
    status, text, complaint = await exsync_of(contoso.stack, "status")
    assert (status, complaint) == (0, "Nothing fails just now.\n")


async def break_exchange(contoso: Company) -> None:
    """The line is cut just as mail comes in: Exchange still says that something is new, and then cannot be asked."""
    contoso.cable.cut()
    mailboxes = [each["mailbox"] for each in await contoso.stack.application.operators() if each["email_sync"]]
    for mailbox in mailboxes:
        contoso.exchange.deliver(mailbox, message("During the outage").as_bytes())
    await until(contoso.failing, lambda found: len(found) >= len(PILOT), what="all fail", within=LIMIT)
    status, summary, (found, _) = await asyncio.gather(
        contoso.done("status", FORGOTTEN), contoso.done("--json", "failures", "summary"), contoso.refused("doctor")
    )
    assert "connection-refused" in status
    (group,) = json.loads(summary)
    assert (group["count"], group["code"], group["kind"]) == (12, "connection-refused", "email")
    assert "connection-refused" in found.partition("What to do first")[2]

    assert await contoso.alerts_after(0) == ([], [])
    assert await contoso.alerts_after(2) == (["[CRM sync] 12 mailboxes fail: connection-refused (default)"], [])
    mail = contoso.mail_over_smtp()
    assert (mail["from"], mail["to"]) == (f"Exchange CRM Sync <{SENDER}>", ADMINS)
    text = mail.get_content()
    assert "The Exchange host refuses connections on this port." in text
    assert "12 mailboxes on connection default, since " in text
    assert "that IIS is running" in text
    assert "exsync failures list --code connection-refused --connection default" in text
    assert await contoso.alerts_after(4) == ([], [])
    assert "connection-refused" in await contoso.done("alerts", "list")


async def mend_all_but_one(contoso: Company) -> None:
    """Exchange is back, but who set it up anew forgot one mailbox. Each is asked for, as nobody waits out the pauses here."""
    mailboxes = [each["mailbox"] for each in await contoso.stack.application.operators()]
    contoso.exchange.allow_impersonation(
        DEFAULT_USER, [SENDER, *(each for each in mailboxes if not each.startswith(FORGOTTEN))]
    )
    await contoso.cable.mend()
    await contoso.done("sync", PILOT[0])
    await asyncio.gather(*(contoso.stack.application.sync(operator) for operator in PILOT[1:]))

    def one_is_left(found: list[dict[str, Any]]) -> bool:
        return [(each["id"], each["code"]) for each in found] == [(f"{FORGOTTEN}:email", "impersonation-denied")]

    await until(contoso.failing, one_is_left, what="all but one are mended", within=LIMIT)
    text = await contoso.done("failures", "list")
    assert f"{FORGOTTEN}:email" in text
    assert "ErrorImpersonateUserDenied" in text
    told = await contoso.alerts_after(6)
    assert told == ([], ["[CRM sync] 1 mailbox fails: impersonation-denied (default)"])
    smtp, exchange = await contoso.alerts_after(17)
    assert (smtp, len(exchange)) == ([], 1)
    assert exchange[0].startswith("[CRM sync] Over: connection-refused (default), 12 mailboxes, ")


async def mend_the_last(contoso: Company) -> None:
    contoso.exchange.allow_impersonation(DEFAULT_USER, None)
    await contoso.done("failures", "retry", f"{FORGOTTEN}:email")
    await until(contoso.failing, lambda found: not found, what="nothing fails", within=LIMIT)
    assert await contoso.alerts_after(18) == ([], [])
    smtp, exchange = await contoso.alerts_after(29)
    assert (smtp, len(exchange)) == ([], 1)
    assert exchange[0].startswith("[CRM sync] Over: impersonation-denied (default), 1 mailbox, ")
    failures, alerts, found = await asyncio.gather(
        contoso.done("--json", "failures", "list"),
        contoso.done("--json", "alerts", "list"),
        contoso.done("doctor", "--operator", FORGOTTEN),
    )
    assert (json.loads(failures), json.loads(alerts)) == ([], [])
    assert "No check fails." in found
    subjects = {each["subject"] for each in await contoso.stack.application.emails(FORGOTTEN)}
    assert subjects == {"Before the switch", "During the outage"}

"""Get a mail about failures out: through Exchange, and where that fails over SMTP. DESIGN 3, `alerts.…`.

A mail's Message-ID is its name's, so that one which is sent again after a crash is known to mail clients as the same.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from shared.errors import Permanent, SyncError
from shared.flows.alert_rows import read_state, write_state
from shared.flows.audit import Entry, recorded
from shared.flows.whereabouts import mailbox_of
from shared.model.alert_texts import Text, plain
from shared.model.configuration import Configuration
from shared.model.operator import Operator
from shared.ports import Value, World

log = logging.getLogger(__name__)
EXCHANGE = "exchange"
SMTP = "smtp"
_MAIL = "mail"
_SENDER_KEY = "alerts"
"""In place of a mailbox key, where it is kept at which URL the sender's mailbox was found."""
# Headers of one line: some servers misread a folded Message-ID.
_POLICY = policy.SMTP.clone(max_line_length=900)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one way: `failure` None means that the mail is on it. `off`: why it was not tried."""

    way: str
    detail: str = ""
    failure: SyncError | None = None
    off: str = ""
    refused: tuple[str, ...] = ()

    def __str__(self) -> str:
        """In words, where it was not sent."""
        return f"{self.way}: {self.off or (self.failure.code if self.failure else '')} {self.detail}".strip()

    @property
    def is_sent(self) -> bool:
        """Whether the mail was taken."""
        return not self.off and self.failure is None


def written(text: Text, *, sender: str, to: Sequence[str], name: str, now: datetime, answers: str = "") -> bytes:
    """The mail as RFC 5322. `name` is the Message-ID's left part; `answers` that of the mail it belongs to.

    Marked as automatic, so that nobody's absence notice answers it. RFC 3834, section 5.
    """
    domain = sender.rpartition("@")[2]
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = f"Exchange CRM Sync <{sender}>"
    mail["To"] = ", ".join(to)
    mail["Subject"] = text.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{name}@{domain}>"
    if answers and answers != name:
        mail["In-Reply-To"] = mail["References"] = f"<{answers}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    # Not every mail server takes 8 bits.
    mail.set_content(text.body, cte=None if text.body.isascii() else "quoted-printable")
    return mail.as_bytes()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mail: `failed` says why nobody has it, `refused` who does not where others do."""

    failed: str = ""
    refused: tuple[str, ...] = ()


@dataclass(slots=True)
class Ways:
    """`down` is what became of the last mail through Exchange, where that was not for the mail's own sake."""

    down: Outcome | None = None


async def send(
    world: World, configuration: Configuration, mail: bytes, to: Sequence[str], *, ways: Ways | None = None
) -> Result:
    """Send by the first way that takes it."""
    ways = ways or Ways()
    first = ways.down or await by_exchange(world, configuration, mail)
    if first.is_sent:
        return Result()
    if not isinstance(first.failure, Permanent):
        ways.down = first
    second = await by_smtp(world, configuration, mail, to)
    return Result(refused=second.refused) if second.is_sent else Result(f"{first}; {second}")


async def by_exchange(world: World, configuration: Configuration, mail: bytes) -> Outcome:
    """Send from the mailbox `alerts.from`, in its name."""
    alerts = configuration.alerts
    if not alerts.from_ or not configuration.connections:
        return Outcome(
            EXCHANGE, off="alerts.from is not set" if configuration.connections else "there is no connection"
        )
    sender = Operator("", alerts.from_, _SENDER_KEY, alerts.connection)

    async def deliver() -> Outcome:
        mailbox = await mailbox_of(world, sender, configuration)
        async with recorded(world, Entry("alerts", "send_mail", mailbox.address, {"connection": mailbox.connection})):
            await world.exchange.send_mail(mailbox, mail)
        return Outcome(EXCHANGE, f"sent from {mailbox.address} on connection {mailbox.connection}")

    return await _outcome(EXCHANGE, deliver)


async def by_smtp(world: World, configuration: Configuration, mail: bytes, to: Sequence[str]) -> Outcome:
    """Hand it to the mail server `alerts.smtp_url`."""
    alerts = configuration.alerts
    if not alerts.from_ or not alerts.smtp_url:
        return Outcome(SMTP, off=f"{'alerts.smtp_url' if alerts.from_ else 'alerts.from'} is not set")
    url, sender = alerts.smtp_url, alerts.from_

    async def deliver() -> Outcome:
        refused = await world.smtp.send(url, mail, sender=sender, recipients=to)
        words = f"handed to {url}" + (f"; it refused {', '.join(refused)}" if refused else "")
        return Outcome(SMTP, words, refused=refused)

    return await _outcome(SMTP, deliver)


async def _outcome(way: str, deliver: Callable[[], Awaitable[Outcome]]) -> Outcome:
    try:
        return await deliver()
    except SyncError as failure:
        return Outcome(way, plain(failure.detail), failure)
    except Exception as unknown:  # whatever is wrong with one way, the other is tried
        log.exception("a mail could not be sent by %s", way)
        return Outcome(way, type(unknown).__name__, Permanent("internal-error", type(unknown).__name__))


async def note_mail(world: World, failed: str) -> None:
    """Keep whether mail gets out, for health; written only when that changes."""
    values, etag = await read_state(world.rows, _MAIL)
    if str(values.get("failed", "")) != failed:
        columns: dict[str, Value] = {"failed": failed, "at": world.now()}
        await write_state(world.rows, _MAIL, columns, etag)


async def mail_failure(world: World) -> str:
    """Why the last mail about failures could not be sent; empty where it was, or there was none."""
    values, _ = await read_state(world.rows, _MAIL)
    return str(values.get("failed", ""))

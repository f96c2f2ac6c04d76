"""One call of timer_alerts: what it knows, and how it logs and sends. `alert_failures.py` is the story."""

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.errors import SyncError
from shared.flows import alert_mail
from shared.flows.alert_mail import Result
from shared.model.alert_texts import Text
from shared.model.alerts import Group, What, recipients
from shared.model.causes import Cause
from shared.model.configuration import Configuration
from shared.model.email import timestamp
from shared.model.failures import failure
from shared.ports import World

EVENTS = "exsync.alerts"
log = logging.getLogger(EVENTS)
SENDING = timedelta(minutes=4)
"""How long an intent is left to who wrote it: longer than both ways may take."""


@dataclass(slots=True)
class Round:
    """`results` is what became of the mail to these people: where it did not get out, they are sent no more in this round.

    `ways` remembers which way does not work just now: one that hangs is waited for once.
    """

    world: World
    configuration: Configuration
    groups: dict[Cause, tuple[Group, str]]
    deadline: datetime
    results: dict[tuple[str, ...], Result] = field(default_factory=dict)
    ways: alert_mail.Ways = field(default_factory=alert_mail.Ways)

    @property
    def failed(self) -> str:
        """Why mail to somebody did not get out, in this round or before; empty where all did."""
        before = (group.failed for group, _ in self.groups.values())
        return next(filter(None, [*(each.failed for each in self.results.values()), *before]), "")

    def concerns(self, group: Group) -> tuple[str, ...]:
        """Whom a group concerns; nobody without an address to send from."""
        return recipients(self.configuration, group.kinds) if self.configuration.alerts.from_ else ()


async def send(this: Round, mail: Text, to: tuple[str, ...], name: str, *, answers: str = "") -> Result:
    """Send a mail, where there is anybody to send it to, and log whom it did not reach."""
    sender = this.configuration.alerts.from_
    if not to or not sender:
        return Result()
    result = this.results.get(to, Result())
    if not result.failed:
        raw = alert_mail.written(mail, sender=sender, to=to, name=name, now=this.world.now(), answers=answers)
        result = await alert_mail.send(this.world, this.configuration, raw, to, ways=this.ways)
        this.results[to] = result
    if unreached := to if result.failed else result.refused:
        detail = result.failed or "the mail server refused these, and took it for the others"
        event = {
            "event": "not-sent",
            "code": "alert-not-sent",
            "subject": mail.subject,
            "to": unreached,
            "detail": detail,
        }
        log.error(json.dumps(event, ensure_ascii=False))
    return result


def log_blindness(wrong: SyncError) -> None:
    """The event that nothing can be told just now."""
    entry = failure(wrong.code)
    facts = {"cause": entry.cause, "remedy": entry.remedy, "owner": entry.owner.value}
    event = {"event": "not-looked", "code": wrong.code, "detail": wrong.detail, **facts}
    log.error(json.dumps(event, ensure_ascii=False))


def log_group(group: Group) -> None:
    """One structured event of what is told, whether or not a mail can be sent."""
    entry = failure(group.code)
    event = {
        "event": group.pending,
        "code": group.code,
        "codes": list(group.codes),
        "connection": group.cause.connection,
        "mailboxes": group.mailboxes,
        "most": group.most,
        "kinds": list(group.kinds),
        "since": timestamp(group.since),
        "operators": list(group.operators),
        "detail": group.detail,
        "request_ids": list(group.request_ids),
        "cause": entry.cause,
        "remedy": entry.remedy,
        "owner": entry.owner.value,
        "to": list(group.pending_to),
        "episode": group.episode,
    }
    level = logging.INFO if group.pending in (What.RECOVERED, What.SUSPENDED) else logging.WARNING
    log.log(level, json.dumps(event, ensure_ascii=False))

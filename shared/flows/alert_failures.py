"""Tell people of failures that last: what timer_alerts does every few minutes. DESIGN 4.1, "When things fail".

1. Look through all that fails and count by cause. 2. Decide for each cause what is due (`model/alerts.py`). 3. Write the
intent, under the row's etag: of two timers at once one goes on. 4. Log it, then send. 5. Write that it was told. Who dies between
3 and 5 leaves an intent that runs out, and the next timer sends the same mail again, with the same Message-ID.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import batched

from shared.errors import Conflict, Unclear
from shared.flows import alert_mail
from shared.flows.alert_rows import OPEN, TABLE, close, moment, open_groups, read_state, store, write_state
from shared.flows.alert_scan import Look, Told, look_through, samples
from shared.flows.pauses import read_pauses
from shared.flows.settings_document import read_settings
from shared.model.alert_texts import Setting, Text, digest, plain, text
from shared.model.alerts import (
    Cause,
    Group,
    Tally,
    What,
    announcement,
    begun,
    claimed,
    digest_moment,
    in_digest,
    is_claimed,
    lasts_after,
    looked_at,
    message_name,
    not_told,
    recipients,
    told,
)
from shared.model.configuration import Configuration
from shared.model.email import timestamp
from shared.model.failures import failure
from shared.model.keys import hashed
from shared.ports import Merge, Value, World

EVENTS = "exsync.alerts"
log = logging.getLogger(EVENTS)
_TELLING = timedelta(minutes=1)
"""What is left for telling where looking has taken all of the time: else a long look would never come to anything."""
_SENDING = timedelta(minutes=4)
"""How long an intent is left to who wrote it: longer than both ways may take."""


@dataclass(slots=True)
class Round:
    """One call of the timer. `stuck` is why mail to these people does not get out: they are sent no more in this round."""

    world: World
    configuration: Configuration
    groups: dict[Cause, tuple[Group, str]]
    deadline: datetime
    stuck: dict[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def setting(self) -> Setting:
        """What the texts say of the settings."""
        return Setting(lasts_after(self.configuration), self.configuration.alerts.digest_hour)

    def concerns(self, group: Group) -> tuple[str, ...]:
        """Whom a group concerns."""
        return recipients(self.configuration, group.kinds)


async def alert_failures(world: World, *, budget: timedelta) -> None:
    """Look at all that fails, and tell what is due. What the budget does not suffice for is done by the next call."""
    deadline = world.now() + budget
    configuration, _ = await read_settings(world.rows)
    pauses = await read_pauses(world.rows)
    if pauses.everything:
        return
    suspended_after = timedelta(days=configuration.operators.suspend_after_days)
    told = Told(pauses, lasts_after(configuration), suspended_after)
    look = await look_through(world, told, deadline=deadline)
    if look is None:
        return
    this = Round(world, configuration, await open_groups(world.rows), max(deadline, world.now() + _TELLING))
    for cause in sorted({*look.tallies, *this.groups}):
        if world.now() >= this.deadline:
            break
        await _look_after(this, cause, look)
    await _send_digests(this)
    if this.stuck:
        await alert_mail.note_mail(world, next(filter(None, this.stuck.values()), ""))


async def _look_after(this: Round, cause: Cause, look: Look) -> None:
    """Bring one group up to date, and tell what is due of it."""
    now = this.world.now()
    if look.is_short and cause not in look.tallies:
        return  # it was not counted, which does not mean that it is over
    tally = look.tallies.get(cause, Tally())
    before, etag = this.groups.get(cause, (None, ""))
    if before is not None and is_claimed(before, now):
        return
    group = looked_at(before, tally, now=now) if before else begun(cause, tally, episode=this.world.new_id(), now=now)
    if group is None:
        return
    due = announcement(group, this.concerns(group), now=now)
    if due is None:
        await _keep(this, before, group, etag)
        return
    if tally.places:
        found = await samples(this.world.rows, tally)
        group = replace(
            group,
            operators=found.operators,
            detail=plain(found.detail),
            request_ids=tuple(map(plain, found.request_ids)),
        )
    group = claimed(group, due, until=now + _SENDING)
    etag = await store(this.world.rows, group, etag)
    if etag:
        await _tell(this, group, etag)


async def _keep(this: Round, before: Group | None, group: Group, etag: str) -> None:
    """Keep what is counted, where it has changed."""
    if group != before and (etag := await store(this.world.rows, group, etag)):
        this.groups[group.cause] = group, etag


async def _tell(this: Round, group: Group, etag: str) -> None:
    """Log what is pending, and send it; note what became of it. Where only the mail is tried again, the log has it."""
    if not group.failed:
        _log(group)
    others = [each for each, _ in this.groups.values()]
    mail = text(group, this.setting, others=others)
    failed = await _sent(this, mail, group.pending_to, message_name(group), answers=_first_name(group))
    if failed:
        after = not_told(group, failed)
    elif group.pending is What.RECOVERED:
        this.groups.pop(group.cause, None)
        await close(this.world.rows, group, etag)
        return
    else:
        after = told(group, now=this.world.now())
    this.groups[group.cause] = after, await store(this.world.rows, after, etag)


def _first_name(group: Group) -> str:
    """The Message-ID of the episode's first mail: later ones stand below it in a client that shows threads."""
    return message_name(replace(group, pending=What.OPENED, mails=0)) if group.mails else ""


async def _sent(this: Round, mail: Text, to: tuple[str, ...], name: str, *, answers: str = "") -> str:
    """Send a mail, where there is anybody to send it to; why it could not be sent, empty where that went well."""
    sender = this.configuration.alerts.from_
    if not to or not sender:
        return ""
    if not (failed := this.stuck.get(to, "")):
        raw = alert_mail.written(mail, sender=sender, to=to, name=name, now=this.world.now(), answers=answers)
        failed = alert_mail.failed_words(await alert_mail.send(this.world, this.configuration, raw, to))
        this.stuck[to] = failed
    if failed:
        event = {
            "event": "not-sent",
            "code": "alert-not-sent",
            "subject": mail.subject,
            "to": list(to),
            "detail": failed,
        }
        log.error(json.dumps(event, ensure_ascii=False))
    return failed


def _log(group: Group) -> None:
    """One structured event of what is told, whether or not a mail can be sent."""
    entry = failure(group.cause.code)
    event = {
        "event": group.pending,
        "code": group.cause.code,
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
    level = logging.INFO if group.pending is What.RECOVERED else logging.WARNING
    log.log(level, json.dumps(event, ensure_ascii=False))


async def _send_digests(this: Round) -> None:
    """The daily summary, one mail for each circle of recipients."""
    circles: dict[tuple[str, ...], list[Group]] = {}
    for group, _ in this.groups.values():
        circles.setdefault(this.concerns(group), []).append(group)
    due = digest_moment(this.world.now(), this.configuration.alerts.digest_hour)
    for to, groups in circles.items():
        shown = in_digest(groups, due)
        if shown and this.world.now() < this.deadline:
            await _send_digest(this, to, shown, due)


async def _send_digest(this: Round, to: tuple[str, ...], groups: tuple[Group, ...], due: datetime) -> None:
    """Send one, unless it was sent, or somebody is at it: the intent is written first, as for all mail."""
    now = this.world.now()
    circle = hashed(",".join(to))
    values, etag = await read_state(this.world.rows, f"digest-{circle}")
    is_this_day = moment(values.get("day")) == due
    until = moment(values.get("until"))
    if is_this_day and (values["done"] or (until is not None and until > now)):
        return
    intent: dict[str, Value] = {"day": due, "until": now + _SENDING, "done": False}
    etag = await write_state(this.world.rows, f"digest-{circle}", intent, etag)
    if not etag:
        return
    counts = {group.cause.id: group.mailboxes for group in groups}
    event = {"event": What.DIGEST, "mailboxes": counts, "to": list(to)}
    log.info(json.dumps(event, ensure_ascii=False))
    failed = await _sent(this, digest(groups, now), to, f"digest.{circle}.{due:%Y%m%d%H}")
    await write_state(this.world.rows, f"digest-{circle}", {"day": due, "until": now, "done": not failed}, etag)
    if not failed:
        await _note_told(this, groups)


async def _note_told(this: Round, groups: Sequence[Group]) -> None:
    """Growth counts from what the summary has told. Only a matter of how soon the next mail is due."""
    merges = [Merge(group.cause.id, {"told_mailboxes": group.mailboxes}) for group in groups]
    for some in batched(merges, 100, strict=False):
        try:
            await this.world.rows.transact(TABLE, OPEN, some)
        except (Conflict, Unclear):
            log.debug("what the summary told was not noted")

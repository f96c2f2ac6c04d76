"""When a failure that lasts is told to people: one cause is one group, however many mailboxes it hits. Pure decisions.

A cause is a code on a connection, or one of the codes that a dead server is met by in turn. It is told once when it lasts,
once more when ten times as many are hit, or a tenth, daily in a summary, and when it is over. DESIGN 4.1, "When things fail".
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.model.causes import Cause, Tally
from shared.model.configuration import Configuration
from shared.model.operator import Kind

GROWTH = 10
"""How many times as many mailboxes, or as few, are worth a mail of their own before the next summary."""
CLEAR_FOR = timedelta(minutes=10)
"""How long it must be well before it is called over, and how long something fails to be counted as not well."""
_LONGEST_CLEAR = timedelta(hours=12)
COMES_BACK_WITHIN = timedelta(days=1)
"""What comes back within this after it was called over has to be well for twice as long: a mail each time is no help."""
_NEWS = timedelta(hours=1)
"""What was told this recently is no news in a summary."""
_HALF_A_DAY = timedelta(hours=12)
_RETRIES_AT_ONCE = 3
_FIRST_RETRY, _LAST_RETRY = timedelta(minutes=4), timedelta(hours=1)
"""The first is less than the timer's pause: at its next run. A server that takes a mail and does not say so gets it often."""
_OF_NO_KIND = ""


class What(StrEnum):
    """What is told of a cause."""

    OPENED = "opened"
    GROWN = "grown"
    FEWER = "fewer"
    DIGEST = "digest"
    RECOVERED = "recovered"
    SUSPENDED = "suspended"
    """All that is left are mailboxes that are suspended now. Only the log has it."""


@dataclass(frozen=True, slots=True)
class Group:
    """One episode of a cause, from the first time that it was worth telling until it is over.

    `codes` are those that were met, what most are met by now first. `pending` is what is being told, or could not be told yet,
    to `pending_to`; nobody else tells it before `until`. `told` are those who know of it, `told_mailboxes` how many were failing
    when it was last told. `mails` numbers what was told, `tries` counts what was tried in vain. `times` is greater than one
    where it came back.
    """

    cause: Cause
    episode: str
    opened_at: datetime
    since: datetime
    codes: tuple[str, ...] = ()
    times: int = 1
    mailboxes: int = 0
    lasting: int = 0
    suspended: int = 0
    most: int = 0
    kinds: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    detail: str = ""
    request_ids: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    told_at: datetime | None = None
    told_mailboxes: int = 0
    fewer_since: datetime | None = None
    clear_since: datetime | None = None
    is_quiet: bool = False
    is_suspended: bool = False
    mails: int = 0
    pending: What | None = None
    pending_to: tuple[str, ...] = ()
    until: datetime | None = None
    tries: int = 0
    retry_at: datetime | None = None
    failed: str = ""
    """Why the pending mail could not be sent."""

    @property
    def code(self) -> str:
        """What most of it is called by now."""
        return self.codes[0] if self.codes else self.cause.code

    @property
    def clear_for(self) -> timedelta:
        """How long it must be well to be over: what keeps coming back for ever longer, until it is one episode."""
        return min(CLEAR_FOR * (1 << min(self.times - 1, 10)), _LONGEST_CLEAR)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What to tell, and whom; nobody where it only goes to the log."""

    what: What
    to: tuple[str, ...]


def lasts_after(configuration: Configuration) -> timedelta:
    """How long a sync fails before it is told."""
    minutes = configuration.alerts.after_minutes or configuration.notifications.frequency_minutes
    return timedelta(minutes=minutes)


def recipients(configuration: Configuration, kinds: Iterable[str] = ()) -> tuple[str, ...]:
    """Who is told of failures of these kinds, of what is of no kind where there are none: all whom one of them concerns."""
    own = {Kind.EMAIL.value: configuration.email.failures_to}
    everybody = configuration.alerts.failures_to or [address for each in own.values() for address in each or ()]
    found = [address for kind in sorted(kinds) or [_OF_NO_KIND] for address in own.get(kind) or everybody]
    return tuple(dict.fromkeys(found))


def why_off(configuration: Configuration) -> str:
    """Why nobody would get a mail; empty where somebody does."""
    missing = [] if configuration.alerts.from_ else ["alerts.from"]
    if not recipients(configuration):
        missing.insert(0, "alerts.failures_to")
    return f"not set: {', '.join(missing)}" if missing else ""


def begun(cause: Cause, tally: Tally, *, episode: str, now: datetime, times: int = 1) -> Group | None:
    """A new group, where the cause lasts for at least one mailbox; `times`: how often it was there lately, this one included."""
    if not tally.lasting:
        return None
    return _still(Group(cause, episode, now, tally.since or now, times=times), tally, now=now)


def looked_at(group: Group, tally: Tally, *, now: datetime) -> Group:
    """The group after another look. What is paused keeps it from being over, and from being told."""
    if tally.lasting or (tally.stands and not group.is_quiet):
        return _still(group, tally, now=now)
    if tally.paused or tally.stands:
        return replace(group, mailboxes=tally.mailboxes, lasting=0, is_quiet=True, clear_since=None)
    return replace(
        group,
        mailboxes=tally.mailboxes,
        lasting=0,
        is_quiet=False,
        is_suspended=tally.suspended > group.suspended,
        clear_since=_earlier(group.clear_since, now),
    )


def _still(group: Group, tally: Tally, *, now: datetime) -> Group:
    is_fewer = 0 < tally.mailboxes * GROWTH <= group.told_mailboxes
    return replace(
        group,
        codes=tuple(dict.fromkeys((*sorted(tally.codes, key=lambda code: (-tally.codes[code], code)), *group.codes))),
        mailboxes=tally.mailboxes,
        lasting=tally.lasting,
        suspended=tally.suspended,
        most=max(group.most, tally.mailboxes),
        since=min(group.since, tally.since or now),
        kinds=tuple(sorted({*group.kinds, *tally.kinds})),
        is_quiet=False,
        is_suspended=False,
        fewer_since=_earlier(group.fewer_since, now) if is_fewer else None,
        clear_since=None,
    )


def _earlier(known: datetime | None, now: datetime) -> datetime:
    """Since when, where it goes on; a clock that was ahead is not believed."""
    return now if known is None else min(known, now)


def is_another(group: Group, tally: Tally) -> bool:
    """Whether all that fails now began after people were last told, while nothing but what is paused kept the group open."""
    is_later = tally.since is not None and group.told_at is not None and tally.since > group.told_at
    return group.is_quiet and bool(tally.lasting) and is_later


def announcement(group: Group, to: tuple[str, ...], *, now: datetime) -> Announcement | None:
    """What is due to be told of a group now; `to` are those whom it concerns as things are set."""
    if group.clear_since is not None:
        if now - group.clear_since < group.clear_for:
            return None
        if group.is_suspended:
            return Announcement(What.SUSPENDED, ())
        knowing = tuple(each for each in to if each in group.told) if group.told else to
        return Announcement(What.RECOVERED, knowing)
    if group.is_quiet:
        return None
    if group.told_at is not None and (change := _change(group, now)):
        return Announcement(change, to)
    newcomers = tuple(each for each in to if each not in group.told)
    if group.told_at is None or newcomers:
        return Announcement(What.OPENED, newcomers)
    return None


def _change(group: Group, now: datetime) -> What | None:
    """Whether so many more fail for long, or have been so few for a while, that it is worth a mail."""
    if group.told_mailboxes and group.lasting >= GROWTH * group.told_mailboxes:
        return What.GROWN
    if group.fewer_since is not None and now - group.fewer_since >= group.clear_for:
        return What.FEWER
    return None


def is_ahead(moment: datetime | None, now: datetime, *, at_most: timedelta) -> bool:
    """Whether a moment is still to come. One that is further ahead than it can be is of a clock that was wrong."""
    return moment is not None and now < moment <= now + at_most


def rests(group: Group, due: Announcement, now: datetime) -> bool:
    """Whether what is due was tried in vain, and is to be tried again later."""
    same = (group.pending, group.pending_to) == (due.what, due.to)
    return same and is_ahead(group.retry_at, now, at_most=_LAST_RETRY)


def claimed(group: Group, due: Announcement, *, until: datetime) -> Group:
    """The group while `due` is being told: the intent, written before anything is sent."""
    same = (group.pending, group.pending_to) == (due.what, due.to)
    tries, failed = (group.tries, group.failed) if same else (0, "")
    return replace(group, pending=due.what, pending_to=due.to, until=until, tries=tries, retry_at=None, failed=failed)


def told(group: Group, *, now: datetime, refused: Iterable[str] = ()) -> Group:
    """The group once its pending announcement was made; those whom the mail server refused are still to be told."""
    reached = [each for each in group.pending_to if each not in set(refused)]
    is_for_newcomers = group.pending is What.OPENED and group.told_at is not None
    return replace(
        group,
        told=tuple(dict.fromkeys((*group.told, *reached))),
        told_at=group.told_at if is_for_newcomers else now,
        told_mailboxes=group.told_mailboxes if is_for_newcomers else group.mailboxes,
        fewer_since=group.fewer_since if is_for_newcomers else None,
        mails=group.mails + 1,
        pending=None,
        pending_to=(),
        until=None,
        tries=0,
        failed="",
    )


def not_told(group: Group, failed: str, *, now: datetime) -> Group:
    """The group when its announcement could not be made: it stays pending, and a later look tries again."""
    pause = _FIRST_RETRY * (1 << min(max(0, group.tries + 1 - _RETRIES_AT_ONCE), 10))
    return replace(group, until=None, failed=failed, tries=group.tries + 1, retry_at=now + min(pause, _LAST_RETRY))


def message_name(group: Group) -> str:
    """The Message-ID's left part of what is pending: the same when it is told again after a crash."""
    return f"{group.cause.id}.{group.episode}.{group.pending}-{group.mails + 1}"


def digest_moment(now: datetime, hour: int) -> datetime:
    """When the last daily summary was due."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def is_same_day(sent_for: datetime | None, due: datetime) -> bool:
    """Whether a summary that was sent for one moment does for another: no second one because the hour was changed."""
    return sent_for is not None and abs(sent_for - due) < _HALF_A_DAY


def in_digest(groups: Iterable[Group], moment: datetime) -> tuple[Group, ...]:
    """The groups of a summary: all that last and were told. None where all of it is news, or nothing lasts."""
    lasting = [each for each in groups if each.told_at and not each.clear_since and not each.is_quiet]
    known = any(each.opened_at <= moment - _NEWS for each in lasting)
    return tuple(sorted(lasting, key=lambda each: -each.mailboxes)) if known else ()

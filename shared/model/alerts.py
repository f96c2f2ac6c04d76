"""When a failure that lasts is told to people: one cause is one group, however many mailboxes it hits. Pure decisions.

A cause is a code on a connection. Told once when it lasts, once more when ten times as many are hit, daily in a summary, and
once when it is over. DESIGN 4.1, "When things fail".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.model.configuration import Configuration
from shared.model.operator import Kind

GROWTH = 10
"""How many times as many mailboxes are worth a mail of their own, before the next summary."""
CLEAR_FOR = timedelta(minutes=10)
"""How long nothing may fail before it is called over: what comes and goes is one episode, not a mail each time."""
NAMED = 5
"""How many operators are named; a command shows the rest."""
MOST_CAUSES = 200
"""How many causes are told apart: more than there are codes that a sync can fail with, on any few connections."""
_NEWS = timedelta(hours=1)
"""What was told this recently is no news in a summary."""
_NOWHERE = "-"
_NEVER = ""


class What(StrEnum):
    """What is told of a cause."""

    OPENED = "opened"
    GROWN = "grown"
    DIGEST = "digest"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """What is wrong, and on which connection (empty where no connection was known yet)."""

    code: str
    connection: str

    @property
    def id(self) -> str:
        """How the group is named in storage and on the interface: neither part has a dot."""
        return f"{self.code}.{self.connection or _NOWHERE}"


@dataclass(slots=True)
class Tally:
    """What one look at the failures counts of a cause: mailboxes, each once, and nothing that grows with their number.

    `lasting` are those that fail for so long that it is told; `quiet` lasting ones that are paused and left out of both.
    `places` are the first rows, where details are found.
    """

    mailboxes: int = 0
    lasting: int = 0
    quiet: int = 0
    since: datetime | None = None
    kinds: set[str] = field(default_factory=set)
    places: list[str] = field(default_factory=list)
    last: str = _NEVER
    last_lasting: str = _NEVER

    def count(self, mailbox: str, kind: str, *, since: datetime, lasts: bool, place: str) -> None:
        """Count one failing collection. A mailbox's rows come one after the other, so each is counted once."""
        self.mailboxes += mailbox != self.last
        self.last = mailbox
        self.kinds.add(kind)
        self.since = since if self.since is None else min(self.since, since)
        if lasts and mailbox != self.last_lasting:
            self.lasting += 1
            self.last_lasting = mailbox
            if len(self.places) < NAMED:
                self.places.append(place)


@dataclass(frozen=True, slots=True)
class Group:
    """One episode of a cause, from the first time that it was worth telling until it is over.

    `pending` is what is being told, or could not be told yet, to `pending_to`; nobody else tells it before `until`. `told` are
    those who know of it, `told_mailboxes` how many were failing when it was last told. `mails` numbers what was told.
    """

    cause: Cause
    episode: str
    opened_at: datetime
    since: datetime
    mailboxes: int = 0
    most: int = 0
    kinds: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    detail: str = ""
    request_ids: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    told_at: datetime | None = None
    told_mailboxes: int = 0
    clear_since: datetime | None = None
    is_quiet: bool = False
    mails: int = 0
    pending: What | None = None
    pending_to: tuple[str, ...] = ()
    until: datetime | None = None
    failed: str = ""
    """Why the pending mail could not be sent."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What to tell, and whom; nobody where it only goes to the log."""

    what: What
    to: tuple[str, ...]


def lasts_after(configuration: Configuration) -> timedelta:
    """How long a sync fails before it is told."""
    minutes = configuration.alerts.after_minutes or configuration.notifications.frequency_minutes
    return timedelta(minutes=minutes)


def recipients(configuration: Configuration, kinds: Iterable[str]) -> tuple[str, ...]:
    """Who is told of failures of these kinds: all whom one of them concerns. Nobody without an address to send from."""
    alerts = configuration.alerts
    own = {Kind.EMAIL.value: configuration.email.failures_to}
    found = [address for kind in sorted(kinds) for address in own.get(kind) or alerts.failures_to]
    return tuple(dict.fromkeys(found)) if alerts.from_ else ()


def why_off(configuration: Configuration) -> str:
    """Why nobody would get a mail; empty where somebody does."""
    missing = [] if configuration.alerts.from_ else ["alerts.from"]
    if not (configuration.alerts.failures_to or configuration.email.failures_to):
        missing.insert(0, "alerts.failures_to")
    return f"not set: {', '.join(missing)}" if missing else ""


def begun(cause: Cause, tally: Tally, *, episode: str, now: datetime) -> Group | None:
    """A new group, where the cause lasts for at least one mailbox."""
    if not tally.lasting:
        return None
    return looked_at(Group(cause, episode, now, tally.since or now), tally, now=now)


def looked_at(group: Group, tally: Tally, *, now: datetime) -> Group:
    """The group after another look. What is paused keeps it from being over, and from being told."""
    if not tally.lasting:
        is_clear = not tally.quiet
        clear_since = (group.clear_since or now) if is_clear else None
        return replace(group, mailboxes=tally.mailboxes, is_quiet=not is_clear, clear_since=clear_since)
    return replace(
        group,
        mailboxes=tally.mailboxes,
        most=max(group.most, tally.mailboxes),
        since=min(group.since, tally.since or now),
        kinds=tuple(sorted({*group.kinds, *tally.kinds})),
        is_quiet=False,
        clear_since=None,
    )


def announcement(group: Group, to: tuple[str, ...], *, now: datetime) -> Announcement | None:
    """What is due to be told of a group now; `to` are those whom it concerns as things are set."""
    if group.clear_since is not None:
        if now - group.clear_since < CLEAR_FOR:
            return None
        knowing = tuple(each for each in to if each in group.told) if group.told else to
        return Announcement(What.RECOVERED, knowing)
    if group.is_quiet:
        return None
    newcomers = tuple(each for each in to if each not in group.told)
    if group.told_at is None or newcomers:
        return Announcement(What.OPENED, newcomers)
    if group.mailboxes >= GROWTH * group.told_mailboxes:
        return Announcement(What.GROWN, to)
    return None


def is_claimed(group: Group, now: datetime) -> bool:
    """Whether somebody is telling it just now."""
    return group.until is not None and group.until > now


def claimed(group: Group, due: Announcement, *, until: datetime) -> Group:
    """The group while `due` is being told: the intent, written before anything is sent."""
    failed = group.failed if group.pending is due.what else ""
    return replace(group, pending=due.what, pending_to=due.to, until=until, failed=failed)


def told(group: Group, *, now: datetime) -> Group:
    """The group once its pending announcement was made."""
    return replace(
        group,
        told=tuple(dict.fromkeys((*group.told, *group.pending_to))),
        told_at=now,
        told_mailboxes=group.mailboxes,
        mails=group.mails + 1,
        pending=None,
        pending_to=(),
        until=None,
        failed="",
    )


def not_told(group: Group, failed: str) -> Group:
    """The group when its announcement could not be made: it stays pending, and the next look tries again."""
    return replace(group, until=None, failed=failed)


def message_name(group: Group) -> str:
    """The Message-ID's left part of what is pending: the same when it is told again after a crash."""
    return f"{group.cause.id}.{group.episode}.{group.pending}-{group.mails + 1}"


def digest_moment(now: datetime, hour: int) -> datetime:
    """When the last daily summary was due."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def in_digest(groups: Iterable[Group], moment: datetime) -> tuple[Group, ...]:
    """The groups of a summary: all that last and were told. None where all of it is news, or nothing lasts."""
    lasting = [each for each in groups if each.told_at and not each.clear_since and not each.is_quiet]
    known = any(each.opened_at <= moment - _NEWS for each in lasting)
    return tuple(sorted(lasting, key=lambda each: -each.mailboxes)) if known else ()

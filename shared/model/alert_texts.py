"""What an alert says: plain text, short enough for a phone, in English. No secrets, and nothing of anybody's mail.

Cause, remedy and owner are those of the failure registry; commands are those that show the rest.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.model.alerts import Group, What
from shared.model.failures import failure, remedy_on
from shared.model.pauses import Pause

PREFIX = "[CRM sync] "
_MOST_IN_DIGEST = 20
_WORDS = 300
_LISTENER_KEY = re.compile(r"(/notifications/)[^\s/?\"']+")
"""The last part of the listener's URL lets its bearer push: it is in no text. DESIGN 9."""
_IDS = re.compile(r"\s*\[(?:client-)?request-id [^\]]*\]")


@dataclass(frozen=True, slots=True)
class Text:
    """A mail's subject and body."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Setting:
    """How things are set, for what a text promises."""

    lasts_after: timedelta
    digest_hour: int


def text(group: Group, setting: Setting, *, others: Iterable[Group] = ()) -> Text:
    """The mail for what is pending of a group; `others` are the other groups that are open."""
    if group.pending is What.RECOVERED:
        return _recovered(group, setting, others)
    return _failing(group, setting)


def _failing(group: Group, setting: Setting) -> Text:
    entry = failure(group.cause.code)
    grown = group.pending is What.GROWN
    fails = "fails" if group.mailboxes == 1 else "fail"
    subject = f"{'Now ' if grown else ''}{mailboxes(group.mailboxes)} {fails}: {named(group)}"
    before = f" There were {group.told_mailboxes:,} when you were last told." if grown else ""
    parts = [
        entry.cause,
        f"{mailboxes(group.mailboxes)}{_on(group)}, since {moment(group.since)}.{before}\n{_operators(group)}",
        f"What to do ({entry.owner.value}):\n{_remedy(group)}",
        "\n".join(_facts(group)),
        "Commands:\n" + "\n".join(commands(group)),
        f"While it lasts a summary follows each day from {setting.digest_hour:02d}:00 UTC on, and a mail when it is over.",
    ]
    return Text(PREFIX + subject, _joined(parts))


def _recovered(group: Group, setting: Setting, others: Iterable[Group]) -> Text:
    ended = group.clear_since or group.since
    hit = mailboxes(group.most)
    parts = [
        failure(group.cause.code).cause,
        f"It is over: no mailbox{_on(group)} has failed with it for longer than {span(setting.lasts_after)} any more. It lasted "
        f"{span(ended - group.since)}, from {moment(group.since)} to {moment(ended)}, and hit {hit} at most.",
        "" if group.told else "You were not told when it began: no mail could be sent then.",
        _elsewhere(group, others),
    ]
    return Text(f"{PREFIX}Over: {named(group)}, {hit}, {span(ended - group.since)}", _joined(parts))


def _elsewhere(group: Group, others: Iterable[Group]) -> str:
    """Who fails with another cause now is no better off: say so."""
    still = [
        f"{each.cause.code} ({mailboxes(each.mailboxes)})"
        for each in others
        if each.cause.connection == group.cause.connection and each.cause != group.cause and each.clear_since is None
    ]
    return f"Still failing{_on(group)}: {', '.join(still)}." if still else ""


def digest(groups: Sequence[Group], now: datetime) -> Text:
    """The daily summary of what still fails."""
    count = f"{len(groups)} cause{'' if len(groups) == 1 else 's'}"
    shown = [_entry(number, each, now) for number, each in enumerate(groups[:_MOST_IN_DIGEST], 1)]
    rest = len(groups) - len(shown)
    parts = [
        "What still fails, most mailboxes first.",
        *shown,
        f"… and {rest} more: exsync alerts list" if rest > 0 else "",
        "You get this once a day while anything fails. `exsync pause` leaves out what you know of.",
    ]
    return Text(f"{PREFIX}Still failing: {count}, {mailboxes(sum(each.mailboxes for each in groups))}", _joined(parts))


def _entry(number: int, group: Group, now: datetime) -> str:
    entry = failure(group.cause.code)
    return (
        f"{number}. {named(group)}: {mailboxes(group.mailboxes)}, for {span(now - group.since)}\n{entry.cause}\n"
        f"{entry.owner.value}: {_remedy(group)}\n{commands(group)[0]}"
    )


def trial(way: str) -> Text:
    """The mail of a test."""
    body = f"This is a trial, sent {way}. It does not mean that anything fails.\n\nAlerts of failures that last come this way.\n"
    return Text(f"{PREFIX}A trial of the alerts, {way}", body)


def still_paused(pauses: Sequence[Pause]) -> Text:
    """The mail that recalls what administrators have paused, the oldest first."""
    lines = [
        f"- {each.of}, since {moment(each.at)}, by {plain(each.by)}: {plain(each.reason)}\n  {each.resumed_by}"
        for each in pauses[:_MOST_IN_DIGEST]
    ]
    more = [f"and {len(pauses) - _MOST_IN_DIGEST} more"] if len(pauses) > _MOST_IN_DIGEST else []
    count = f"{len(pauses)} pause{'' if len(pauses) == 1 else 's'}"
    body = "\n".join(["Nothing comes from Exchange for:", *lines, *more])
    return Text(f"{PREFIX}Still paused: {count}", f"{body}\n")


def commands(group: Group) -> list[str]:
    """What shows more, the first one every mailbox."""
    cause = group.cause
    whose = f" --connection {cause.connection}" if cause.connection else ""
    shown = [f"exsync failures list --code {cause.code}{whose}", f"exsync failures explain {cause.code}"]
    return [*shown, *(f"exsync status {each}" for each in group.operators[:1])]


def plain(words: str) -> str:
    """A server's words in one line, without what should not be mailed, and not too many of them."""
    short = " ".join(_IDS.sub("", _LISTENER_KEY.sub(r"\1…", words)).split())
    printable = "".join(each if each.isprintable() else "?" for each in short)
    return printable if len(printable) <= _WORDS else printable[: _WORDS - 1] + "…"


def named(group: Group) -> str:
    """The cause as a person names it."""
    return f"{group.cause.code}{f' ({group.cause.connection})' if group.cause.connection else ''}"


def mailboxes(count: int) -> str:
    """A number of mailboxes."""
    return f"{count:,} mailbox{'' if count == 1 else 'es'}"


def moment(when: datetime) -> str:
    """A time to read: to the minute, in UTC."""
    return f"{when:%Y-%m-%d %H:%M} UTC"


def span(lasted: timedelta) -> str:
    """A duration in its two largest parts."""
    minutes = max(0, round(lasted.total_seconds() / 60))
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} day{'' if days == 1 else 's'}" + (f" {hours} h" if hours else "")
    parts = [f"{hours} h"] if hours else []
    return " ".join([*parts, f"{minutes % 60} min"] if minutes % 60 or not hours else parts)


def _on(group: Group) -> str:
    return f" on connection {group.cause.connection}" if group.cause.connection else ""


def _operators(group: Group) -> str:
    if not group.operators:
        return ""
    rest = group.mailboxes - len(group.operators)
    several = "Operator" if group.mailboxes == 1 else "Operators"
    return f"{several}: {', '.join(group.operators)}" + (f" and {rest:,} more." if rest > 0 else ".")


def _remedy(group: Group) -> str:
    return remedy_on(failure(group.cause.code).remedy, group.cause.connection)


def _facts(group: Group) -> list[str]:
    words = plain(group.detail)
    ids = ", ".join(plain(each) for each in group.request_ids)
    facts = [f"What was met: {words}"] if words else []
    return [*facts, f"Request ids, for support: {ids}"] if ids else facts


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"

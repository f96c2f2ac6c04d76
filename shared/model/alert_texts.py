"""What an alert says: plain text, short enough for a phone, in English. No secrets, and nothing of anybody's mail.

Cause, remedy and owner are those of the failure registry; commands are those that show the rest.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.model.alerts import CLEAR_FOR, Group, What
from shared.model.causes import OF_THE_APP, least_mailboxes
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


def text(group: Group, digest_hour: int, *, others: Iterable[Group] = ()) -> Text:
    """The mail for what is pending of a group; `others` are the other groups that are open."""
    if group.pending is What.RECOVERED:
        return _recovered(group, others)
    return _failing(group, digest_hour)


def _failing(group: Group, digest_hour: int) -> Text:
    entry = failure(group.code)
    verb = "fails" if group.mailboxes <= 1 else "fail"
    subject = f"{_introduced(group)}{_hit(group)} {verb}: {named(group)}"
    parts = [
        entry.cause,
        " ".join([f"{_capital(_hit(group))}{_on(group)}, since {moment(group.since)}.", *_before(group)])
        + f"\n{_operators(group)}",
        f"What to do ({entry.owner.value}):\n{_remedy(group)}",
        "\n".join(_facts(group)),
        "Commands:\n" + "\n".join(commands(group)),
        f"While it lasts a summary follows each day from {digest_hour:02d}:00 UTC on, and a mail when it is over.",
    ]
    return Text(PREFIX + _capital(subject), _joined(parts))


def _introduced(group: Group) -> str:
    """How the subject begins."""
    if group.pending is What.GROWN:
        return "Now "
    if group.pending is What.FEWER:
        return "Now only "
    return "Again " if group.times > 1 else ""


def _before(group: Group) -> list[str]:
    """What was told before, and what came back."""
    if group.pending in (What.GROWN, What.FEWER):
        return [
            f"There {'was' if group.told_mailboxes == 1 else 'were'} {group.told_mailboxes:,} when you were last told."
        ]
    if group.times > 1:
        return [
            f"It was over and is back: episode {group.times} of late. It will be called over once it was well for "
            f"{span(group.clear_for)}."
        ]
    return []


def _recovered(group: Group, others: Iterable[Group]) -> Text:
    ended = group.clear_since or group.since
    lasted, hit = span(ended - group.since), _hit(group, group.most)
    at_most = f", and hit {hit} at most" if group.most else ""
    parts = [
        failure(group.code).cause,
        f"It is over: {_no_more(group)}. It lasted {lasted}, from {moment(group.since)} to {moment(ended)}{at_most}.",
        "\n".join(_also_called(group)),
        "" if group.told else "You were not told when it began: no mail could be sent then.",
        _elsewhere(group, others),
    ]
    return Text(f"{PREFIX}Over: {named(group)}, {hit}, {lasted}", _joined(parts))


def _no_more(group: Group) -> str:
    if group.cause.code in OF_THE_APP:
        return f"it has not been met for {span(group.clear_for)}"
    if (least := least_mailboxes(group.cause)) > 1:
        return f"fewer than {mailboxes(least)}{_on(group)} have had it for as long as {span(CLEAR_FOR)}"
    left = f" ({mailboxes(group.suspended)} aside, suspended)" if group.suspended else ""
    return f"no mailbox{_on(group)}{left} has failed with it for as long as {span(CLEAR_FOR)} any more"


def _elsewhere(group: Group, others: Iterable[Group]) -> str:
    """Who fails with another cause now is no better off: say so."""
    still = [
        f"{each.code} ({_hit(each)})"
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
        "You get this once a day while anything fails. What you stop with `exsync pause` is left out, until `exsync resume`.",
    ]
    hit = sum(each.mailboxes for each in groups)
    return Text(f"{PREFIX}Still failing: {count}{f', {mailboxes(hit)}' if hit else ''}", _joined(parts))


def _entry(number: int, group: Group, now: datetime) -> str:
    entry = failure(group.code)
    return (
        f"{number}. {named(group)}: {_hit(group)}, for {span(now - group.since)}\n{entry.cause}\n"
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
    explain = f"exsync failures explain {group.code}"
    if group.cause.code in OF_THE_APP:
        return ["exsync doctor", explain]
    connection = group.cause.connection
    which = [f"--code {group.code}"] if len(group.codes) < 2 or not connection else []
    which += [f"--connection {connection}"] if connection else []
    return [
        " ".join(["exsync failures list", *which]),
        explain,
        *(f"exsync status {each}" for each in group.operators[:1]),
    ]


def plain(words: str) -> str:
    """A server's words in one line, without what should not be mailed, and not too many of them."""
    short = " ".join(_IDS.sub("", _LISTENER_KEY.sub(r"\1…", words)).split())
    printable = "".join(each if each.isprintable() else "?" for each in short)
    return printable if len(printable) <= _WORDS else printable[: _WORDS - 1] + "…"


def named(group: Group) -> str:
    """The cause as a person names it."""
    return f"{group.code}{f' ({group.cause.connection})' if group.cause.connection else ''}"


def _hit(group: Group, count: int | None = None) -> str:
    """Whom it hits: so many mailboxes, as many as now where nothing else is said, or the app itself."""
    if group.cause.code in OF_THE_APP:
        return "the app itself"
    return mailboxes(group.mailboxes if count is None else count)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


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
    return remedy_on(failure(group.code).remedy_of_lasting, group.cause.connection)


def _facts(group: Group) -> list[str]:
    words = plain(group.detail)
    ids = ", ".join(plain(each) for each in group.request_ids)
    facts = [f"What was met: {words}"] if words else []
    facts += _also_called(group)
    return [*facts, f"Request ids, for support: {ids}"] if ids else facts


def _also_called(group: Group) -> list[str]:
    """One dead server is met in many ways, by each mailbox in its own."""
    return [f"Also met as: {', '.join(group.codes[1:])}"] if len(group.codes) > 1 else []


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"

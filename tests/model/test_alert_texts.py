"""What an alert says, word for word: short, with the remedy and the commands, without secrets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.model.alert_texts import digest, plain, span, text, trial
from shared.model.alerts import Group, What
from shared.model.causes import Cause
from shared.model.failures import REGISTRY

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SIX = 6
MANY = Group(
    Cause("connection-refused", "default"),
    "e",
    NOON,
    NOON - timedelta(minutes=31),
    mailboxes=10_000,
    most=10_000,
    kinds=("email",),
    operators=("alice", "bob"),
    detail="mail.contoso.example: nothing listens there [client-request-id 1, request-id 2]",
    request_ids=("8f0a", "8f0b"),
    told=("admins@contoso.example",),
    told_mailboxes=900,
    pending=What.OPENED,
)
ONE = replace(
    MANY, cause=Cause("autodiscover-failed", ""), mailboxes=1, operators=("alice",), detail="", request_ids=()
)
OPENED = """\
The Exchange host refuses connections on this port.

10,000 mailboxes on connection default, since 2026-11-20 11:29 UTC.
Operators: alice, bob and 9,998 more.

What to do (Exchange administrator):
Check the port in the URL (`connections.default.url`) and that IIS is running. \
Meanwhile it is tried again by itself, every 15 minutes at least.

What was met: mail.contoso.example: nothing listens there
Request ids, for support: 8f0a, 8f0b

Commands:
exsync failures list --code connection-refused --connection default
exsync failures explain connection-refused
exsync status alice

While it lasts a summary follows each day from 06:00 UTC on, and a mail when it is over.
"""
WITHOUT_CONNECTION = """\
Autodiscover names no EWS URL for the mailbox.

1 mailbox, since 2026-11-20 11:29 UTC.
Operator: alice.

What to do (CRM administrator):
`exsync doctor --discover <address>` shows each step; publish Autodiscover in DNS, set \
`connections.<name>.autodiscover_url` to the server that has it, or write `connections.<name>.url` itself.

Commands:
exsync failures list --code autodiscover-failed
exsync failures explain autodiscover-failed
exsync status alice

While it lasts a summary follows each day from 06:00 UTC on, and a mail when it is over.
"""
RECOVERED = """\
The Exchange host refuses connections on this port.

It is over: no mailbox on connection default has failed with it for as long as 10 min any more. It lasted 2 h 31 min, from \
2026-11-20 11:29 UTC to 2026-11-20 14:00 UTC, and hit 10,000 mailboxes at most.

Still failing on connection default: dns-failed (3 mailboxes).
"""
DIGEST = """\
What still fails, most mailboxes first.

1. connection-refused (default): 10,000 mailboxes, for 1 day
The Exchange host refuses connections on this port.
Exchange administrator: Check the port in the URL (`connections.default.url`) and that IIS is running. \
Meanwhile it is tried again by itself, every 15 minutes at least.
exsync failures list --code connection-refused --connection default

2. autodiscover-failed: 1 mailbox, for 1 day
Autodiscover names no EWS URL for the mailbox.
CRM administrator: `exsync doctor --discover <address>` shows each step; publish Autodiscover in DNS, set \
`connections.<name>.autodiscover_url` to the server that has it, or write `connections.<name>.url` itself.
exsync failures list --code autodiscover-failed

You get this once a day while anything fails. What you stop with `exsync pause` is left out, until `exsync resume`.
"""


@pytest.mark.parametrize(
    ("group", "subject", "body"),
    [
        (MANY, "10,000 mailboxes fail: connection-refused (default)", OPENED),
        (ONE, "1 mailbox fails: autodiscover-failed", WITHOUT_CONNECTION),
        (
            replace(MANY, pending=What.GROWN),
            "Now 10,000 mailboxes fail: connection-refused (default)",
            OPENED.replace("11:29 UTC.", "11:29 UTC. There were 900 when you were last told."),
        ),
        (
            replace(MANY, pending=What.RECOVERED, clear_since=NOON + timedelta(hours=2)),
            "Over: connection-refused (default), 10,000 mailboxes, 2 h 31 min",
            RECOVERED,
        ),
    ],
)
def test_each_mail_says_what_matters_and_no_more(group: Group, subject: str, body: str) -> None:
    elsewhere = replace(MANY, cause=Cause("dns-failed", "default"), mailboxes=3)
    over = replace(elsewhere, cause=Cause("tls-failed", "default"), clear_since=NOON)
    made = text(group, SIX, others=[elsewhere, over, replace(elsewhere, cause=Cause("dns-failed", "online"))])
    assert (made.subject, made.body) == (f"[CRM sync] {subject}", body)


def test_the_summary_lists_the_causes() -> None:
    made = digest([MANY, ONE], NOON + timedelta(hours=23, minutes=29))
    assert (made.subject, made.body) == ("[CRM sync] Still failing: 2 causes, 10,001 mailboxes", DIGEST)


def test_a_summary_of_very_many_causes_ends() -> None:
    made = digest([replace(MANY, cause=Cause("dns-failed", f"c{number}")) for number in range(50)], NOON)
    assert "… and 30 more: exsync alerts list" in made.body
    assert len(made.body) < 10_000


@pytest.mark.parametrize("code", REGISTRY)
def test_every_failure_makes_a_mail(code: str) -> None:
    made = text(replace(MANY, cause=Cause(code, "default")), SIX)
    assert REGISTRY[code].cause in made.body
    assert len(made.subject) < 100
    assert "<name>" not in made.body


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("a\r\nBcc: charlie@x.example", "a Bcc: charlie@x.example"),
        (
            "https://x.example/api/ews/notifications/0a.SECRET is wrong",
            "https://x.example/api/ews/notifications/… is wrong",
        ),
        ("bell \x07 and \x1b[2J", "bell ? and ?[2J"),
        ("x" * 301, "x" * 299 + "…"),
        ("refused [request-id 7]", "refused"),
        ("", ""),
    ],
)
def test_a_servers_words_are_made_harmless(words: str, shown: str) -> None:
    assert plain(words) == shown


@pytest.mark.parametrize(
    ("lasted", "shown"),
    [
        (timedelta(0), "0 min"),
        (timedelta(seconds=-5), "0 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=1, minutes=5), "1 day"),
        (timedelta(days=3, hours=4), "3 days 4 h"),
    ],
)
def test_a_duration_is_read_at_a_glance(lasted: timedelta, shown: str) -> None:
    assert span(lasted) == shown


def test_a_trial_says_that_nothing_fails() -> None:
    assert "does not mean that anything fails" in trial("over SMTP").body


@pytest.mark.parametrize("code", REGISTRY)
def test_no_mail_about_what_has_lasted_says_that_nothing_need_be_done_since_it_is_tried_again(code: str) -> None:
    made = text(replace(MANY, cause=Cause(code, "default")), SIX)
    assert "Nothing: it is tried again by itself" not in made.body
    assert ":\nIf it lasts," not in made.body
    assert "  " not in made.body

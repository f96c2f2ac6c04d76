"""Who is told: all whom it concerns, each once, whatever becomes of the mail to the others."""

import json
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from shared.errors import Transient
from shared.flows.alert_mail import written
from shared.flows.alert_report import list_alerts, try_alerts
from shared.flows.health import deep_health
from shared.flows.recall_pauses import recall_pauses
from shared.model.alert_texts import Text
from shared.model.exchange import Mailbox
from tests.flows.alert_office import ADMINS, SENDER, AlertOffice
from tests.flows.office import NOON

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
GONE, BOB = "gone@contoso.example", "bob@contoso.example"
FAILS = "1 mailbox fails: connection-refused (default)"
GROWS = "Now 10 mailboxes fail: connection-refused (default)"
STILL = "Still failing: 1 cause, 1 mailbox"


async def down(operation: str, mailbox: Mailbox) -> None:
    raise Transient("connection-refused", "no")


async def over_smtp(*to: str, strangers: tuple[str, ...] = ()) -> AlertOffice:
    """Exchange is down, and the mail server knows some of those who are to be told."""
    office = await AlertOffice().prepared(failures_to=list(to))
    office.exchange.before = down
    office.smtp.strangers = set(strangers)
    return office


async def ticks(office: AlertOffice, count: int) -> None:
    for _ in range(count):
        await office.tick()


def taken(office: AlertOffice) -> list[tuple[str, ...]]:
    return [each.recipients for each in office.smtp.sent]


async def test_one_refused_address_costs_the_others_neither_a_mail_nor_a_repetition(
    caplog: pytest.LogCaptureFixture,
) -> None:
    office = await over_smtp(ADMINS, GONE, strangers=(GONE,))
    await office.fails("alice")
    await ticks(office, 12)
    assert taken(office) == [(ADMINS,)]
    (shown,) = (await list_alerts(office.world())).items
    assert shown["told"] == [ADMINS]
    assert GONE in shown["mail_failure"]
    checks = {check["name"]: check for check in (await deep_health(office.world()))["checks"]}
    assert checks["alerts"]["code"] == "alert-not-sent"
    events = [json.loads(record.message) for record in caplog.records if record.name == "exsync.alerts"]
    unreached = [event["to"] for event in events if event["event"] == "not-sent"]
    assert set(map(tuple, unreached)) == {(GONE,)}
    assert len(unreached) <= 7, "it is tried again more and more seldom"


async def test_who_was_refused_for_a_while_is_told_later() -> None:
    """Greylisting: the mail server takes it from the second try on."""
    office = await over_smtp(ADMINS, BOB, strangers=(BOB,))
    await office.fails("alice")
    await office.tick()
    office.smtp.strangers = set()
    await ticks(office, 5)
    assert taken(office) == [(ADMINS,), (BOB,)]
    checks = {check["name"]: check for check in (await deep_health(office.world()))["checks"]}
    assert checks["alerts"]["ok"]


async def test_an_address_that_is_always_refused_keeps_no_news_from_the_others() -> None:
    office = await over_smtp(ADMINS, GONE, strangers=(GONE,))
    await office.fails("alice")
    await ticks(office, 2)
    for number in range(9):
        await office.fails(f"operator-{number}")
    await ticks(office, 2)
    assert [subject for _, subject in office.told()] == [FAILS, GROWS]
    for name in ("alice", *(f"operator-{number}" for number in range(9))):
        await office.mends(name)
    await ticks(office, 5)
    assert office.told()[-1][1].startswith("Over: ")
    assert taken(office) == [(ADMINS,)] * 3


async def test_a_summary_is_not_sent_again_to_those_who_have_it() -> None:
    office = await over_smtp(ADMINS, GONE, strangers=(GONE,))
    await office.fails("alice")
    await office.tick()
    await office.tick(after=DAY)
    await ticks(office, 30)
    assert [subject for _, subject in office.told()] == [FAILS, STILL]


async def test_a_mail_server_that_never_says_yes_gets_the_mail_more_and_more_seldom() -> None:
    office = await over_smtp(ADMINS)
    office.smtp.failure = Transient("smtp-unreachable", "it hung up after DATA")
    tries = 0

    async def counted(operation: str, mailbox: Mailbox) -> None:
        nonlocal tries
        tries += operation == "send_mail"
        raise Transient("connection-refused", "no")

    office.exchange.before = counted
    await office.fails("alice")
    await ticks(office, 288)
    assert 20 <= tries <= 60, "about once an hour, the summary too"


async def test_a_trial_names_an_address_that_is_refused_and_does_not_pass() -> None:
    office = await over_smtp(ADMINS, GONE, strangers=(GONE,))
    _, way = (await try_alerts(office.world()))["ways"]
    assert (way["state"], way["code"]) == ("failed", "smtp-refused")
    assert GONE in way["detail"] and ADMINS not in way["detail"]


async def test_failures_of_push_are_told_to_the_kinds_own_where_nobody_else_is_named() -> None:
    office = await AlertOffice().prepared(failures_to=[])
    await office.configure({"email": {"failures_to": [BOB]}})
    await office.fails("alice", kind="subscription")
    await office.tick()
    assert office.told() == [(BOB, FAILS)]


async def test_a_pause_is_recalled_to_the_kinds_own_where_nobody_else_is_named() -> None:
    office = await AlertOffice().prepared(failures_to=[])
    await office.configure({"email": {"failures_to": [BOB]}})
    await office.pause("kind-email")
    office.now += DAY
    await recall_pauses(office.world())
    assert office.told() == [(BOB, "Still paused: 1 pause")]


async def test_who_is_in_two_circles_gets_one_summary_of_all() -> None:
    office = await AlertOffice().prepared()
    await office.configure({"email": {"failures_to": [ADMINS, BOB]}})
    await office.fails("alice", code="mailbox-unknown")
    await office.fails("carol", kind="subscription")
    await office.tick()
    before = len(office.mails())
    await office.tick(after=DAY)
    assert sorted(office.told()[before:]) == [(ADMINS, "Still failing: 2 causes, 2 mailboxes"), (BOB, STILL)]


async def test_a_new_recipient_and_another_hour_bring_nobody_a_second_summary() -> None:
    office = await AlertOffice(clock=NOON).prepared(digest_hour=6)
    await office.fails("alice")
    await office.tick()
    await office.tick(after=timedelta(hours=20))
    assert office.told() == [(ADMINS, FAILS), (ADMINS, STILL)]
    await office.configure({"alerts": {"digest_hour": 9}})
    await office.tick(after=HOUR)
    await office.configure({"alerts": {"digest_hour": 23}})
    await office.tick()
    await office.configure({"alerts": {"digest_hour": 6, "failures_to": [ADMINS, BOB]}})
    await ticks(office, 12)
    assert [each for each in office.told()[2:] if each[0] != BOB] == []


async def test_a_bug_in_one_way_does_not_keep_the_other_from_being_tried() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")

    async def broken(operation: str, mailbox: Mailbox) -> None:
        raise KeyError(operation)

    office.exchange.before = broken
    await office.tick()
    assert taken(office) == [(ADMINS,)]


def test_a_mail_is_whole_for_the_oldest_mail_server_whatever_is_in_it() -> None:
    text = Text("[CRM sync] 1 mailbox fails: dns-failed (default)", "Zürich, 東京, שלום … " + "long " * 400 + "\n.\n")
    raw = written(text, sender=SENDER, to=[ADMINS], name="a", now=NOON)
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998
    body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert body is not None
    assert str(body.get_content()).splitlines() == text.body.splitlines()

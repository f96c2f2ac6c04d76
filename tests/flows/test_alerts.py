"""Failures that last are told: once for each cause, daily while they last, and once when they are over."""

import json
import logging
from datetime import datetime, timedelta

import pytest

from shared.errors import Reconfigure, Transient
from shared.flows.alert_report import list_alerts
from shared.flows.audit import list_audit
from shared.flows.health import deep_health
from shared.flows.operators import remove_operator
from shared.flows.pauses import read_pauses
from shared.flows.recall_pauses import recall_pauses
from shared.model.exchange import Mailbox
from tests.flows.alert_office import ADMINS, AGO, SENDER, AlertOffice
from tests.flows.office import NOON

REFUSED = "[CRM sync] 1 mailbox fails: connection-refused (default)"
OVER = "[CRM sync] Over: connection-refused (default), 1 mailbox, "
DAY = timedelta(days=1)


async def down(operation: str, mailbox: Mailbox) -> None:
    raise Transient("connection-refused", "mail.contoso.example: nothing listens there")


async def test_a_failure_that_lasts_is_told_once() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    assert await office.tick() == [REFUSED]
    assert await office.tick() == []
    (mail,) = office.mails()
    assert (mail["from"].addresses[0].addr_spec, mail["to"], mail["auto-submitted"]) == (
        SENDER,
        ADMINS,
        "auto-generated",
    )
    assert "request-of-alice" in office.body()
    assert [item.email.subject for item in office.exchange.mailboxes[ADMINS].items.values()] == [REFUSED]


async def test_a_failure_that_passes_is_told_to_nobody() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice", since=office.now)
    assert await office.tick() == []
    await office.mends("alice")
    assert await office.tick(after=timedelta(hours=1)) == []


async def test_it_is_told_after_the_minutes_that_are_set() -> None:
    office = await AlertOffice().prepared(after_minutes=120)
    await office.fails("alice", since=office.now)
    assert await office.tick(after=timedelta(minutes=119)) == []
    assert await office.tick(after=timedelta(minutes=1)) == [REFUSED]


async def test_many_mailboxes_on_one_dead_server_are_one_mail() -> None:
    office = await AlertOffice().prepared()
    for number in range(1200):
        await office.fails(f"operator-{number}")
    for number in range(300):
        await office.fails(f"operator-{number}", kind="subscription")
    assert await office.tick() == ["[CRM sync] 1,200 mailboxes fail: connection-refused (default)"]
    assert "and 1,195 more." in office.body()
    assert "exsync failures list --code connection-refused --connection default" in office.body()


async def test_those_that_have_just_begun_to_fail_are_counted_but_open_nothing() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.fails("bob", since=office.now)
    assert await office.tick() == ["[CRM sync] 2 mailboxes fail: connection-refused (default)"]


async def test_two_causes_and_two_connections_are_mails_of_their_own() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.fails("bob", code="impersonation-denied")
    await office.fails("charlie", connection="online")
    assert sorted(await office.tick()) == [
        REFUSED,
        "[CRM sync] 1 mailbox fails: connection-refused (online)",
        "[CRM sync] 1 mailbox fails: impersonation-denied (default)",
    ]


async def test_new_members_are_no_news_until_there_are_ten_times_as_many() -> None:
    office = await AlertOffice().prepared()
    await office.fails("first")
    await office.tick()
    for number in range(8):
        await office.fails(f"another-{number}")
    assert await office.tick() == []
    await office.fails("the-tenth")
    assert await office.tick() == ["[CRM sync] Now 10 mailboxes fail: connection-refused (default)"]
    assert "There was 1 when you were last told." in office.body()
    assert await office.tick() == []


async def test_it_is_over_once_nothing_has_failed_for_ten_minutes() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.tick()
    await office.mends("alice")
    assert await office.tick() == []
    assert await office.tick() == []
    assert await office.tick() == [OVER + "41 min"]
    assert "from 2026-11-20 11:29 UTC to 2026-11-20 12:10 UTC, and hit 1 mailbox at most" in office.body()
    assert await office.tick() == []
    assert (await list_alerts(office.world())).items == []


async def test_what_comes_and_goes_is_one_episode() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    assert await office.tick() == [REFUSED]
    for _ in range(3):
        await office.mends("alice")
        assert await office.tick() == []
        await office.fails("alice")
        assert await office.tick() == []


async def test_a_mail_of_recovery_says_what_still_fails_there() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.tick()
    await office.fails("alice", code="dns-failed")
    await office.tick()
    await office.tick()
    assert await office.tick() == [OVER + "41 min"]
    assert "Still failing on connection default: dns-failed (1 mailbox)." in office.body()


async def test_a_summary_comes_once_a_day_while_it_lasts() -> None:
    office = await AlertOffice().prepared(digest_hour=6)
    await office.fails("alice")
    await office.tick()
    subjects = [subject for _ in range(36) for subject in await office.tick(after=timedelta(hours=1))]
    assert subjects == ["[CRM sync] Still failing: 1 cause, 1 mailbox"]
    assert "1. connection-refused (default): 1 mailbox, for 18 h 36 min" in office.mails()[1].get_content()
    await office.mends("alice")
    await office.tick()
    await office.tick(after=DAY)
    assert len(office.mails()) == 3
    assert await office.tick(after=DAY) == []


async def test_a_summary_of_news_alone_is_not_sent() -> None:
    office = await AlertOffice(clock=NOON.replace(hour=5, minute=30)).prepared(digest_hour=6)
    await office.fails("alice")
    await office.tick()
    assert await office.tick(after=timedelta(minutes=40)) == []
    assert len(await office.tick(after=DAY)) == 1


async def test_after_a_summary_growth_counts_from_what_it_told() -> None:
    office = await AlertOffice().prepared()
    await office.fails("first")
    await office.tick()
    for number in range(4):
        await office.fails(f"another-{number}")
    assert await office.tick(after=DAY) == ["[CRM sync] Still failing: 1 cause, 5 mailboxes"]
    for number in range(10):
        await office.fails(f"more-{number}")
    assert await office.tick() == []


async def test_what_is_paused_is_neither_told_nor_called_over() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.fails("bob")
    await office.pause("operator-bob")
    assert await office.tick() == [REFUSED]
    await office.pause("kind-email")
    for _ in range(5):
        assert await office.tick() == []
    assert await office.tick(after=DAY) == []
    (shown,) = (await list_alerts(office.world())).items
    assert shown["paused"]
    await office.resume("kind-email")
    assert await office.tick(after=DAY) == ["[CRM sync] Still failing: 1 cause, 1 mailbox"]


async def test_while_everything_is_paused_nothing_is_told() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.pause("all")
    assert await office.tick() == []
    await office.resume("all")
    assert await office.tick() == [], "nobody knows yet whether it still fails"
    await office.fails("alice", since=office.now - AGO)
    assert await office.tick() == [REFUSED]


async def test_a_kind_has_its_own_recipients() -> None:
    office = await AlertOffice().prepared()
    await office.configure({"email": {"failures_to": "Alice@Contoso.example; bob@contoso.example"}})
    await office.fails("alice")
    await office.tick()
    assert [mail["to"] for mail in office.mails()] == ["alice@contoso.example, bob@contoso.example"]


async def test_who_is_added_later_is_told_what_is_open() -> None:
    office = await AlertOffice().prepared(failures_to=[])
    await office.fails("alice")
    assert await office.tick() == []
    await office.configure({"alerts": {"failures_to": [ADMINS]}})
    assert await office.tick() == [REFUSED]
    await office.configure({"alerts": {"failures_to": [ADMINS, "bob@contoso.example"]}})
    assert await office.tick() == [REFUSED]
    assert [mail["to"] for mail in office.mails()] == [ADMINS, "bob@contoso.example"]


async def test_when_exchange_is_down_the_mail_goes_over_smtp() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    office.exchange.before = down
    assert await office.tick() == [REFUSED]
    (sent,) = office.smtp.sent
    assert (sent.url, sent.sender, sent.recipients) == ("smtp://127.0.0.1:2525", SENDER, (ADMINS,))


async def test_a_mail_that_cannot_be_sent_is_logged_shown_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    office.exchange.before = down
    office.smtp.failure = Transient("smtp-unreachable", "127.0.0.1:2525: nothing listens there")
    with caplog.at_level(logging.INFO, logger="exsync.alerts"):
        assert await office.tick() == []
        assert await office.tick() == []
    events = [json.loads(record.message) for record in caplog.records]
    assert [event["event"] for event in events] == ["opened", "not-sent", "not-sent"]
    assert (events[0]["code"], events[0]["mailboxes"], events[0]["to"]) == ("connection-refused", 1, [ADMINS])
    assert "exchange: connection-refused" in events[1]["detail"]
    assert "smtp: smtp-unreachable" in events[1]["detail"]
    checks = {check["name"]: check for check in (await deep_health(office.world()))["checks"]}
    assert (checks["alerts"]["ok"], checks["alerts"]["code"]) == (False, "alert-not-sent")
    assert (await list_alerts(office.world())).items[0]["mail_failure"] == events[1]["detail"]
    office.smtp.failure = None
    assert await office.tick() == [REFUSED]
    checks = {check["name"]: check for check in (await deep_health(office.world()))["checks"]}
    assert checks["alerts"]["ok"]
    assert (await list_alerts(office.world())).items[0]["mail_failure"] is None


async def test_who_could_not_be_told_in_time_is_told_when_it_is_over() -> None:
    office = await AlertOffice().prepared(smtp_url=None)
    await office.fails("alice")
    office.exchange.before = down
    await office.tick()
    office.exchange = AlertOffice().exchange
    office.exchange.add_mailbox(SENDER)
    await office.mends("alice")
    subjects = [subject for _ in range(4) for subject in await office.tick()]
    assert subjects == [OVER + "41 min"]
    assert "no mail could be sent then" in office.body()


async def test_a_circle_that_cannot_be_reached_keeps_no_mail_from_others() -> None:
    office = await AlertOffice().prepared(smtp_url="smtp://127.0.0.1:2525")
    office.exchange.before = down
    office.smtp.strangers = {"nobody@contoso.example"}
    await office.configure({"email": {"failures_to": ["nobody@contoso.example"]}})
    await office.fails("alice", code="account-disabled")
    await office.fails("bob", kind="subscription")
    assert await office.tick() == [REFUSED]


async def test_every_alert_is_logged_also_where_nobody_gets_a_mail(caplog: pytest.LogCaptureFixture) -> None:
    office = await AlertOffice().prepared(failures_to=[])
    await office.fails("alice")
    with caplog.at_level(logging.INFO, logger="exsync.alerts"):
        await office.tick()
        await office.tick(after=DAY)
        await office.mends("alice")
        await office.tick()
        await office.tick(after=timedelta(minutes=10))
    events = [json.loads(record.message)["event"] for record in caplog.records]
    assert events == ["opened", "digest", "recovered"]
    checks = {check["name"]: check for check in (await deep_health(office.world()))["checks"]}
    assert (checks["alerts"]["ok"], checks["alerts"]["code"]) == (True, "alerts-off")


async def test_mails_of_an_episode_stand_together_and_those_of_two_do_not() -> None:
    office = await AlertOffice().prepared()
    starts: list[datetime] = []
    for _ in range(2):
        await office.fails("alice")
        starts.append(office.now)
        await office.tick()
        await office.mends("alice")
        await office.tick()
        await office.tick(after=timedelta(minutes=20))
    first, over, second, over_again = office.mails()
    assert over["in-reply-to"] == first["message-id"]
    assert over_again["in-reply-to"] == second["message-id"]
    assert len({mail["message-id"] for mail in office.mails()}) == 4


async def test_a_mailbox_that_is_suspended_is_told_to_nobody_any_more() -> None:
    """A leaver's, shut for two weeks; one that is shut since yesterday is told, and one that fails as long for another reason."""
    office = await AlertOffice().prepared()
    long_ago = office.now - timedelta(days=15)
    await office.fails("left", code="mailbox-unknown", since=long_ago)
    await office.fails("new", code="mailbox-unknown", since=office.now - DAY)
    await office.fails("down", since=long_ago)
    assert await office.tick() == [REFUSED, REFUSED.replace("connection-refused", "mailbox-unknown")]
    await office.mends("new")
    assert not [subject for subject in await office.tick(after=timedelta(minutes=5)) if "Over" in subject]


async def test_a_pause_that_lasts_is_recalled_by_mail() -> None:
    office = await AlertOffice().prepared()
    await office.pause("operator-alice")
    await recall_pauses(office.world())
    assert office.mails() == []
    office.now += DAY
    await recall_pauses(office.world())
    (mail,) = office.mails()
    assert mail["subject"] == "[CRM sync] Still paused: 1 pause"
    lines = office.body().splitlines()
    assert lines[1:] == ["- alice, since 2026-11-20 12:00 UTC, by bob: the move", "  exsync resume --operator alice"]
    await office.resume("operator-alice")
    await recall_pauses(office.world())
    assert len(office.mails()) == 1


async def test_the_pause_of_an_operator_who_was_removed_ends_and_is_not_recalled() -> None:
    office = await AlertOffice().prepared()
    await office.pause("operator-alice")
    await remove_operator(office.world(), "alice")
    office.now += DAY
    await recall_pauses(office.world())
    assert office.mails() == []
    assert not (await read_pauses(office.rows)).by_scope


async def test_a_mail_that_goes_through_exchange_is_in_the_audit() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.tick()
    (entry,) = [each for each in (await list_audit(office.world())).items if each["action"] == "send_mail"]
    assert (entry["by"], entry["target"], entry["detail"]) == ("alerts", SENDER, {"connection": "default"})
    assert (entry["outcome"], entry["code"]) == ("done", None)


async def test_a_mail_that_exchange_refuses_is_in_the_audit_as_failed() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")

    async def refuse(operation: str, mailbox: Mailbox) -> None:
        if operation == "send_mail":
            raise Reconfigure("access-denied", "ErrorSendAsDenied")

    office.exchange.before = refuse
    await office.tick()
    (entry,) = [each for each in (await list_audit(office.world())).items if each["action"] == "send_mail"]
    assert (entry["outcome"], entry["code"]) == ("failed", "access-denied")

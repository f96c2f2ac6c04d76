"""What begins, moves, comes back, shrinks and ends: few mails, and none that is not true."""

import logging
from datetime import timedelta

import pytest

from shared.errors import Transient
from shared.flows.alert_report import list_alerts
from shared.flows.audit import list_audit
from shared.model.exchange import Mailbox
from shared.ports import Merge
from tests.flows.alert_office import AGO, AlertOffice

DAY, HOUR, FIVE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=5)
SIGNS = ("connection-refused", "exchange-timeout", "exchange-busy", "connection-lost")
"""By which one server is met that dies and comes up again."""


async def ticks(office: AlertOffice, lasting: timedelta) -> list[str]:
    """The timer fires every five minutes; the subjects of the mails."""
    return [subject for _ in range(lasting // FIVE) for subject in await office.tick()]


async def test_a_server_that_is_met_by_another_code_each_time_is_told_all_the_same() -> None:
    office = await AlertOffice().prepared()
    begun, number = office.now, 0

    async def dying(operation: str, mailbox: Mailbox) -> None:
        nonlocal number
        number += operation != "send_mail"
        raise Transient(SIGNS[number % len(SIGNS)], "no")

    office.exchange.before = dying
    told: list[str] = []
    while not told:
        await office.sync()
        told = await office.tick()
        assert office.now - begun < HOUR, "nobody was told"
    assert len(told) == 1
    assert "since 2026-11-20 12:00 UTC" in office.body()


async def test_a_dead_server_is_one_mail_however_it_is_met() -> None:
    """By each mailbox in another way, and by one mailbox in two; counted once, named by what most of them meet."""
    office = await AlertOffice().prepared()
    for number in range(40):
        await office.fails(f"operator-{number}", code=SIGNS[number % 4])
        await office.fails(f"operator-{number}", code="connection-refused", kind="subscription")
    assert await office.tick() == ["[CRM sync] 40 mailboxes fail: connection-refused (default)"]
    assert "Also met as: connection-lost, exchange-busy, exchange-timeout" in office.body()
    assert "exsync failures list --connection default" in office.body().splitlines()
    for number in range(40):
        await office.fails(f"operator-{number}", code="exchange-busy", since=office.now - HOUR)
        await office.fails(f"operator-{number}", code="exchange-busy", kind="subscription", since=office.now - HOUR)
    assert await ticks(office, HOUR) == []
    for number in range(40):
        await office.mends(f"operator-{number}")
        await office.mends(f"operator-{number}", kind="subscription")
    (over,) = await ticks(office, HOUR)
    assert over.startswith("[CRM sync] Over: exchange-busy (default), 40 mailboxes, ")


async def test_what_an_administrator_mends_elsewhere_stays_a_cause_of_its_own() -> None:
    office = await AlertOffice().prepared()
    for code in ("connection-refused", "dns-failed", "tls-failed", "mailbox-moving", "not-exchange"):
        await office.fails(f"operator-{code}", code=code)
    assert len(await office.tick()) == 5


async def test_what_keeps_coming_back_gets_fewer_mails_each_time() -> None:
    """Down for 35 minutes, up for 15, all day: that is one episode, which is found out in the second."""
    office = await AlertOffice().prepared()
    subjects: list[str] = []
    for _ in range(24 * 60 // 50):
        began = office.now
        while office.now - began < timedelta(minutes=35):
            await office.fails("alice", since=began)
            subjects += await office.tick()
        await office.mends("alice")
        subjects += await ticks(office, timedelta(minutes=15))
    words = [subject.removeprefix("[CRM sync] ").partition(" ")[0] for subject in subjects]
    assert words == ["1", "Over:", "Again", "Still"]


async def test_a_mail_of_what_came_back_says_so() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.tick()
    await office.mends("alice")
    await ticks(office, HOUR)
    await office.fails("alice")
    assert await office.tick() == ["[CRM sync] Again 1 mailbox fails: connection-refused (default)"]
    assert (
        "It was over and is back: episode 2 of late. It will be called over once it was well for 20 min."
        in office.body()
    )
    await office.mends("alice")
    await ticks(office, HOUR)
    office.now += DAY
    await office.fails("alice")
    assert await office.tick() == ["[CRM sync] 1 mailbox fails: connection-refused (default)"]


async def test_a_passing_outage_of_many_does_not_grow_what_one_has_had_for_long() -> None:
    office = await AlertOffice().prepared()
    await office.fails("first")
    await office.tick()
    for number in range(50):
        await office.fails(f"another-{number}", since=office.now)
    assert await office.tick() == []


async def test_when_nearly_all_are_well_again_that_is_told() -> None:
    office = await AlertOffice().prepared()
    for number in range(30):
        await office.fails(f"operator-{number}")
    await office.tick()
    for number in range(15):
        await office.mends(f"operator-{number}")
    assert await ticks(office, HOUR) == [], "half of them is no news before the summary"
    for number in range(15, 28):
        await office.mends(f"operator-{number}")
    assert await ticks(office, HOUR) == ["[CRM sync] Now only 2 mailboxes fail: connection-refused (default)"]
    assert "There were 30 when you were last told." in office.body()


async def test_longer_minutes_do_not_end_what_still_fails() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.tick()
    await office.configure({"alerts": {"after_minutes": 10080}})
    assert await ticks(office, HOUR) == []
    assert len((await list_alerts(office.world())).items) == 1


async def test_after_a_pause_nothing_is_told_that_was_not_tried_since() -> None:
    """It began to fail before the maintenance, which has mended it: nobody is told of what the next try ends."""
    office = await AlertOffice().prepared()
    await office.fails("alice", since=office.now - FIVE)
    await office.pause("kind-email")
    assert await ticks(office, 2 * HOUR) == []
    await office.resume("kind-email")
    assert await office.tick() == []
    await office.mends("alice")
    assert await ticks(office, HOUR) == []


async def test_what_nobody_tries_after_a_pause_is_told_in_the_end() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.pause("operator-alice")
    await office.tick()
    await office.resume("operator-alice")
    assert len(await ticks(office, 6 * HOUR)) == 1


async def test_a_new_failure_is_told_though_a_paused_one_has_kept_its_cause_open() -> None:
    office = await AlertOffice().prepared()
    await office.fails("bob")
    await office.tick()
    await office.pause("operator-bob")
    await ticks(office, HOUR)
    began = office.now
    await office.fails("alice", since=began)
    assert await ticks(office, timedelta(minutes=25)) == []
    assert await ticks(office, timedelta(minutes=10)) == ["[CRM sync] 1 mailbox fails: connection-refused (default)"]


async def test_suspended_mailboxes_do_not_hide_that_the_others_are_well_again() -> None:
    office = await AlertOffice().prepared()
    await office.fails("left", code="mailbox-unknown", since=office.now - timedelta(days=15))
    await office.fails("new", code="mailbox-unknown", since=office.now - AGO)
    assert await office.tick() == ["[CRM sync] 1 mailbox fails: mailbox-unknown (default)"]
    await office.mends("new")
    (over,) = await ticks(office, HOUR)
    assert over.startswith("[CRM sync] Over: mailbox-unknown (default), 1 mailbox")
    assert "(1 mailbox aside, suspended)" in office.body()
    await office.fails("new", code="mailbox-unknown", since=office.now - AGO)
    assert await office.tick() == ["[CRM sync] Again 1 mailbox fails: mailbox-unknown (default)"]


async def test_a_mailbox_that_becomes_suspended_is_not_called_well(caplog: pytest.LogCaptureFixture) -> None:
    office = await AlertOffice().prepared()
    began = office.now
    await office.fails("left", code="mailbox-unknown", since=began)
    assert len(await office.tick(after=timedelta(days=13))) == 1
    with caplog.at_level(logging.INFO, logger="exsync.alerts"):
        subjects = [subject for _ in range(40) for subject in await office.tick(after=HOUR)]
    assert [subject for subject in subjects if "Still" not in subject] == []
    assert any('"event": "suspended"' in record.message for record in caplog.records)
    assert (await list_alerts(office.world())).items == []


async def test_what_another_version_wrote_into_a_group_stops_no_alert() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    await office.tick()
    later = Merge("exchange-unavailable.default", {"of_a_later_version": 1, "pending": "yodelled"})
    await office.rows.transact("alerts", "open", [later])
    await office.fails("bob", code="dns-failed")
    assert await office.tick() == ["[CRM sync] 1 mailbox fails: dns-failed (default)"]


async def test_a_clock_that_was_ahead_for_a_while_stops_no_alert() -> None:
    office = await AlertOffice().prepared()
    await office.fails("alice")
    office.now += 400 * DAY
    await office.tick()
    office.now -= 400 * DAY
    await office.mends("alice")
    await office.fails("bob", code="dns-failed")
    subjects = await ticks(office, HOUR)
    assert "[CRM sync] 1 mailbox fails: dns-failed (default)" in subjects
    assert any("Over: connection-refused" in subject for subject in subjects)


async def test_a_way_that_hangs_is_waited_for_once_in_a_run() -> None:
    office = await AlertOffice().prepared()
    for number in range(5):
        await office.fails(f"operator-{number}", code="impersonation-denied", connection=f"c-{number}")

    async def down(operation: str, mailbox: Mailbox) -> None:
        raise Transient("exchange-timeout", "no")

    office.exchange.before = down
    assert len(await office.tick()) == 5
    sent = [each for each in (await list_audit(office.world())).items if each["action"] == "send_mail"]
    assert len(sent) == 1

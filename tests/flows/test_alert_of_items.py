"""A few damaged mails are no alert; items that cannot be read in many mailboxes at once are one, as any cause is."""

from datetime import timedelta

import pytest

from shared.flows.alert_report import list_alerts
from shared.model.causes import ITEMS_FAILED, Cause, Tally, worth_telling
from tests.flows.alert_office import AlertOffice

ITEMS = "email_items"
TOLD = "[CRM sync] 10 mailboxes fail: items-failed (default)"
CAUSE = Cause(ITEMS_FAILED, "default")


async def lacking(count: int, *, connection: str = "default", **alerts: object) -> AlertOffice:
    office = await AlertOffice().prepared(**alerts)
    await more(office, 0, count, connection=connection)
    return office


async def more(office: AlertOffice, first: int, last: int, *, connection: str = "default") -> None:
    for number in range(first, last):
        await office.fails(f"operator-{number}", code=ITEMS_FAILED, kind=ITEMS, connection=connection)


async def test_nine_mailboxes_are_no_mail_and_the_tenth_makes_one_of_all() -> None:
    office = await lacking(9)
    assert await office.tick() == []
    assert (await list_alerts(office.world())).items == []
    await more(office, 9, 10)
    assert await office.tick() == [TOLD]
    assert "exsync failures list --code items-failed --connection default" in office.body()
    assert "exsync failures items <operator>" in office.body()
    assert await office.tick() == []


async def test_ten_mailboxes_on_two_connections_are_no_mail() -> None:
    office = await lacking(5)
    await more(office, 5, 10, connection="online")
    assert await office.tick() == []


async def test_ten_are_told_once_they_have_lasted() -> None:
    office = await lacking(9)
    await office.fails("the-tenth", code=ITEMS_FAILED, kind=ITEMS, since=office.now)
    assert await office.tick(after=timedelta(minutes=29)) == []
    assert await office.tick(after=timedelta(minutes=1)) == [TOLD]


async def test_it_is_over_once_fewer_than_ten_have_it_which_the_mail_says() -> None:
    office = await lacking(10)
    await office.tick()
    await office.mends("operator-0", kind=ITEMS)
    assert [await office.tick() for _ in range(2)] == [[], []]
    assert await office.tick() == ["[CRM sync] Over: items-failed (default), 10 mailboxes, 41 min"]
    assert "fewer than 10 mailboxes on connection default have had it" in office.body()
    assert (await list_alerts(office.world())).items == []
    assert await office.tick() == []


async def test_when_all_are_healed_there_is_one_mail() -> None:
    office = await lacking(10)
    await office.tick()
    for number in range(10):
        await office.mends(f"operator-{number}", kind=ITEMS)
    subjects = [subject for _ in range(6) for subject in await office.tick()]
    assert subjects == ["[CRM sync] Over: items-failed (default), 10 mailboxes, 41 min"]


async def test_items_keep_no_other_cause_open() -> None:
    office = await lacking(3)
    await office.fails("operator-1")
    assert await office.tick() == ["[CRM sync] 1 mailbox fails: connection-refused (default)"]
    await office.mends("operator-1")
    subjects = [subject for _ in range(4) for subject in await office.tick()]
    assert subjects == ["[CRM sync] Over: connection-refused (default), 1 mailbox, 41 min"]


async def test_those_who_are_told_of_the_kind_are_told_of_its_items() -> None:
    office = await lacking(10)
    await office.configure({"email": {"failures_to": ["mail@contoso.example"]}})
    await office.tick()
    assert [whom for whom, _ in office.told()] == ["mail@contoso.example"]


@pytest.mark.parametrize("what", ["kind-email", "operator-operator-0"])
async def test_items_of_what_is_paused_are_not_told(what: str) -> None:
    office = await lacking(10)
    await office.pause(what)
    assert await office.tick() == []


async def test_a_pause_neither_tells_nor_ends_what_was_told() -> None:
    office = await lacking(10)
    await office.tick()
    await office.pause("kind-email")
    assert [subject for _ in range(6) for subject in await office.tick()] == []


@pytest.mark.parametrize(
    ("cause", "tally", "told"),
    [
        (Cause("mailbox-unknown", "default"), Tally(lasting=1), Tally(lasting=1)),
        (CAUSE, Tally(mailboxes=30, lasting=10, stands=True), Tally(mailboxes=30, lasting=10, stands=True)),
        (CAUSE, Tally(mailboxes=30, lasting=9, stands=True), Tally()),
        (CAUSE, Tally(mailboxes=9, lasting=9, paused=1), Tally(mailboxes=9, paused=1)),
        (CAUSE, Tally(mailboxes=2, lasting=2, paused=7), Tally()),
    ],
)
def test_what_hits_too_few_is_as_if_it_were_not(cause: Cause, tally: Tally, told: Tally) -> None:
    assert worth_telling(cause, tally) == told

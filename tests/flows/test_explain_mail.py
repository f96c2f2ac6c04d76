"""Why a mail is in the application or is not: each reason, as the sync itself decided on it."""

import json
import re
import shlex
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from shared.errors import Invalid, Reconfigure, Transient
from shared.flows.explain_mail import explain_mail
from shared.flows.operators import change_operator, find_operator, put_operator, remove_operator
from shared.flows.reading import changes
from shared.model.email import Participant
from shared.model.exchange import ItemFailure, Mailbox
from shared.model.operator import Kind, Operator
from shared.ports import Exchange, Upsert, Value, World
from tests.flows.office import ALICE, Office


async def asked(office: Office, *, world: World | None = None, with_content: bool = True, **what: str) -> list[Any]:
    """The answers on each mail, newest first."""
    operator = await find_operator(office.rows, "alice")
    assert operator is not None
    answer = await explain_mail(world or office.world(), operator, with_content=with_content, **what)
    for mail in answer["mails"]:
        assert mail["decided"] in mail["steps"]
        assert mail["decided"]["remedy"] or mail["verdict"] in ("stored", "coming")
    mails: list[Any] = answer["mails"]
    return mails


async def why(office: Office, number: int, **how: Any) -> Any:
    """The one answer on the mail of this number."""
    (mail,) = await asked(office, message_id=f"<{number}@fabrikam.example>", **how)
    return mail


async def synced(**email: Any) -> Office:
    office = await Office().open(**email)
    office.deliver("Offer")
    await office.settle()
    return office


async def test_a_mail_that_is_held_names_its_item_and_its_place_in_the_feed() -> None:
    office = await synced()
    created = office.now
    office.now += timedelta(minutes=1)
    office.box.set_read(next(iter(office.box.items)))
    await office.settle()
    mail = await why(office, 1)
    assert (mail["verdict"], mail["folder"], mail["subject"]) == ("stored", "Inbox", "Offer")
    stored = mail["stored"]
    operator = await find_operator(office.rows, "alice")
    assert operator is not None
    told = (await changes(office.world(), operator, Kind.EMAIL)).changes
    assert [entry["cursor"] for entry in told] == [stored["created_cursor"], stored["changed_cursor"]]
    assert stored["item_id"] == told[0]["item_id"]
    assert stored["created_at"] == created.isoformat().replace("+00:00", "Z") < stored["changed_at"]


EXCLUDED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "email.skip_sensitivity": ({"sensitivity": "private"}, {}),
    "email.exclude_category": ({"categories": ("no crm",)}, {}),
    "email.exclude_addresses": ({}, {"exclude_addresses": ["bob@fabrikam.example"]}),
    "email.exclude_domains": ({}, {"exclude_domains": ["fabrikam.example"]}),
    "email.internal_domains": (
        {"from_": Participant("Bob", "bob@contoso.example")},
        {"internal_domains": ["contoso.example"]},
    ),
    "email.sync_from_days": ({"age": timedelta(days=4)}, {}),
    "email.folders": ({"folder": "junkemail"}, {}),
}


@pytest.mark.parametrize("setting", EXCLUDED)
async def test_the_setting_that_keeps_a_mail_out_is_named_and_the_sync_agrees(setting: str) -> None:
    facts, email = EXCLUDED[setting]
    office = await Office().open(**email)
    office.deliver(**facts)
    await office.settle()
    assert await office.held() == {}
    mail = await why(office, 1)
    assert (mail["verdict"], mail["decided"]["setting"], mail["stored"]) == ("kept_out", setting, None)
    assert [step["setting"] for step in mail["steps"] if step["ok"] is False] == [setting]


async def test_an_excluded_folder_and_the_deleted_items_are_told_apart_from_one_that_nobody_named() -> None:
    office = await Office().open(exclude_folders=["Inbox/Private"])
    elsewhere, excluded = office.box.add_folder("It's"), office.box.add_folder("Private", parent="inbox")
    for folder in (elsewhere, excluded, "deleteditems"):
        office.deliver(folder=folder)
    await office.settle()
    steps = [(await why(office, number))["decided"] for number in (1, 2, 3)]
    assert [(step["setting"], step["who"]) for step in steps] == [
        ("email.folders", "CRM administrator"),
        ("email.exclude_folders", "CRM administrator"),
        ("email.folders", "operator"),
    ]
    assert """'email.folders=["inbox", "sentitems", "It'"'"'s"]'""" in steps[0]["remedy"]


async def test_the_window_of_sent_items_goes_by_the_time_of_sending() -> None:
    office = await Office().open()
    old = office.now - timedelta(days=9)
    office.deliver(folder="sentitems", sent=old)
    await office.settle()
    mail = await why(office, 1)
    assert mail["decided"]["setting"] == "email.sync_from_days"
    assert "sent before" in mail["decided"]["what"]
    assert "email.sync_from_days=10" in mail["decided"]["remedy"]
    await office.configure({"email": {"sync_from_days": 10}})
    await office.settle()
    assert (await why(office, 1))["verdict"] == "stored"


async def test_a_mail_that_cannot_be_read_has_its_code_and_how_often_it_was_tried() -> None:
    office = await Office().open()
    name = office.deliver()
    office.box.failures[name] = ItemFailure(name, "item-corrupt", "ErrorCorruptData", "Data is corrupt.")
    await office.settle()
    mail = await why(office, 1)
    assert (mail["verdict"], mail["decided"]["code"], mail["decided"]["who"]) == ("failed", "item-corrupt", "operator")
    assert "(attempts: " in mail["decided"]["what"]
    assert mail["folder"] == "Inbox"


@pytest.mark.parametrize("for_good", [False, True])
async def test_a_mail_that_was_deleted_is_told_as_kept_and_marked(for_good: bool) -> None:
    office = await synced()
    office.now += timedelta(hours=1)
    office.box.delete(next(iter(office.box.items)), for_good=for_good)
    mail = await why(office, 1)
    assert mail["verdict"] == "stored"
    await office.settle()
    mail = await why(office, 1)
    assert (mail["verdict"], mail["decided"]["setting"]) == ("gone", "email.on_delete")
    assert mail["folder"] == (None if for_good else "Deleted Items")
    assert mail["stored"]["gone"] == "deleted"
    assert mail["decided"]["at"] == mail["stored"]["gone_at"]


async def test_a_mail_that_left_is_found_where_it_is_now() -> None:
    office = await synced()
    office.box.move(next(iter(office.box.items)), office.box.add_folder("Elsewhere"))
    await office.settle()
    mail = await why(office, 1)
    assert (mail["verdict"], mail["folder"], mail["decided"]["setting"]) == ("gone", "Elsewhere", "email.on_leave")


async def test_a_mail_that_is_nowhere_says_where_it_was_looked_for_and_how_to_track_it() -> None:
    office = await synced()
    (mail,) = await asked(office, message_id="it's’@x; Remove-Mailbox")
    assert mail["verdict"] == "not_found"
    assert "none of the 5 mail folders" in mail["decided"]["what"]
    assert "-MessageId '<it''s’’@x; Remove-Mailbox>'" in mail["decided"]["remedy"]
    assert f"-Recipients '{ALICE}'" in mail["decided"]["remedy"]
    (mail,) = await asked(office, subject="never")
    assert "-MessageSubject 'never'" in mail["decided"]["remedy"]


async def test_each_copy_of_a_mail_has_its_own_answer() -> None:
    office = await synced()
    name = next(iter(office.box.items))
    office.box.copy(name, "sentitems")
    office.box.copy(name, "junkemail")
    office.box.copy(name, "inbox")
    await office.settle()
    mails = await asked(office, message_id="1@fabrikam.example")
    assert sorted((mail["folder"], mail["verdict"]) for mail in mails) == [
        ("Inbox", "stored"),
        ("Inbox", "stored"),
        ("Junk Email", "kept_out"),
        ("Sent Items", "stored"),
    ]
    assert len({mail["stored"]["item_id"] for mail in mails if mail["stored"]}) == 3


async def test_mails_of_a_subject_come_newest_first_and_not_too_many() -> None:
    office = await Office().open()
    for number in range(30):
        office.deliver(f"Offer {number}", age=timedelta(minutes=number))
    gone = office.deliver("An offer that goes", age=timedelta(minutes=1))
    await office.settle()
    office.box.delete(gone, for_good=True)
    await office.settle()
    mails = await asked(office, subject="offer")
    assert len(mails) == 20
    assert {"Offer 0", "An offer that goes", "Offer 18"} <= {mail["subject"] for mail in mails}
    assert [mail["subject"] for mail in mails if not mail["folder"]] == ["An offer that goes"]
    assert sorted(mails, key=lambda mail: str(mail["received_at"]), reverse=True) == mails
    (mail,) = await asked(office, subject="THAT goes")
    assert (mail["verdict"], mail["folder"]) == ("gone", None)


async def test_who_may_not_read_content_must_know_the_whole_subject_and_sees_none() -> None:
    office = await synced()
    assert [mail["verdict"] for mail in await asked(office, subject="Off", with_content=False)] == ["not_found"]
    (mail,) = await asked(office, subject="offer", with_content=False)
    assert (mail["verdict"], mail["subject"]) == ("stored", None)
    mail = await why(office, 1, with_content=False)
    assert mail["subject"] is None
    assert "Offer" not in str(mail)
    assert "fabrikam.example" not in str({**mail, "message_id": None})


async def test_no_body_is_read() -> None:
    office = await synced()
    asked_for: list[bool] = []
    read = office.exchange.get_emails

    class Watching:
        def __getattr__(self, name: str) -> Any:
            return getattr(office.exchange, name)

        async def get_emails(self, mailbox: Mailbox, ids: Any, *, bodies: bool = True) -> Any:
            asked_for.append(bodies)
            return await read(mailbox, ids, bodies=bodies)

    await why(office, 1, world=office.world(exchange=cast(Exchange, Watching())))
    assert asked_for == [False]


async def test_a_mailbox_that_is_switched_off_is_not_looked_into_and_what_is_held_is_told() -> None:
    office = await synced()
    office.deliver()
    await put_operator(office.world(), Operator("alice", ALICE, ""))
    await office.configure({"email": {"enabled": False}})
    calls = office.exchange.counts.total()
    held, other = await why(office, 1), await why(office, 2)
    assert office.exchange.counts.total() == calls
    assert (held["verdict"], other["verdict"]) == ("stored", "stopped")
    assert other["decided"]["setting"] == "email.enabled"
    assert "`exsync operators set alice --email`" in other["decided"]["remedy"]
    await remove_operator(office.world(), "alice")
    assert "was deleted" in (await why(office, 2))["decided"]["what"]


async def test_a_failing_sync_is_told_and_an_exchange_that_refuses_is_not_taken_for_an_empty_mailbox() -> None:
    office = await synced()
    name = office.deliver()

    async def refuse(operation: str, mailbox: Mailbox) -> None:
        raise Reconfigure("impersonation-denied", "ErrorImpersonateUserDenied")

    office.exchange.before = refuse
    assert await office.sync() == "failed"
    mail = await why(office, 2)
    assert (mail["verdict"], mail["decided"]["code"]) == ("stopped", "impersonation-denied")
    assert mail["decided"]["who"] == "Exchange administrator"
    assert len([step for step in mail["steps"] if step["code"] == "impersonation-denied"]) == 2
    assert (await why(office, 1))["verdict"] == "stored"

    async def recovered(operation: str, mailbox: Mailbox) -> None:
        pass

    office.exchange.before = recovered
    mail = await why(office, 2)
    assert (mail["verdict"], mail["folder"]) == ("stopped", "Inbox")
    office.box.edit(name, lambda email: replace(email, categories=("No CRM",)))
    assert (await why(office, 2))["verdict"] == "kept_out", "once mended it would still not come"


async def test_a_connection_that_there_is_not_is_told() -> None:
    office = await synced()
    await change_operator(
        office.world(), "alice", lambda _: Operator("alice", ALICE, "", connection="elsewhere", email_sync=True)
    )
    mail = await why(office, 9)
    assert (mail["verdict"], mail["decided"]["code"]) == ("stopped", "connection-unknown")


async def test_a_pause_is_told_with_its_reason() -> None:
    office = await synced()
    office.deliver()
    pause: dict[str, Value] = {"reason": "migration", "by": "Charlie", "at": office.now}
    for key in ("all", "kind-email", "operator-alice", "operator-bob"):
        await office.rows.transact("configuration", "pauses", [Upsert(key, pause)])
    mail = await why(office, 2)
    assert mail["verdict"] == "stopped"
    assert mail["decided"]["what"] == "The sync of everything is paused by Charlie: migration"
    assert len([step for step in mail["steps"] if "paused" in step["what"]]) == 3


async def test_how_far_a_sync_is_that_has_not_got_to_a_mail() -> None:
    office = await Office().open()
    for number in range(600):
        office.deliver(age=timedelta(minutes=number))
    mail = await why(office, 600)
    assert (mail["verdict"], mail["decided"]["what"]) == ("coming", "The first sync has not begun yet")
    await office.sync(budget=timedelta(0))
    mail = await why(office, 600)
    assert mail["verdict"] == "coming"
    assert "from the newest mail on, and has come down to" in mail["decided"]["what"]
    assert (await why(office, 1))["verdict"] == "stored"
    await office.settle()
    assert (await why(office, 600))["verdict"] == "stored"
    office.now += timedelta(minutes=1)
    office.deliver()
    mail = await why(office, 601)
    assert (mail["verdict"], mail["decided"]["what"]) == ("coming", "The last look at all folders began before it came")
    assert "`exsync sync alice`" in mail["decided"]["remedy"]


@pytest.mark.parametrize("remedy", ["a category", "a larger window"])
async def test_what_a_rule_kept_out_that_has_gone_since_is_passed_over_and_the_remedies_work(remedy: str) -> None:
    office = await Office().open(exclude_domains=["fabrikam.example"])
    name = office.deliver()
    office.now += timedelta(minutes=2)
    await office.settle()
    await office.configure({"email": {"exclude_domains": []}})
    await office.settle()
    mail = await why(office, 1)
    assert mail["verdict"] == "passed_over"
    assert await office.held() == {}
    if remedy == "a category":
        office.box.edit(name, lambda email: replace(email, categories=("Red",)))
    else:
        await office.configure({"email": {"sync_from_days": 4}})
    await office.settle()
    assert (await why(office, 1))["verdict"] == "stored"


async def test_a_held_removal_and_a_mail_on_its_way_out_are_told() -> None:
    office = await Office().open()
    names = [office.deliver() for _ in range(30)]
    await office.settle()
    for name in names:
        office.box.delete(name, for_good=True)
    office.box.void_states()
    await office.settle()
    mail = await why(office, 7)
    assert mail["verdict"] == "stored"
    assert "this mail is among them" in [step for step in mail["steps"] if step["code"] == "brake-held"][-1]["what"]


FOLLOWED: dict[str, tuple[dict[str, Any], int | None, timedelta, str]] = {
    "a window that is too short": ({}, None, timedelta(days=10, hours=14), "inbox"),
    "both too short": ({}, 5, timedelta(days=10, hours=14), "inbox"),
    "not kept for so long": ({"sync_from_days": 50}, 5, timedelta(days=10, hours=14), "inbox"),
    "not kept for so long, of all mail": ({"sync_from_days": "all"}, 5, timedelta(days=10, hours=14), "inbox"),
    "a date that is none": ({}, None, timedelta(days=155_000), "inbox"),
    "a folder that nobody named": ({}, None, timedelta(hours=1), "drafts"),
    "a mail that was deleted": ({}, None, timedelta(hours=1), "deleteditems"),
}


def value_of(text: str) -> Any:
    """As the command reads it."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize("case", FOLLOWED)
async def test_who_follows_the_remedy_some_hours_later_sees_the_mail_arrive(case: str) -> None:
    email, kept, age, folder = FOLLOWED[case]
    office = await Office().open(**email)
    await office.configure({"retention": {"email_days": kept}})
    name = office.deliver(age=age, folder=folder)
    await office.settle()
    remedy = (await why(office, 1))["decided"]["remedy"]
    office.now += timedelta(hours=11)
    if command := re.search("`exsync settings set ([^`]*)`", remedy):
        for name_and_value in shlex.split(command[1]):
            section, _, setting = name_and_value.partition(".")
            await office.configure({section: {setting.partition("=")[0]: value_of(setting.partition("=")[2])}})
        await office.settle()
    if "category" in remedy:
        office.box.edit(name, lambda email: replace(email, categories=("Red",)))
    if not command:
        office.box.move(name, "inbox")
    await office.settle()
    assert (await why(office, 1))["verdict"] == "stored", remedy


@pytest.mark.parametrize(("first", "window"), [(30, 3), ("all", "all"), ("all", 3)])
async def test_what_was_passed_over_names_a_window_that_is_larger_than_any_of_before(first: Any, window: Any) -> None:
    office = await Office().open(exclude_domains=["fabrikam.example"], sync_from_days=first)
    office.deliver()
    office.now += timedelta(minutes=2)
    await office.settle()
    await office.configure({"email": {"exclude_domains": [], "sync_from_days": window}})
    await office.settle()
    remedy = (await why(office, 1))["decided"]["remedy"]
    assert ("email.sync_from_days=31`" in remedy) is (first == 30)
    assert "category" in remedy


SUBJECT = "Ré: „Angebot“ 'x' 😀"


@pytest.mark.parametrize(
    "asked_for",
    [
        {"message_id": " <a.b@c>\t"},
        {"message_id": "a.b@c"},
        {"message_id": "Message-ID: <a.b@c>"},
        {"message_id": "Message-Id:\r\n <a.b@c>"},
        {"subject": " ré: „ANGEBOT“ 'x' 😀 "},
        {"subject": "Ré: „Angebot“\r\n 'x' 😀"},
        {"subject": "=?utf-8?Q?R=C3=A9:_=E2=80=9EAngebot?=\r\n =?utf-8?B?4oCcICd4JyDwn5iA?="},
    ],
)
async def test_a_mail_is_found_by_what_people_copy_from_its_headers(asked_for: dict[str, str]) -> None:
    office = await Office().open()
    office.deliver(SUBJECT, internet_message_id="<a.b@c>")
    await office.settle()
    (mail,) = await asked(office, with_content=False, **asked_for)
    assert mail["verdict"] == "stored"


@pytest.mark.parametrize("subject", ["=?no-such-charset?Q?x?=", "=?utf-8?B?!!!?=", "=?utf-8?Q?=FF?=", "50 =? 50"])
async def test_a_subject_that_only_looks_encoded_is_looked_for_as_it_is(subject: str) -> None:
    office = await Office().open()
    office.deliver(subject)
    await office.settle()
    (mail,) = await asked(office, subject=subject)
    assert mail["verdict"] == "stored"


@pytest.mark.parametrize(
    "what", [{}, {"message_id": "<1@x>", "subject": "x"}, {"message_id": " <> "}, {"subject": "x" * 1025}]
)
async def test_a_question_without_a_mail_or_with_two_is_refused(what: dict[str, str]) -> None:
    office = await synced()
    with pytest.raises(Invalid, match="request-malformed"):
        await asked(office, **what)  # type: ignore[arg-type]


async def test_an_exchange_that_is_down_says_so() -> None:
    office = await synced()

    async def down(operation: str, mailbox: Mailbox) -> None:
        raise Transient("exchange-unreachable", "connection timed out")

    office.exchange.before = down
    mail = await why(office, 5)
    assert (mail["verdict"], mail["decided"]["code"]) == ("stopped", "exchange-unreachable")

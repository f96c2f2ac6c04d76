"""What happens to a mail in Exchange happens to it in the application: once, and with the reason why it is not there."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.model.exchange import ItemFailure, Mailbox
from tests.flows.breaking import Interruption
from tests.flows.office import Office, attachment


async def with_one_mail(**email: Any) -> tuple[Office, str]:
    office = Office()
    name = office.deliver("mail", age=timedelta(hours=1))
    await office.open(**email)
    await office.settle()
    await office.news()
    return office, name


async def test_an_arrival_is_created() -> None:
    office, _ = await with_one_mail()
    office.deliver("new")
    assert await office.sync() == "done"
    assert await office.news() == ["created"]


async def test_nothing_new_is_no_news() -> None:
    office, _ = await with_one_mail()
    await office.sync()
    assert await office.news() == []


async def test_an_edit_is_an_update_and_so_is_the_read_flag() -> None:
    office, name = await with_one_mail()
    office.box.edit(name, lambda email: replace(email, categories=("Red",)))
    await office.sync()
    assert await office.news() == ["updated"]
    fetched = office.exchange.counts["get_emails"]
    office.box.set_read(name)
    await office.sync()
    assert await office.news() == ["updated"]
    assert office.exchange.counts["get_emails"] == fetched, "a read flag needs no second look"
    await office.check()


async def test_a_new_change_key_without_a_change_that_can_be_seen_is_no_news() -> None:
    office, name = await with_one_mail()
    office.box.edit(name, lambda email: email)
    await office.sync()
    assert await office.news() == []
    await office.check()


@pytest.mark.parametrize(("what", "change"), [("left", "junkemail"), ("deleted", "deleteditems")])
async def test_what_goes_is_kept_with_the_time_or_removed(what: str, change: str) -> None:
    office, name = await with_one_mail()
    office.box.move(name, change)
    await office.settle()
    assert await office.news() == [what]
    (row,) = await office.stored()
    assert (row.values["gone"], row.values["gone_at"]) == (what, office.now)
    await office.check()

    office, name = await with_one_mail(on_leave="remove", on_delete="remove")
    office.box.move(name, change)
    await office.settle()
    assert await office.news() == [what]
    assert await office.stored() == []
    await office.check()


async def test_a_mail_deleted_for_good_is_deleted() -> None:
    office, name = await with_one_mail()
    office.box.delete(name, for_good=True)
    await office.settle()
    assert await office.news() == ["deleted"]


async def test_a_mail_edited_twice_while_it_is_fetched_ends_as_it_is_last() -> None:
    office, name = await with_one_mail()
    office.box.edit(name, lambda email: replace(email, subject="first"))

    async def edit_between(operation: str, mailbox: Mailbox) -> None:
        if operation == "get_emails":
            office.box.edit(name, lambda email: replace(email, subject=email.subject + "!"))

    office.exchange.before = office.exchange.after = edit_between
    await office.sync()
    office.exchange.before = office.exchange.after = _pass_by
    await office.settle()
    assert office.box.items[name].email.subject == "first!!"
    assert set(await office.held()) == {"first!!"}
    await office.check()


async def _pass_by(operation: str, mailbox: Mailbox) -> None: ...


async def test_private_and_confidential_mail_is_skipped_before_its_body_is_read() -> None:
    office = Office()
    office.deliver("private", sensitivity="private")
    await office.open()
    await office.settle()
    office.deliver("confidential", sensitivity="confidential", age=timedelta(hours=2))
    await office.settle()
    assert office.exchange.counts["get_emails"] == 0
    assert await office.held() == {}


async def test_mail_that_becomes_private_is_removed_without_reading_it_and_comes_back_when_it_is_not() -> None:
    office, name = await with_one_mail()
    fetched = office.exchange.counts["get_emails"]
    office.box.edit(name, lambda email: replace(email, sensitivity="private"))
    await office.settle()
    assert await office.news() == ["deleted"]
    assert await office.stored() == []
    assert office.exchange.counts["get_emails"] == fetched
    office.box.edit(name, lambda email: replace(email, sensitivity="normal"))
    await office.settle()
    assert await office.news() == ["created"]
    await office.check()


async def test_mail_that_becomes_private_as_it_moves_is_removed() -> None:
    office, name = await with_one_mail()
    moved = office.box.move(name, "sentitems")
    office.box.edit(moved, lambda email: replace(email, sensitivity="private"))
    await office.settle()
    assert await office.news() == ["deleted"]
    await office.check()


async def test_mail_that_gets_the_category_no_crm_is_removed() -> None:
    office, name = await with_one_mail()
    office.box.edit(name, lambda email: replace(email, categories=("NO crm",)))
    await office.settle()
    assert await office.news() == ["deleted"]
    assert await office.stored() == []


@pytest.mark.parametrize(
    "rule",
    [
        {"exclude_addresses": ["BOB@fabrikam.example"]},
        {"exclude_domains": ["Fabrikam.example"]},
        {"internal_domains": ["contoso.example", "fabrikam.example"]},
        {"exclude_category": "Ours"},
    ],
)
async def test_mail_that_a_rule_excludes_does_not_come_in(rule: dict[str, Any]) -> None:
    office = Office()
    office.deliver("mail", categories=("ours",))
    await office.open(**rule)
    await office.settle()
    assert await office.held() == {}


async def test_many_changes_at_once_are_all_told_once() -> None:
    office = Office()
    names = [office.deliver(age=timedelta(minutes=number)) for number in range(150)]
    await office.open()
    await office.settle()
    await office.news()
    for name in names[:60]:
        office.box.set_read(name)
    for name in names[60:100]:
        office.box.edit(name, lambda email: replace(email, subject="edited " + email.subject))
    for name in names[100:]:
        office.box.delete(name, for_good=True)
    for _ in range(120):
        office.deliver()
    await office.settle()
    news = await office.news()
    assert {kind: news.count(kind) for kind in set(news)} == {"updated": 100, "deleted": 50, "created": 120}
    await office.check()


async def test_an_item_that_cannot_be_read_does_not_stop_its_page_and_is_named() -> None:
    office, _ = await with_one_mail()
    bad = office.deliver("bad")
    office.deliver("good")
    office.box.failures[bad] = ItemFailure(bad, "item-unreadable", "ErrorCorruptData", "broken")
    assert await office.sync() == "done"
    assert set(await office.held()) == {"mail", "good"}
    (failed,) = await office.failures()
    assert (failed["code"], failed["exchange_code"], failed["count"]) == ("item-unreadable", "ErrorCorruptData", 1)


async def test_a_failed_item_is_tried_again_and_its_failure_closes_itself() -> None:
    office, _ = await with_one_mail()
    bad = office.deliver("bad")
    office.box.failures[bad] = ItemFailure(bad, "item-unreadable", "ErrorCorruptData")
    await office.sync()
    office.now += timedelta(hours=2)
    await office.sync()
    assert (await office.failures())[0]["count"] == 2
    del office.box.failures[bad]
    office.now += timedelta(hours=2)
    await office.sync()
    assert await office.failures() == []
    assert set(await office.held()) == {"mail", "bad"}
    await office.check()


async def test_a_failed_item_that_goes_takes_its_failure_along() -> None:
    office, _ = await with_one_mail()
    bad, worse = office.deliver("bad"), office.deliver("worse", folder="sentitems")
    for name in (bad, worse):
        office.box.failures[name] = ItemFailure(name, "item-unreadable", "ErrorCorruptData")
    await office.sync()
    office.box.delete(bad, for_good=True)
    office.box.move(worse, "inbox")
    await office.settle()
    assert await office.failures() == []
    assert set(await office.held()) == {"mail", "worse"}


async def test_an_item_that_fails_for_a_while_is_waited_for_and_then_passed_over() -> None:
    office, _ = await with_one_mail()
    slow = office.deliver("slow")
    office.deliver("good")
    office.box.failures[slow] = ItemFailure(slow, "exchange-busy", "ErrorServerBusy", transient=True)
    outcomes = []
    for _ in range(5):
        outcomes.append(await office.sync())
        office.now += timedelta(minutes=16)
    assert outcomes[:3] == ["failed"] * 3 and outcomes[3] == "done"
    assert set(await office.held()) == {"mail", "good"}
    assert [failed["code"] for failed in await office.failures()] == ["exchange-busy"]


async def test_an_item_known_to_fail_does_not_make_the_whole_sync_fail_again() -> None:
    office, _ = await with_one_mail()
    slow = office.deliver("slow")
    office.box.failures[slow] = ItemFailure(slow, "exchange-busy", "ErrorServerBusy", transient=True)
    await office.settle()
    for _ in range(3):
        office.now += timedelta(hours=9)
        assert await office.sync() == "done"
    del office.box.failures[slow]
    office.now += timedelta(days=1)
    await office.sync()
    await office.check()


async def test_attachments_are_stored_and_follow_their_mail() -> None:
    office, _ = await with_one_mail()
    files = (attachment("a.bin", 3), attachment("a.bin", 3), attachment("b.txt", 3))
    name = office.deliver("files", attachments=files, contents=(b"one", b"two", b"txt"))
    await office.settle()
    assert await office.contents("files") == [b"one", b"two", b"txt"]
    fetched = office.exchange.counts["attachment"]
    office.box.move(name, "sentitems")
    await office.settle()
    assert await office.contents("files") == [b"one", b"two", b"txt"]
    assert office.exchange.counts["attachment"] == fetched, "what is stored is not fetched again"
    await office.check()


async def test_an_attachment_that_is_too_large_is_listed_with_the_reason() -> None:
    office, _ = await with_one_mail()
    await office.configure({"attachments": {"max_mb": 1}})
    office.deliver("large", attachments=(attachment("a.bin", 2_000_000),), contents=(b"",))
    await office.settle()
    (file,) = (await office.held())["large"]["files"]
    assert (file["failure"], file["blob"]) == ("attachment-too-large", None)


async def test_an_attachment_that_cannot_be_read_does_not_keep_its_mail_away() -> None:
    office, _ = await with_one_mail()
    office.deliver("files", attachments=(attachment("a.bin", 3),), contents=(b"one",))

    async def take_it_away(operation: str, mailbox: Mailbox) -> None:
        if operation == "attachment":
            (name,) = (name for name, item in office.box.items.items() if item.email.subject == "files")
            item = office.box.items[name]
            other = (replace(item.email.attachments[0], id="another"),)
            office.box.items[name] = replace(item, email=replace(item.email, attachments=other))

    office.exchange.before = take_it_away
    await office.sync()
    (file,) = (await office.held())["files"]["files"]
    assert (file["failure"], file["blob"]) == ("item-gone", None)


async def test_attachments_that_are_added_and_taken_away_are_an_update() -> None:
    office, _ = await with_one_mail()
    name = office.deliver("files", attachments=(attachment("a.bin", 3),), contents=(b"one",))
    await office.settle()
    await office.news()

    item = office.box.items[name]
    both = (*item.email.attachments, replace(attachment("b.bin", 3), id="new one"))
    office.box.items[name] = replace(item, contents=(b"one", b"two"))
    office.box.edit(name, lambda email: replace(email, attachments=both))
    await office.settle()
    assert await office.contents("files") == [b"one", b"two"]
    office.box.items[name] = replace(office.box.items[name], contents=())
    office.box.edit(name, lambda email: replace(email, attachments=()))
    await office.settle()
    assert await office.contents("files") == []
    assert await office.news() == ["updated", "updated"]


async def test_encrypted_and_signed_mail_keeps_its_headers_and_is_marked() -> None:
    office, _ = await with_one_mail()
    office.deliver("secret", item_class="IPM.Note.SMIME", text=None, html=None)
    office.deliver("signed", item_class="IPM.Note.SMIME.MultipartSigned")
    await office.settle()
    held = await office.held()
    assert (held["secret"]["type"], held["secret"]["text"]) == ("encrypted", None)
    assert held["secret"]["from"] == {"name": "Bob", "address": "bob@fabrikam.example"}
    assert held["signed"]["type"] == "signed"


async def test_a_mail_of_any_size_is_stored() -> None:
    office, _ = await with_one_mail()
    text = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(400_000))
    for number in range(40):
        office.deliver(f"large {number}", text=text[number:], html=text[: 1000 + number])
    await office.settle()
    await office.check()


async def test_a_mail_with_strange_characters_is_stored() -> None:
    office, _ = await with_one_mail()
    office.deliver("\ud83d alone", text="a\x00b\ud800c\ufffe", internet_message_id="<\udc00>")
    await office.settle()
    assert len(await office.held()) == 2


async def test_a_mail_that_arrives_while_another_is_fetched_is_there_after_the_next_sync() -> None:
    office, _ = await with_one_mail()
    office.deliver("first")

    async def happen() -> None:
        office.deliver("second")

    await office.sync(Interruption(4, happen).worker(office.world()))
    await office.settle()
    assert set(await office.held()) == {"mail", "first", "second"}
    await office.check()

"""What people do to mail that is held already: move, read, delete; and what an administrator does to the mailbox."""

from tests.e2e.conftest import Configured
from tests.e2e.office import Person, names


async def test_a_move_between_watched_folders_is_one_update_of_the_same_item(alice: Person) -> None:
    alice.exchange.add_folder(alice.mailbox, "Projects", parent="inbox")
    item = alice.gets("moves about")
    await alice.switch_on()
    (before,) = await alice.until_subjects("moves about")

    alice.exchange.move(alice.mailbox, item, "Projects")

    after = await alice.until_email(before["item_id"], lambda email: email["folder"] != "Inbox", "in its new folder")
    assert after["folder"] == "Inbox/Projects"
    assert after["gone"] is None
    assert await alice.changes(before["item_id"]) == ["created", "updated"]
    assert len(await alice.application.emails(alice.operator)) == 1


async def test_reading_a_mail_in_outlook_updates_its_read_flag(alice: Person) -> None:
    item = alice.gets("to be read")
    await alice.switch_on()
    (email,) = await alice.until_subjects("to be read")
    assert not email["is_read"]

    alice.exchange.flag(alice.mailbox, item, read=True)

    await alice.until_email(email["item_id"], lambda email: email["is_read"], "read")
    assert await alice.changes(email["item_id"]) == ["created", "updated"]


async def test_a_category_and_an_edited_subject_are_updates(alice: Person) -> None:
    item = alice.gets("a draft of a subject")
    await alice.switch_on()
    (email,) = await alice.until_subjects("a draft of a subject")

    alice.exchange.flag(alice.mailbox, item, subject="the subject", categories=["Green"])

    after = await alice.until_email(email["item_id"], lambda email: email["categories"] == ["Green"], "categorised")
    assert after["subject"] == "the subject"


async def test_a_deleted_mail_is_kept_and_marked_with_the_time(alice: Person) -> None:
    item = alice.gets("to be deleted")
    await alice.switch_on()
    (email,) = await alice.until_subjects("to be deleted")

    alice.exchange.delete(alice.mailbox, item)

    after = await alice.until_email(email["item_id"], lambda email: email["gone"], "gone")
    assert after["gone"] == "deleted"
    assert after["gone_at"] is not None
    assert after["text"].strip() == "Hello"
    assert await alice.changes(email["item_id"]) == ["created", "deleted"]


async def test_a_mail_that_leaves_the_watched_folders_is_kept_and_marked(alice: Person) -> None:
    alice.exchange.add_folder(alice.mailbox, "Elsewhere")
    item = alice.gets("filed away")
    await alice.switch_on()
    (email,) = await alice.until_subjects("filed away")

    alice.exchange.move(alice.mailbox, item, "Elsewhere")

    after = await alice.until_email(email["item_id"], lambda email: email["gone"], "gone")
    assert after["gone"] == "left"
    assert await alice.changes(email["item_id"]) == ["created", "left"]


async def test_a_mail_that_comes_back_is_the_same_item_again(alice: Person) -> None:
    alice.exchange.add_folder(alice.mailbox, "Elsewhere")
    item = alice.gets("there and back")
    await alice.switch_on()
    (email,) = await alice.until_subjects("there and back")
    moved = alice.exchange.move(alice.mailbox, item, "Elsewhere")
    await alice.until_email(email["item_id"], lambda email: email["gone"], "gone")

    alice.exchange.move(alice.mailbox, moved, "inbox")

    await alice.until_email(email["item_id"], lambda email: email["gone"] is None, "back")
    assert await alice.changes(email["item_id"]) == ["created", "left", "updated"]


async def test_settings_may_say_that_what_left_or_was_deleted_is_removed(alice: Person, configured: Configured) -> None:
    alice.exchange.add_folder(alice.mailbox, "Elsewhere")
    left, deleted = alice.gets("left"), alice.gets("deleted")
    alice.gets("stays")
    async with configured(email={"on_leave": "remove", "on_delete": "remove"}):
        await alice.switch_on()
        emails = await alice.until_subjects("left", "deleted", "stays")
        alice.exchange.move(alice.mailbox, left, "Elsewhere")
        alice.exchange.delete(alice.mailbox, deleted)
        await alice.until_emails(lambda emails: names(emails) == ["stays"], "the other two removed")

    assert await alice.changes(emails[0]["item_id"]) == ["created", "left"]
    assert await alice.changes(emails[1]["item_id"]) == ["created", "deleted"]


async def test_a_renamed_folder_keeps_its_items_and_shows_its_new_name(alice: Person) -> None:
    alice.exchange.add_folder(alice.mailbox, "Projects", parent="inbox")
    alice.gets("in a folder", folder="Projects")
    await alice.switch_on()
    (email,) = await alice.until_subjects("in a folder")

    alice.exchange.rename_folder(alice.mailbox, "Projects", "Plans")
    alice.gets("wakes the sync")

    await alice.until_subjects("in a folder", "wakes the sync")
    await alice.until_email(email["item_id"], lambda email: email["folder"] == "Inbox/Plans", "under the new name")
    assert await alice.changes(email["item_id"]) == ["created"]


async def test_the_items_of_a_deleted_folder_are_deleted_and_the_others_stay(alice: Person) -> None:
    alice.exchange.add_folder(alice.mailbox, "Projects", parent="inbox")
    alice.gets("in a folder", folder="Projects")
    alice.gets("in the inbox")
    await alice.switch_on()
    emails = await alice.until_subjects("in a folder", "in the inbox")

    alice.exchange.delete_folder(alice.mailbox, "Projects")
    await alice.application.sync(alice.operator)

    await alice.until_email(emails[0]["item_id"], lambda email: email["gone"] == "deleted", "deleted")
    await alice.until_subjects("in the inbox")


async def test_a_new_folder_is_watched_by_itself(alice: Person) -> None:
    await alice.switch_on()
    alice.exchange.add_folder(alice.mailbox, "Made later", parent="inbox")
    alice.gets("in the new folder", folder="Made later")
    await alice.application.sync(alice.operator)
    await alice.until_subjects("in the new folder")

    alice.gets("pushed from the new folder", folder="Made later")

    await alice.until_subjects("in the new folder", "pushed from the new folder")


async def test_a_large_removal_is_held_until_an_administrator_releases_it(alice: Person) -> None:
    alice.exchange.add_folder(alice.mailbox, "Projects", parent="inbox")
    alice.exchange.fill(alice.mailbox, 25, folder="Projects", size=2000, days=1)
    await alice.switch_on()
    assert len(await alice.application.emails(alice.operator)) == 25

    alice.exchange.delete_folder(alice.mailbox, "Projects")
    await alice.application.sync(alice.operator)
    held = await alice.until_status(lambda status: status["held"], "held")
    assert (held["state"], held["held"]["code"], held["held"]["count"]) == ("held", "brake-held", 25)
    assert not any(email["gone"] for email in await alice.application.emails(alice.operator))

    await alice.application.release(alice.operator)
    await alice.until_emails(lambda emails: all(email["gone"] == "deleted" for email in emails), "all deleted")


async def test_an_empty_answer_where_there_were_items_loses_nothing(alice: Person) -> None:
    subjects = [f"number {number}" for number in range(5)]
    for subject in subjects:
        alice.gets(subject)
    await alice.switch_on()
    await alice.until_subjects(*subjects)

    alice.fault("invalid_sync_state", "SyncFolderItems")
    alice.fault("empty", count=None)
    await alice.application.sync(alice.operator)
    await alice.until_failing("exchange-inconsistent")
    await alice.until_subjects(*subjects)
    alice.exchange.clear_faults()
    await alice.until_mended()

    emails = await alice.until_subjects(*subjects)
    assert not any(email["gone"] for email in emails)
    assert {type_ for email in emails for type_ in await alice.changes(email["item_id"])} == {"created"}


async def test_new_ids_for_all_items_keep_every_item_id(alice: Person) -> None:
    subjects = [f"number {number}" for number in range(30)]
    for subject in subjects:
        alice.gets(subject)
    await alice.switch_on()
    before = {email["subject"]: email["item_id"] for email in await alice.until_subjects(*subjects)}

    alice.exchange.renew_ids(alice.mailbox)
    alice.gets("after the move")
    await alice.application.sync(alice.operator)

    after = {email["subject"]: email["item_id"] for email in await alice.until_subjects(*subjects, "after the move")}
    assert {subject: after[subject] for subject in subjects} == before
    mime = await alice.application.mime(alice.operator, before["number 3"])
    assert b"Subject: number 3" in mime

"""What the application reads: items newest first, a feed without gap or double, nothing of an unfinished page."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Invalid
from shared.flows.operators import get_operator
from shared.flows.reading import changes, list_items, one_item
from shared.model.operator import Kind, Operator
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import Office, attachment


async def alice(office: Office) -> Operator:
    return await get_operator(office.rows, "alice", removed=True)


async def items(office: Office, *, limit: int = 200) -> list[dict[str, Any]]:
    """The whole list, page by page."""
    found: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = await list_items(office.world(), await alice(office), Kind.EMAIL, limit=limit, after=after)
        assert len(page.items) <= limit
        found, after = found + page.items, page.next
    return found


async def feed(office: Office, *, limit: int = 200, after: str = "") -> tuple[list[dict[str, Any]], str]:
    """The feed to its present end, page by page, and the cursor there."""
    found: list[dict[str, Any]] = []
    while True:
        page = await changes(office.world(), await alice(office), Kind.EMAIL, limit=limit, after=after)
        assert len(page.changes) <= limit
        if not page.changes:
            return found, page.next
        found, after = found + page.changes, page.next


def told(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["type"], entry["item_id"]) for entry in entries]


async def busy_office() -> Office:
    """Seven mails, one of them moved away, one deleted, one read."""
    office = Office()
    ids = [office.deliver(f"mail {number}", age=timedelta(minutes=number)) for number in range(7)]
    await office.open()
    await office.settle()
    office.box.set_read(ids[1])
    office.box.move(ids[2], "junkemail")
    office.box.delete(ids[3], for_good=True)
    await office.settle()
    await office.check()
    return office


async def test_before_the_first_sync_there_is_nothing_and_a_cursor_to_wait_with() -> None:
    office = await Office().open()
    assert await items(office) == []
    entries, cursor = await feed(office)
    assert entries == []
    office.deliver()
    await office.settle()
    assert [change for change, _ in told((await feed(office, after=cursor))[0])] == ["created"]


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
async def test_items_are_listed_newest_first_whatever_the_page_size(limit: int) -> None:
    office = await busy_office()
    listed = await items(office, limit=limit)
    assert [item["subject"] for item in listed] == [f"mail {number}" for number in range(7)]


async def test_what_left_or_was_deleted_is_kept_with_a_mark() -> None:
    office = await busy_office()
    gone = {item["subject"]: (item["gone"], item["gone_at"]) for item in await items(office) if item["gone"]}
    assert gone == {"mail 2": ("left", "2026-11-20T12:00:00Z"), "mail 3": ("deleted", "2026-11-20T12:00:00Z")}


async def test_an_item_has_its_facts_folder_flag_attachments_and_both_bodies() -> None:
    office = Office()
    office.deliver(
        "offer",
        html="<p>offer</p>",
        is_read=True,
        attachments=(attachment("a.pdf", 5), replace(attachment("huge.iso", 40 * 2**20), content_id="c1")),
        contents=(b"12345", b"x"),
    )
    await office.open()
    await office.settle()
    (listed,) = await items(office)
    whole = await one_item(office.world(), await alice(office), Kind.EMAIL, listed["item_id"])
    assert {**listed, "text": "text of 1", "html": "<p>offer</p>"} == whole
    assert (whole["subject"], whole["folder"], whole["is_read"]) == ("offer", "Inbox", True)
    small, huge = whole["attachments"]
    assert (small["n"], small["name"], small["stored"], small["failure"]) == (0, "a.pdf", True, None)
    assert (huge["n"], huge["stored"], huge["failure"]) == (1, False, "attachment-too-large")
    assert "blob" not in small
    assert "exchange_id" not in small


async def test_the_folder_is_the_one_of_now_also_after_it_was_renamed() -> None:
    office = Office()
    folder = office.box.add_folder("Customers", parent="inbox")
    office.deliver(folder=folder)
    await office.open()
    await office.settle()
    office.box.rename_folder(folder, "Clients")
    await office.settle()
    assert [item["folder"] for item in await items(office)] == ["Inbox/Clients"]


async def test_a_body_too_large_for_its_row_is_read_all_the_same() -> None:
    office = Office()
    text = " ".join(str(number**3) for number in range(20_000))
    office.deliver(text=text)
    await office.open()
    await office.settle()
    page = await list_items(office.world(), await alice(office), Kind.EMAIL, with_body=True)
    assert page.items[0]["text"] == text


@pytest.mark.parametrize("item_id", ["", "nonsense!", "0" * 25, "../head", "v" * 100])
async def test_an_item_that_is_not_there_is_said_to_be_unknown(item_id: str) -> None:
    office = await busy_office()
    with pytest.raises(Invalid, match="item-unknown"):
        await one_item(office.world(), await alice(office), Kind.EMAIL, item_id)


@pytest.mark.parametrize("limit", [1, 2, 5, 200])
async def test_the_feed_tells_everything_once_and_in_order_whatever_the_page_size(limit: int) -> None:
    office = await busy_office()
    entries, _ = await feed(office, limit=limit)
    assert told(entries) == await office.feed()
    assert len({entry["cursor"] for entry in entries}) == len(entries)


async def test_every_cursor_continues_right_after_its_entry_for_good() -> None:
    office = await busy_office()
    entries, _ = await feed(office)
    office.deliver("later")
    await office.settle()
    now, _ = await feed(office)
    for place, entry in enumerate(entries, 1):
        assert told((await feed(office, after=entry["cursor"]))[0]) == told(now)[place:]


async def test_a_reader_that_asks_again_with_next_misses_nothing() -> None:
    office = await busy_office()
    _, cursor = await feed(office)
    assert (await feed(office, after=cursor)) == ([], cursor)
    office.deliver("later")
    await office.settle()
    entries, _ = await feed(office, after=cursor)
    assert [(entry["type"], entry["item"]["subject"]) for entry in entries] == [("created", "later")]


@pytest.mark.parametrize("limit", [1, 3, 200])
async def test_a_reader_that_follows_with_next_while_workers_die_has_each_entry_once(limit: int) -> None:
    """A page of many transactions whose worker dies after each of its steps: nothing of it shows until it is whole."""
    office = await busy_office()
    for number in range(120):
        office.deliver(f"many {number}", age=timedelta(seconds=number))
    entries, cursor = await feed(office, limit=limit)
    for steps in range(1, 12):
        with suppress(Crash):
            await office.sync(Fuse(steps).worker(office.world()))
        more, cursor = await feed(office, limit=limit, after=cursor)
        entries += more
        office.now += timedelta(minutes=5)
    await office.settle()
    more, _ = await feed(office, limit=limit, after=cursor)
    assert told(entries + more) == await office.feed()


async def test_an_entry_shows_the_item_as_it_is_now() -> None:
    office = await busy_office()
    entries, _ = await feed(office)
    (created, *_) = [entry for entry in entries if entry["item"]["subject"] == "mail 1"]
    assert (created["type"], created["item"]["is_read"]) == ("created", True)


async def test_an_entry_of_an_item_that_is_not_held_any_more_has_none() -> None:
    office = Office()
    item = office.deliver()
    await office.open(on_delete="remove")
    await office.settle()
    office.box.delete(item, for_good=True)
    await office.settle()
    entries, _ = await feed(office)
    assert [(entry["type"], entry["item"]) for entry in entries] == [("created", None), ("deleted", None)]
    assert await items(office) == []


async def test_bodies_come_with_the_feed_only_when_asked_for() -> None:
    office = await busy_office()
    operator = await alice(office)
    plain = await changes(office.world(), operator, Kind.EMAIL)
    whole = await changes(office.world(), operator, Kind.EMAIL, with_body=True)
    assert "text" not in plain.changes[0]["item"]
    assert whole.changes[0]["item"]["text"].startswith("text of")


@pytest.mark.parametrize("cursor", ["nonsense", "YWJj"])
async def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    office = await busy_office()
    operator = await alice(office)
    with pytest.raises(Invalid, match="cursor-invalid"):
        await changes(office.world(), operator, Kind.EMAIL, after=cursor)
    with pytest.raises(Invalid, match="cursor-invalid"):
        await list_items(office.world(), operator, Kind.EMAIL, after=cursor)


async def test_a_cursor_of_another_operator_is_refused() -> None:
    office = await busy_office()
    entries, _ = await feed(office)
    bob = Operator("bob", "bob@contoso.example", "0" * 16, email_sync=True)
    with pytest.raises(Invalid, match="cursor-invalid: it belongs to another list"):
        await changes(office.world(), bob, Kind.EMAIL, after=entries[0]["cursor"])


async def test_whenever_the_worker_dies_list_and_feed_agree_and_the_feed_only_grows() -> None:
    """At every step of a sync of more than one transaction: nothing of the unfinished page is shown."""
    at, blown = 0, True
    while blown:
        at += 7
        office = Office()
        for number in range(120):
            office.deliver(age=timedelta(minutes=number))
        await office.open()
        fuse = Fuse(at)
        try:
            await office.sync(fuse.worker(office.world()))
        except Crash:
            entries, cursor = await feed(office)
            listed = {item["item_id"] for item in await items(office)}
            assert {entry["item_id"] for entry in entries} == listed
            assert all(entry["item"] for entry in entries)
            office.now += timedelta(minutes=5)
            await office.settle()
            later, _ = await feed(office, after=cursor)
            assert told(entries) + told(later) == await office.feed()
        blown = fuse.blown
    assert at > 7

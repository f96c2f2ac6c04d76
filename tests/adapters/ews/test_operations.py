"""Every call of the port against the simulator, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from devtools.exchange_simulator import ExchangeSimulator, Fault
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.errors import Permanent, Reconfigure, Resync
from shared.model.email import AttachmentKind, Email, Participant
from shared.model.exchange import ItemFailure, Resolved
from tests.adapters.ews.world import ALICE, BOB, exchange_at

NOW = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
MAIL = """\
Message-ID: <m{number}@customer.example>
In-Reply-To: <q@contoso.example>
References: <p@contoso.example> <q@contoso.example>
From: Bob Baker <bob@customer.example>
To: Alice <alice@contoso.example>, Charlie <charlie@contoso.example>
Cc: dora@contoso.example
Subject: Offer {number}
Date: Fri, 20 Nov 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8

<html><body><p>Dear Alice,</p><p>100 &euro;</p></body></html>
--b
Content-Type: application/pdf; name=offer.pdf
Content-Disposition: attachment; filename=offer.pdf
Content-Transfer-Encoding: base64

SGVsbG8sIFdvcmxkIQ==
--b
Content-Type: message/rfc822

From: dora@contoso.example
Subject: inner

inner text
--b--
"""

NEVER = datetime.min.replace(tzinfo=UTC)


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[ExchangeSimulator]:
    async with ExchangeSimulator(mailboxes=[ALICE.address, BOB.address]) as running:
        yield running


@pytest_asyncio.fixture
async def exchange(simulator: ExchangeSimulator) -> AsyncIterator[EwsExchange]:
    async with exchange_at(Connection("default", simulator.url, batch_size=3)) as adapter:
        yield adapter


def deliver(simulator: ExchangeSimulator, number: int, *, hours_ago: int = 0) -> str:
    raw = MAIL.format(number=number).replace("\n", "\r\n").encode()
    return simulator.deliver(ALICE.address, raw, received=NOW - timedelta(hours=hours_ago))


async def test_folders_by_name_leave_out_what_is_not_there(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    found = await exchange.distinguished_folders(ALICE, ["inbox", "archivemsgfolderroot", "sentitems"])
    assert list(found) == ["inbox", "sentitems"]
    assert found["inbox"].id == simulator.folder_id(ALICE.address, "inbox")
    assert found["sentitems"].distinguished == "sentitems"


async def test_all_folders_and_their_changes(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    before = await exchange.sync_folder_hierarchy(ALICE, None)
    customers = simulator.add_folder(ALICE.address, "Customers & Co", parent="inbox")
    simulator.delete_folder(ALICE.address, simulator.add_folder(ALICE.address, "Gone"))
    since = await exchange.sync_folder_hierarchy(ALICE, before.state)
    folders = {folder.id: folder for folder in await exchange.find_folders(ALICE)}
    assert {folder.id for folder in before.changed} < folders.keys()
    assert [folder for folder in since.changed if folder.id == customers] == [folders[customers]]
    assert folders[customers].name == "Customers & Co"
    assert folders[customers].parent_id == simulator.folder_id(ALICE.address, "inbox")


async def test_items_of_a_window_come_newest_first_in_pages(
    simulator: ExchangeSimulator, exchange: EwsExchange
) -> None:
    ids = [deliver(simulator, number, hours_ago=number) for number in range(6)]
    inbox = simulator.folder_id(ALICE.address, "inbox")
    first = await exchange.find_items(ALICE, inbox, since=NOW - timedelta(hours=4), until=NOW, limit=3)
    rest = await exchange.find_items(
        ALICE, inbox, since=NOW - timedelta(hours=4), until=NOW, offset=first.next_offset, limit=3
    )
    assert [stub.id for stub in (*first.items, *rest.items)] == ids[:5]
    assert (first.is_last, rest.is_last, first.total) == (False, True, 5)
    assert first.items[0].received == NOW
    assert first.items[0].is_read is False
    assert first.items[0].size > 0


async def test_a_folder_is_drained_and_then_told_apart(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    ids = {deliver(simulator, number) for number in range(5)}
    inbox = simulator.folder_id(ALICE.address, "inbox")
    first = await exchange.sync_folder_items(ALICE, inbox, None, limit=3)
    second = await exchange.sync_folder_items(ALICE, inbox, first.state, limit=3)
    assert (first.is_last, second.is_last) == (False, True)
    assert {stub.id for stub in (*first.created, *second.created)} == ids
    read, deleted, *_ = ids
    simulator.flag(ALICE.address, read, read=True)
    simulator.delete(ALICE.address, deleted)
    third = await exchange.sync_folder_items(ALICE, inbox, second.state, limit=512)
    assert deleted in third.deleted
    assert [(stub.id, flag) for stub, flag in third.read] == [(read, True)]


async def test_a_void_state_and_a_lost_folder_ask_for_a_resync(
    simulator: ExchangeSimulator, exchange: EwsExchange
) -> None:
    inbox = simulator.folder_id(ALICE.address, "inbox")
    lost = simulator.add_folder(ALICE.address, "Lost")
    simulator.delete_folder(ALICE.address, lost)
    with pytest.raises(Resync, match="sync-state-invalid"):
        await exchange.sync_folder_items(ALICE, inbox, "bm9uc2Vuc2U=", limit=10)
    with pytest.raises(Resync, match="folder-gone"):
        await exchange.sync_folder_items(ALICE, lost, None, limit=10)


async def test_a_full_email(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    (email,) = await exchange.get_emails(ALICE, [deliver(simulator, 1)])
    assert isinstance(email, Email)
    assert email.folder_id == simulator.folder_id(ALICE.address, "inbox")
    assert (email.subject, email.item_class, email.internet_message_id) == (
        "Offer 1",
        "IPM.Note",
        "<m1@customer.example>",
    )
    assert (email.in_reply_to, email.references.split()[0]) == ("<q@contoso.example>", "<p@contoso.example>")
    assert email.from_ == email.sender == Participant("Bob Baker", "bob@customer.example")
    assert [who.address for who in (*email.to, *email.cc)] == [
        "alice@contoso.example",
        "charlie@contoso.example",
        "dora@contoso.example",
    ]
    assert email.received == NOW
    assert email.html is not None and "<p>Dear Alice,</p>" in email.html
    assert email.text is not None and "100 €" in email.text
    assert (email.attachments[0].name, email.attachments[0].kind) == ("offer.pdf", AttachmentKind.FILE)
    assert email.attachments[1].kind is AttachmentKind.ITEM
    assert email.search_key and email.conversation_id and email.change_key and email.has_attachments


async def test_emails_come_in_batches_and_in_their_places(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    ids = [deliver(simulator, number) for number in range(7)]
    simulator.delete(ALICE.address, ids[4])
    emails = await exchange.get_emails(ALICE, ids)
    assert [each.id for each in emails] == ids
    assert isinstance(emails[4], ItemFailure)
    assert emails[4].gone
    assert exchange.counts["GetItem"] == 3


async def test_what_a_batch_did_not_get_round_to_is_asked_again(
    simulator: ExchangeSimulator, exchange: EwsExchange
) -> None:
    ids = [deliver(simulator, number) for number in range(3)]
    simulator.inject(Fault("batch_stopped", after=1, count=2))
    assert [each.id for each in await exchange.get_emails(ALICE, ids)] == ids
    assert exchange.counts["GetItem"] == 3


async def test_an_email_whose_body_cannot_be_read_comes_without_it(
    simulator: ExchangeSimulator, exchange: EwsExchange
) -> None:
    ids = [deliver(simulator, number) for number in range(3)]
    simulator.inject(Fault("item_error", code="ErrorItemCorrupt", item=ids[1], operation="GetItem", count=1))
    first, mended, last = await exchange.get_emails(ALICE, ids)
    assert isinstance(mended, Email)
    assert (mended.id, mended.subject, mended.text, mended.html) == (ids[1], "Offer 1", None, None)
    assert isinstance(first, Email) and first.html and isinstance(last, Email) and last.html


async def test_an_email_that_cannot_be_had_at_all_is_a_failure_in_its_place(
    simulator: ExchangeSimulator, exchange: EwsExchange
) -> None:
    ids = [deliver(simulator, number) for number in range(3)]
    simulator.inject(Fault("item_error", code="ErrorItemCorrupt", item=ids[1], count=None))
    simulator.inject(Fault("item_error", code="ErrorInternalServerTransientError", item=ids[2], count=None))
    email, corrupt, passing = await exchange.get_emails(ALICE, ids)
    assert isinstance(email, Email) and isinstance(corrupt, ItemFailure) and isinstance(passing, ItemFailure)
    assert (corrupt.id, corrupt.code, corrupt.transient, corrupt.gone) == (ids[1], "item-corrupt", False, False)
    assert (passing.code, passing.transient) == ("exchange-unavailable", True)


async def test_only_items_that_are_not_found_are_gone(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    kept, deleted, refused = (deliver(simulator, number) for number in range(3))
    simulator.delete(ALICE.address, deleted)
    simulator.inject(Fault("item_error", code="ErrorAccessDenied", item=refused))
    assert await exchange.existing(ALICE, [kept, deleted, refused]) == {kept, refused}
    assert await exchange.existing(ALICE, []) == set()


async def test_items_are_located_by_search_key_and_by_message_id(
    simulator: ExchangeSimulator, exchange: EwsExchange
) -> None:
    ids = [deliver(simulator, number) for number in range(3)]
    inbox, sent = (simulator.folder_id(ALICE.address, name) for name in ("inbox", "sentitems"))
    email = (await exchange.get_emails(ALICE, ids[:1]))[0]
    assert isinstance(email, Email)
    many = [f"<unknown{number}@contoso.example>" for number in range(50)]
    located = await exchange.locate(
        ALICE, [inbox, sent], search_keys=[email.search_key] * 50, message_ids=[*many, "<m2@customer.example>"]
    )
    assert {item.id for item in located} == {ids[0], ids[2]}
    assert {item.folder_id for item in located} == {inbox}
    assert (located[0].search_key, located[0].internet_message_id) == (email.search_key, "<m0@customer.example>")
    assert await exchange.locate(ALICE, [inbox], search_keys=[], message_ids=[]) == ()


async def test_the_newest_items_of_a_subject_are_found_in_several_folders(
    simulator: ExchangeSimulator, exchange: EwsExchange
) -> None:
    ids = [deliver(simulator, number) for number in range(12)]
    inbox, sent, drafts = (simulator.folder_id(ALICE.address, name) for name in ("inbox", "sentitems", "drafts"))
    moved = simulator.move(ALICE.address, ids[3], "sentitems")

    async def found(subject: str, *, whole: bool = False, limit: int = 20) -> list[str]:
        located = await exchange.find_by_subject(ALICE, [inbox, sent, drafts], subject, whole=whole, limit=limit)
        assert list(located) == sorted(located, key=lambda item: item.received or NEVER, reverse=True)
        assert {item.folder_id for item in located if item.id != moved} <= {inbox}
        return [item.id for item in located]

    assert set(await found("oFFER 1")) == {ids[1], ids[10], ids[11]}
    assert await found("offer 1", whole=True) == [ids[1]]
    assert await found("Offer 3", whole=True) == [moved]
    assert len(await found("Offer", limit=5)) == 5
    assert await found("R&D <1>") == []
    assert await exchange.find_by_subject(ALICE, [], "Offer", whole=False, limit=5) == ()


async def test_without_bodies_neither_text_nor_html_is_read(
    simulator: ExchangeSimulator, exchange: EwsExchange
) -> None:
    item_id = deliver(simulator, 1)
    (whole,) = await exchange.get_emails(ALICE, [item_id])
    (headers,) = await exchange.get_emails(ALICE, [item_id], bodies=False)
    assert isinstance(whole, Email)
    assert whole.text or whole.html
    assert headers == replace(whole, text=None, html=None)


async def test_attachments_and_mime_are_streams(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    item_id = deliver(simulator, 1)
    (email,) = await exchange.get_emails(ALICE, [item_id])
    assert isinstance(email, Email)
    file, item = email.attachments
    assert b"".join([block async for block in exchange.attachment(ALICE, file.id)]) == b"Hello, World!"
    assert b"Subject: inner" in b"".join([block async for block in exchange.attachment(ALICE, item.id)])
    assert b"Subject: Offer 1" in b"".join([block async for block in exchange.mime(ALICE, item_id)])
    simulator.delete(ALICE.address, item_id)
    with pytest.raises(Permanent, match="item-gone"):
        await anext(exchange.mime(ALICE, item_id))


async def test_a_stream_may_be_left_early(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    item_id = deliver(simulator, 1)
    stream = exchange.mime(ALICE, item_id)
    assert await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    assert await exchange.existing(ALICE, [item_id]) == {item_id}


async def test_a_subscription_is_had(simulator: ExchangeSimulator, exchange: EwsExchange) -> None:
    inbox = simulator.folder_id(ALICE.address, "inbox")
    subscribed = await exchange.subscribe(ALICE, [inbox], url="http://127.0.0.1:9/nobody", frequency_minutes=30)
    assert subscribed.id
    assert subscribed.watermark


async def test_an_address_is_looked_up_in_the_directory(exchange: EwsExchange) -> None:
    assert await exchange.resolve(ALICE, BOB.address) == (Resolved(BOB.address, "Bob", "Mailbox"),)
    assert await exchange.resolve(ALICE, "nobody@contoso.example") == ()


async def test_a_connection_that_is_not_there_is_named(exchange: EwsExchange) -> None:
    with pytest.raises(Reconfigure, match="connection-unknown"):
        await exchange.find_folders(type(ALICE)(ALICE.address, "elsewhere"))


async def test_mailboxes_do_not_wait_for_one_another(simulator: ExchangeSimulator) -> None:
    simulator.inject(Fault("slow", mailbox=ALICE.address, delay_ms=60_000, count=None))
    async with exchange_at(Connection("default", simulator.url)) as exchange:
        await exchange.find_folders(BOB)
        waiting = [asyncio.create_task(exchange.find_folders(ALICE)) for _ in range(8)]
        try:
            assert await asyncio.wait_for(exchange.find_folders(BOB), 20)
        finally:
            for task in waiting:
                task.cancel()
            assert all(
                isinstance(end, asyncio.CancelledError)
                for end in await asyncio.gather(*waiting, return_exceptions=True)
            )
        simulator.clear_faults()
        assert await exchange.find_folders(ALICE)

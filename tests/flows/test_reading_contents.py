"""Attachments and MIME: from storage where they are, else from Exchange as a stream, and only while that is allowed."""

from dataclasses import replace

import pytest

from shared.errors import Invalid, Permanent
from shared.flows.content import Content, Elsewhere, attachment_content, media_type, mime_content, read_slice
from shared.flows.operators import get_operator, remove_operator
from shared.flows.reading import list_items
from shared.model.email import AttachmentKind
from shared.model.operator import Kind, Operator
from tests.flows.office import Office, attachment

MIB = 2**20


async def office_with_files() -> tuple[Office, Operator, str]:
    """A mail with a small file, one too large to be stored, an embedded mail and a link to the cloud."""
    office = Office()
    cloud = replace(
        attachment("plan.docx", 10), kind=AttachmentKind.REFERENCE, url="https://files.contoso.example/plan"
    )
    embedded = replace(attachment("Fwd: offer", 3), kind=AttachmentKind.ITEM)
    files = (attachment("a.pdf", 5), attachment("huge.iso", 40 * MIB), embedded, cloud)
    office.deliver(attachments=files, contents=(b"12345", b"H" * 100, b"RFC", b""))
    await office.open()
    await office.settle()
    operator = await get_operator(office.rows, "alice")
    page = await list_items(office.world(), operator, Kind.EMAIL)
    return office, operator, page.items[0]["item_id"]


async def text_of(office: Office, content: Content | Elsewhere) -> bytes:
    assert isinstance(content, Content)
    return await read_slice(office.world(), content, 0, content.size)


async def test_a_stored_attachment_comes_from_storage() -> None:
    office, operator, item_id = await office_with_files()
    office.exchange.counts.clear()
    content = await attachment_content(office.world(), operator, Kind.EMAIL, item_id, 0)
    assert isinstance(content, Content)
    assert (content.file_name, content.size) == ("a.pdf", 5)
    assert await text_of(office, content) == b"12345"
    assert not office.exchange.counts


async def test_one_that_was_not_stored_is_fetched_once_and_kept_for_a_while() -> None:
    office, operator, item_id = await office_with_files()
    office.exchange.counts.clear()
    for _ in range(3):
        content = await attachment_content(office.world(), operator, Kind.EMAIL, item_id, 1)
        assert await text_of(office, content) == b"H" * 100
    assert office.exchange.counts == {"attachment": 1}


async def test_an_embedded_item_is_a_message() -> None:
    office, operator, item_id = await office_with_files()
    content = await attachment_content(office.world(), operator, Kind.EMAIL, item_id, 2)
    assert isinstance(content, Content)
    assert (content.file_name, content.content_type) == ("Fwd: offer.eml", "message/rfc822")


async def test_a_link_to_the_cloud_is_answered_with_its_url() -> None:
    office, operator, item_id = await office_with_files()
    content = await attachment_content(office.world(), operator, Kind.EMAIL, item_id, 3)
    assert content == Elsewhere("plan.docx", "https://files.contoso.example/plan")


@pytest.mark.parametrize("n", [-1, 4])
async def test_an_attachment_that_is_not_there_is_unknown(n: int) -> None:
    office, operator, item_id = await office_with_files()
    with pytest.raises(Invalid, match="attachment-unknown"):
        await attachment_content(office.world(), operator, Kind.EMAIL, item_id, n)


async def test_mime_comes_from_exchange_and_anew_once_the_mail_has_changed() -> None:
    office, operator, item_id = await office_with_files()
    office.exchange.counts.clear()
    content = await mime_content(office.world(), operator, Kind.EMAIL, item_id)
    assert (await text_of(office, content)).startswith(b"Message-ID: <1@fabrikam.example>")
    (exchange_id,) = office.box.items
    office.box.edit(exchange_id, lambda email: replace(email, subject="edited"))
    await office.settle()
    content = await mime_content(office.world(), operator, Kind.EMAIL, item_id)
    assert b"Subject: edited" in await text_of(office, content)
    assert office.exchange.counts["mime"] == 2


async def test_mime_of_a_mail_that_is_gone_is_gone() -> None:
    office, operator, item_id = await office_with_files()
    (exchange_id,) = office.box.items
    office.box.delete(exchange_id, for_good=True)
    with pytest.raises(Permanent, match="item-gone"):
        await mime_content(office.world(), operator, Kind.EMAIL, item_id)


async def test_once_switched_off_only_what_is_stored_is_read() -> None:
    office, _, item_id = await office_with_files()
    await remove_operator(office.world(), "alice")
    operator = await get_operator(office.rows, "alice", removed=True)
    office.exchange.counts.clear()
    assert await attachment_content(office.world(), operator, Kind.EMAIL, item_id, 0)
    with pytest.raises(Invalid, match="kind-off"):
        await attachment_content(office.world(), operator, Kind.EMAIL, item_id, 1)
    with pytest.raises(Invalid, match="kind-off"):
        await mime_content(office.world(), operator, Kind.EMAIL, item_id)
    assert not office.exchange.counts


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        ("Text/HTML; charset=utf-8", "text/html"),
        ("application/pdf", "application/pdf"),
        ("", "application/octet-stream"),
        ("text/html\r\nSet-Cookie: a=b", "application/octet-stream"),
        ("pdf", "application/octet-stream"),
    ],
)
def test_a_content_type_is_one_or_none(given: str, answered: str) -> None:
    assert media_type(given) == answered

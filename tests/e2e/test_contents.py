"""What is in a mail: attachments out and back, its MIME, and private mail, whose body is not even read."""

from email.message import EmailMessage, MIMEPart
from hashlib import sha256

import pytest

from devtools.exchange_simulator.generated import large_blocks
from devtools.stack import Refused
from tests.e2e.conftest import Configured
from tests.e2e.office import Person, message

PDF = bytes(range(256)) * 300
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
STORY = "".join(f"{sha256(str(number).encode()).hexdigest()}\n" for number in range(1200))
"""Longer than a table's property may be, also when it is compressed."""


def with_attachments() -> EmailMessage:
    """A file, an image inside the HTML, and another mail."""
    mail = message("Everything attached")
    mail.add_alternative('<p><img src="cid:logo"></p>', subtype="html")
    html = mail.get_body(("html",))
    assert isinstance(html, MIMEPart)
    html.add_related(PIXEL, maintype="image", subtype="png", cid="<logo>", filename="logo.png")
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="Angebot für Zoë.pdf")
    mail.add_attachment(message("The inner one", text="Inside."))
    return mail


async def test_attachments_come_back_the_same_to_the_byte_inline_too(alice: Person) -> None:
    await alice.switch_on()
    alice.gets_raw(with_attachments().as_bytes())
    (email,) = await alice.until_subjects("Everything attached")

    files = {file["name"]: file for file in email["attachments"]}
    assert set(files) == {"logo.png", "Angebot für Zoë.pdf", "The inner one"}
    assert {name: (file["kind"], file["is_inline"], file["stored"]) for name, file in files.items()} == {
        "logo.png": ("file", True, True),
        "Angebot für Zoë.pdf": ("file", False, True),
        "The inner one": ("item", False, True),
    }
    assert files["logo.png"]["content_id"] == "logo"
    assert await alice.attachment(email, files["logo.png"]) == PIXEL
    assert await alice.attachment(email, files["Angebot für Zoë.pdf"]) == PDF
    assert b"Subject: The inner one" in await alice.attachment(email, files["The inner one"])


async def test_a_long_body_is_whole(alice: Person) -> None:
    await alice.switch_on()
    alice.gets("The whole story", text=STORY)

    (email,) = await alice.until_subjects("The whole story")

    assert email["text"].replace("\r\n", "\n") == STORY


async def test_an_attachment_is_answered_so_that_no_browser_runs_it(alice: Person) -> None:
    mail = message("Look at this")
    mail.add_attachment("<script>alert(1)</script>", subtype="html", filename="evil.html")
    alice.gets_raw(mail.as_bytes())
    await alice.switch_on()
    (email,) = await alice.until_subjects("Look at this")

    answer = await alice.application.ask("GET", f"/operators/{alice.operator}/emails/{email['item_id']}/attachments/0")

    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_large_attachment_is_answered_by_a_link_to_storage(alice: Person) -> None:
    size = 12_000_001
    await alice.switch_on()
    alice.exchange.deliver_large(alice.mailbox, size)
    (email,) = await alice.until_subjects("A large attachment")
    path = f"/operators/{alice.operator}/emails/{email['item_id']}/attachments/0"

    answer = await alice.application.ask("GET", path)
    assert answer.status_code == 302

    assert await alice.attachment(email, email["attachments"][0]) == b"".join(large_blocks(size))


async def test_an_attachment_over_the_limit_is_listed_and_fetched_when_asked_for(
    alice: Person, configured: Configured
) -> None:
    size = 1_500_000
    async with configured(attachments={"max_mb": 1}):
        await alice.switch_on()
        alice.exchange.deliver_large(alice.mailbox, size)
        (email,) = await alice.until_subjects("A large attachment")
    (file,) = email["attachments"]
    assert (file["stored"], file["failure"]) == (False, "attachment-too-large")
    before = alice.asked("GetAttachment")

    content = await alice.attachment(email, file)

    assert content == b"".join(large_blocks(size))
    assert alice.asked("GetAttachment") == before + 1
    part = await alice.application.ask(
        "GET",
        f"/operators/{alice.operator}/emails/{email['item_id']}/attachments/0",
        headers={"Range": "bytes=1000-1999"},
    )
    assert (part.status_code, part.content) == (206, content[1000:2000])
    assert alice.asked("GetAttachment") == before + 1


async def test_mime_is_what_exchange_has_and_410_once_the_mail_is_gone(alice: Person, configured: Configured) -> None:
    raw = with_attachments().as_bytes()
    item = alice.gets_raw(raw)
    deleted = alice.gets("to be deleted")
    await alice.switch_on()
    emails = await alice.until_subjects("Everything attached", "to be deleted")

    assert await alice.application.mime(alice.operator, emails[0]["item_id"]) == raw

    alice.exchange.delete(alice.mailbox, deleted, how="hard")
    alice.exchange.delete(alice.mailbox, item, how="hard")
    with pytest.raises(Refused) as refused:
        await alice.application.mime(alice.operator, emails[1]["item_id"])
    assert (refused.value.status, refused.value.code) == (410, "item-gone")


async def test_private_mail_is_skipped_before_its_body_is_read(alice: Person) -> None:
    alice.gets("in the window, private", sensitivity="Private")
    alice.gets("in the window, confidential", sensitivity="Company-Confidential")
    await alice.switch_on()
    alice.gets("pushed, private", sensitivity="Private")
    alice.gets("wakes the sync")

    await alice.until_subjects("wakes the sync")

    assert alice.asked("GetItem") == 1


async def test_mail_that_becomes_private_is_taken_out_of_the_application(alice: Person) -> None:
    item = alice.gets("not for the CRM after all")
    await alice.switch_on()
    (email,) = await alice.until_subjects("not for the CRM after all")

    alice.exchange.flag(alice.mailbox, item, sensitivity="Private")

    await alice.until_emails(lambda emails: not emails, "taken out")
    assert await alice.changes(email["item_id"]) == ["created", "deleted"]


async def test_signed_mail_bounces_and_meeting_requests_are_marked(alice: Person) -> None:
    for subject, item_class in (
        ("signed", "IPM.Note.SMIME.MultipartSigned"),
        ("encrypted", "IPM.Note.SMIME"),
        ("bounce", "REPORT.IPM.Note.NDR"),
        ("meeting_request", "IPM.Schedule.Meeting.Request"),
    ):
        alice.exchange.deliver(alice.mailbox, message(subject).as_bytes(), item_class=item_class)
    await alice.switch_on()

    emails = await alice.until_subjects("signed", "encrypted", "bounce", "meeting_request")

    assert [email["type"] for email in emails] == ["signed", "encrypted", "non_delivery_report", "meeting_request"]
    assert all(email["from"]["address"] == "dana@customer.example" for email in emails)

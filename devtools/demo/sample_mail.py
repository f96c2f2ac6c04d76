"""A small set of mail as a customer's would be: every sort that the application treats in its own way."""

from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime, make_msgid

CUSTOMER = "Dana Kowalska <dana@customer.example>"
ALICE, BOB, CHARLIE = "alice@contoso.example", "bob@contoso.example", "charlie@contoso.example"
DAMAGED = "Delivery note 4711 (damaged)"
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 160 + b"\n%%EOF\n"
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf50"
    "0f0003860180549b8d3f0000000049454e44ae426082"
)
_MEETING = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//customer.example//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:kick-off@customer.example
DTSTAMP:{at:%Y%m%dT%H%M%SZ}
DTSTART:{at:%Y%m%dT%H%M%SZ}
DTEND:{at:%Y%m%dT%H%M%SZ}
SUMMARY:Kick-off
LOCATION:Room 4
ORGANIZER:mailto:dana@customer.example
ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:alice@contoso.example
END:VEVENT
END:VCALENDAR
"""
_BOUNCE = """\
From: Mail Delivery <postmaster@contoso.example>
To: {alice}
Subject: Undeliverable: Your invoice
Date: {date}
Message-ID: {id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=report

--report
Content-Type: text/plain

Your message to nobody@customer.example could not be delivered.
--report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.contoso.example

Final-Recipient: rfc822; nobody@customer.example
Action: failed
Status: 5.1.1
--report--
"""


def for_alice(at: datetime) -> Iterator[bytes]:
    """One message of every sort; `at` is when they were written."""
    yield _plain(
        CUSTOMER, ALICE, "Your offer of Tuesday", "Dear Alice,\n\nwe like it. When can you start?\n\nDana\n", at
    )
    yield _with_attachment("Contract, signed", at)
    yield _html(at)
    yield _meeting_request(at)
    private = _message(CUSTOMER, ALICE, "About my health", at)
    private["Sensitivity"] = "Private"
    private.set_content("Only for you.\n")
    yield private.as_bytes()
    yield _bounce(at)
    yield _plain(
        "=?utf-8?q?Zo=C3=AB_M=C3=BCller?= <zoe@customer.example>", ALICE, "Grüße aus Zürich ✓", "Bis bald!\n", at
    )


def for_bob(at: datetime) -> Iterator[bytes]:
    """A conversation of three, and one message that Exchange itself cannot read."""
    for number, subject in enumerate(("Invoice 2001", "Re: Invoice 2001", "Re: Re: Invoice 2001")):
        yield _plain(CUSTOMER, BOB, subject, f"Part {number + 1} of the conversation.\n", at)
    yield _plain(CUSTOMER, BOB, DAMAGED, "Exchange answers ErrorCorruptData for this one.\n", at)


def for_charlie(at: datetime) -> Iterator[bytes]:
    """Nobody may see these: Charlie is not switched on."""
    yield _plain(CUSTOMER, CHARLIE, "For Charlie's eyes only", "This must not leave Exchange.\n", at)


def new_message(at: datetime) -> bytes:
    """What arrives while the application is looking."""
    return _with_attachment("Purchase order 815", at)


def _message(author: str, recipient: str, subject: str, at: datetime) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = author, recipient, subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain="customer.example")
    return message


def _plain(author: str, recipient: str, subject: str, text: str, at: datetime) -> bytes:
    message = _message(author, recipient, subject, at)
    message.set_content(text)
    return message.as_bytes()


def _with_attachment(subject: str, at: datetime) -> bytes:
    message = _message(CUSTOMER, ALICE, subject, at)
    message.set_content("Please find it attached.\n")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename=f"{subject}.pdf")
    return message.as_bytes()


def _html(at: datetime) -> bytes:
    message = _message(CUSTOMER, ALICE, "Our new logo", at)
    message.set_content("Our new logo: see the HTML.\n")
    message.add_alternative('<h1>Our new logo</h1><p><img src="cid:logo"></p>', subtype="html")
    html = message.get_body(("html",))
    assert isinstance(html, MIMEPart)
    html.add_related(_PIXEL, maintype="image", subtype="png", cid="<logo>", filename="logo.png")
    return message.as_bytes()


def _meeting_request(at: datetime) -> bytes:
    message = _message(CUSTOMER, ALICE, "Kick-off", at)
    message.set_content("Shall we meet?\n")
    message.add_alternative(_MEETING.format(at=at), subtype="calendar", params={"method": "REQUEST"})
    return message.as_bytes()


def _bounce(at: datetime) -> bytes:
    return _BOUNCE.format(alice=ALICE, date=format_datetime(at), id=make_msgid(domain="contoso.example")).encode()

"""Facts to RFC 5322 bytes: the MIME form of an item that was written property by property (PROTOCOL 9).

The opposite of parsing.py: reading what is composed gives the same facts, but for what mail cannot carry.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from devtools.exchange_simulator.mail import Address, Attachment, MailFacts

# Long lines, because the standard library breaks long message ids into encoded words.
_POLICY = policy.SMTP.clone(max_line_length=900)
_SENSITIVITY = {"Personal": "Personal", "Private": "Private", "Confidential": "Company-Confidential"}
_KIND = re.compile(r"[\w.+-]+/[\w.+-]+")


def compose(facts: MailFacts, more: Iterable[tuple[str, str]] = ()) -> bytes:
    """Write a message; `more` are header fields that the facts do not hold."""
    message = EmailMessage(policy=_POLICY)
    for name, value in [*_fields(facts), *more]:
        if value and name not in message:
            message[name] = re.sub(r"[\x00-\x1f\ud800-\udfff]+", " ", value)
    _bodies(message, facts)
    for one in facts.attachments:
        _attach(message, one)
    return message.as_bytes()


def _fields(facts: MailFacts) -> list[tuple[str, str]]:
    return [
        ("From", _people([facts.from_] if facts.from_ else [])),
        ("Sender", _people([facts.sender] if facts.sender and facts.sender != facts.from_ else [])),
        ("To", _people(facts.to)),
        ("Cc", _people(facts.cc)),
        ("Bcc", _people(facts.bcc)),
        ("Reply-To", _people(facts.reply_to)),
        ("Subject", facts.subject),
        ("Thread-Topic", facts.topic),
        ("Thread-Index", b64encode(facts.thread_index).decode()),
        ("Date", format_datetime(facts.sent) if facts.sent else ""),
        ("Message-ID", facts.message_id),
        ("In-Reply-To", facts.in_reply_to),
        ("References", facts.references),
        ("Importance", "" if facts.importance == "Normal" else facts.importance),
        ("Sensitivity", _SENSITIVITY.get(facts.sensitivity, "")),
        ("Disposition-Notification-To", _people([facts.from_]) if facts.read_receipt and facts.from_ else ""),
        ("Return-Receipt-To", _people([facts.from_]) if facts.delivery_receipt and facts.from_ else ""),
    ]


def _people(people: Sequence[Address]) -> str:
    return ", ".join(formataddr((one.name, one.address)) for one in people if one.address.isascii())


def _bodies(message: EmailMessage, facts: MailFacts) -> None:
    if facts.text is not None or facts.html is None:
        message.set_content(_whole(facts.text or ""))
    if facts.html is not None and facts.text is None:
        message.set_content(_whole(facts.html), subtype="html")
    elif facts.html is not None:
        message.add_alternative(_whole(facts.html), subtype="html")


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _attach(message: EmailMessage, one: Attachment) -> None:
    if one.message is not None:
        inner = message_from_bytes(b"".join(one.message.mime_blocks()), policy=_POLICY)
        message.add_attachment(inner, filename=one.name)
        return
    kind = one.content_type if _KIND.fullmatch(one.content_type) else "application/octet-stream"
    main, _, sub = kind.partition("/")
    if main in ("message", "multipart"):
        main, sub = "application", "octet-stream"
    content = b"".join(one.blocks())
    cid = f"<{one.content_id}>" if one.content_id else None
    html = message.get_body(("html",)) if one.inline and cid else None
    if isinstance(html, EmailMessage):
        html.add_related(content, main, sub, filename=one.name, cid=cid, disposition="inline")
    else:
        message.add_attachment(content, main, sub, filename=one.name, cid=cid)

"""RFC 5322 bytes to the facts that Exchange would keep. Whatever the bytes, there is an answer and no exception.

The tree is parsed by the standard library's tolerant `compat32` policy; header_fields.py reads the fields.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import Message
from functools import partial

from devtools.exchange_simulator import calendar_part
from devtools.exchange_simulator.header_fields import (
    PARSE_ERRORS,
    addresses,
    date,
    decode_bytes,
    decoded,
    message_ids,
    raw_fields,
)
from devtools.exchange_simulator.mail import Address, Attachment, MailFacts, Meeting, StoredContent

_SENSITIVITY = {"personal": "Personal", "private": "Private", "company-confidential": "Confidential"}
_IMPORTANCE = {"high": "High", "low": "Low", "urgent": "High", "non-urgent": "Low", "1": "High", "2": "High"}
_IMPORTANCE |= {"4": "Low", "5": "Low"}
_REPLY = re.compile(r"^\s*((re|fwd?|aw|wg|sv|tr)(\[\d+\])?:\s*)+", re.IGNORECASE)


@dataclass(slots=True)
class _Parts:
    """What a walk through the tree found."""

    text: str | None = None
    html: str | None = None
    meeting: Meeting | None = None
    attachments: list[Attachment] = field(default_factory=list)


def read_message(raw: bytes) -> MailFacts:
    """Read a message. Never raises."""
    try:
        message: Message = message_from_bytes(raw, policy=policy.compat32)
    except PARSE_ERRORS:
        return MailFacts(text=decode_bytes(raw))
    return _facts(message, raw)


def _facts(message: Message, raw: bytes) -> MailFacts:
    fields = raw_fields(message)
    first = {name.lower(): value for name, value in reversed(fields)}
    parts = _Parts()
    _walk(message, parts, related=False)
    parts.attachments = [_placed(one, parts.html) for one in parts.attachments]
    kind = _item_class(message, parts.meeting)
    if kind.startswith("IPM.Note.SMIME"):
        parts.attachments = [_secured(message, raw)]
    subject = decoded(first.get("subject", ""))
    from_ = _first_address(first.get("from", ""))
    return MailFacts(
        subject=subject,
        from_=from_ or _first_address(first.get("sender", "")),
        sender=_first_address(first.get("sender", "")) or from_,
        to=_all_addresses(fields, "to"),
        cc=_all_addresses(fields, "cc"),
        bcc=_all_addresses(fields, "bcc"),
        reply_to=_all_addresses(fields, "reply-to"),
        sent=date(first.get("date", "")),
        message_id=message_ids(first.get("message-id", "")),
        in_reply_to=message_ids(first.get("in-reply-to", "")),
        references=message_ids(first.get("references", "")),
        importance=_importance(first),
        sensitivity=_SENSITIVITY.get(first.get("sensitivity", "").strip().lower(), "Normal"),
        categories=tuple(word.strip() for word in decoded(first.get("keywords", "")).split(",") if word.strip()),
        text=parts.text,
        html=parts.html,
        headers=tuple((name, decoded(value)) for name, value in fields),
        attachments=tuple(parts.attachments),
        item_class=kind,
        topic=decoded(first.get("thread-topic", "")) or _REPLY.sub("", subject),
        thread_index=_thread_index(first.get("thread-index", "")),
        meeting=parts.meeting,
        read_receipt="disposition-notification-to" in first,
        delivery_receipt="return-receipt-to" in first,
    )


def _first_address(value: str) -> Address | None:
    return next(iter(addresses(value)), None)


def _all_addresses(fields: tuple[tuple[str, str], ...], name: str) -> tuple[Address, ...]:
    return tuple(one for key, value in fields if key.lower() == name for one in addresses(value))


def _importance(first: dict[str, str]) -> str:
    words = (first.get(name, "").strip().lower()[:10] for name in ("importance", "priority", "x-priority"))
    return next((_IMPORTANCE[word.split(" ")[0]] for word in words if word.split(" ")[0] in _IMPORTANCE), "Normal")


def _thread_index(value: str) -> bytes:
    try:
        found = b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return found if len(found) >= 22 else b""


def _content_type(part: Message) -> str:
    try:
        return part.get_content_type()
    except PARSE_ERRORS:
        return "text/plain"


def _parameter(part: Message, name: str, header: str = "content-type") -> str:
    try:
        found = part.get_param(name, "", header)
        value = f"{found[2]}" if isinstance(found, tuple) else str(found or "")
        if isinstance(found, tuple) and not value.isascii():
            value = decode_bytes(value.encode("latin-1", "surrogateescape"), found[0] or "")
        return _clean(value)
    except PARSE_ERRORS:
        return ""


def _clean(value: str) -> str:
    if not value.isascii():
        value = decode_bytes(value.encode("utf-8", "surrogateescape"))
    return decoded(re.sub(r"\s*[\r\n]+\s*", "", value).strip())


def _disposition(part: Message) -> str:
    try:
        return (part.get_content_disposition() or "").lower()
    except PARSE_ERRORS:
        return ""


def _file_name(part: Message) -> str:
    plain = Message()  # the same two fields with their 8-bit bytes decoded
    for name in ("Content-Disposition", "Content-Type"):
        plain[name] = _field(part, name.lower())
    try:
        found = plain.get_filename("") or ""
    except PARSE_ERRORS:
        found = ""
    name = _clean(str(found))
    return re.sub(r"[\\/\x00-\x1f]", "_", name)


def _walk(part: Message, parts: _Parts, *, related: bool) -> None:
    kind = _content_type(part)
    if kind.startswith("multipart/") and not part.is_multipart():
        kind = "text/plain"  # its boundary never comes: what is there is text
    if part.is_multipart() and not kind.startswith("message/"):
        children = part.get_payload()
        for child in children if isinstance(children, list) else []:
            if isinstance(child, Message):
                _walk(child, parts, related=related or kind == "multipart/related")
        return
    named = _disposition(part) == "attachment" or bool(_file_name(part))
    if kind == "text/calendar" and parts.meeting is None:
        parts.meeting = calendar_part.meeting_of(_text(part), _parameter(part, "method"))
        if parts.meeting is not None and not named:
            return
    if named or not _take_body(part, kind, parts):
        parts.attachments.append(_attachment(part, kind, len(parts.attachments) + 1, related))


def _take_body(part: Message, kind: str, parts: _Parts) -> bool:
    """Take the first HTML and the first text as the body; whatever else is text is an attachment."""
    if kind == "text/html" and parts.html is None:
        parts.html = _text(part)
    elif (kind == "text/plain" or not kind.startswith(("text/", "message/"))) and parts.text is None:
        if kind != "text/plain":
            return False
        parts.text = _text(part)
    else:
        return False
    return True


def _bytes(part: Message) -> bytes:
    try:
        found = part.get_payload(decode=True)
        return found if isinstance(found, bytes) else b""
    except PARSE_ERRORS:
        payload = part.get_payload()
        return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def _text(part: Message) -> str:
    return decode_bytes(_bytes(part), _parameter(part, "charset"))


def _attachment(part: Message, kind: str, number: int, related: bool) -> Attachment:
    if kind == "message/rfc822" and part.is_multipart():
        return _attached_message(part)
    raw = _inside(part) if part.is_multipart() else _bytes(part)
    content_id = _field(part, "content-id").strip("<>")
    return Attachment(
        name=_file_name(part) or f"ATT{number:05}{_extension(kind)}",
        content_type=kind,
        size=len(raw),
        blocks=partial(once, raw),
        content_id=content_id,
        content_location=_field(part, "content-location"),
        inline=bool(related and content_id and _disposition(part) != "attachment"),
    )


def _attached_message(part: Message) -> Attachment:
    inner = part.get_payload(0)
    raw = _whole(inner) if isinstance(inner, Message) else b""
    content = StoredContent(raw, b"", read_message)
    name = _file_name(part) or content.facts().subject or "Untitled"
    return Attachment(name, "message/rfc822", len(raw), partial(once, raw), message=content)


def _secured(message: Message, raw: bytes) -> Attachment:
    """Signed and encrypted mail has one attachment, smime.p7m, which holds what the client must open."""
    kind = _content_type(message)
    body = raw if message.is_multipart() else _bytes(message)
    return Attachment("smime.p7m", kind, len(body), partial(once, body))


def once(raw: bytes) -> Iterator[bytes]:
    """Give bytes that are there as one block."""
    yield raw


def _field(part: Message, name: str) -> str:
    return next((value for key, value in raw_fields(part) if key.lower() == name), "")


def _whole(part: Message) -> bytes:
    try:
        return part.as_bytes()
    except PARSE_ERRORS:
        return str(part.get_payload()).encode("utf-8", "replace")


def _inside(part: Message) -> bytes:
    """What is in a part that itself consists of parts or fields, as a delivery report does; without its own header."""
    return re.split(rb"\r?\n\r?\n", _whole(part), maxsplit=1)[-1]


def _extension(kind: str) -> str:
    return {"text/plain": ".txt", "text/html": ".htm", "text/calendar": ".ics"}.get(kind, ".bin")


def _placed(one: Attachment, html: str | None) -> Attachment:
    """An attachment is inline when it belongs to the HTML (multipart/related) or the HTML names it."""
    named = bool(html and one.content_id and f"cid:{one.content_id}" in html)
    inline = html is not None and (one.inline or named)
    if inline == one.inline:
        return one
    return Attachment(
        one.name,
        one.content_type,
        one.size,
        one.blocks,
        one.content_id,
        one.content_location,
        inline,
        one.message,
    )


def _item_class(message: Message, meeting: Meeting | None) -> str:
    kind = _content_type(message)
    if kind == "multipart/signed":
        return "IPM.Note.SMIME.MultipartSigned"
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"):
        return "IPM.Note.SMIME"
    if kind == "multipart/report":
        read = _parameter(message, "report-type").lower() == "disposition-notification"
        return "REPORT.IPM.Note.IPNRN" if read else "REPORT.IPM.Note.NDR"
    return calendar_part.item_class(meeting) if meeting else "IPM.Note"

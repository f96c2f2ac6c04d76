"""One email as the CRM sees it: its facts, and how they are written down as a document.

Frozen facts, standard library only. The document (JSON) is what the store keeps and the HTTP interface answers.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class EmailType(StrEnum):
    """What sort of mail the item class says it is; all but `MESSAGE` are marked for the CRM."""

    MESSAGE = "message"
    MEETING_REQUEST = "meeting_request"
    MEETING_RESPONSE = "meeting_response"
    MEETING_CANCELLATION = "meeting_cancellation"
    NON_DELIVERY_REPORT = "non_delivery_report"
    DELIVERY_REPORT = "delivery_report"
    READ_RECEIPT = "read_receipt"
    ENCRYPTED = "encrypted"
    SIGNED = "signed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Participant:
    """A name and an address as Exchange gives them; either may be empty in malformed mail."""

    name: str = ""
    address: str = ""


class AttachmentKind(StrEnum):
    """A file, an embedded Exchange item (given as a message), or a link to a file in the cloud."""

    FILE = "file"
    ITEM = "item"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment's description. `size` is Exchange's, in bytes with overhead; `id` is Exchange's, not for the CRM."""

    id: str
    name: str
    kind: AttachmentKind = AttachmentKind.FILE
    content_type: str = ""
    size: int = 0
    is_inline: bool = False
    content_id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Email:
    """Everything we read of one email. Times are aware UTC. Bodies are None where the mail has none of that sort."""

    id: str
    change_key: str
    folder_id: str
    item_class: str = "IPM.Note"
    subject: str = ""
    sender: Participant | None = None
    from_: Participant | None = None
    to: tuple[Participant, ...] = ()
    cc: tuple[Participant, ...] = ()
    bcc: tuple[Participant, ...] = ()
    reply_to: tuple[Participant, ...] = ()
    received: datetime | None = None
    sent: datetime | None = None
    created: datetime | None = None
    text: str | None = None
    html: str | None = None
    importance: str = "normal"
    sensitivity: str = "normal"
    categories: tuple[str, ...] = ()
    is_read: bool = False
    is_draft: bool = False
    conversation_id: str = ""
    conversation_topic: str = ""
    internet_message_id: str = ""
    in_reply_to: str = ""
    references: str = ""
    has_attachments: bool = False
    attachments: tuple[Attachment, ...] = ()
    size: int = 0
    search_key: str = ""


def email_type(item_class: str) -> EmailType:
    """Mark meeting mail, bounces, reports, encrypted and signed mail by item class. MS-OXCMSG; case is ignored.

    Report classes are `REPORT.<original class>.<NDR|DR|IPNRN|IPNNRN>`.
    """
    name = item_class.upper()
    if name.startswith("REPORT."):
        return _REPORTS.get(name.rsplit(".", 1)[-1], EmailType.DELIVERY_REPORT)
    for prefix, kind in _CLASSES:
        if name == prefix or name.startswith(prefix + "."):
            return kind
    return EmailType.OTHER


_REPORTS = {
    "NDR": EmailType.NON_DELIVERY_REPORT,
    "DR": EmailType.DELIVERY_REPORT,
    "IPNRN": EmailType.READ_RECEIPT,
    "IPNNRN": EmailType.READ_RECEIPT,
}
_CLASSES = (
    ("IPM.NOTE.SMIME.MULTIPARTSIGNED", EmailType.SIGNED),
    ("IPM.NOTE.SMIME", EmailType.ENCRYPTED),
    ("IPM.NOTE.SECURE.SIGN", EmailType.SIGNED),
    ("IPM.NOTE.SECURE", EmailType.ENCRYPTED),
    ("IPM.NOTE", EmailType.MESSAGE),
    ("IPM.SCHEDULE.MEETING.REQUEST", EmailType.MEETING_REQUEST),
    ("IPM.SCHEDULE.MEETING.RESP", EmailType.MEETING_RESPONSE),
    ("IPM.SCHEDULE.MEETING.CANCELED", EmailType.MEETING_CANCELLATION),
)


def timestamp(moment: datetime | None) -> str | None:
    """Write an aware time as RFC 3339 in UTC with `Z`, milliseconds only where there are any."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def email_facts(email: Email) -> dict[str, Any]:
    """The document of an email without its bodies and without what the store keeps beside it (folder, read flag)."""
    return {
        "subject": email.subject,
        "type": email_type(email.item_class).value,
        "item_class": email.item_class,
        "sender": _participant(email.sender),
        "from": _participant(email.from_),
        "to": [_participant(who) for who in email.to],
        "cc": [_participant(who) for who in email.cc],
        "bcc": [_participant(who) for who in email.bcc],
        "reply_to": [_participant(who) for who in email.reply_to],
        "received_at": timestamp(email.received),
        "sent_at": timestamp(email.sent),
        "importance": email.importance,
        "sensitivity": email.sensitivity,
        "categories": list(email.categories),
        "is_draft": email.is_draft,
        "conversation_id": email.conversation_id,
        "conversation_topic": email.conversation_topic,
        "internet_message_id": email.internet_message_id or None,
        "in_reply_to": email.in_reply_to or None,
        "references": email.references.split(),
        "has_attachments": email.has_attachments,
        "size": email.size,
    }


def _participant(who: Participant | None) -> dict[str, str] | None:
    return None if who is None else {"name": who.name, "address": who.address}

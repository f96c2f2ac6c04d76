"""Messages that are made on demand from a few numbers, so that a folder of 100,000 costs little memory.

The same numbers always give the same message. Facts are built directly, not parsed; the MIME says the same.
"""

import hashlib
import random
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import lru_cache, partial
from secrets import token_bytes

from devtools.exchange_simulator.mail import Address, Attachment, MailFacts

_TEXT = """
agreement answer budget call carrier change claim contract customer date delivery demand discount
draft estimate figure forecast harbour invoice ledger margin market meeting number offer order
partner payment plan price project proposal quarter quote region renewal report request review
sample schedule service ship signature status stock supplier target team tender terms update vendor
visit warehouse week & <ok>
"""
_WORDS = tuple(_TEXT.split())
_PEOPLE = ("Ada Novak", "Ben Okafor", "Cleo Marin", "Dan Whitby", "Eve Sato", "Finn Berg", "Gina Rossi", "Hugo Diaz")
_BLOCK = 57 * 1024


@lru_cache(maxsize=64)
def _filler(shuffle: int, size: int) -> str:
    """Give readable text of about `size` characters."""
    source = random.Random(shuffle)
    words: list[str] = []
    length = 0
    while length < size:
        word = source.choice(_WORDS)
        words.append(word + ("\r\n" if length // 72 != (length + len(word) + 1) // 72 else " "))
        length += len(words[-1])
    return "".join(words)[:size]


@dataclass(frozen=True, slots=True)
class GeneratedContent:
    """One of many: `seed` names the batch, `index` the message, `size` its length, `sent` its time in seconds."""

    seed: int
    index: int
    size: int
    sent: int
    recipient: str

    @property
    def search_key(self) -> bytes:
        return hashlib.blake2s(f"{self.seed}/{self.index}".encode(), digest_size=16).digest()

    def facts(self) -> MailFacts:
        return _facts(self)

    def mime_blocks(self) -> Iterator[bytes]:
        yield _mime(self.facts())


@lru_cache(maxsize=1024)
def _facts(content: GeneratedContent) -> MailFacts:
    number = f"{content.seed:x}-{content.index:06}"
    name = _PEOPLE[content.index % len(_PEOPLE)]
    author = Address(name, name.lower().replace(" ", ".") + "@customer.example")
    body = _filler((content.seed + content.index) % 16, max(content.size - 600, 100) * 10 // 21)
    subject = f"{_WORDS[content.index % 40].capitalize()} {content.index} of batch {content.seed}"
    markup = body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r\n", "<br>\r\n")
    sent = datetime.fromtimestamp(content.sent, UTC)
    recipient = Address("", content.recipient)
    return MailFacts(
        subject=subject,
        from_=author,
        sender=author,
        to=(recipient,),
        sent=sent,
        message_id=f"<{number}@generated.example>",
        text=body,
        html=f"<html><body><p>{markup}</p></body></html>",
        headers=(
            ("Received", f"from generator.example by exchange.example; {sent:%a, %d %b %Y %H:%M:%S +0000}"),
            ("From", f"{author.name} <{author.address}>"),
            ("To", recipient.address),
            ("Subject", subject),
            ("Date", f"{sent:%a, %d %b %Y %H:%M:%S +0000}"),
            ("Message-ID", f"<{number}@generated.example>"),
            ("MIME-Version", "1.0"),
            ("Content-Type", 'multipart/alternative; boundary="part"'),
        ),
        topic=subject,
    )


def _mime(facts: MailFacts) -> bytes:
    parts = [f"{name}: {value}\r\n" for name, value in facts.headers]
    for kind, body in (("plain", facts.text), ("html", facts.html)):
        parts.append(f"\r\n--part\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{body}")
    return ("".join(parts) + "\r\n--part--\r\n").encode()


@dataclass(frozen=True, slots=True)
class LargeContent:
    """A message with one attachment of any size, which is never in memory as a whole."""

    subject: str
    author: str
    recipient: str
    attachment_size: int
    search_key: bytes
    sent: datetime

    @property
    def size(self) -> int:
        return self.attachment_size * 4 // 3 + 1000

    def facts(self) -> MailFacts:
        author = Address("", self.author)
        attachment = Attachment(
            "large.bin",
            "application/octet-stream",
            self.attachment_size,
            partial(large_blocks, self.attachment_size),
        )
        return MailFacts(
            subject=self.subject,
            from_=author,
            sender=author,
            to=(Address("", self.recipient),),
            sent=self.sent,
            message_id=f"<{self.search_key.hex()}@large.example>",
            text="See the attachment.",
            attachments=(attachment,),
            topic=self.subject,
        )

    def mime_blocks(self) -> Iterator[bytes]:
        """Give the whole message, its attachment as one long base64 part."""
        facts = self.facts()
        yield (
            f"From: {self.author}\r\nTo: {self.recipient}\r\nSubject: {self.subject}\r\nMessage-ID: {facts.message_id}\r\n"
            f"Date: {self.sent:%a, %d %b %Y %H:%M:%S +0000}\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/mixed; boundary="large"\r\n\r\n--large\r\nContent-Type: text/plain\r\n\r\n'
            f"{facts.text}\r\n--large\r\nContent-Type: application/octet-stream\r\n"
            "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=large.bin\r\n\r\n"
        ).encode()
        for block in large_blocks(self.attachment_size):
            yield b64encode(block)
        yield b"\r\n--large--\r\n"


def large_blocks(size: int) -> Iterator[bytes]:
    """Give `size` bytes in blocks of a multiple of three; block n begins with n, so order and loss show."""
    for number, start in enumerate(range(0, size, _BLOCK)):
        block = number.to_bytes(8) + bytes(range(256)) * (_BLOCK // 256)
        yield block[: min(_BLOCK, size - start)]


def composed(sender: str, to: Sequence[str], subject: str, text: str, at: datetime) -> bytes:
    """Write the plain message that one simulated mailbox sends to others."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
    message["Date"] = at
    message["Message-ID"] = f"<{token_bytes(12).hex()}@{sender.partition('@')[2]}>"
    message.set_content(text)
    return message.as_bytes()

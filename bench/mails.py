"""Mails of about 10 KB as people write them: recipients, a thread, text and HTML, and two attachments or none."""

import random
from datetime import UTC, datetime
from email.message import EmailMessage

_TEXT = """
    agreement answer budget customer delivery discount draft estimate forecast invoice margin market meeting offer
    partner payment price project quarter quote renewal report review sample schedule service supplier team tender
    terms update visit Größe für année
"""
_WORDS = tuple(_TEXT.split())
_PEOPLE = ("Ada Novak", "Ben Okafor", "Cleo Marin", "Dan Whitby", "Eve Sato", "Finn Berg", "Gina Rossi", "Hugo Diaz")


def mail(
    number: int,
    *,
    recipient: str,
    subject: str = "",
    size: int = 10_000,
    attachments: bool = True,
    sent: datetime | None = None,
) -> bytes:
    """One mail as RFC 5322, of about `size` bytes. The same number always gives the same mail, but for `sent`."""
    source = random.Random(number)
    text = _text(source, (size - 2_600) * 2 // 5)
    message = EmailMessage()
    message["From"] = _person(number)
    message["To"] = ", ".join([recipient, _person(number + 1), _person(number + 2)])
    message["Cc"] = ", ".join([_person(number + 3), _person(number + 4)])
    message["Subject"] = subject or f"{source.choice(_WORDS).capitalize()} {number}"
    message["Date"] = sent or datetime.fromtimestamp(1_790_000_000 + number, UTC)
    message["Message-ID"] = f"<{number}@customer.example>"
    message["In-Reply-To"] = f"<{number - 1}@customer.example>"
    message["References"] = " ".join(f"<{number - back}@customer.example>" for back in (3, 2, 1))
    message.set_content(text, cte="8bit")
    message.add_alternative(_html(text), subtype="html", cte="8bit")
    if attachments:
        message.add_attachment(b"%PDF" + bytes(300), maintype="application", subtype="pdf", filename="offer.pdf")
        message.add_attachment(b"PNG" + bytes(300), maintype="image", subtype="png", filename="logo.png")
    return message.as_bytes()


def _person(number: int) -> str:
    name = _PEOPLE[number % len(_PEOPLE)]
    return f"{name} <{name.lower().replace(' ', '.')}@customer.example>"


def _text(source: random.Random, size: int) -> str:
    lines: list[str] = []
    while sum(map(len, lines)) < size:
        lines.append(" ".join(source.choices(_WORDS, k=9)) + "\n")
    return "".join(lines)


def _html(text: str) -> str:
    paragraphs = "".join(f"<p>{line}</p>\n" for line in text.splitlines())
    return f"<html><head><meta charset='utf-8'></head><body>{paragraphs}</body></html>"

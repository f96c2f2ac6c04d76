"""Real mail, much of it malformed: everything is there, and says what the message says, read by Python alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devtools.stack.application import Document
from tests.e2e.office import Office, Person
from tests.e2e.plain_reading import File, Reading, read, same_text

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "mail"
SECURED = ("signed", "encrypted")
"""Exchange shows one attachment, smime.p7m, for mail whose content only the recipient's client can open."""


@dataclass(frozen=True, slots=True)
class Message:
    """One file of the corpus."""

    name: str
    raw: bytes
    received: datetime


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not there")
async def test_every_message_of_the_corpus_is_there_and_says_what_it_says(office: Office, alice: Person) -> None:
    messages = corpus()
    for message in messages:
        office.exchange.deliver(alice.mailbox, message.raw, received=message.received)

    await alice.switch_on()

    failures = await alice.application.failures(alice.operator)
    emails = {
        datetime.fromisoformat(email["received_at"]): email
        for email in await alice.application.emails(alice.operator, with_body=True)
    }
    missing = [message.name for message in messages if message.received not in emails]
    assert len(messages) > 100
    assert len(missing) == len(failures), f"{missing} are missing, {failures} are named"
    disagreements = {
        message.name: differences
        for message in messages
        if message.received in emails
        and (differences := await differences_between(alice, read(message.raw), emails[message.received]))
    }
    assert disagreements == {}
    readings = [read(message.raw) for message in messages]
    for field in ("subject", "author", "to", "cc", "files"):
        understood = sum(getattr(reading, field) is not None for reading in readings)
        assert understood > 0.9 * len(readings), f"Python itself reads {field} of {understood} messages only"


def corpus() -> list[Message]:
    """The messages with times of their own: their own dates are of past decades, and outside of any window."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=20)
    files = enumerate(sorted(CORPUS.glob("*.eml")))
    return [Message(path.name, path.read_bytes(), start + timedelta(seconds=index)) for index, path in files]


async def differences_between(person: Person, said: Reading, email: Document) -> list[str]:
    """Where the application says another thing than the message, as far as Python can read that."""
    author = [email["from"]["address"]] if email["from"] else []
    pairs: list[tuple[str, object, object, Callable[..., bool]]] = [
        ("subject", said.subject, email["subject"], same_text),
        ("from", None if said.author is None else said.author[:1], author, same),
        ("to", said.to, addresses(email["to"]), same),
        ("cc", said.cc, addresses(email["cc"]), same),
        ("text", said.text, email["text"] or "", same_text),
        ("html", said.html, email["html"] or "", same_text),
    ]
    found = [
        f"{what}: {ours!r:.200}, the message says {theirs!r:.200}"
        for what, theirs, ours, agree in pairs
        if theirs is not None and not agree(theirs, ours)
    ]
    if email["type"] in SECURED:
        names = [file["name"] for file in email["attachments"]]
        return found if names == ["smime.p7m"] else [*found, f"a secured mail with {names}"]
    return found if said.files is None else [*found, *await _differences_of_files(person, said.files, email)]


async def _differences_of_files(person: Person, said: list[File], email: Document) -> list[str]:
    held = email["attachments"]
    if len(said) != len(held):
        return [f"{[file['name'] for file in held]} are attached, the message has {[file.name for file in said]}"]
    found = []
    for theirs, ours in zip(said, held, strict=True):
        content = await person.attachment(email, ours)
        if theirs.name not in (None, ours["name"]):
            found.append(f"an attachment is named {ours['name']!r}, in the message {theirs.name!r}")
        if not same_content(theirs, content):
            found.append(f"{ours['name']!r}: {content!r:.200}, in the message {theirs.content!r:.200}")
    return found


def same_content(theirs: File, ours: bytes) -> bool:
    """Whether a content is the same: bytes, what an attached message says, or a report's fields but for white space."""
    if theirs.content_type == "message/rfc822":
        one, other = read(theirs.content), read(ours)
        return (one.subject, one.author, one.to) == (other.subject, other.author, other.to) and same_text(
            one.text or "", other.text or ""
        )
    if theirs.content_type.startswith("message/"):
        return theirs.content.split() == ours.split()
    return theirs.content == ours


def addresses(people: list[Document]) -> list[str]:
    """The addresses of participants."""
    return [person["address"] for person in people]


def same(one: object, other: object) -> bool:
    """Whether two values are equal."""
    return one == other

"""Submission: from an item that a client sends to copies in Inboxes, and what leaves the organisation (PROTOCOL 9)."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_bytes

from devtools.exchange_simulator.composing import compose
from devtools.exchange_simulator.directory import Directory, Outgoing
from devtools.exchange_simulator.items import Overrides
from devtools.exchange_simulator.mail import Address, Content, MailFacts, StoredContent
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.parsing import read_message
from devtools.exchange_simulator.soap import ItemError
from devtools.exchange_simulator.written import WrittenContent, settled

_BCC = re.compile(rb"^bcc:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)
_HEADER_SPACE = "InternetHeaders/"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was submitted: the sender's copy, and what stays set on it."""

    content: Content
    overrides: Overrides


def submit(directory: Directory, sender: Mailbox, content: Content, overrides: Overrides) -> Sent:
    """Deliver to every recipient and give what Sent Items gets. Raises ItemError when nobody or nothing can be sent to.

    Copies share the search key and the Message-ID, as with Exchange; Bcc is only in the sender's copy.
    """
    facts = _addressed(settled(content.facts(), dict(overrides)), sender)
    recipients = _recipients(facts)
    key = content.search_key
    raw = _composed(facts, overrides) if isinstance(content, WrittenContent) else _stamped(content, facts)
    own, others = StoredContent(raw, key, read_message), StoredContent(_without_bcc(raw), key, read_message)
    outside: list[str] = []
    for address in recipients:
        box = directory.get(address)
        if box is None:
            outside.append(address)
        else:
            box.add(others, box.distinguished["inbox"], received=datetime.now(UTC), new_mail=True)
    if outside:
        directory.outgoing.append(Outgoing(sender.address, tuple(outside), others.raw))
    return Sent(own, _kept(overrides, facts))


def _addressed(facts: MailFacts, sender: Mailbox) -> MailFacts:
    """Fill in what the server fills in: author, time and Message-ID. Raises ItemError."""
    author = facts.from_ if facts.from_ and facts.from_.address else Address(sender.name, sender.address)
    own = {one.casefold() for one in (sender.address, *sender.aliases)}
    if author.address.casefold() not in own:
        raise ItemError("ErrorSendAsDenied", "The mailbox has no right to send as that address.")
    sent_as = facts.message_id or f"<{token_bytes(16).hex()}@{sender.address.partition('@')[2]}>"
    named = replace(author, name=author.name or sender.name)
    sent = facts.sent or datetime.now(UTC).replace(microsecond=0)
    return replace(facts, from_=named, sender=named, sent=sent, message_id=sent_as)


def valid_address(address: str) -> bool:
    """Whether mail can be addressed so."""
    return re.fullmatch(r"[^@\s]+@[^@\s]+", address) is not None


def _recipients(facts: MailFacts) -> list[str]:
    everybody = {one.address.casefold(): one.address for one in (*facts.to, *facts.cc, *facts.bcc)}
    if not everybody:
        raise ItemError("ErrorMissingRecipients", "The message has no recipients.")
    if not all(valid_address(one) for one in everybody):
        raise ItemError("ErrorInvalidRecipients", "A recipient has no valid address.")
    return list(everybody.values())


def _composed(facts: MailFacts, overrides: Overrides) -> bytes:
    """Write the message; extended properties of the InternetHeaders set become fields."""
    own = overrides.get("extended", {})
    more = [(key.removeprefix(_HEADER_SPACE), str(own[key])) for key in own if key.startswith(_HEADER_SPACE)]
    kept = {name.lower() for name, _ in more}
    foreign = [(name, value) for name, value in facts.headers if name.lower().startswith("x-")]
    return compose(facts, [*more, *((name, value) for name, value in foreign if name.lower() not in kept)])


def _stamped(content: Content, facts: MailFacts) -> bytes:
    """Take the client's own MIME; fields that it lacks come before it."""
    raw = b"".join(content.mime_blocks())
    there = {name.lower() for name, _ in content.facts().headers}
    wanted = compose(MailFacts(from_=facts.from_, sent=facts.sent, message_id=facts.message_id))
    fields = [line for line in wanted.partition(b"\r\n\r\n")[0].split(b"\r\n") if _is_asked(line, there)]
    return b"".join(line + b"\r\n" for line in fields) + raw


def _is_asked(line: bytes, there: set[str]) -> bool:
    name = line.partition(b":")[0].decode("ascii", "replace").lower()
    return name in ("from", "date", "message-id") and name not in there


def _without_bcc(raw: bytes) -> bytes:
    end = re.search(rb"\r?\n\r?\n", raw)
    place = end.end() if end else len(raw)
    return _BCC.sub(b"", raw[:place]) + raw[place:]


def _kept(overrides: Overrides, facts: MailFacts) -> Overrides:
    """Give what mail cannot carry and the sender's copy keeps."""
    kept = Overrides()
    if facts.categories:
        kept["categories"] = facts.categories
    if overrides.get("extended"):
        kept["extended"] = dict(overrides["extended"])
    if not facts.item_class.upper().startswith(("IPM.NOTE.SMIME", "REPORT.")) and facts.item_class != "IPM.Note":
        kept["item_class"] = facts.item_class
    return kept

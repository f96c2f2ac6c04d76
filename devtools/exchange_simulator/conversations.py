"""Conversation ids and indexes: derived from the thread, so that all of its messages agree."""

import hashlib
from base64 import b64encode
from uuid import UUID

from devtools.exchange_simulator.mail import MailFacts


def _thread(facts: MailFacts) -> bytes:
    """Give 16 bytes that name the thread: the Thread-Index's own, else a hash of the first message or the topic."""
    if facts.thread_index:
        return facts.thread_index[6:22]
    references = f"{facts.references} {facts.in_reply_to} {facts.message_id} {facts.topic}".split()
    return hashlib.md5((references[0] if references else "").encode(), usedforsecurity=False).digest()


def conversation_index(facts: MailFacts) -> bytes:
    """Give PidTagConversationIndex: 22 bytes and five more for each reply."""
    if facts.thread_index:
        return facts.thread_index
    sent = int(facts.sent.timestamp()) if facts.sent and facts.sent.year > 1970 else 0
    return b"\x01" + (sent & 0xFFFFFFFFFF).to_bytes(5) + _thread(facts)


def conversation_id(mailbox: UUID, facts: MailFacts) -> str:
    """Give the ConversationId as EWS writes it."""
    return b64encode(b"\x00\x03\x24" + str(mailbox).encode() + b"\x10\x00" + _thread(facts)).decode()

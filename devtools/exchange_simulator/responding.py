"""ReplyToItem, ReplyAllToItem and ForwardItem: the message that the server makes of the original (PROTOCOL 9)."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from devtools.exchange_simulator.bodies import html_of_text
from devtools.exchange_simulator.conversations import conversation_index
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mail import Address, MailFacts
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import text
from devtools.exchange_simulator.rendering import body_html, body_text
from devtools.exchange_simulator.soap import Element, T
from devtools.exchange_simulator.writable import people_of, truth_of
from devtools.exchange_simulator.written import keyed, settled

RESPONSES = {"ReplyToItem": ("RE: ", 102), "ReplyAllToItem": ("RE: ", 103), "ForwardItem": ("FW: ", 104)}
"""Subject prefix and PidTagLastVerbExecuted (MS-OXOMSG 2.2.1.4) of each response object."""

_PREFIX = re.compile(r"^\s*((re|fwd?|aw|wg)(\[\d+\])?:\s*)+", re.IGNORECASE)


def response(kind: str, element: Element, original: Item, mailbox: Mailbox) -> MailFacts:
    """Give the facts of a response that quotes the original and threads with it."""
    facts = settled(original.facts(), dict(original.set))
    prefix, _ = RESPONSES[kind]
    to, cc = _asked(kind, element, facts, mailbox)
    subject = element.findtext(T + "Subject")
    bare = _PREFIX.sub("", facts.subject)
    references = f"{facts.references or facts.in_reply_to} {facts.message_id}".split()
    draft = MailFacts(
        subject=prefix + bare if subject is None else subject,
        from_=next(iter(_people(element, "From")), None),
        to=to,
        cc=cc,
        bcc=_people(element, "BccRecipients"),
        in_reply_to=facts.message_id,
        references=" ".join(dict.fromkeys(references)),
        topic=facts.topic or bare,
        thread_index=conversation_index(facts) + _now_in_thread(),
        read_receipt=_is_set(element, "IsReadReceiptRequested"),
        delivery_receipt=_is_set(element, "IsDeliveryReceiptRequested"),
        importance=facts.importance,
        sensitivity=facts.sensitivity,
    )
    kept = [one for one in keyed(facts.attachments) if kind == "ForwardItem" or one.inline]
    return replace(_quoting(draft, element.find(T + "NewBodyContent"), facts), attachments=tuple(kept))


def _people(element: Element, name: str) -> tuple[Address, ...]:
    found = element.find(T + name)
    return () if found is None else people_of(found)


def _is_set(element: Element, name: str) -> bool:
    found = element.find(T + name)
    return found is not None and truth_of(found)


def _asked(
    kind: str, element: Element, facts: MailFacts, mailbox: Mailbox
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Give the recipients: those of the request, else those that follow from the original."""
    to, cc = _people(element, "ToRecipients"), _people(element, "CcRecipients")
    if kind == "ForwardItem" or to or cc:
        return to, cc
    author = facts.reply_to or ((facts.from_,) if facts.from_ else ())
    if kind == "ReplyToItem":
        return author, ()
    known = {one.casefold() for one in (mailbox.address, *mailbox.aliases)}
    return _others((*author, *facts.to), known), _others(facts.cc, known)


def _others(people: Iterable[Address], known: set[str]) -> tuple[Address, ...]:
    """Leave out whoever is known already, and know the rest from now on."""
    found = []
    for one in people:
        if one.address.casefold() not in known:
            known.add(one.address.casefold())
            found.append(one)
    return tuple(found)


def _now_in_thread() -> bytes:
    """Give the five bytes that a response adds to the conversation index."""
    return (int(datetime.now(UTC).timestamp()) & 0xFFFFFFFFFF).to_bytes(5)


def _quoting(draft: MailFacts, new: Element | None, original: MailFacts) -> MailFacts:
    """Put the new body above the original with its head, as HTML unless the new body is text."""
    said = "" if new is None else new.text or ""
    author = f"{original.from_.name} <{original.from_.address}>" if original.from_ else ""
    head = [("From", author), ("Sent", f"{original.sent:%d %B %Y %H:%M}" if original.sent else "")]
    head += [("To", "; ".join(one.name or one.address for one in original.to)), ("Subject", original.subject)]
    lines = [f"{name}: {value}" for name, value in head if value]
    if new is not None and new.get("BodyType") == "Text":
        rule = "_" * 32
        return replace(draft, text="\r\n".join([said, "", rule, *lines, "", body_text(original)]))
    quoted = "<br>\r\n".join(text(line) for line in lines)
    inside = body_html(original) if original.html is not None else html_of_text(body_text(original))
    return replace(draft, html=f"{said}\r\n<hr>\r\n<div>{quoted}</div>\r\n<br>\r\n{inside}")

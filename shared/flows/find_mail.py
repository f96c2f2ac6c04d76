"""Find a mail by Message-ID or subject: in every mail folder of the mailbox, and in what the application holds.

In Exchange by a search; nothing but headers is read. In the store by ItemId and time; only what Exchange has no more is
looked for among the newest items, and no further than `_PAGES` pages.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from itertools import batched

from shared.flows.documents import fetch
from shared.flows.email.stored import ITEM, at_times, by_exchange_id, item_key
from shared.flows.email.watch import root_names
from shared.flows.head import TABLE
from shared.flows.side_by_side import side_by_side
from shared.model.collection import Tree
from shared.model.exchange import ItemFailure, Located, Mailbox, is_about
from shared.model.explanation import Seen
from shared.model.folders import unwatched_folders
from shared.model.rules import is_same_item
from shared.ports import Row, World

MOST = 20
"""How many mails one question is answered for, the newest ones."""

_FOLDERS_AT_ONCE = 100
_PAGES = 20
_AFTER_ALL = "~"
_HEADER_NAME = re.compile(r"^\s*message-id\s*:", re.IGNORECASE)
_FOLD = re.compile(r"\r?\n(?=[ \t])")


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: a Message-ID without `<` and `>`, or else a subject; `whole`: not only a part of it."""

    message_id: str = ""
    subject: str = ""
    whole: bool = True

    @property
    def message_ids(self) -> list[str]:
        """The Message-ID as headers have it, and as some senders write it."""
        return [f"<{self.message_id}>", self.message_id] if self.message_id else []


def question(message_id: str, subject: str, *, whole: bool) -> Question:
    """What people ask for, who copy it from the headers of a mail: with the header's name, folded, or encoded.

    RFC 5322, section 2.2.3 (folding); RFC 2047 (encoded words).
    """
    bare = _HEADER_NAME.sub("", message_id).strip().removeprefix("<").removesuffix(">").strip()
    return Question(bare, _decoded(_FOLD.sub("", subject).strip()), whole)


def _decoded(subject: str) -> str:
    if "=?" not in subject:
        return subject
    try:
        return str(make_header(decode_header(subject))).strip() or subject
    except (HeaderParseError, LookupError, UnicodeError):
        return subject


@dataclass(frozen=True, slots=True)
class Found:
    """The mailbox's folders, and the mails that are asked for, newest first; `is_all`: there are no more of them."""

    tree: Tree = field(default_factory=Tree)
    seen: tuple[Seen, ...] = ()
    is_all: bool = True


async def find_in_exchange(world: World, mailbox: Mailbox, question: Question, watched: Sequence[str]) -> Found:
    """Look for the mail in all mail folders. Raises what Exchange does."""
    roots = await world.exchange.distinguished_folders(mailbox, root_names(watched))
    folders = await world.exchange.find_folders(mailbox)
    tree = Tree(folders, tuple((name, folder.id) for name, folder in roots.items()))
    trash, others = unwatched_folders(tree, ())
    located: dict[str, Located] = {}
    for part in batched([*others, *trash], _FOLDERS_AT_ONCE, strict=False):
        located |= {item.id: item for item in await _located(world, mailbox, list(part), question)}
    newest = sorted(located.values(), key=lambda item: item.received.timestamp() if item.received else 0, reverse=True)
    return Found(tree, tuple(await _seen(world, mailbox, newest[:MOST])), len(newest) < MOST)


async def _located(world: World, mailbox: Mailbox, folders: list[str], question: Question) -> tuple[Located, ...]:
    if question.message_ids:
        return await world.exchange.locate(mailbox, folders, search_keys=(), message_ids=question.message_ids)
    return await world.exchange.find_by_subject(mailbox, folders, question.subject, whole=question.whole, limit=MOST)


async def _seen(world: World, mailbox: Mailbox, located: Sequence[Located]) -> list[Seen]:
    """The located mails with their headers, newest first; what is gone since is left out."""
    if not located:
        return []
    answers = await world.exchange.get_emails(mailbox, [item.id for item in located], bodies=False)
    pairs = zip(located, answers, strict=True)
    seen = [
        Seen(item.id, item.folder_id, refusal=answer)
        if isinstance(answer, ItemFailure)
        else Seen(item.id, answer.folder_id or item.folder_id, answer)
        for item, answer in pairs
        if not (isinstance(answer, ItemFailure) and answer.gone)
    ]
    return sorted(seen, key=_age, reverse=True)


def _age(seen: Seen) -> float:
    moment = (seen.email.received or seen.email.sent) if seen.email else None
    return moment.timestamp() if moment else 0


async def find_stored(world: World, key: str, question: Question, seen: Sequence[Seen]) -> list[Row]:
    """The rows of the mails that are asked for, also of those that Exchange does not have any more."""
    emails = [each.email for each in seen if each.email is not None]
    by_id = await by_exchange_id(world.rows, key, [each.id for each in seen])
    names: list[str] = []
    times = {time for email in emails for time in (email.received, email.sent, email.created)} - {None}
    for item in await at_times(world.rows, key, times) if times else ():
        if item.message_id in question.message_ids or any(is_same_item(email, item) for email in emails):
            names.append(item.item_id)
    if not (seen and question.message_ids):
        names += [name async for name in _newest(world, key, question)]
    known = [item.item_id for item in by_id.values()]
    others = [name for name in dict.fromkeys(names) if name not in known]
    rows = await side_by_side(lambda name: world.rows.get(TABLE, key, item_key(name)), known + others[:MOST])
    return [row for row in rows if row is not None]


async def _newest(world: World, key: str, question: Question) -> AsyncIterator[str]:
    """Those of the newest items that are asked for. A subject is in a document, which has to be opened: one page."""
    columns = ("message_id",) if question.message_ids else ("facts", "facts_ref")
    after = ""
    for _ in range(_PAGES if question.message_ids else 1):
        page = await world.rows.query(TABLE, key, first=ITEM, before=ITEM + _AFTER_ALL, after=after, columns=columns)
        for row in page.rows:
            if await _is_asked_for(world, row, question):
                yield row.key.removeprefix(ITEM)
        after = page.next
        if not after:
            return


async def _is_asked_for(world: World, row: Row, question: Question) -> bool:
    if question.message_ids:
        return row.values.get("message_id") in question.message_ids
    facts = await fetch(world.blobs, row.values, "facts")
    return is_about(facts["subject"], question.subject, whole=question.whole)

"""FindItem where a server refuses restrictions or sorting: a plainer way to the same end, found once and remembered.

The ways go from what Exchange can to what any server can; the first that works is used for a day. PROTOCOL 6.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shared.adapters.ews.capabilities import Capabilities, Gap
from shared.errors import Permanent
from shared.model.exchange import FoundItems, ItemStub

type Ask = Callable[["Question", "Way"], Awaitable[FoundItems]]

REFUSALS = frozenset({"operation-not-supported", "request-invalid", "query-too-large"})
"""Failures that mean: the server cannot do this, or not in this way."""

NEVER = datetime.min.replace(tzinfo=UTC)
"""The time of an item without one: it is the oldest of all."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the port's `find_items` is asked for."""

    folder_id: str
    since: datetime | None
    until: datetime | None
    by_sent: bool
    offset: int
    limit: int

    def moment(self, stub: ItemStub) -> datetime:
        """The time that counts; an item without one is the oldest of all."""
        return (stub.sent if self.by_sent else stub.received) or NEVER

    def wants(self, stub: ItemStub) -> bool:
        """Whether the item is within the bounds."""
        moment = self.moment(stub)
        return (self.since is None or moment >= self.since) and (self.until is None or moment <= self.until)


@dataclass(frozen=True, slots=True)
class Way:
    """How to ask: with the bounds as a restriction, and sorted by the server, or not."""

    restricts: bool
    sorts: bool
    gaps: tuple[Gap, ...]


_WAYS = (
    Way(True, True, ()),
    Way(False, True, (Gap.RESTRICTION,)),
    Way(True, False, (Gap.SORT_ORDER,)),
    Way(False, False, (Gap.RESTRICTION, Gap.SORT_ORDER)),
)


async def find_plainly(question: Question, server: Capabilities, ask: Ask) -> FoundItems:
    """The page that was asked for, by the first way that the server takes. Raises the first refusal when it takes none."""
    first: Permanent | None = None
    known = [gap for gap in (Gap.RESTRICTION, Gap.SORT_ORDER) if server.lacks(gap)]
    for way in _WAYS:
        if not set(known) <= set(way.gaps):
            continue
        try:
            found = await _follow(question, way, ask)
        except Permanent as refused:
            if refused.code not in REFUSALS:
                raise
            first = first or refused
            continue
        server.note_gap(*way.gaps)
        return found
    assert first is not None
    raise first


async def _follow(question: Question, way: Way, ask: Ask) -> FoundItems:
    if not way.sorts:
        return await _whole(question, way, ask)
    if way.restricts or (question.since is None and question.until is None):
        return await ask(question, way)
    return await _down_to_the_bound(question, way, ask)


async def _down_to_the_bound(question: Question, way: Way, ask: Ask) -> FoundItems:
    """The next page, newest first, that holds anything within the bounds; the last one where the listing passes `since`."""
    while True:
        page = await ask(question, way)
        kept = tuple(filter(question.wants, page.items))
        oldest = question.moment(page.items[-1]) if page.items else None
        past = question.since is not None and oldest is not None and oldest < question.since
        stuck = page.next_offset <= question.offset
        if kept or past or page.is_last or stuck:
            return replace(page, items=kept, is_last=page.is_last or past or stuck)
        question = replace(question, offset=page.next_offset)


async def _whole(question: Question, way: Way, ask: Ask) -> FoundItems:
    """Everything within the bounds as one page, sorted here: in an order of the server's own no page is the newest."""
    kept: dict[str, ItemStub] = {}
    asked = replace(question, offset=0)
    while True:
        page = await ask(asked, way)
        kept.update((stub.id, stub) for stub in page.items if question.wants(stub))
        if page.is_last or page.next_offset <= asked.offset:
            break
        asked = replace(asked, offset=page.next_offset)
    items = sorted(kept.values(), key=question.moment, reverse=True)
    return FoundItems(tuple(items), len(items), len(items), True)

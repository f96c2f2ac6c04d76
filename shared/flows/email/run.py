"""What the steps of one email sync share: the claimed collection, the mailbox, the rules and the time left."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.flows.claim import Claim
from shared.flows.email.stored import Leaving
from shared.flows.failure_index import listing_time_after_success
from shared.model.exchange import Mailbox
from shared.model.rules import BEGINNING, KeepRules, window_start
from shared.ports import World

_HEED_EVERY = timedelta(seconds=15)
"""How long a sync under way may go on after it was paused, about."""


class OutOfTime(Exception):
    """The time budget is spent and the work put down where it can be taken up: enqueue the continuation."""


async def _never() -> bool:
    return False


class LookAgain(Exception):
    """The folders are not what they were: begin the pass again with a fresh look at them."""


@dataclass(frozen=True, slots=True)
class EmailRules:
    """The settings that an email sync works by. DESIGN 3."""

    folders: tuple[str, ...] = ("inbox", "sentitems")
    exclude_folders: tuple[str, ...] = ()
    batch_size: int = 100
    window_days: int | None = 3
    keep: KeepRules = field(default_factory=KeepRules)
    remove_left: bool = False
    remove_deleted: bool = False
    attachment_bytes: int = 30 * 1024 * 1024
    kept_days: int | None = None
    """What is older is not kept at all."""


@dataclass(slots=True)
class Run:
    """One worker's hold on one collection, from claim to release. `stubborn`: give up on items that keep failing."""

    world: World
    claim: Claim
    mailbox: Mailbox
    rules: EmailRules
    begun: datetime
    """When this pass began: before anything was read of Exchange."""
    deadline: datetime
    stubborn: bool = False
    folders_changed: bool = False
    """Whether other folders are watched than before: the subscription must follow."""
    leaving: dict[str, Leaving] = field(default_factory=dict)
    """What was deleted somewhere and not yet found elsewhere, by item id: the `l-` rows."""
    marked: set[str] = field(default_factory=set)
    """Those of `leaving` whose mark is of the page in hand and not committed yet."""
    taken_away: int = 0
    """How many items were found missing in this run though no Delete told of each: the brake counts them together."""
    failing: dict[str, int] = field(default_factory=dict)
    """How often each failing item failed, by the key of its `e-` row: the rows as they are committed."""
    is_whole: bool = False
    """Whether all folders were looked at."""
    is_concluding: bool = False
    """Whether the page in hand is the last of this pass, unless it brings something that must be seen to."""
    is_held_back: Callable[[], Awaitable[bool]] = _never
    """Whether an administrator has paused the collection, as storage has it now."""
    _asked_at: datetime | None = None
    """When `is_held_back` was last asked."""
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def key(self) -> str:
        """The collection's partition."""
        return self.claim.key

    @property
    def window(self) -> tuple[datetime | None, int]:
        """The window's absolute start and the setting it comes from, as they should be. DESIGN 3."""
        return window_start(self.claim.head, self.rules.window_days, self.world.now())

    @property
    def start(self) -> datetime:
        """From when on mail is imported: from the window's start, and never what would be taken out as too old."""
        start = self.claim.head.window_from or BEGINNING
        days = self.rules.kept_days
        return start if days is None else max(start, self.begun - timedelta(days=days))

    @property
    def mailbox_label(self) -> str:
        """What the head remembers of the mailbox that its folders were read of."""
        return f"{self.mailbox.connection} {self.mailbox.address.lower()}"

    @property
    def closing(self) -> dict[str, Any]:
        """What the head says once this pass has come to its end."""
        whole = {"looked_at": self.begun} if self.is_whole else {}
        marks = bool(self.leaving or self.failing)
        settled = {"trouble": None, "retry_at": None, "complete_at": self.begun, "marks": marks}
        return {**settled, "listed_at": listing_time_after_success(self.claim.head, self.world.now()), **whole}

    @property
    def failing_columns(self) -> dict[str, Any]:
        """What the head says of the items that fail, so that nobody has to count their rows."""
        since = self.claim.head.failed_since or self.world.now()
        return {"failed_items": len(self.failing), "failed_since": since if self.failing else None}

    def out_of_time(self) -> bool:
        """Whether the budget is spent."""
        return self.world.now() >= self.deadline

    def check_time(self) -> None:
        """Raise OutOfTime once the budget is spent. Only where everything done so far is committed."""
        if self.out_of_time():
            raise OutOfTime

    async def keep_lease(self) -> None:
        """Extend the lease during long reading without writing anything else. Raises OutOfTime once a pause has begun:
        what is not committed is read again."""
        async with self._one_at_a_time:
            await self._heed_pauses()
            until = self.claim.head.until
            if until is None or until - self.world.now() < timedelta(minutes=1):
                await self.claim.commit()

    async def _heed_pauses(self) -> None:
        """A sync that is soon done asks nothing of storage for this: pauses were looked at before it began."""
        now = self.world.now()
        if now - (self._asked_at or self.begun) < _HEED_EVERY:
            return
        self._asked_at = now
        if await self.is_held_back():
            raise OutOfTime

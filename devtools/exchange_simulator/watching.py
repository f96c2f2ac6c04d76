"""Pull and streaming subscriptions: who wants what, read from what happened in the mailbox (PROTOCOL 4).

Nothing is queued: a mailbox keeps its happenings, and a subscription is a place in them. A pull subscription ends when
nobody has asked for as many minutes as its Timeout says.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from devtools.exchange_simulator.happenings import Happening, concerns
from devtools.exchange_simulator.identifiers import read_watermark, watermark
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.notifications import Event


@dataclass(slots=True, eq=False)
class Watch:
    """One subscription; `timeout` is None for streaming, whose events are given once and in order from `place` on."""

    mailbox: Mailbox
    folders: frozenset[int] | None
    event_types: frozenset[str]
    timeout: float | None
    place: int
    id: str = field(default_factory=lambda: b64encode(b"\x10\x00watch/" + uuid4().bytes + uuid4().bytes[:4]).decode())
    asked: float = field(default_factory=time.monotonic)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def events_since(self, place: int) -> list[Event]:
        """Give the wanted events after a place, oldest first, each with the watermark that follows it."""
        return [
            Event(watermark(self.mailbox.guid, one.number), one)
            for one in self.mailbox.happened
            if one.number > place and concerns(one, self.folders, self.event_types)
        ]


class Watches:
    """All live pull and streaming subscriptions."""

    def __init__(self, seconds_per_minute: float) -> None:
        self.seconds_per_minute = seconds_per_minute
        self.live: dict[str, Watch] = {}

    def of(self, mailbox: Mailbox) -> list[Watch]:
        """Give the live subscriptions of a mailbox, without those that timed out."""
        return [one for one in list(self.live.values()) if one.mailbox is mailbox and self.get(one.id)]

    def get(self, subscription: str) -> Watch | None:
        """Find a live subscription; one that timed out is gone."""
        found = self.live.get(subscription)
        if found is None or found.timeout is None:
            return found
        if time.monotonic() - found.asked > found.timeout * self.seconds_per_minute:
            del self.live[subscription]
            return None
        return found

    def hear(self, mailbox: Mailbox, _happenings: Sequence[Happening]) -> None:
        """Wake whoever waits for events of the mailbox."""
        for one in self.live.values():
            if one.mailbox is mailbox:
                one.wake.set()


def place_of(mailbox: Mailbox, mark: str) -> int:
    """Give the place that a watermark names. Raises ValueError for one never issued, or whose events are not held."""
    number = read_watermark(mark, mailbox.guid)
    held = mailbox.happened[0].number if mailbox.happened else mailbox.happenings + 1
    if not held - 1 <= number <= mailbox.happenings:
        raise ValueError(mark)
    return number

"""Push subscriptions: who wants what, and one task per subscription that delivers it (PROTOCOL 4).

A StatusEvent goes out at once, then all events since the last accepted POST in one Notification, in order, one POST
in flight per subscription; a StatusEvent after StatusFrequency quiet minutes. A POST that fails is tried again after
30 s, doubling; when the pause would be longer than StatusFrequency minutes the subscription is dropped in silence.
Minutes are scaled by `seconds_per_minute`, so that tests need not wait.
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import aiohttp

from devtools.exchange_simulator import notifications
from devtools.exchange_simulator.gaps import without_watermarks
from devtools.exchange_simulator.happenings import Happening, concerns
from devtools.exchange_simulator.identifiers import watermark
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.notifications import Event
from devtools.exchange_simulator.watching import place_of

EVENTS_PER_POST = 200
_HEADERS = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": notifications.ACTION,
    "Accept": "text/xml",
    "Accept-Encoding": "gzip",
}


@dataclass(slots=True, eq=False)
class Subscription:
    """One push subscription; `folders` is None for SubscribeToAllFolders."""

    mailbox: Mailbox
    folders: frozenset[int] | None
    event_types: frozenset[str]
    frequency: int
    url: str
    version: str
    old_header: bool
    id: str = field(default_factory=lambda: b64encode(b"\x10\x00push/" + uuid4().bytes + uuid4().bytes[:4]).decode())
    previous: str = ""
    pending: list[Event] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    posts: int = 0
    failures: int = 0
    delivered: int = 0
    ended: str = ""
    task: asyncio.Task[None] | None = None
    pings: int = 0

    def wants(self, one: Happening) -> bool:
        """Whether the event is of a wanted type, kind of audience and folder."""
        return concerns(one, self.folders, self.event_types)

    def note(self, happenings: Sequence[Happening]) -> None:
        """Take the events that are wanted."""
        wanted = [one for one in happenings if self.wants(one)]
        if wanted:
            self.pending.extend(Event(watermark(self.mailbox.guid, one.number), one) for one in wanted)
            self.wake.set()

    def note_status(self) -> None:
        """Take a StatusEvent; its watermark is new too."""
        self.pings += 1
        self.pending.append(Event(watermark(self.mailbox.guid, self.mailbox.happenings, self.pings), None))

    @property
    def settled(self) -> bool:
        """Nothing waits to be delivered, or it never will be."""
        return bool(self.ended) or not self.pending


class PushHub:
    """All live subscriptions, their deliveries and the condition that they are settled."""

    def __init__(
        self,
        *,
        seconds_per_minute: float,
        post_timeout: float,
        limit: int,
        trust: ssl.SSLContext | None,
        watermarks: bool = True,
    ) -> None:
        self.seconds_per_minute = seconds_per_minute
        self.post_timeout = post_timeout
        self.limit = limit
        self.watermarks = watermarks
        self.live: dict[str, Subscription] = {}
        self.ended: list[Subscription] = []
        self._trust = trust
        self._session: aiohttp.ClientSession | None = None
        self._settled = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the client that posts."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._trust if self._trust is not None else True),
            timeout=aiohttp.ClientTimeout(total=self.post_timeout),
        )

    async def stop(self) -> None:
        """End every delivery."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def of(self, mailbox: Mailbox) -> list[Subscription]:
        """Give the live subscriptions of a mailbox."""
        return [one for one in self.live.values() if one.mailbox is mailbox]

    def add(self, subscription: Subscription, since: str | None) -> str:
        """Start a subscription, with what happened since a watermark if one is given; returns its watermark.

        Raises ValueError for a watermark that this mailbox never issued or no longer holds the events of.
        """
        mailbox = subscription.mailbox
        missed: list[Happening] = []
        if since:
            number = place_of(mailbox, since)
            missed = [one for one in mailbox.happened if one.number > number]
        subscription.previous = since or watermark(mailbox.guid, mailbox.happenings)
        subscription.note_status()
        subscription.note(missed)
        self.live[subscription.id] = subscription
        subscription.task = asyncio.create_task(self._deliver(subscription))
        self._tasks.add(subscription.task)
        subscription.task.add_done_callback(self._tasks.discard)
        return subscription.previous

    def hear(self, mailbox: Mailbox, happenings: Sequence[Happening]) -> None:
        """Note what happened for every subscription that wants it."""
        for subscription in self.of(mailbox):
            subscription.note(happenings)

    def end(self, subscription: Subscription, why: str) -> None:
        """Drop a subscription; the reason is only for the control API, nobody is told."""
        subscription.ended = subscription.ended or why
        if self.live.pop(subscription.id, None):
            self.ended.append(subscription)
        if subscription.task is not None and subscription.task is not asyncio.current_task():
            subscription.task.cancel()

    async def fail(self, subscription: Subscription, code: str) -> None:
        """Post the error form; the subscription is gone whatever the listener says."""
        self.end(subscription, code)
        body = notifications.error_notification(
            subscription.id, code, version=subscription.version, old_header=subscription.old_header
        )
        await self._post(subscription, body)

    async def settle(self) -> None:
        """Wait until every event was delivered or given up."""
        async with self._settled:
            await self._settled.wait_for(lambda: all(one.settled for one in self.live.values()))

    async def _deliver(self, subscription: Subscription) -> None:
        try:
            pause = 0.5
            while not subscription.ended:
                await self._until_wanted(subscription)
                if await self._post_pending(subscription):
                    pause = 0.5
                elif pause > subscription.frequency:
                    self.end(subscription, "the listener did not answer")
                else:
                    await asyncio.sleep(pause * self.seconds_per_minute)
                    pause *= 2
                await self._tell()
        finally:
            await self._tell()

    async def _tell(self) -> None:
        async with self._settled:
            self._settled.notify_all()

    async def _until_wanted(self, subscription: Subscription) -> None:
        """Wait for an event; after StatusFrequency quiet minutes there is a StatusEvent to send."""
        while not subscription.pending:
            subscription.wake.clear()
            try:
                async with asyncio.timeout(subscription.frequency * self.seconds_per_minute):
                    await subscription.wake.wait()
            except TimeoutError:
                subscription.note_status()

    async def _post_pending(self, subscription: Subscription) -> bool:
        """Post what waits. A failed POST is repeated later with what came meanwhile, from the same watermark."""
        events = subscription.pending[:EVENTS_PER_POST]
        body = notifications.notification(
            subscription.mailbox,
            subscription.id,
            subscription.previous,
            events,
            more=len(subscription.pending) > EVENTS_PER_POST,
            version=subscription.version,
            old_header=subscription.old_header,
        )
        answer = await self._post(subscription, body if self.watermarks else without_watermarks(body))
        if not answer:
            subscription.failures += 1
            return False
        del subscription.pending[: len(events)]
        subscription.previous = events[-1].watermark
        subscription.delivered += len(events)
        if answer == "Unsubscribe":
            self.end(subscription, "Unsubscribe")
        return True

    async def _post(self, subscription: Subscription, body: bytes) -> str:
        subscription.posts += 1
        if self._session is None:
            return ""
        try:
            async with self._session.post(
                subscription.url, data=body, headers=_HEADERS, allow_redirects=False
            ) as reply:
                return notifications.subscription_status(reply.status, await reply.content.read(65_536))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return ""

"""A push listener over real HTTP, as a customer of the server would run one."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web
from lxml import etree

from tests.devtools.exchange_simulator.talk import INBOX, MESSAGES, SOAP, Answer, M, S, T, Talk

EVERY_TYPE = ("NewMailEvent", "CreatedEvent", "DeletedEvent", "ModifiedEvent", "MovedEvent", "CopiedEvent")
Reply = Callable[["Post"], Awaitable[web.Response]]


@dataclass(frozen=True)
class Post:
    """One POST that came in."""

    headers: dict[str, str]
    root: etree._Element

    @property
    def body(self) -> etree._Element:
        found = self.root.find(S + "Body")
        assert found is not None
        return found[0]

    @property
    def subscription(self) -> str:
        return next(self.root.iter(T + "SubscriptionId")).text or ""

    @property
    def previous(self) -> str:
        return next(self.root.iter(T + "PreviousWatermark")).text or ""

    @property
    def more(self) -> bool:
        return next(self.root.iter(T + "MoreEvents")).text == "true"

    @property
    def events(self) -> list[etree._Element]:
        notification = next(self.root.iter(M + "Notification"), None)
        found = [] if notification is None else list(notification)
        return [one for one in found if etree.QName(one).localname.endswith("Event")]

    @property
    def kinds(self) -> list[str]:
        return [etree.QName(one).localname for one in self.events]

    @property
    def watermarks(self) -> list[str]:
        return [one.findtext(T + "Watermark") or "" for one in self.events]


def status(word: str, *, code: int = 200) -> web.Response:
    """Write a SendNotificationResult (PROTOCOL 4.4)."""
    text = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><m:SendNotificationResult xmlns:m="{MESSAGES}">'
        f"<m:SubscriptionStatus>{word}</m:SubscriptionStatus></m:SendNotificationResult></s:Body></s:Envelope>"
    )
    return web.Response(status=code, text=text, content_type="text/xml")


async def accept(post: Post) -> web.Response:
    del post
    return status("OK")


@dataclass
class Listener:
    """Keeps what came; `reply` decides the answer."""

    reply: Reply = accept
    posts: list[Post] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    url: str = ""
    tls: ssl.SSLContext | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{key}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls).start()
        self.url = f"{'https' if self.tls else 'http'}://localhost:{self._runner.addresses[0][1]}/key"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        post = Post(dict(request.headers), etree.fromstring(await request.read()))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            async with self._changed:
                self.posts.append(post)
                self._changed.notify_all()
            return await self.reply(post)
        finally:
            self.in_flight -= 1

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition on what has come."""
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(condition)

    @property
    def kinds(self) -> list[str]:
        return [kind for post in self.posts for kind in post.kinds]


async def subscribe(
    talk: Talk,
    url: str,
    *,
    folders: str = INBOX,
    types: tuple[str, ...] = EVERY_TYPE,
    minutes: int = 1440,
    watermark: str = "",
) -> Answer:
    """Ask for a push subscription to that URL; without folders, to all of them."""
    kinds = "".join(f"<t:EventType>{one}</t:EventType>" for one in types)
    where = f"<t:FolderIds>{folders}</t:FolderIds>" if folders else ""
    every = "" if folders else ' SubscribeToAllFolders="true"'
    since = f"<t:Watermark>{watermark}</t:Watermark>" if watermark else ""
    return await talk.ask(
        f"<m:Subscribe><m:PushSubscriptionRequest{every}>{where}<t:EventTypes>{kinds}</t:EventTypes>{since}"
        f"<t:StatusFrequency>{minutes}</t:StatusFrequency><t:URL>{url}</t:URL></m:PushSubscriptionRequest></m:Subscribe>"
    )

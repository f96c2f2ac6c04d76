"""The listener under load beside an HTTP function that does nothing, each in the local runtime in its own process."""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import aiohttp

from bench.deployment import LISTENER, QUIET, deployment, switch_on
from bench.exchange_process import PROJECT, ExchangeProcess
from bench.interleaved import interleave_async
from bench.processes import cpu_seconds
from bench.results import Result
from devtools.functions_host.process import HostProcess
from devtools.stack import Stack
from devtools.stack.local import SCHEDULES

EMPTY_APP = Path(__file__).parent / "empty_app"
SAMPLE = PROJECT / "tests" / "samples" / "ews" / "send_notification_events.xml"
MAILBOXES = [f"user{number:02d}@contoso.example" for number in range(20)]
AT_ONCE = 16

type Posts = Iterator[tuple[str, bytes]]


def measure(*, quick: bool) -> list[Result]:
    """Notifications a second, as a share of what the runtime does with nothing to do."""
    rounds, posts = (3, 200) if quick else (7, 500)
    return asyncio.run(_measure(rounds, posts))


async def _measure(rounds: int, posts: int) -> list[Result]:
    with ExchangeProcess(*MAILBOXES) as exchange:
        async with deployment(exchange) as stack:
            listeners = await switch_on(stack, exchange, MAILBOXES)
            await stack.host.stop()
            async with (
                _without_syncs(stack) as host,
                HostProcess(EMPTY_APP, arguments=QUIET) as empty,
                aiohttp.ClientSession() as session,
            ):
                pushes = notifications(exchange, {name: at(host.url, url) for name, url in listeners.items()})
                nothing = itertools.repeat((f"{empty.url}/api/empty", SAMPLE.read_bytes()))
                sides = {
                    "listener": lambda: post_all(session, pushes, posts),
                    "empty": lambda: post_all(session, nothing, posts),
                }
                await interleave_async(sides, rounds=1)
                before = cpu_seconds(host.pid), cpu_seconds(empty.pid)
                taken = await interleave_async(sides, rounds=rounds)
                after = cpu_seconds(host.pid), cpu_seconds(empty.pid)
    cpu = [(last - first) / (rounds * posts) for first, last in zip(before, after, strict=True)]
    rates = {name: posts / median(side.wall) for name, side in taken.items()}
    return [
        Result("notifications / calls of an empty function", taken["empty"].wall_ratio(taken["listener"]), "×"),
        Result("listener", rates["listener"], "calls/s", note="Azurite and the client share the cores"),
        Result("empty function", rates["empty"], "calls/s"),
        Result("worker's CPU per notification", cpu[0] * 1000, "ms"),
        Result("runtime's CPU per empty call", cpu[1] * 1000, "ms"),
    ]


def _without_syncs(stack: Stack) -> HostProcess:
    """The same app on the same storage; what the listener enqueues stays in the queues."""
    disabled = {f"AzureWebJobs.{name}.Disabled": "true" for name in ("queue_collections", "queue_shards")}
    settings = {**LISTENER, **SCHEDULES, **disabled, "AzureWebJobsStorage": stack.azurite.connection_string}
    return HostProcess(PROJECT, settings=settings, arguments=[*QUIET, "--no-timers"])


def at(origin: str, url: str) -> str:
    """The listener's URL on another server."""
    return origin + urlsplit(url).path


def notifications(exchange: ExchangeProcess, listeners: dict[str, str]) -> Posts:
    """URL and body of genuine notifications for all mailboxes in turn, without end."""
    subscriptions = {one["mailbox"]: one["id"] for one in exchange.do("GET", "/subscriptions") if not one["ended"]}
    sample = SAMPLE.read_bytes()
    bodies = [(listeners[name], sample.replace(b">S1<", b">%s<" % subscriptions[name].encode())) for name in listeners]
    return itertools.cycle(bodies)


async def post_all(session: aiohttp.ClientSession, posts: Posts, count: int) -> None:
    """Post so many, AT_ONCE in flight. Raises RuntimeError for an answer that is not 200."""
    left = iter(range(count))

    async def one_after_the_other() -> None:
        for _ in left:
            url, body = next(posts)
            async with session.post(url, data=body, headers={"Content-Type": "text/xml; charset=utf-8"}) as answer:
                await answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"the answer was {answer.status}")

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))

"""Memory of the worker process alone: how far it grows above a worker that has done a little of everything."""

import asyncio
import hashlib
import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import aiohttp
import httpx

from bench.deployment import deployment, operator_id, switch_on, synchronised
from bench.exchange_process import ExchangeProcess
from bench.listener import SAMPLE
from bench.processes import MEGABYTE, Growth
from bench.results import Result, Target
from devtools.exchange_simulator.generated import large_blocks
from devtools.stack import Stack

ALICE, BOB, CHARLIE = (f"{name}@contoso.example" for name in ("alice", "bob", "charlie"))
IN_WINDOW = 1000
MOST = Target(at_most=200)
AT_ONCE = 32


def measure(*, quick: bool) -> list[Result]:
    """A large folder, a large attachment in and out, and a flood of malicious notifications; each on a fresh worker."""
    folder, attachment, bodies = (10_000, 100, 5_000) if quick else (100_000, 100, 100_000)
    return [
        *asyncio.run(_large_folder(folder)),
        *asyncio.run(_large_attachment(attachment * MEGABYTE)),
        *asyncio.run(_malicious(bodies)),
    ]


async def _large_folder(items: int) -> list[Result]:
    with ExchangeProcess(ALICE, BOB) as exchange:
        old = datetime.now(UTC) - timedelta(days=10)
        exchange.fill(ALICE, items - IN_WINDOW, days=300, until=old.isoformat(), seed=2)
        exchange.fill(ALICE, IN_WINDOW, days=2)
        async with deployment(exchange) as stack:
            await _warm_up(stack, exchange)
            with Growth(stack.host.pid) as growth:
                await stack.application.put_operator(operator_id(ALICE), ALICE)
                status = await synchronised(stack, ALICE, within=240)
    if status["items"] != IN_WINDOW:
        raise RuntimeError(f"{status['items']} items came, not {IN_WINDOW}")
    what = f"growth: a folder of {items:,} mails, {IN_WINDOW:,} in the window"
    return [Result(what, growth.peak, "MB", MOST, note=f"from {growth.first:.0f} MB")]


async def _large_attachment(size: int) -> list[Result]:
    """Alice's is stored while her mailbox is synchronised; Charlie's, above the limit then, when somebody asks for it."""
    with ExchangeProcess(ALICE, BOB, CHARLIE) as exchange:
        for address in (ALICE, CHARLIE):
            exchange.do("POST", f"/mailboxes/{address}/large", json={"size": size})
        async with deployment(exchange, attachments={"max_mb": size // MEGABYTE + 100}) as stack:
            await _warm_up(stack, exchange)
            with Growth(stack.host.pid) as taken_in:
                await stack.application.put_operator(operator_id(ALICE), ALICE)
                await synchronised(stack, ALICE, within=120)
            with Growth(stack.host.pid) as given_out:
                await _download(stack, ALICE, size)
            await stack.application.configure({"attachments": {"max_mb": 1}})
            await stack.application.put_operator(operator_id(CHARLIE), CHARLIE)
            await synchronised(stack, CHARLIE, within=120)
            with Growth(stack.host.pid) as on_demand:
                await _download(stack, CHARLIE, size)
    megabytes = size // MEGABYTE
    return [
        Result(f"growth: an attachment of {megabytes} MB in", taken_in.peak, "MB", MOST),
        Result("growth: … out through the API", given_out.peak, "MB", MOST, note="by a link to storage"),
        Result("growth: … in and out on demand", on_demand.peak, "MB", MOST),
    ]


async def _download(stack: Stack, address: str, size: int) -> None:
    """Read the newest email's attachment, following the link to storage, and compare it with what was sent."""
    (email,) = await stack.application.newest(operator_id(address), 1)
    path = f"/operators/{operator_id(address)}/emails/{email['item_id']}/attachments/0"
    seen = hashlib.sha256()
    http: httpx.AsyncClient = stack.application.http
    async with http.stream("GET", path, follow_redirects=True, timeout=120) as answer:
        answer.raise_for_status()
        async for block in answer.aiter_bytes():
            seen.update(block)
    expected = hashlib.sha256()
    for block in large_blocks(size):
        expected.update(block)
    if seen.digest() != expected.digest():
        raise RuntimeError("the attachment came out changed")


async def _malicious(count: int) -> list[Result]:
    """Growth between a tenth of the flood and its end: what a first tenth takes, allocator and caches keep."""
    with ExchangeProcess(ALICE, BOB) as exchange:
        async with deployment(exchange) as stack, aiohttp.ClientSession() as session:
            await _warm_up(stack, exchange)
            (url,) = (one["url"] for one in exchange.do("GET", "/subscriptions"))
            posts = _attacks(url)
            statuses = await _flood(session, posts, count // 10)
            with Growth(stack.host.pid) as growth:
                statuses += await _flood(session, posts, count - count // 10)
                last = growth.now
    errors = sum(number for status, number in statuses.items() if status >= 500)
    told = ", ".join(f"{number:,} × {status}" for status, number in sorted(statuses.items()))
    return [
        Result(
            f"growth: {count:,} malicious notifications", last, "MB", Target(at_most=10), note="after the first tenth"
        ),
        Result("… at its highest", growth.peak, "MB"),
        Result("… answers of 5xx", errors, "", Target(at_most=0), note=told),
    ]


async def _flood(session: aiohttp.ClientSession, posts: Iterator[tuple[str, bytes]], count: int) -> Counter[int]:
    statuses: Counter[int] = Counter()
    left = iter(range(count))

    async def one_after_the_other() -> None:
        for _ in left:
            url, body = next(posts)
            async with session.post(url, data=body, headers={"Content-Type": "text/xml"}) as answer:
                await answer.read()
                statuses[answer.status] += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return statuses


def _attacks(url: str) -> Iterator[tuple[str, bytes]]:
    """Bodies without end: noise, bombs, cut and twisted notifications, foreign subscriptions, wrong keys."""
    source = random.Random(1)
    sample = SAMPLE.read_bytes()
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    number = 0
    while True:
        number += 1
        cut = source.randrange(len(sample))
        name = source.randbytes(12).hex().encode()
        yield url, source.randbytes(source.randrange(2000))
        yield url, sample[:cut]
        yield url, sample[:cut] + source.randbytes(8) + sample[cut + 8 :]
        yield url, sample.replace(b">S1<", b">" + name + b"<")
        yield url, bomb + sample.replace(b">S1<", b">&c;<")
        yield url, sample.replace(b"m:SendNotification", b"m:" + name)
        yield url[:-4] + name[:4].decode(), sample
        yield url, b"<Envelope>" + b"<a>" * source.randrange(2000)
        yield url, sample.replace(b"<t:Watermark>W2", b"<t:Watermark>" + b"W" * source.randrange(20_000))
        if number % 50 == 0:
            yield url, os.urandom(2 * MEGABYTE)


async def _warm_up(stack: Stack, exchange: ExchangeProcess) -> None:
    """A small mailbox, and each part of the API once: what every worker has loaded after its first minute."""
    exchange.fill(BOB, 30, days=2)
    await switch_on(stack, exchange, [BOB])
    await stack.application.newest(operator_id(BOB))
    await stack.application.changes(operator_id(BOB))
    await stack.host.wait_idle()

"""From a mail's arrival in Exchange to the moment the CRM can read it: push, queue, sync, storage, HTTP API."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

import aiohttp

from bench.deployment import deployment, operator_id, switch_on
from bench.exchange_process import ExchangeProcess
from bench.mails import mail
from bench.processes import cpu_seconds
from bench.results import Result, Target
from devtools.stack import Stack

MAILBOXES = [f"user{number:03d}@contoso.example" for number in range(100)]
PER_SECOND = 10
FIRST_LOOK, LATER = 0.3, 1.4
"""When the reader looks first, and by what factor later: looking costs the worker as much as half a sync."""
LIMIT_SECONDS = 20.0
WARM_UP = 3 * PER_SECOND
"""Arrivals before those that count: after a quiet time the host looks at a queue every 2 s only (`maxPollingInterval`)."""


def measure(*, quick: bool) -> list[Result]:
    """Percentiles over arrivals that are spread evenly over 100 mailboxes."""
    return asyncio.run(_measure(PER_SECOND * (10 if quick else 30)))


async def _measure(arrivals: int) -> list[Result]:
    with ExchangeProcess(*MAILBOXES) as exchange:
        async with (
            deployment(exchange) as stack,
            aiohttp.ClientSession() as session,
        ):
            await switch_on(stack, exchange, MAILBOXES)
            await stack.host.wait_idle()
            reader = _Reader(stack, exchange.control, session)
            for address in MAILBOXES:
                await reader.begin(address)
            quiet = await _arrive(reader, time.perf_counter(), 0, 0)
            begun = time.perf_counter()
            before = _cpu(stack, exchange)
            every = [_arrive(reader, begun, number, number - 1) for number in range(1, WARM_UP + arrivals + 1)]
            seconds = (await asyncio.gather(*every))[WARM_UP:]
            arrivals += WARM_UP
            cpu = [
                (after - earlier) / arrivals * 1000
                for after, earlier in zip(_cpu(stack, exchange), before, strict=True)
            ]
    late = sum(each >= LIMIT_SECONDS for each in seconds)
    percentile = quantiles(seconds, n=100, method="inclusive")
    return [
        Result("push to readable, p99", percentile[98], "s", Target(at_most=1)),
        Result("push to readable, p50", median(seconds), "s"),
        Result(
            "push to readable, slowest",
            max(seconds),
            "s",
            note=f"of {len(seconds)}, {PER_SECOND} a second; {late} never",
        ),
        Result("after a quiet time: up to maxPollingInterval more", quiet, "s", note="one arrival"),
        Result("worker's CPU per arrival", cpu[0], "ms", note="with the reading"),
        Result("Azurite's CPU per arrival", cpu[1], "ms"),
        Result("the simulated Exchange's CPU per arrival", cpu[2], "ms"),
        Result("the reader's CPU per arrival", cpu[3], "ms"),
    ]


def _cpu(stack: Stack, exchange: ExchangeProcess) -> list[float]:
    return [cpu_seconds(pid) for pid in (stack.host.pid, stack.azurite.pid, exchange.pid, os.getpid())]


class _Reader:
    """Delivers mail, and follows each mailbox's change feed until the mail is there: one call a look, as an application
    would, from where it has read to."""

    def __init__(self, stack: Stack, control: str, session: aiohttp.ClientSession) -> None:
        self._api = f"{stack.host.url}/api/operators"
        self._control = control
        self._session = session
        self._cursors: dict[str, str] = {}
        self._seen: set[str] = set()

    async def begin(self, address: str) -> None:
        """Take the feed's end as the place to read from."""
        while await self._look(address):
            pass

    async def seconds_until_readable(self, address: str, raw: bytes, subject: str) -> float:
        """Deliver, and look until the feed has it: the time from just before the delivery, the limit where that is not enough."""
        started = time.perf_counter()
        async with self._session.post(f"{self._control}/mailboxes/{address}/deliver", data=raw) as answer:
            answer.raise_for_status()
        look = FIRST_LOOK
        while look < LIMIT_SECONDS:
            await asyncio.sleep(started + look - time.perf_counter())
            await self._look(address)
            taken = time.perf_counter() - started
            if subject in self._seen:
                return taken
            look = max(look * LATER, taken)
        return LIMIT_SECONDS

    async def _look(self, address: str) -> bool:
        """Read the next entries; whether there were any."""
        parameters = {"kind": "email", "after": self._cursors.get(address, "")}
        async with self._session.get(f"{self._api}/{operator_id(address)}/changes", params=parameters) as answer:
            answer.raise_for_status()
            page = await answer.json()
        self._cursors[address] = page["next"]
        self._seen |= {change["item"]["subject"] for change in page["changes"] if change["item"]}
        return bool(page["changes"])


async def _arrive(reader: _Reader, begun: float, number: int, slot: int) -> float:
    address = MAILBOXES[number * 37 % len(MAILBOXES)]
    subject = f"arrival {number}"
    await asyncio.sleep(max(0.0, begun + slot / PER_SECOND - time.perf_counter()))
    sent = datetime.now(UTC) - timedelta(seconds=2)
    raw = mail(number, recipient=address, subject=subject, attachments=False, sent=sent)
    return await reader.seconds_until_readable(address, raw, subject)

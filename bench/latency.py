"""From a mail's arrival in Exchange to the moment the CRM can read it: push, queue, sync, storage, HTTP API."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

import httpx

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
            httpx.AsyncClient(base_url=exchange.control, trust_env=False) as control,
        ):
            await switch_on(stack, exchange, MAILBOXES)
            await stack.host.wait_idle()
            reader = _Reader(stack, control)
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
    """Delivers mail, and reads each mailbox's change feed until the mail is there."""

    def __init__(self, stack: Stack, control: httpx.AsyncClient) -> None:
        self._application = stack.application
        self._control = control
        self._cursors: dict[str, str] = {}

    async def begin(self, address: str) -> None:
        """Take the feed's end as the place to read from."""
        _, self._cursors[address] = await self._application.changes(operator_id(address))

    async def seconds_until_readable(self, address: str, raw: bytes, subject: str) -> float:
        """Deliver, and look until the feed has it: the time from just before the delivery, the limit where that is not enough."""
        cursor = self._cursors[address]
        started = time.perf_counter()
        answer = await self._control.post(f"/mailboxes/{address}/deliver", content=raw)
        answer.raise_for_status()
        look = FIRST_LOOK
        while look < LIMIT_SECONDS:
            await asyncio.sleep(started + look - time.perf_counter())
            changes, _ = await self._application.changes(operator_id(address), after=cursor)
            taken = time.perf_counter() - started
            if any(change["item"] and change["item"]["subject"] == subject for change in changes):
                return taken
            look = max(look * LATER, taken)
        return LIMIT_SECONDS


async def _arrive(reader: _Reader, begun: float, number: int, slot: int) -> float:
    address = MAILBOXES[number * 37 % len(MAILBOXES)]
    subject = f"arrival {number}"
    await asyncio.sleep(max(0.0, begun + slot / PER_SECOND - time.perf_counter()))
    sent = datetime.now(UTC) - timedelta(seconds=2)
    raw = mail(number, recipient=address, subject=subject, attachments=False, sent=sent)
    return await reader.seconds_until_readable(address, raw, subject)

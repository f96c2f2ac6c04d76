"""NTLM: how many requests one handshake carries, one after the other and many at once; and what a request costs beside Basic."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

from bench.results import Result, Target
from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.adapters.memory.secrets import MemorySecrets
from shared.model.exchange import Mailbox

PEOPLE = [Mailbox(f"person{number}@contoso.example") for number in range(50)]
WIDTH = 10


def measure(*, quick: bool) -> list[Result]:
    """1,000 requests each way, 200 with `quick`."""
    return asyncio.run(_measured(200 if quick else 1000))


async def _measured(requests: int) -> list[Result]:
    addresses = [person.address for person in PEOPLE]
    async with ExchangeSimulator(mailboxes=addresses, authentication=("ntlm", "basic")) as simulator:
        basic_seconds, _ = await _asked(simulator.url, "basic", requests, at_once=1)
        seconds, alone = await _asked(simulator.url, "ntlm", requests, at_once=1)
        _, together = await _asked(simulator.url, "ntlm", requests, at_once=5 * WIDTH)
        connections = len(simulator.ntlm.all)
        let_in = sum(connection.requests for connection in simulator.ntlm.all)
    if let_in != 2 * requests:
        raise RuntimeError(f"the server let {let_in} requests in by NTLM, not {2 * requests}")
    return [
        Result("requests for each handshake, one at a time", requests / alone, "", Target(at_least=requests)),
        Result(
            f"handshakes, {5 * WIDTH} mailboxes at once", together, "", Target(at_most=WIDTH), f"{WIDTH} connections"
        ),
        Result("requests for each connection, over both", let_in / connections, ""),
        Result("handshakes for each connection", (alone + together) / connections, "", Target(at_most=1)),
        Result("time of a request by NTLM / by Basic", seconds / basic_seconds, "×"),
    ]


async def _asked(url: str, authentication: str, requests: int, *, at_once: int) -> tuple[float, int]:
    """The seconds that so many FindFolder took, and the handshakes."""
    secrets = MemorySecrets({"default-username": DEFAULT_USER, "default-password": DEFAULT_PASSWORD})
    connection = Connection("default", url, authentication=authentication, concurrency=WIDTH)
    numbers = count(1)
    exchange = EwsExchange([connection], secrets, now=lambda: datetime.now(UTC), new_id=lambda: str(next(numbers)))
    shares = [range(start, requests, at_once) for start in range(at_once)]
    try:
        started = time.perf_counter()
        await asyncio.gather(*(_in_turn(exchange, share) for share in shares))
        return time.perf_counter() - started, exchange.counts["NTLM handshake"]
    finally:
        await exchange.aclose()


async def _in_turn(exchange: EwsExchange, numbers: Sequence[int]) -> None:
    for number in numbers:
        await exchange.find_folders(PEOPLE[number % len(PEOPLE)])

"""Fetching and parsing whole mailboxes from a server whose every answer takes 200 ms longer; ours beside exchangelib.

Ours does what the flow of an initial window does (`shared/flows/email/window.py`): FindItem in pages of 250, the next one
while a page's GetItem go in batches of 100, three in flight. exchangelib does what its documentation shows:
`account.inbox.all()` with the same fields, in pages and chunks of 100.
"""

import asyncio
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from bench import peer
from bench.exchange_process import PASSWORD, USER, ExchangeProcess
from bench.interleaved import interleave
from bench.results import Result, Target
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.exchange import EwsExchange
from shared.adapters.memory.secrets import MemorySecrets
from shared.flows.side_by_side import side_by_side
from shared.model.email import Email
from shared.model.exchange import FoundItems, Mailbox
from shared.model.rules import batches

ALICE = "alice@contoso.example"
DELAY_MS = 200
BATCH_SIZE = 100
IN_FLIGHT = 3
CROWD = [f"crowd{number:02d}@contoso.example" for number in range(20)]
CROWD_MAILS = 100
SLOW_MS = 1500


def measure(*, quick: bool) -> list[Result]:
    """One mailbox on both sides, then twenty at once with ours."""
    mails, rounds = (500, 1) if quick else (1000, 3)
    with ExchangeProcess(ALICE, *CROWD) as exchange:
        exchange.fill(ALICE, mails, days=2)
        for address in CROWD:
            exchange.fill(address, CROWD_MAILS, days=2)
        exchange.delay(DELAY_MS)
        return [*_one_mailbox(exchange, mails, rounds), *_twenty_mailboxes(exchange, rounds=1 if quick else 2)]


def _one_mailbox(exchange: ExchangeProcess, mails: int, rounds: int) -> list[Result]:
    """Both sides have found the Inbox and signed in before the clock starts."""
    owner = peer.account(ALICE, exchange.url)
    owner.inbox.refresh()
    with asyncio.Runner() as runner:
        client = _client(exchange.url)
        inbox = runner.run(_inbox(client, ALICE))

        def ours() -> None:
            _expect(mails, len(runner.run(fetch(client, ALICE, inbox))))

        def released() -> None:
            _expect(mails, len(_fetch_with_exchangelib(owner)))

        def repaired() -> None:
            with peer.repaired():
                released()

        ours()  # the simulator makes its mails when they are first asked for
        taken = interleave({"ours": ours, "as released": released, "repaired": repaired}, rounds=rounds, warm_up=False)
        runner.run(client.aclose())
    mine = taken["ours"]
    results = [
        Result("exchangelib as released / ours", taken["as released"].wall_ratio(mine), "×", Target(5)),
        Result("exchangelib repaired / ours", taken["repaired"].wall_ratio(mine), "×"),
    ]
    return results + [Result(f"{mails:,} mails, {name}", min(side.wall), "s") for name, side in taken.items()]


def _twenty_mailboxes(exchange: ExchangeProcess, rounds: int) -> list[Result]:
    """How long the slowest of twenty takes beside one alone; and beside a neighbour that is throttled and slow."""
    alone, together, beside = [], [], []
    for _ in range(rounds):
        alone.append(max(asyncio.run(_fetch_crowd(exchange.url, CROWD[:1])).values()))
        together.append(max(asyncio.run(_fetch_crowd(exchange.url, CROWD)).values()))
        with _throttled(exchange, CROWD[0]):
            times = asyncio.run(_fetch_crowd(exchange.url, CROWD))
        beside.append((times.pop(CROWD[0]), max(times.values())))
    slow, others = min(beside, key=lambda pair: pair[1])
    return [
        Result(f"one mailbox of {CROWD_MAILS} mails alone", min(alone), "s"),
        Result("slowest of twenty at once", min(together), "s"),
        Result("slowest of the other nineteen beside a throttled one", others, "s", note=f"which took {slow:.1f} s"),
        Result("… / without it", others / min(together), "×", Target(at_most=1.5)),
        Result("slowest of twenty at once / one alone", min(together) / min(alone), "×", note="20 would be in turn"),
    ]


async def _fetch_crowd(url: str, addresses: Sequence[str]) -> dict[str, float]:
    """Seconds for each mailbox, all begun at once over one adapter."""
    client = _client(url)
    # A process sends its first password by one request alone (adapters/ews/authorization.py); what follows is measured.
    await _inbox(client, ALICE)

    async def timed(address: str) -> float:
        started = time.perf_counter()
        _expect(CROWD_MAILS, len(await fetch(client, address, await _inbox(client, address))))
        return time.perf_counter() - started

    try:
        return dict(zip(addresses, await asyncio.gather(*map(timed, addresses)), strict=True))
    finally:
        await client.aclose()


async def _inbox(client: EwsExchange, address: str) -> str:
    return (await client.distinguished_folders(Mailbox(address), ["inbox"]))["inbox"].id


async def fetch(client: EwsExchange, address: str, inbox: str) -> list[Email]:
    """All emails of the Inbox, as `fill_window` gets them."""
    mailbox = Mailbox(address)
    emails: list[Email] = []
    found = await client.find_items(mailbox, inbox, since=None)
    while True:
        listing = None if found.is_last else asyncio.ensure_future(_next_page(client, mailbox, inbox, found))
        parts = list(batches(found.items, BATCH_SIZE))
        fetched = await side_by_side(
            lambda part: client.get_emails(mailbox, [stub.id for stub in part]), parts, limit=IN_FLIGHT
        )
        emails += [answer for part in fetched for answer in part if isinstance(answer, Email)]
        if listing is None:
            return emails
        found = await listing


async def _next_page(client: EwsExchange, mailbox: Mailbox, inbox: str, found: FoundItems) -> FoundItems:
    return await client.find_items(mailbox, inbox, since=None, offset=found.next_offset)


def _client(url: str) -> EwsExchange:
    vault = MemorySecrets({"default-username": USER, "default-password": PASSWORD})
    connection = Connection("default", url, batch_size=BATCH_SIZE)
    return EwsExchange([connection], vault, now=lambda: datetime.now(UTC), new_id=lambda: secrets.token_hex(8))


def _fetch_with_exchangelib(owner: Any) -> list[Any]:
    query = owner.inbox.all().only(*peer.FIELDS)
    query.page_size = query.chunk_size = BATCH_SIZE
    return list(query)


@contextmanager
def _throttled(exchange: ExchangeProcess, address: str) -> Iterator[None]:
    """While it lasts, every answer for one mailbox takes SLOW_MS longer, and its first GetItem is refused as too busy."""
    exchange.do("POST", "/faults", json={"kind": "slow", "mailbox": address, "count": None, "delay_ms": SLOW_MS})
    busy = {"kind": "server_busy", "operation": "GetItem", "mailbox": address, "back_off_ms": SLOW_MS}
    exchange.do("POST", "/faults", json=busy)
    try:
        yield
    finally:
        exchange.do("DELETE", "/faults")


def _expect(wanted: int, found: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} of {wanted} mails came")

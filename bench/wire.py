"""Parsing: what one CPU makes of recorded GetItem answers of 100 full mails, ours beside exchangelib and bare lxml."""

from collections.abc import Callable
from statistics import median
from typing import Any

import httpx
from lxml import etree

from bench import peer
from bench.exchange_process import PASSWORD, USER, ExchangeProcess
from bench.interleaved import interleave
from bench.mails import mail
from bench.results import Result, Target
from shared.model.email import Email
from shared.wire.ews import get_item
from shared.wire.ews.envelope import Header
from shared.wire.ews.soap_source import PARSER_OPTIONS

ALICE = "alice@contoso.example"
MAILS = 100
PIECE = 64 * 1024


def measure(*, quick: bool) -> list[Result]:
    """CPU and items a second for each side."""
    answer, url = recorded()
    owner = peer.account(ALICE, url)
    _check_alike(ours(answer), peer.parse(owner, answer))

    def repaired() -> object:
        with peer.repaired():
            return peer.parse(owner, answer)

    sides: dict[str, Callable[[], object]] = {
        "ours": lambda: ours(answer),
        "exchangelib as released": lambda: peer.parse(owner, answer),
        "exchangelib repaired": repaired,
        "lxml alone": lambda: bare(answer),
    }
    taken = interleave(sides, rounds=5 if quick else 21)
    mine = taken["ours"]
    results = [
        Result(
            "CPU of exchangelib as released / ours", taken["exchangelib as released"].cpu_ratio(mine), "×", Target(25)
        ),
        Result("CPU of exchangelib repaired / ours", taken["exchangelib repaired"].cpu_ratio(mine), "×", Target(4)),
        Result("CPU of ours / lxml alone", mine.cpu_ratio(taken["lxml alone"]), "×", note="the floor is 1"),
    ]
    for name, side in taken.items():
        cpu, wall = median(side.cpu), median(side.wall)
        results.append(Result(f"{name}: CPU per 1,000 mails", cpu * 1000 / MAILS, "s"))
        results.append(Result(f"{name}: parsed", MAILS / wall, "mails/s"))
    results.append(Result("the answer", len(answer) / MAILS / 1000, "kB/mail"))
    return results


def recorded() -> tuple[bytes, str]:
    """The simulator's answer to our own request for 100 mails, decompressed; and the URL it came from."""
    with ExchangeProcess(ALICE) as exchange:
        ids = [exchange.deliver(ALICE, mail(number, recipient=ALICE)) for number in range(MAILS)]
        request = get_item.request(Header("Exchange2016", ALICE), ids)
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        answer = httpx.post(exchange.url, content=request, headers=headers, auth=(USER, PASSWORD), timeout=60)
        answer.raise_for_status()
        return answer.content, exchange.url


def ours(answer: bytes) -> list[Email]:
    """Our wire layer, fed as the network feeds it."""
    parser = get_item.emails()
    for start in range(0, len(answer), PIECE):
        parser.feed(answer[start : start + PIECE])
    return [each for each in parser.close() if isinstance(each, Email)]


def bare(answer: bytes) -> object:
    """The same bytes through lxml's parser, with the same options, in the same pieces; the tree is thrown away."""
    parser = etree.XMLParser(**PARSER_OPTIONS)
    for start in range(0, len(answer), PIECE):
        parser.feed(answer[start : start + PIECE])
    return parser.close()


def _check_alike(mine: list[Email], its: list[Any]) -> None:
    """Both sides must have read the same mails in full; else the comparison means nothing."""
    if len(mine) != MAILS or len(its) != MAILS:
        raise RuntimeError(f"{len(mine)} and {len(its)} mails came out of {MAILS}")
    for one, other in zip(mine, its, strict=True):
        facts = (one.subject, one.text, one.html, one.internet_message_id, one.received, len(one.to), len(one.cc))
        theirs = (other.subject, other.text_body, str(other.body), other.message_id, other.datetime_received)
        if (*theirs, len(other.to_recipients), len(other.cc_recipients)) != facts:
            raise RuntimeError(f"the two sides read {one.subject!r} differently")
        if len(one.attachments) != len(other.attachments) or not one.search_key or not other.search_key:
            raise RuntimeError(f"an attachment or the search key of {one.subject!r} is missing")

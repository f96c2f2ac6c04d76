"""The examples of docs/api.md are sent in order, and each answer has the status and the shape that the page shows.

Ids, cursors and versions are opaque: what the page shows for one is replaced by what was really given, from then on.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from email.parser import HeaderParser
from functools import partial
from pathlib import Path
from typing import Any

from http_api.app import create_app
from http_api.trust_examples import PEM
from shared.errors import Reconfigure
from shared.flows.operators import get_operator
from shared.flows.receive_notification import receive_notification
from shared.model.autodiscover import Answer
from shared.model.exchange import Mailbox, Notification
from shared.model.trust import Offer
from tests.flows.office import ALICE, Office, attachment
from tests.flows.test_forget_address import carry_on
from tests.http_api.client import calling

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
STEP = re.compile(r"```http\n(?P<message>.*?)\n```|<!-- test: (?P<happening>.*?) -->", re.DOTALL)
OPAQUE = {"item_id", "cursor", "next"}


@dataclass(frozen=True)
class Message:
    """An HTTP message as the page shows it."""

    start: str
    headers: dict[str, str]
    body: str


def message(text: str) -> Message:
    start, _, rest = text.partition("\n")
    head, _, body = rest.partition("\n\n") if not rest.startswith("\n") else ("", "", rest[1:])
    return Message(start, dict(HeaderParser().parsestr(head).items()), body)


def steps() -> list[Message | str]:
    found = STEP.finditer(PAGE.read_text(encoding="utf-8"))
    return [message(each["message"]) if each["message"] else each["happening"] for each in found]


def compare(shown: Any, given: Any, where: str, known: dict[str, str]) -> None:
    """Same members, same sorts of values; opaque values are noted in `known`. A single `item_id` stands for an item."""
    name = where.rpartition(".")[2]
    if name in OPAQUE and isinstance(shown, str) and isinstance(given, str):
        known[shown] = given
    elif isinstance(shown, dict):
        assert isinstance(given, dict), where
        assert set(shown) == {"item_id"} or set(shown) == set(given), f"{where}: {set(shown) ^ set(given)}"
        for member in shown:
            compare(shown[member], given[member], f"{where}.{member}", known)
    elif isinstance(shown, list):
        assert isinstance(given, list), where
        assert bool(shown) == bool(given), where
        for one, other in zip(shown, given, strict=False):
            compare(one, other, where, known)
    else:
        assert type(shown) is type(given), f"{where}: shown {shown!r}, given {given!r}"
        if name in ("code", "state", "status", "reason", "detail", "title", "remedy", "type", "subject"):
            assert shown == given, where


async def first_status(office: Office, operation: str, mailbox: Mailbox) -> None:
    """What Exchange sends at once after a Subscribe."""
    if operation == "subscribe":
        (made,) = office.exchange.subscriptions
        key = (await get_operator(office.rows, "alice")).mailbox_key
        note = Notification(made, "watermark/1", "watermark/2", status_only=True)
        await receive_notification(office.world(), key, (note,))


async def _refuse(_: str, __: Mailbox) -> None:
    said = "ErrorImpersonateUserDenied The account does not have permission to impersonate the requested user."
    ids = "2026-11-20T12:00:00Z client-request-id=v3k2 request-id=8f0c X-FEServer=EX01"
    raise Reconfigure("impersonation-denied", said, exchange_code="ErrorImpersonateUserDenied", request_id=ids)


async def happen(office: Office, what: str) -> None:
    if what == "mail.contoso.example offers the certificate of Contoso CA":
        chain = await office.certificates.read(PEM.encode(), "")
        detail = "mail.contoso.example: self-signed certificate"
        office.certificates.offers["mail.contoso.example", 443] = Offer(chain, "certificate-self-signed", detail)
        return
    if what == "Autodiscover of contoso.example answers":
        office.exchange.autodiscover_answers = {
            "https://autodiscover.contoso.example/autodiscover/autodiscover.json/v1.0/alice@contoso.example"
            "?Protocol=EWS": Answer("https://mail.contoso.example/EWS/Exchange.asmx"),
            "https://mail.contoso.example/autodiscover/autodiscover.svc": Answer(
                "https://mail.contoso.example/EWS/Exchange.asmx",
                build="15.2.1748.39",
                schemas=("Exchange2010", "Exchange2013"),
            ),
        }
        return
    if what == "Exchange reaches the listener":
        office.exchange.after = partial(first_status, office)
        return
    if what == "Exchange refuses to act for Alice":
        willing, office.exchange.before = office.exchange.before, _refuse
        assert await office.sync() == "failed"
        office.exchange.before = willing
        return
    if what == "the queue has taken out what was to be forgotten":
        await carry_on(office)
        return
    if what == "a mail of the category No CRM arrives":
        office.deliver("Lunch", categories=("No CRM",))
        await office.settle()
        return
    assert what == "Bob's mail arrives and is synchronised"
    office.deliver("An older one", age=timedelta(days=1))
    files = (attachment("offer.pdf", 10),)
    office.deliver("Offer", attachments=files, contents=(b"0123456789",), has_attachments=True)
    await office.settle()


async def test_every_example_of_the_page_is_answered_as_it_shows() -> None:
    office = Office(mint="api0")  # by which Alice is in one of the shards that the first answer of GET /changes reads
    known: dict[str, str] = {}
    sent = 0
    async with calling(office) as client:
        found = iter(steps())
        for step in found:
            if isinstance(step, str):
                await happen(office, step)
                continue
            method, path = real(step.start, known).split(" ")
            headers = {name: real(value, known) for name, value in step.headers.items()}
            answer = await client.request(method, path, headers=headers, content=step.body)
            shown = next(found)
            assert isinstance(shown, Message)
            where = f"{method} {path}"
            assert shown.start == f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}", f"{where}: {answer.text}"
            for name, value in shown.headers.items():
                if name == "ETag":
                    known[value] = answer.headers[name]
                else:
                    assert answer.headers[name] == value, where
            if shown.body.startswith("{"):
                compare(json.loads(shown.body), answer.json(), where, known)
            else:
                assert answer.text.startswith(shown.body), where
            sent += 1
    assert sent >= 20


def real(text: str, known: dict[str, str]) -> str:
    for shown, given in known.items():
        text = text.replace(shown, given)
    return text


def test_every_route_is_on_the_page() -> None:
    async def nowhere() -> Any:
        raise AssertionError

    text = PAGE.read_text(encoding="utf-8")
    for path, methods in create_app(nowhere).openapi()["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", r"[^/\\s]+", re.escape(path))
        for method in methods:
            assert re.search(rf"^{method.upper()} {pattern}(\?|$)", text, re.MULTILINE), f"{method.upper()} {path}"


def test_the_page_and_the_office_speak_of_the_same_alice() -> None:
    assert ALICE in PAGE.read_text(encoding="utf-8")

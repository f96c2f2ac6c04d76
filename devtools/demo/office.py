"""The simulated office: three mailboxes, the mail in them, and what the application must make of each message."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from devtools.demo import sample_mail
from devtools.exchange_simulator.fault_injection import Fault
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.simulator import ExchangeSimulator

OPERATORS = {"alice": sample_mail.ALICE, "bob": sample_mail.BOB, "charlie": sample_mail.CHARLIE}
SWITCHED_ON = ("alice", "bob")
SPREAD = timedelta(days=2)
SKIPPED_CATEGORY = "no crm"


class Expected(Enum):
    """What is right for a message: it is there, or why it is not."""

    READABLE = "readable"
    PRIVATE = "skipped before its body is read: email.skip_sensitivity"
    CATEGORY = "skipped: email.exclude_category"
    DAMAGED = "an item failure"
    NOT_SWITCHED_ON = "not switched on"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message in a mailbox. `received` is in whole seconds and differs within a mailbox: by it the message is found."""

    operator: str
    item: str
    subject: str
    received: datetime
    attachments: int
    expected: Expected


@dataclass(frozen=True, slots=True)
class Office:
    """Everything that was delivered, and how many days back the oldest is."""

    delivered: tuple[Delivered, ...]
    days: int
    from_files: int

    def of(self, operator: str) -> list[Delivered]:
        """What was delivered to one operator."""
        return [one for one in self.delivered if one.operator == operator]


def furnish(exchange: ExchangeSimulator, mail: Iterable[bytes] | None) -> Office:
    """Create the mailboxes and deliver: `mail` to Alice in its order, or the generated set; a few to Bob and Charlie."""
    for name, address in OPERATORS.items():
        exchange.add_mailbox(address, name=name.capitalize())
    now = datetime.now(UTC).replace(microsecond=0)
    given = list(mail) if mail is not None else []
    for_alice = given or list(sample_mail.for_alice(now))
    exchange.inject(
        Fault("item_error", mailbox=sample_mail.BOB, item=sample_mail.DAMAGED, code="ErrorCorruptData", count=None)
    )
    delivered: list[Delivered] = []
    days = 0
    for name, messages in (
        ("alice", for_alice),
        ("bob", list(sample_mail.for_bob(now))),
        ("charlie", list(sample_mail.for_charlie(now))),
    ):
        times = list(_times(now, len(messages)))
        days = max(days, math.ceil((now - times[0]) / timedelta(days=1)))
        for raw, received in zip(messages, times, strict=True):
            delivered.append(deliver(exchange, name, raw, received))
    return Office(tuple(delivered), days, len(given))


def _times(now: datetime, count: int) -> Iterator[datetime]:
    """Times in order that end a minute ago, evenly over SPREAD, in whole and different seconds."""
    step = max(SPREAD / max(count, 1), timedelta(seconds=1))
    for index in range(count):
        yield (now - timedelta(minutes=1) - step * (count - 1 - index)).replace(microsecond=0)


def deliver(exchange: ExchangeSimulator, operator: str, raw: bytes, received: datetime) -> Delivered:
    """Deliver one message now; it is pushed where somebody has subscribed."""
    address = OPERATORS[operator]
    item = exchange.deliver(address, raw, received=received)
    kept = exchange.mailbox(address).item(item)
    return Delivered(operator, item, kept.subject, received, len(kept.facts().attachments), _expected(operator, kept))


def _expected(operator: str, item: Item) -> Expected:
    if operator not in SWITCHED_ON:
        return Expected.NOT_SWITCHED_ON
    if item.sensitivity in ("Private", "Confidential"):
        return Expected.PRIVATE
    if SKIPPED_CATEGORY in (category.lower() for category in item.categories):
        return Expected.CATEGORY
    return Expected.DAMAGED if item.subject == sample_mail.DAMAGED else Expected.READABLE

"""Decisions of the email sync: pure functions of facts and settings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.model.collection import Head, StoredItem, Trouble
from shared.model.email import Email
from shared.model.exchange import ItemStub
from shared.model.keys import hashed
from shared.model.people import addresses_of, compared, everybody, writers_and_readers

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
BRAKE_ITEMS = 20
BATCH_BYTES = 5 * 1024 * 1024
FORGOTTEN = "forgotten"
"""The one reason to skip a mail that is no setting: one of its people was forgotten."""
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(minutes=15)
_LONGEST_PAUSE_OF_A_SHUT_MAILBOX = timedelta(hours=4)
PROBE_EVERY = timedelta(days=1)
"""How often a suspended mailbox is tried."""


@dataclass(frozen=True, slots=True)
class KeepRules:
    """Which mail is kept; addresses and domains as `people.compared` gives them, the category in lower case. DESIGN 3.

    `forgotten`: fingerprints of addresses (`model/forgotten.py`).
    """

    skip_sensitivity: frozenset[str] = frozenset({"private", "confidential"})
    exclude_addresses: frozenset[str] = frozenset()
    exclude_domains: frozenset[str] = frozenset()
    exclude_category: str = "no crm"
    internal_domains: frozenset[str] = frozenset()
    forgotten: frozenset[str] = frozenset()


def reason_to_skip(email: Email, rules: KeepRules) -> str:
    """The setting that keeps this email out of the application, or FORGOTTEN; empty when it is to be kept."""
    addresses = addresses_of(everybody(email))
    if rules.forgotten and not rules.forgotten.isdisjoint(map(hashed, addresses)):
        return FORGOTTEN
    if email.sensitivity in rules.skip_sensitivity:
        return "email.skip_sensitivity"
    if rules.exclude_category and rules.exclude_category in {name.lower() for name in email.categories}:
        return "email.exclude_category"
    if rules.exclude_addresses.intersection(addresses):
        return "email.exclude_addresses"
    if rules.exclude_domains.intersection(map(_domain, addresses)):
        return "email.exclude_domains"
    domains = {_domain(compared(who.address)) for who in writers_and_readers(email) if who.address}
    if domains and rules.internal_domains.issuperset(domains):
        return "email.internal_domains"
    return ""


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def moment_of(item: ItemStub | Email, *, by_sent: bool) -> datetime | None:
    """The time that an item is sorted and windowed by: received, or sent in Sent Items; the other where it is missing."""
    return (item.sent or item.received) if by_sent else (item.received or item.sent)


def window_start(head: Head, days: int | None, now: datetime) -> tuple[datetime, int]:
    """The stored start of the window and the setting it came from (-1: all). It moves only backwards. DESIGN 3."""
    setting = -1 if days is None else days
    start = BEGINNING if days is None else now - timedelta(days=days)
    if head.window_from is None or head.window_days is None:
        return start, setting
    if head.window_days == -1 or (setting != -1 and setting <= head.window_days):
        return head.window_from, head.window_days
    return min(start, head.window_from), setting


def holds_the_brake(going: int, total: int) -> bool:
    """Whether a removal is so large that an administrator must release it: more than 20 and more than a third."""
    return going > BRAKE_ITEMS and going * 3 > total


def is_same_item(email: Email, stored: StoredItem) -> bool:
    """Whether a new id names an item that is held under an old one: by search key, else Message-ID, time and size."""
    if email.search_key and stored.search_key:
        return email.search_key == stored.search_key
    same_time = stored.moment is not None and stored.moment in (email.received, email.sent)
    return bool(email.internet_message_id) and (
        email.internet_message_id == stored.message_id and same_time and email.size == stored.size
    )


def batches[T: ItemStub](stubs: Sequence[T], count: int) -> Iterator[list[T]]:
    """Cut for GetItem: at most `count` items and, beyond the first, at most 5 MB by what Exchange says of their size."""
    batch: list[T] = []
    weight = 0
    for stub in stubs:
        if batch and (len(batch) >= count or weight + stub.size > BATCH_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append(stub)
        weight += stub.size
    if batch:
        yield batch


_LASTING = {
    "impersonation-failed": (3, "impersonation-broken"),
    "exchange-routing-failed": (6, "exchange-routing-broken"),
}
"""Transient failures, how often in a row each may pass, and what it is called after that. Servers that are patched one
after the other lose each other for minutes: hence the second one's six, which take ten minutes. PROTOCOL 13.1."""
_SHUT = frozenset(
    {
        "access-denied",
        "impersonation-denied",
        "mailbox-address-invalid",
        "mailbox-misconfigured",
        "mailbox-not-primary",
        "mailbox-unknown",
    }
)
"""Failures of this one mailbox that only an administrator can mend. What may be the whole server's is not among them:
once that is mended, everybody is to go on within a quarter of an hour."""


def pause_after(failures: int, retry_after: timedelta | None, *, shut: int = 0) -> timedelta:
    """How long a collection rests after failing: 10 s, doubling to 15 minutes, and never less than the server asks.

    `shut`: for how many of these failures in a row it was the same of `is_shut`; with them the pause doubles to 4 hours.
    """
    pauses = _doubled(failures, _LONGEST_PAUSE), _doubled(shut, _LONGEST_PAUSE_OF_A_SHUT_MAILBOX)
    return max(*pauses, retry_after or timedelta(0))


def _doubled(times: int, longest: timedelta) -> timedelta:
    return min(_FIRST_PAUSE * (1 << min(times - 1, 20)), longest) if times else timedelta(0)


def is_shut(code: str) -> bool:
    """Whether this mailbox stays shut to us until an administrator acts: to ask often is useless. PROTOCOL 13.1."""
    return code in _SHUT


def is_suspended(trouble: Trouble, after_days: int, now: datetime) -> bool:
    """Whether a mailbox has been shut for so long that it is only probed, and left out of the digest: a leaver's, say."""
    return trouble.shut_since is not None and now - trouble.shut_since >= timedelta(days=after_days)


def lasting(code: str, times: int) -> str:
    """What a failure that was met so many times in a row is called: a transient one that lasts is an administrator's."""
    passing, name = _LASTING.get(code, (times, code))
    return name if times > passing else code


def lower(words: Iterable[str]) -> frozenset[str]:
    """Words as they are compared."""
    return frozenset(word.strip().lower() for word in words)

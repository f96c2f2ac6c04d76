"""How things are named in storage: keys that are stable, safe for Azure Tables, and tell nothing.

Keys may hold neither `/ \\ # ?` nor control characters, and Exchange's ids are case-sensitive base64: they are hashed.
PROTOCOL 8 and 18; DESIGN 4.1.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

SHARDS = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND = (1 << 50) - 1
_DIGITS = "0123456789abcdefghijklmnopqrstuv"


def mailbox_key(random: bytes) -> str:
    """A minted name for an operator's mailbox, which survives a change of address. `random` is 10 bytes."""
    return _text(random)


def collection_key(mailbox: str, kind: str) -> str:
    """The partition of one kind of one mailbox."""
    return f"{mailbox}-{kind}"


def hashed(exchange_id: str) -> str:
    """A key for any of Exchange's ids, or an address: 160 bits of SHA-256 as 32 characters."""
    # Quirk: punycode can name half a surrogate pair, which an address then has.
    return _text(hashlib.sha256(exchange_id.encode("utf-8", "surrogatepass")).digest()[:20])


def item_id(moment: datetime | None, exchange_id: str) -> str:
    """An item's id for the CRM: sorts newest first, and stays when Exchange renames the item.

    base32hex of the inverted time (50 bits of milliseconds since 1970) and 72 bits of the first ItemId's hash.
    """
    return time_prefix(moment) + _text(hashlib.sha256(exchange_id.encode()).digest()[:9])


def time_prefix(moment: datetime | None) -> str:
    """The part of an item id that its time decides: ten characters, alike for items of one millisecond."""
    elapsed = 0 if moment is None else int((moment - _EPOCH).total_seconds() * 1000)
    inverted = _LAST_MILLISECOND - min(max(elapsed, 0), _LAST_MILLISECOND)
    return "".join(_DIGITS[(inverted >> shift) & 31] for shift in range(45, -1, -5))


def _text(raw: bytes) -> str:
    return base64.b32hexencode(raw).decode().rstrip("=").lower()


def shard_of(mailbox: str) -> int:
    """Which of SHARDS parts of the index of due work a mailbox belongs to."""
    return int.from_bytes(hashlib.sha256(mailbox.encode()).digest()[:2]) % SHARDS


def listener_key(secret: str, mailbox: str) -> str:
    """The unguessable last part of the listener's URL for a mailbox. DESIGN 4, step 2."""
    digest = hmac.new(secret.encode(), mailbox.encode("utf-8", "replace"), hashlib.sha256).digest()
    return f"{mailbox}.{base64.urlsafe_b64encode(digest).decode()[:22]}"


def mailbox_of_listener_key(secret: str, key: str) -> str | None:
    """The mailbox that a listener key was made for; None for a forgery. Takes the same time for each wrong key."""
    mailbox = key.partition(".")[0]
    expected = listener_key(secret, mailbox)
    genuine = hmac.compare_digest(expected.encode("utf-8", "replace"), key.encode("utf-8", "replace"))
    return mailbox if genuine else None

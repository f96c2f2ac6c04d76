"""What Table Storage accepts of rows, keys and transactions, checked before anything is sent: one rule for both twins.

Misuse by our own code is a ValueError; content that is too large is Permanent. PROTOCOL 18;
https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model

Quirk: Azure measures a row as stored (2 bytes a character), Azurite as sent (JSON, bytes in base64). A row must satisfy
both, so that what passes here passes there: about 770 KiB of bytes.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from shared.errors import Permanent
from shared.ports import TABLES, Delete, Value, Write

MAX_WRITES = 100
MAX_COLUMN = 64 * 1024
MAX_ROW = 1024 * 1024
MAX_TRANSACTION = 4 * 1024 * 1024
MAX_KEY_CHARACTERS = 512
MAX_COLUMNS = 252

_FORBIDDEN_IN_KEYS = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")
_COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_RESERVED_COLUMNS = frozenset({"PartitionKey", "RowKey", "Timestamp"})
# One write's share of the multipart body around its JSON: boundary, request line with both keys, headers.
_ENVELOPE = 900


def check_table(table: str) -> None:
    """Raise ValueError for a table that is not one of TABLES."""
    if table not in TABLES:
        raise ValueError(f"unknown table {table!r}: name it in shared/ports.py TABLES")


def check_key(key: str) -> None:
    """Raise ValueError for a partition or row key that the service would refuse, or that cannot be addressed."""
    if not key or len(key) > MAX_KEY_CHARACTERS or _FORBIDDEN_IN_KEYS.search(key):
        raise ValueError(f"bad key {key!r}: at most {MAX_KEY_CHARACTERS} characters, no / \\ # ? or control characters")


def check_transaction(table: str, partition: str, writes: Sequence[Write]) -> None:
    """Raise ValueError for misuse, Permanent("row-too-large" or "transaction-too-large") for too much content."""
    check_table(table)
    check_key(partition)
    keys = [write.key for write in writes]
    if not 1 <= len(keys) <= MAX_WRITES or len(set(keys)) != len(keys):
        raise ValueError(f"a transaction holds 1 to {MAX_WRITES} writes, each key once; this one {len(keys)}: {keys}")
    size = sum(_checked_size(partition, write) for write in writes)
    if size > MAX_TRANSACTION:
        raise Permanent("transaction-too-large", f"{size} bytes in {len(writes)} rows of {table}")


def in_utc(value: Value) -> Value:
    """A column's value as it is read back: times in UTC. Raises ValueError for a naive time, TypeError for None."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"naive time {value}: columns hold aware times")
        return value.astimezone(UTC)
    if not isinstance(value, str | int | float | bytes):
        raise TypeError(f"a column cannot hold {value!r}")
    return value


def _checked_size(partition: str, write: Write) -> int:
    """Bytes of this write in the transaction's body, never less than is sent; raises as `check_transaction`."""
    check_key(write.key)
    values = {} if isinstance(write, Delete) else write.values
    if len(values) > MAX_COLUMNS:
        raise ValueError(f"{len(values)} columns in {write.key}: at most {MAX_COLUMNS}")
    for name, value in values.items():
        _check_column(write.key, name, value)
    keys = len(partition) + len(write.key)
    stored = 4 + 2 * keys + sum(12 + 2 * len(name) + _column_size(value) for name, value in values.items())
    sent = 120 + 6 * keys + sum(48 + 2 * len(name) + _sent_size(value) for name, value in values.items())
    if max(stored, sent) > MAX_ROW:
        raise Permanent("row-too-large", f"row {write.key}: {max(stored, sent)} bytes, at most {MAX_ROW}")
    return _ENVELOPE + 6 * keys + sent


def _check_column(key: str, name: str, value: Value) -> None:
    if not _COLUMN_NAME.fullmatch(name) or name in _RESERVED_COLUMNS:
        raise ValueError(f"bad column name {name!r}")
    size = _column_size(in_utc(value))
    if size > MAX_COLUMN:
        raise Permanent("row-too-large", f"column {name} of {key}: {size} bytes, at most {MAX_COLUMN}")


def _column_size(value: Value) -> int:
    if isinstance(value, str):
        return 2 * _utf16_units(value)
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{value} does not fit 64 bits")
    return 8


def _sent_size(value: Value) -> int:
    if isinstance(value, bytes):
        return (len(value) + 2) // 3 * 4
    return len(json.dumps(value)) if isinstance(value, str) else 40


def _utf16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2

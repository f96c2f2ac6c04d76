"""Rows as the table service answers them in JSON. Pure: the SDK's pipeline signs, sends and retries the request.

Ours because the SDK's own deserialisation costs as much CPU as everything else about a point read (docs/performance.md).
https://learn.microsoft.com/rest/api/storageservices/payload-format-for-table-service-operations
"""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from shared.ports import Row, Value

HEADERS = {
    "Accept": "application/json;odata=minimalmetadata",
    "DataServiceVersion": "3.0",
    "MaxDataServiceVersion": "3.0;NetFx",
}
_OF_THE_SERVICE = frozenset({"PartitionKey", "RowKey", "Timestamp"})
_READ: dict[str, Callable[[Any], Value]] = {
    "Edm.Int64": int,
    "Edm.Double": float,
    "Edm.Binary": b64decode,
    "Edm.DateTime": lambda text: datetime.fromisoformat(text).astimezone(UTC),
}


def path(table: str, partition: str, key: str) -> str:
    """The path of one entity, below the account's URL; quotes in keys are doubled."""
    return f"{table}(PartitionKey='{_in_url(partition)}',RowKey='{_in_url(key)}')"


def row(content: bytes) -> Row:
    """The row of a point read."""
    return _row(json.loads(content))


def rows(content: bytes) -> tuple[Row, ...]:
    """The rows of one page of a query."""
    return tuple(_row(entity) for entity in json.loads(content)["value"])


def _row(entity: Mapping[str, Any]) -> Row:
    values: dict[str, Value] = {}
    for name, value in entity.items():
        if "odata." in name or name in _OF_THE_SERVICE or value is None:
            continue
        read = _READ.get(entity.get(f"{name}@odata.type", ""))
        values[name] = read(value) if read else value
    return Row(entity["RowKey"], values, entity["odata.etag"])


def _in_url(key: str) -> str:
    return quote(key.replace("'", "''"), safe="")

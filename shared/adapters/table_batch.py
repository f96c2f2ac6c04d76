"""The body of an entity group transaction and what its answer says. Pure: the SDK's pipeline signs and sends it.

Ours because the SDK builds and reads the multipart by the standard library's mail package, which costs several times
what everything else about a transaction costs (docs/performance.md).
https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
"""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from azure.core.exceptions import HttpResponseError

from shared.adapters.row_limits import in_utc
from shared.ports import Delete, Insert, Merge, Replace, Touch, Value, Write

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_ETAG = re.compile(rb"^etag: ([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_PART_HEADERS = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
_JSON = "application/json;odata=minimalmetadata"
_ENTITY_HEADERS = f"Content-Type: application/json\r\nAccept: {_JSON}\r\nDataServiceVersion: 3.0\r\n"
_ANY = "*"


def headers(boundary: str) -> dict[str, str]:
    """The request's own headers."""
    return {
        "Content-Type": f"multipart/mixed; boundary=batch_{boundary}",
        "Accept": _JSON,
        "DataServiceVersion": "3.0",
        "MaxDataServiceVersion": "3.0;NetFx",
    }


def body(url: str, partition: str, writes: Sequence[Write], boundary: str) -> bytes:
    """The multipart body; `url` is the table's."""
    parts = [f"--changeset_{boundary}\r\n{_PART_HEADERS}\r\n{_request(url, partition, write)}\r\n" for write in writes]
    head = f"--batch_{boundary}\r\nContent-Type: multipart/mixed; boundary=changeset_{boundary}\r\n\r\n"
    return f"{head}{''.join(parts)}--changeset_{boundary}--\r\n\r\n--batch_{boundary}--\r\n".encode()


def etags(content: bytes, writes: Sequence[Write]) -> tuple[str, ...]:
    """The new etags in order, "" for deletes. Raises HttpResponseError with status and code of what was refused.

    An answer that is neither is raised with status 500: nobody knows what it did.
    """
    statuses = [int(status) for status in _STATUS.findall(content)]
    refused = next((status for status in statuses if status >= 400), 500 if len(statuses) != len(writes) else 0)
    if refused:
        raise _refusal(refused, content)
    new = iter(_ETAG.findall(content))
    return tuple("" if isinstance(write, Delete) else next(new).decode().strip() for write in writes)


def _refusal(status: int, content: bytes) -> HttpResponseError:
    start, end = content.find(b"{"), content.rfind(b"}")
    try:
        said = json.loads(content[start : end + 1])["odata.error"]
        code, message = str(said["code"]), str(said["message"]["value"])
    except (ValueError, KeyError, TypeError):
        code, message = "", "the answer to a transaction cannot be read"
    error = HttpResponseError(message)
    error.status_code = status
    error.error_code = code  # type: ignore[attr-defined]
    return error


def _request(url: str, partition: str, write: Write) -> str:
    """One write as an HTTP request of its own, inside the multipart."""
    row = f"{url}(PartitionKey='{_in_url(partition)}',RowKey='{_in_url(write.key)}')"
    match write:
        case Delete():
            return f"DELETE {row} HTTP/1.1\r\n{_condition(write.etag)}{_ENTITY_HEADERS}\r\n"
        case Insert():
            return _with_entity(f"POST {url}", "Prefer: return-no-content\r\n", partition, write)
        case Replace():
            return _with_entity(f"PUT {row}", _condition(write.etag), partition, write)
        case Merge():
            return _with_entity(f"PATCH {row}", _condition(write.etag), partition, write)
        case Touch():
            return _with_entity(f"PATCH {row}", "", partition, write)
    return _with_entity(f"PUT {row}", "", partition, write)


def _with_entity(line: str, conditions: str, partition: str, write: Write) -> str:
    assert not isinstance(write, Delete)
    entity: dict[str, object] = {"PartitionKey": partition, "RowKey": write.key}
    for name, value in write.values.items():
        _put(entity, name, in_utc(value))
    # ASCII only, so that characters and bytes count alike.
    text = json.dumps(entity, separators=(",", ":"))
    return f"{line} HTTP/1.1\r\n{conditions}{_ENTITY_HEADERS}Content-Length: {len(text)}\r\n\r\n{text}"


def _put(entity: dict[str, object], name: str, value: Value) -> None:
    """Integers go as Int64 always, so that a column has one type however large its values grow."""
    match value:
        case bool() | str():
            entity[name] = value
        case int():
            entity[f"{name}@odata.type"], entity[name] = "Edm.Int64", str(value)
        case bytes():
            entity[f"{name}@odata.type"], entity[name] = "Edm.Binary", b64encode(value).decode()
        case datetime():
            entity[f"{name}@odata.type"], entity[name] = "Edm.DateTime", f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"
        case _:
            entity[f"{name}@odata.type"], entity[name] = "Edm.Double", value


def _condition(etag: str) -> str:
    return f"If-Match: {etag or _ANY}\r\n"


def _in_url(key: str) -> str:
    return quote(key.replace("'", "''"), safe="")

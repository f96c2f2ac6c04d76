"""Rows in Azure Table Storage. Every write is an entity group transaction, sent exactly once.

Also a single write goes as a transaction, a POST: aiohttp sends a PUT or DELETE again by itself when a kept connection
breaks, and such a write would meet its own first self as a Conflict.
https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlencode
from uuid import uuid4

from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.rest import AsyncHttpResponse, HttpRequest

from shared.adapters import table_batch, table_entities
from shared.adapters.row_limits import check_key, check_table, check_transaction
from shared.adapters.storage import StorageAccount
from shared.adapters.storage_errors import azure_errors, error_code, transaction_error
from shared.ports import TABLES, Row, RowPage, Write


class TableRows:
    """The port `Rows`. `counts` tells gets, queries (pages), transactions and writes since the start."""

    def __init__(self, account: StorageAccount) -> None:
        self.counts: Counter[str] = Counter()
        self._account = account

    async def ensure(self) -> None:
        """Create the tables that are missing. Writes do so too, when they meet one that is."""
        for table in TABLES:
            await self._create(table)

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        """Read one row."""
        check_key(partition)
        check_key(key)
        self.counts["gets"] += 1
        with azure_errors():
            answer = await self._read(table, table_entities.path(table, partition, key))
        return None if answer is None else table_entities.row(answer.content)

    async def query(
        self,
        table: str,
        partition: str,
        *,
        first: str = "",
        before: str = "",
        after: str = "",
        limit: int = 1000,
        columns: Sequence[str] = (),
        at_most: tuple[str, datetime] | None = None,
        at_least: tuple[str, datetime] | None = None,
    ) -> RowPage:
        """Rows of a partition in key order, as the port says; one page of the service that is not empty."""
        check_key(partition)
        if not 1 <= limit <= 1000:
            raise ValueError(f"limit {limit}: 1 to 1000")
        params = {
            "$filter": _filter(partition, first=first, before=before, after=after, at_most=at_most, at_least=at_least),
            "$top": str(limit),
        }
        if columns:
            params["$select"] = ",".join(("PartitionKey", "RowKey", *columns))
        position: dict[str, str] = {}
        while True:
            with azure_errors():
                answer = await self._read(table, f"{table}()", params | position)
            self.counts["queries"] += 1
            if answer is None:
                return RowPage((), "")
            found, position = table_entities.rows(answer.content), _next_position(answer)
            if found or not position:
                return RowPage(found, found[-1].key if position else "")

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        """Apply all writes or none, sent once; raises Conflict and Unclear as the port says."""
        check_transaction(table, partition, writes)
        try:
            return await self._submit(table, partition, writes)
        except AzureError as error:
            if error_code(error) != "TableNotFound":
                raise transaction_error(error) from error
        await self._create(table)
        try:
            return await self._submit(table, partition, writes)
        except AzureError as error:
            raise transaction_error(error) from error

    async def _read(self, table: str, path: str, params: Mapping[str, str] | None = None) -> AsyncHttpResponse | None:
        """One read, which is repeated on trouble; None where there is no such thing."""
        check_table(table)
        query = f"?{urlencode(params, quote_via=quote)}" if params else ""
        response, content = await self._sent("GET", f"{path}{query}", table_entities.HEADERS)
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise _http_error(response, content)
        return response

    async def _submit(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        self.counts["transactions"] += 1
        self.counts["writes"] += len(writes)
        boundary = uuid4().hex
        body = table_batch.body(f"{self._url}/{table}", partition, writes, boundary)
        response, content = await self._sent("POST", "$batch", table_batch.headers(boundary), body, retry_total=0)
        if response.status_code != 202:
            raise _http_error(response, content)
        return table_batch.etags(content, writes)

    async def _sent(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None, **options: int
    ) -> tuple[AsyncHttpResponse, bytes]:
        """An answer of any status, read to its end."""
        version = {"x-ms-version": self._account.tables.api_version}
        request = HttpRequest(method, f"{self._url}/{path}", headers={**headers, **version}, content=body)
        response = await self._account.table_requests.send_request(request, stream=True, **options)
        return response, await response.read()

    @property
    def _url(self) -> str:
        return self._account.tables.url.rstrip("/")

    async def _create(self, table: str) -> None:
        with azure_errors():
            await self._account.tables.create_table_if_not_exists(table)


def _http_error(response: AsyncHttpResponse, content: bytes) -> HttpResponseError:
    """The whole request was refused: its status, and what the service called it."""
    code = re.search(rb'<code>(\w+)|"code":\s*"(\w+)"', content)
    error = HttpResponseError(f"{response.status_code} {response.reason}", response=response)
    error.error_code = (code[1] or code[2]).decode() if code else ""  # type: ignore[attr-defined]
    return error


def _next_position(answer: AsyncHttpResponse) -> dict[str, str]:
    """The parameters that continue a query; none at its end.
    https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination"""
    names = ("NextPartitionKey", "NextRowKey")
    found = {name: answer.headers.get(f"x-ms-continuation-{name}", "") for name in names}
    return {name: value for name, value in found.items() if value}


def _filter(
    partition: str,
    *,
    first: str,
    before: str,
    after: str,
    at_most: tuple[str, datetime] | None,
    at_least: tuple[str, datetime] | None,
) -> str:
    """The OData filter; quotes in values are doubled. Quirk: Azurite compares times by whole milliseconds."""
    terms = [f"PartitionKey eq {_quoted(partition)}"]
    for operator, key in (("ge", first), ("lt", before), ("gt", after)):
        if key:
            terms.append(f"RowKey {operator} {_quoted(key)}")
    for operator, bound in (("le", at_most), ("ge", at_least)):
        if bound:
            column, moment = bound
            terms.append(f"{column} {operator} datetime'{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}'")
    return " and ".join(terms)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

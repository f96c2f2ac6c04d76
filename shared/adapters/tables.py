"""Rows in Azure Table Storage. Every write is an entity group transaction, sent exactly once.

Also a single write goes as a transaction, a POST: aiohttp sends a PUT or DELETE again by itself when a kept connection
breaks, and such a write would meet its own first self as a Conflict.
https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.data.tables import EntityProperty, TableEntity
from azure.data.tables.aio import TableClient

from shared.adapters import table_batch
from shared.adapters.row_limits import check_key, check_table, check_transaction
from shared.adapters.storage import StorageAccount
from shared.adapters.storage_errors import azure_errors, error_code, transaction_error
from shared.ports import TABLES, Row, RowPage, Value, Write


class TableRows:
    """The port `Rows`. `counts` tells gets, queries (pages), transactions and writes since the start."""

    def __init__(self, account: StorageAccount) -> None:
        self.counts: Counter[str] = Counter()
        self._account = account
        self._clients: dict[str, TableClient] = {}

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
            try:
                entity = await self._client(table).get_entity(partition, key)
            except ResourceNotFoundError:
                return None
        return _row(entity)

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
    ) -> RowPage:
        """Rows of a partition in key order, as the port says; one page of the service that is not empty."""
        check_key(partition)
        if not 1 <= limit <= 1000:
            raise ValueError(f"limit {limit}: 1 to 1000")
        select = ["PartitionKey", "RowKey", *columns] if columns else None
        text = _filter(partition, first=first, before=before, after=after, at_most=at_most)
        pages = self._client(table).query_entities(text, results_per_page=limit, select=select).by_page()
        with azure_errors():
            try:
                async for page in pages:
                    self.counts["queries"] += 1
                    rows = tuple([_row(entity) async for entity in page])
                    if rows:
                        return RowPage(rows, rows[-1].key if pages.continuation_token else "")  # type: ignore[attr-defined]
            except ResourceNotFoundError:
                pass
        return RowPage((), "")

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

    async def _submit(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        self.counts["transactions"] += 1
        self.counts["writes"] += len(writes)
        client = self._client(table)
        account, boundary = client.url.rstrip("/"), uuid4().hex
        request = HttpRequest(
            "POST",
            f"{account}/$batch",
            headers={**table_batch.headers(boundary), "x-ms-version": client.api_version},
            content=table_batch.body(f"{account}/{table}", partition, writes, boundary),
        )
        # The SDK's pipeline, with its signature or token, but not its multipart: see table_batch. It has no public name.
        response = await client._client._client.send_request(request, stream=True, retry_total=0)
        content = await response.read()
        if response.status_code != 202:
            raise _http_error(response, content)
        return table_batch.etags(content, writes)

    async def _create(self, table: str) -> None:
        with azure_errors():
            await self._account.tables.create_table_if_not_exists(table)

    def _client(self, table: str) -> TableClient:
        if table not in self._clients:
            check_table(table)
            self._clients[table] = self._account.tables.get_table_client(table)
        return self._clients[table]


def _http_error(response: AsyncHttpResponse, content: bytes) -> HttpResponseError:
    """The whole request was refused: its status, and what the service called it."""
    code = re.search(rb'<code>(\w+)|"code":\s*"(\w+)"', content)
    error = HttpResponseError(f"{response.status_code} {response.reason}", response=response)
    error.error_code = (code[1] or code[2]).decode() if code else ""  # type: ignore[attr-defined]
    return error


def _row(entity: TableEntity) -> Row:
    values = {name: _from_service(value) for name, value in entity.items() if name not in ("PartitionKey", "RowKey")}
    return Row(entity["RowKey"], values, entity.metadata["etag"] or "")


def _from_service(value: Any) -> Value:
    if isinstance(value, EntityProperty):
        value = value.value
    if isinstance(value, datetime):
        return datetime.combine(value.date(), value.time(), UTC)  # a plain one of the SDK's own subclass
    result: Value = value
    return result


def _filter(partition: str, *, first: str, before: str, after: str, at_most: tuple[str, datetime] | None) -> str:
    """The OData filter; quotes in values are doubled. Quirk: Azurite compares times by whole milliseconds."""
    terms = [f"PartitionKey eq {_quoted(partition)}"]
    for operator, key in (("ge", first), ("lt", before), ("gt", after)):
        if key:
            terms.append(f"RowKey {operator} {_quoted(key)}")
    if at_most:
        column, moment = at_most
        terms.append(f"{column} le datetime'{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}'")
    return " and ".join(terms)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

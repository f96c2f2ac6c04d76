"""The API on Alice's office: what the tests of the routes call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx

from http_api.app import create_app
from shared.model.operator import Operator
from shared.ports import Blobs, Exchange, Rows, World
from tests.flows.office import Office

BASE = "http://127.0.0.1:7071"


@asynccontextmanager
async def calling(
    office: Office,
    *,
    local: bool = False,
    rows: Rows | None = None,
    blobs: Blobs | None = None,
    exchange: Exchange | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the application on this office."""

    async def world() -> World:
        return office.world(rows=rows, blobs=blobs, exchange=exchange)

    transport = httpx.ASGITransport(create_app(world, local=local))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


def bob() -> Operator:
    """A second operator."""
    return replace(Operator("bob", "bob@contoso.example", ""), email_sync=True)

"""Verification of an operator: its address, mailbox, folders and push. `/operators/{operator_id}/verify`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Query
from fastapi.responses import JSONResponse
from starlette.requests import Request

from http_api import verification_examples as examples
from http_api.callers import needs
from http_api.verification_documents import Verification, VerifyRequest
from http_api.world import TheOperator, TheWorld, answers
from shared.errors import Transient
from shared.flows.verify_operator import verify_operator
from shared.model.caller import Role

router = APIRouter(prefix="/operators", tags=["operators"], dependencies=[needs(Role.SALES_OPS, Role.ADMINISTRATOR)])
AT_ONCE = 8
"""Verifications of one connection at once in a process, so that real work keeps its place before Exchange."""
LONGEST_WAIT = timedelta(seconds=20)
_COME_AGAIN = timedelta(seconds=10)


@router.post(
    "/{operator_id}/verify",
    responses=answers(200, Verification, examples.VERIFICATION, "What was looked at, also where something is wrong"),
)
async def verify_an_operator(
    request: Request,
    world: TheWorld,
    operator: TheOperator,
    body: Annotated[VerifyRequest | None, Body(examples=[{"kinds": ["email"]}])] = None,
    fix: Annotated[
        bool, Query(description="Adopt the primary address where an alias in its place is all that is wrong")
    ] = False,
) -> JSONResponse:
    """Check an operator's mailbox from the address to the push listener; takes up to a minute."""
    async with place(request.app.state.verifying, operator.connection):
        return JSONResponse(await verify_operator(world, operator, kinds=body.kinds if body else None, fix=fix))


@asynccontextmanager
async def place(
    gates: dict[str, asyncio.Semaphore], connection: str, *, longest_wait: timedelta = LONGEST_WAIT
) -> AsyncIterator[None]:
    """One of the places of a connection. Raises Transient("verification-busy") where none becomes free in time."""
    gate = gates.setdefault(connection, asyncio.Semaphore(AT_ONCE))
    try:
        async with asyncio.timeout(longest_wait.total_seconds()):
            await gate.acquire()
    except TimeoutError:
        busy = f"{AT_ONCE} verifications of connection {connection} are under way"
        raise Transient("verification-busy", busy, retry_after=_COME_AGAIN) from None
    try:
        yield
    finally:
        gate.release()

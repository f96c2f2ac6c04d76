"""What routes have in common: the world they work on, the operator of the address, lists' parameters, their examples."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, cast

from fastapi import Depends, Query
from pydantic import BaseModel
from starlette.requests import Request

from shared.compose import World
from shared.flows.operators import get_operator
from shared.flows.reading import MOST
from shared.model.operator import Operator


async def _world(request: Request) -> World:
    source = cast(Callable[[], Awaitable[World]], request.app.state.world_source)
    return await source()


_READERS_KEPT = timedelta(minutes=1)
_MOST_READERS = 10_000
TheWorld = Annotated[World, Depends(_world)]


async def _operator(world: TheWorld, operator_id: str) -> Operator:
    return await get_operator(world.rows, operator_id)


async def _holder(world: TheWorld, operator_id: str) -> Operator:
    return await get_operator(world.rows, operator_id, removed=True)


async def _reader(request: Request, world: TheWorld, operator_id: str) -> Operator:
    known: dict[str, tuple[Operator, datetime]] = request.app.state.readers
    operator, until = known.get(operator_id, (None, world.now()))
    if operator is None or until <= world.now():
        operator = await get_operator(world.rows, operator_id, removed=True)
        if len(known) >= _MOST_READERS:
            known.clear()
        known[operator_id] = operator, world.now() + _READERS_KEPT
    return operator


TheReader = Annotated[Operator, Depends(_reader)]
"""The operator whose feed is read, as known for up to a minute: its collections' key never changes, and the feed is what
an application asks for most."""
TheOperator = Annotated[Operator, Depends(_operator)]
"""The operator of the address; 404 for a deleted one."""
TheHolder = Annotated[Operator, Depends(_holder)]
"""The operator whose items are asked for: also a deleted one, whose items may be kept."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most")]
After = Annotated[str, Query(description="`next` of the answer before; leave it out for the beginning")]


def as_typed(header: str) -> str:
    """A header's text beyond ASCII: clients send UTF-8, which ASGI reads as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def answers(
    status: int, model: type[BaseModel] | None, example: Any, description: str
) -> dict[int | str, dict[str, Any]]:
    """The documentation of a successful answer, for a route's `responses`."""
    documented: dict[str, Any] = {"description": description}
    if model is not None:
        documented["model"] = model
    if example is not None:
        documented["content"] = {"application/json": {"example": example}}
    return {status: documented}

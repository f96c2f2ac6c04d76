"""Operators: who is synchronised. `/operators`."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import JSONResponse

from http_api import examples
from http_api.callers import needs
from http_api.documents import OperatorIn, OperatorOut, OperatorPage, ReleaseRequest, SyncAccepted, SyncRequest
from http_api.world import After, Limit, TheOperator, TheWorld, answers
from shared.errors import Invalid
from shared.flows.operators import (
    ask_for_sync,
    list_operators,
    put_operator,
    release_brake,
    remove_operator,
)
from shared.model.caller import Role
from shared.model.cursors import read_cursor, write_cursor
from shared.model.operator import Kind, Operator
from shared.model.operator_filter import OperatorFilter

router = APIRouter(prefix="/operators", tags=["operators"], dependencies=[needs(Role.SALES_OPS, Role.ADMINISTRATOR)])
_SCOPE = "operators"
_ACCEPTED = {"operator_id": "alice", "kinds": ["email"], "status_url": "/api/operators/alice/status"}
Items = Annotated[
    Literal["keep", "remove"],
    Query(description="What becomes of the items of the kinds that are off then"),
]


@router.get("", responses=answers(200, OperatorPage, examples.OPERATOR_PAGE, "Operators in order of their id"))
async def get_operators(
    world: TheWorld,
    search: Annotated[str, Query(description="Part of the id or the mailbox, in any case")] = "",
    connection: Annotated[str, Query(description="Only those with this connection")] = "",
    kind: Annotated[Kind | None, Query(description="Only those with this kind on, or off where `on` is false")] = None,
    on: Annotated[bool | None, Query(description="Whether `kind`, or any kind where none is named, is on")] = None,
    limit: Limit = 100,
    after: After = "",
) -> JSONResponse:
    """List operators. With a filter a page may be short, or empty, though `next` is there."""
    place = read_cursor(_SCOPE, after, parts=1)[0] if after else ""
    sought = OperatorFilter(search, connection, kind, on)
    wanted = sought.matches if sought != OperatorFilter() else None
    page = await list_operators(world.rows, wanted=wanted, after=place, limit=limit)
    items = [operator_document(operator) for operator in page.operators]
    return JSONResponse({"items": items, "next": write_cursor(_SCOPE, page.next) if page.next else None})


@router.get("/{operator_id}", responses=answers(200, OperatorOut, examples.OPERATOR, "The operator"))
async def get_operator(operator: TheOperator) -> JSONResponse:
    """Read an operator."""
    return JSONResponse(operator_document(operator))


@router.put(
    "/{operator_id}",
    responses={
        **answers(200, OperatorOut, examples.OPERATOR, "The operator was replaced"),
        **answers(201, OperatorOut, examples.OPERATOR, "The operator is new"),
    },
)
async def put_one_operator(
    world: TheWorld,
    operator_id: str,
    body: Annotated[OperatorIn, Body(examples=[examples.OPERATOR_IN])],
    items: Items = "keep",
) -> JSONResponse:
    """Create or replace an operator. A flag that goes on starts its sync at once; PUT again does no harm."""
    if body.operator_id not in (None, operator_id):
        raise Invalid("operator-invalid", f"operator_id: the address says {operator_id}, the body {body.operator_id}")
    facts = body.model_dump(exclude={"operator_id"})
    wanted = Operator(id=operator_id, mailbox_key="", **facts)
    operator, is_new = await put_operator(world, wanted, remove_items=items == "remove")
    return JSONResponse(operator_document(operator), 201 if is_new else 200)


@router.delete("/{operator_id}", status_code=204, responses=answers(204, None, None, "The operator is off and gone"))
async def delete_operator(world: TheWorld, operator_id: str, items: Items = "keep") -> Response:
    """Switch an operator off and delete it. With `items=keep` its emails and feed stay readable."""
    await remove_operator(world, operator_id, remove_items=items == "remove")
    return Response(status_code=204)


@router.post(
    "/{operator_id}/sync",
    status_code=202,
    responses=answers(202, SyncAccepted, _ACCEPTED, "Asked for"),
)
async def ask_for_a_sync(
    world: TheWorld,
    operator: TheOperator,
    body: Annotated[SyncRequest | None, Body(examples=[{"kinds": ["email"]}])] = None,
) -> JSONResponse:
    """Ask for a sync now, also while it rests after a failure. What an administrator paused waits until it goes on."""
    kinds = body.kinds if body else SyncRequest().kinds
    await ask_for_sync(world, operator, kinds)
    return _accepted(operator, kinds)


@router.post(
    "/{operator_id}/release",
    status_code=202,
    responses=answers(202, SyncAccepted, _ACCEPTED, "The removal will take place"),
)
async def release_the_brake(
    world: TheWorld, operator: TheOperator, body: Annotated[ReleaseRequest, Body(examples=[{"kind": "email"}])]
) -> JSONResponse:
    """Let a removal take place that the brake holds (status shows it as `held`)."""
    await release_brake(world, operator, body.kind)
    return _accepted(operator, [body.kind])


def _accepted(operator: Operator, kinds: list[Kind]) -> JSONResponse:
    document = {
        "operator_id": operator.id,
        "kinds": [kind.value for kind in kinds],
        "status_url": f"/api/operators/{operator.id}/status",
    }
    return JSONResponse(document, 202)


def operator_document(operator: Operator) -> dict[str, Any]:
    """The operator as JSON."""
    facts = asdict(operator)
    return {"operator_id": facts["id"], **{name: facts[name] for name in examples.OPERATOR_IN}}

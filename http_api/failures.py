"""What fails just now, and why. `/failures`."""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from http_api import failures_examples as examples
from http_api.callers import TheCaller, needs
from http_api.failures_documents import FailureAccepted, FailurePage, FailureSums
from http_api.world import After, Limit, TheWorld, answers
from shared.compose import World
from shared.errors import Invalid
from shared.flows.failures import LISTED, Filter, list_open, open_of, retry, sum_up
from shared.flows.operators import get_operator
from shared.flows.reading import Listed
from shared.flows.status import list_failures
from shared.model.caller import CONTENT, Role
from shared.model.failures import REGISTRY, Owner
from shared.model.operator import Kind

router = APIRouter(
    prefix="/failures",
    tags=["status"],
)


class Of(StrEnum):
    """Of what failures are listed."""

    COLLECTIONS = "collections"
    ITEMS = "items"


class OwnerName(StrEnum):
    """Who can mend it, in one word: a member of `Owner`."""

    NOBODY = "nobody"
    OPERATOR = "operator"
    EXCHANGE = "exchange"
    CRM = "crm"
    AZURE = "azure"
    CALLER = "caller"
    US = "us"


@router.get(
    "",
    responses=answers(200, FailurePage, examples.FAILURE_PAGE, "What fails, with cause and remedy"),
    dependencies=[needs(*Role)],
)
async def get_failures(
    world: TheWorld,
    caller: TheCaller,
    operator_id: Annotated[str, Query(description="Of one operator only")] = "",
    of: Annotated[
        Of | None,
        Query(description="Failing collections, or single items of one operator; items where `operator_id` is given"),
    ] = None,
    code: Annotated[str, Query(description="Only collections with this code")] = "",
    connection: Annotated[str, Query(description="Only collections of this connection")] = "",
    kind: Annotated[str, Query(description="`email`, `email_items` or `subscription`; of items: `email`")] = "",
    owner: Annotated[OwnerName | None, Query(description="Only collections that these can mend")] = None,
    limit: Limit = 100,
    after: After = "",
) -> JSONResponse:
    """List what fails: the collections and subscriptions of all operators, or one operator's items that cannot be read.

    Of all operators a mailbox with such items has one line for them, of the kind `email_items`.
    What is well again leaves the list by itself. Who may not read content is shown no subject.
    A filtered page may be short, or empty, though there is more.
    """
    wanted = _filter(code, connection, kind, owner)
    narrows = replace(wanted, kind="") != Filter() or (bool(kind) and kind not in Kind)
    if of is Of.ITEMS and narrows:
        raise Invalid(
            "request-malformed", "query.of: items are not narrowed by code, connection or owner, only by kind"
        )
    if of is Of.ITEMS or (of is None and operator_id and not narrows):
        page = await _items(world, operator_id, kind or Kind.EMAIL, limit, after)
        if not caller.may_see(CONTENT, operator_id):
            page = Listed([{**item, "subject": None} for item in page.items], page.next)
    else:
        if operator_id:
            page = await open_of(world, await get_operator(world.rows, operator_id, removed=True), wanted)
        else:
            page = await list_open(world, wanted, limit=limit, after=after)
    return JSONResponse({"items": page.items, "next": page.next})


@router.get(
    "/summary",
    responses=answers(200, FailureSums, examples.FAILURE_SUMS, "How many fail of which cause"),
    dependencies=[needs(*Role)],
)
async def get_failure_sums(world: TheWorld, after: After = "") -> JSONResponse:
    """Count what fails by code, connection and kind. Each answer counts a part: add up until `next` is null."""
    return JSONResponse(await sum_up(world, after=after))


@router.post(
    "/{failure_id}/retry",
    status_code=202,
    dependencies=[needs(Role.SALES_OPS, Role.ADMINISTRATOR)],
    responses=answers(202, FailureAccepted, examples.RETRIED, "Asked for"),
)
async def retry_failure(
    world: TheWorld, failure_id: Annotated[str, Path(description="`id` of `GET /failures`")]
) -> JSONResponse:
    """Try it again now, however long it rests: a collection, a subscription, or an item with all that failed beside it."""
    operator, _ = await retry(world, failure_id)
    document = {"id": failure_id, "operator_id": operator.id, "status_url": f"/api/operators/{operator.id}/status"}
    return JSONResponse(document, 202)


def _filter(code: str, connection: str, kind: str, owner: OwnerName | None) -> Filter:
    """What is asked for. A name that nothing has would find nothing, and look like good news."""
    if code and code not in REGISTRY:
        raise Invalid("request-malformed", f"query.code: there is no failure {code[:100]}; docs/failures.md lists all")
    if kind and kind not in (known := dict.fromkeys((*Kind, *LISTED))):
        raise Invalid("request-malformed", f"query.kind: one of {', '.join(known)}")
    return Filter(code, connection, kind, None if owner is None else Owner[owner.name])


async def _items(world: World, operator_id: str, kind: str, limit: int, after: str) -> Listed:
    if not operator_id:
        raise Invalid("request-malformed", "query.operator_id: say whose items; without it `of` is `collections`")
    if kind not in Kind:
        raise Invalid("request-malformed", f"query.kind: items are of {', '.join(Kind)}")
    operator = await get_operator(world.rows, operator_id, removed=True)
    return await list_failures(world, operator, Kind(kind), limit=limit, after=after)

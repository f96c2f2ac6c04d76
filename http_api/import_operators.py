"""Many operators at once: a table in, a table out. `/operators/import` and `/operators/export`."""

import asyncio
import io
from collections import Counter
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.requests import Request

from http_api import import_operators_examples as examples
from http_api.callers import TheCaller, needs
from http_api.operators import operator_document
from http_api.world import After, TheWorld, answers
from shared.errors import Invalid
from shared.flows.import_operators import LineResult, Outcome, import_operators
from shared.flows.operators import list_operators
from shared.model.caller import Role
from shared.model.cursors import read_cursor, write_cursor
from shared.model.operator import Kind
from shared.model.operator_change import changes_between
from shared.model.operator_table import OperatorLine, OperatorTable, read_operator_table, write_operators

router = APIRouter(prefix="/operators", tags=["operators"], dependencies=[needs(Role.SALES_OPS, Role.ADMINISTRATOR)])
MOST_LINES = 1000
"""What passes within the 230 seconds that Azure gives a request, also while each line starts an initial sync."""
MOST_BYTES = 10 * 1024 * 1024
_SCOPE = "operators-export"
_TABLES = {
    "text/csv": {"schema": {"type": "string"}, "example": examples.CSV},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
        "schema": {"type": "string", "format": "binary"},
        "example": examples.CSV,
    },
}
_FILE: dict[str, Any] = {"requestBody": {"required": True, "description": "CSV or .xlsx, as it is", "content": _TABLES}}
_EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": 'Operators in order of their id. `Link: <…>; rel="next"` leads to the next part, where there is one',
        "content": {"text/csv": {"schema": {"type": "string"}, "example": examples.CSV}},
    }
}


class FieldChange(BaseModel):
    """A field's value before and after; `from` is null for a new operator."""

    from_: str | bool | None = Field(alias="from")
    to: str | bool


class ImportedLine(BaseModel):
    """What one line did, or with `dry_run` would do."""

    line: int = Field(description="In the file; the headers are line 1.")
    operator_id: str
    outcome: Outcome
    changes: dict[str, FieldChange]
    items_removed: list[Kind] = Field(description="Of these kinds the items are taken out.")
    code: str | None = Field(description="Why it was refused: a code of docs/failures.md.")
    reason: str | None


class Imported(BaseModel):
    """What an import did, line by line."""

    dry_run: bool
    encoding: str
    columns: dict[str, str] = Field(description="The file's headers, and the fields they were taken for.")
    ignored: list[str] = Field(description="Headers that are none of ours.")
    created: int
    changed: int
    unchanged: int
    refused: int
    lines: list[ImportedLine]


@router.post(
    "/import",
    openapi_extra=_FILE,
    responses=answers(200, Imported, examples.IMPORTED, "What each line did; some may be refused"),
)
async def import_many_operators(
    world: TheWorld,
    request: Request,
    caller: TheCaller,
    dry_run: Annotated[bool, Query(description="Only say what each line would do")] = False,
    items: Annotated[
        Literal["keep", "remove"],
        Query(
            description="What becomes of the items of a kind that a line switches off; its own column `items` comes first"
        ),
    ] = "keep",
) -> JSONResponse:
    """Create and change operators by the lines of a table. Columns and cells that are not there leave a field as it is."""
    _refuse_form(request.headers.get("content-type", ""))
    table, lines = await asyncio.to_thread(_read, await request.body())
    remove = items == "remove"
    results = await import_operators(world, lines, by=caller.name, remove_items=remove, dry_run=dry_run)
    counts = Counter(result.outcome for result in results)
    return JSONResponse(
        {
            "dry_run": dry_run,
            "encoding": table.encoding,
            "columns": dict(table.columns),
            "ignored": list(table.ignored),
            **{outcome.value: counts[outcome] for outcome in Outcome},
            "lines": [_document(result) for result in results],
        }
    )


@router.get("/export", response_class=Response, responses=_EXPORTED)
async def export_operators(
    world: TheWorld,
    request: Request,
    format: Annotated[Literal["csv"], Query(description="csv")] = "csv",  # noqa: ARG001
    limit: Annotated[int, Query(ge=1, le=1000, description="How many operators at most in this part")] = 1000,
    after: After = "",
) -> Response:
    """All operators as a table that an import reads back. It comes in parts, each with the headers."""
    place = read_cursor(_SCOPE, after, parts=1)[0] if after else ""
    page = await list_operators(world.rows, after=place, limit=limit)
    content = write_operators(map(operator_document, page.operators))
    headers = {}
    if page.next:
        onward = request.url.include_query_params(limit=limit, after=write_cursor(_SCOPE, page.next))
        headers["Link"] = f'<{onward.path}?{onward.query}>; rel="next"'
    return Response(content, headers=headers, media_type="text/csv")


def _refuse_form(content_type: str) -> None:
    """A form wraps the file, or has lost its line ends (`curl -d`): it would be read as another table, or as an empty one."""
    sent = content_type.partition(";")[0].strip().lower()
    if sent in ("multipart/form-data", "application/x-www-form-urlencoded"):
        how = "send the file as it is: curl -H 'Content-Type: text/csv' --data-binary @users.csv"
        raise Invalid("import-invalid", f"it came as a form ({sent}); {how}")


def _read(content: bytes) -> tuple[OperatorTable, list[OperatorLine]]:
    if len(content) > MOST_BYTES:
        raise Invalid("import-too-large", f"it has {len(content)} bytes; at most {MOST_BYTES} in one request")
    table = read_operator_table(io.BytesIO(content))
    lines = list(islice(table.lines, MOST_LINES + 1))
    if len(lines) > MOST_LINES:
        raise Invalid(
            "import-too-large", f"it has more than {MOST_LINES} lines, and so many are the most in one request"
        )
    return table, lines


def _document(result: LineResult) -> dict[str, Any]:
    changes = changes_between(result.before, result.after) if result.after else {}
    return {
        "line": result.line.number,
        "operator_id": result.line.operator_id,
        "outcome": result.outcome.value,
        "changes": {name: {"from": before, "to": after} for name, (before, after) in changes.items()},
        "items_removed": [kind.value for kind in result.removed],
        "code": result.refusal.code if result.refusal else None,
        "reason": result.refusal.detail if result.refusal else None,
    }

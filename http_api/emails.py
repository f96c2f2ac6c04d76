"""Emails of an operator, their attachments and their MIME. `/operators/{operator_id}/emails`."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse

from http_api import examples
from http_api.callers import needs
from http_api.contents import answer_content
from http_api.documents import Email, EmailPage
from http_api.problems import problem, status_of
from http_api.world import After, Limit, TheHolder, TheWorld, answers
from shared.errors import Invalid
from shared.flows.content import Elsewhere, attachment_content, mime_content
from shared.flows.reading import list_items, one_item
from shared.model.caller import Role
from shared.model.operator import Kind

router = APIRouter(prefix="/operators/{operator_id}/emails", tags=["emails"], dependencies=[needs(Role.APPLICATION)])
Include = Annotated[Literal["body"] | None, Query(description="`body`: with `text` and `html`")]
Range = Annotated[str, Header(alias="Range", description="`bytes=0-8388607`: one range, 8 MiB at most are given")]
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The content", "content": {"application/octet-stream": {"example": "(bytes)"}}},
    206: {
        "description": "The range, or its beginning",
        "content": {"application/octet-stream": {"example": "(bytes)"}},
    },
    302: {"description": "`Location` is a link to storage that is valid for 5 minutes"},
}


@router.get("", responses=answers(200, EmailPage, examples.EMAIL_PAGE, "Emails, newest first"))
async def get_emails(
    world: TheWorld, operator: TheHolder, limit: Limit = 100, after: After = "", include: Include = None
) -> JSONResponse:
    """List emails, newest first."""
    page = await list_items(world, operator, Kind.EMAIL, limit=limit, after=after, with_body=include == "body")
    return JSONResponse({"items": page.items, "next": page.next})


@router.get("/{item_id}", responses=answers(200, Email, examples.WHOLE_EMAIL, "The email"))
async def get_email(world: TheWorld, operator: TheHolder, item_id: str) -> JSONResponse:
    """Read an email with its text and HTML. HTML is as the sender wrote it: show it in a sandbox."""
    return JSONResponse(await one_item(world, operator, Kind.EMAIL, item_id))


@router.get("/{item_id}/attachments/{n}", response_class=Response, responses=_CONTENT)
async def get_attachment(world: TheWorld, operator: TheHolder, item_id: str, n: int, range_: Range = "") -> Response:
    """Read an attachment; one that is not stored is fetched from Exchange now."""
    content = await attachment_content(world, operator, Kind.EMAIL, item_id, n)
    if isinstance(content, Elsewhere):
        error = Invalid("attachment-elsewhere", f"{content.file_name} is not in Exchange; `url` says where it is")
        return problem(error.code, status_of(error), error.detail, url=content.url)
    return await answer_content(world, content, range_)


@router.get("/{item_id}/mime", response_class=Response, responses=_CONTENT)
async def get_mime(world: TheWorld, operator: TheHolder, item_id: str, range_: Range = "") -> Response:
    """Read an email as RFC 5322 from Exchange; 410 once it is not there any more."""
    return await answer_content(world, await mime_content(world, operator, Kind.EMAIL, item_id), range_)

"""The certificates that are trusted beside the system's. `/trust`."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query, Response
from fastapi.responses import JSONResponse
from starlette.requests import Request

from http_api import trust_examples as examples
from http_api.callers import needs
from http_api.documents import FetchedChain, FetchRequest, Trust, TrustAdded
from http_api.world import TheWorld, answers, as_typed
from shared.flows.trust import add_trusted, fetch_chain, list_trusted, remove_trusted
from shared.model.caller import Role

router = APIRouter(prefix="/trust", tags=["trust"], dependencies=[needs(Role.ADMINISTRATOR)])
_BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": examples.PEM}}
_FILE: dict[str, Any] = {"requestBody": {"required": True, "description": "The file as it is", "content": _BINARY}}


@router.get("", responses=answers(200, Trust, examples.TRUST, "The trusted certificates"))
async def get_trust(world: TheWorld) -> JSONResponse:
    """List the trusted certificates; `warning` is there from 30 days before one expires."""
    return JSONResponse({"items": await list_trusted(world)})


@router.post(
    "",
    openapi_extra=_FILE,
    responses=answers(200, TrustAdded, examples.TRUST_ADDED, "What the file held, added or known"),
)
async def add_trust(
    world: TheWorld,
    request: Request,
    x_trust_password: Annotated[
        str, Header(description="The file's password, where it has one", json_schema_extra={"format": "password"})
    ] = "",
    dry_run: Annotated[bool, Query(description="Only say what the file holds")] = False,
) -> JSONResponse:
    """Trust the certificates of a file: PEM, DER, PKCS#7, PKCS#12 or Java keystore. Private keys in it are not kept."""
    content = await request.body()
    return JSONResponse(await add_trusted(world, content, as_typed(x_trust_password), dry_run=dry_run))


@router.delete("/{fingerprint}", status_code=204, responses=answers(204, None, None, "It is trusted no longer"))
async def remove_trust(world: TheWorld, fingerprint: str) -> Response:
    """Trust a certificate no longer, by its SHA-256 or SHA-1 fingerprint."""
    await remove_trusted(world, fingerprint)
    return Response(status_code=204)


@router.post("/fetch", responses=answers(200, FetchedChain, examples.FETCHED, "The chain, and whether it is trusted"))
async def fetch_trust(
    world: TheWorld, body: Annotated[FetchRequest, Body(examples=[{"url": "https://mail.contoso.example"}])]
) -> JSONResponse:
    """Look at the certificates that a server offers to this app. Nothing is stored, and nothing is sent to the server."""
    return JSONResponse(await fetch_chain(world, body.url))

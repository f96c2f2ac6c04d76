"""The settings document. `/settings`."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query
from fastapi.responses import JSONResponse
from starlette.requests import Request

from http_api import examples
from http_api.callers import needs
from http_api.world import TheWorld, answers, as_typed
from shared.errors import Invalid
from shared.flows.settings_document import ANY_VERSION, patch_settings, read_settings
from shared.model.caller import Role
from shared.model.configuration import Configuration, merge_patch, parse, to_document

router = APIRouter(prefix="/settings", tags=["settings"], dependencies=[needs(Role.ADMINISTRATOR)])
_EXAMPLE = to_document(parse(merge_patch({}, examples.SETTINGS_PATCH)))


@router.get("", responses=answers(200, None, _EXAMPLE, "All settings, with defaults; `ETag` is their version"))
async def get_settings(world: TheWorld) -> JSONResponse:
    """Read the settings, with all defaults filled in."""
    return _answer(*await read_settings(world.rows))


@router.patch("", responses=answers(200, None, _EXAMPLE, "All settings as they are now"))
async def patch_the_settings(
    request: Request,
    world: TheWorld,
    patch: Annotated[
        dict[str, Any], Body(media_type="application/merge-patch+json", examples=[examples.SETTINGS_PATCH])
    ],
    if_match: Annotated[str, Header(description="The `ETag` that the patch is made for, or `*`")] = "",
    x_confirm_secret: Annotated[
        str,
        Header(
            description="The connection's secret, where its host is changed", json_schema_extra={"format": "password"}
        ),
    ] = "",
    dry_run: Annotated[bool, Query(description="Check all of it and change nothing")] = False,
) -> JSONResponse:
    """Change settings by a JSON merge patch (RFC 7396): what is not named stays, null takes a setting back."""
    if not if_match.strip():
        raise Invalid("precondition-required", "send If-Match with the ETag of GET /settings, or with *")
    secret = as_typed(x_confirm_secret)
    changed = await patch_settings(world, patch, version=_version(if_match), secret=secret, dry_run=dry_run)
    if not dry_run:
        request.app.state.settings_changed()
    return _answer(*changed)


def _version(if_match: str) -> str:
    text = if_match.strip().removeprefix("W/")
    return ANY_VERSION if text == "*" else text.strip('"')


def _answer(configuration: Configuration, version: str) -> JSONResponse:
    return JSONResponse(to_document(configuration), headers={"ETag": f'"{version}"'})

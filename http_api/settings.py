"""The settings document, what a change of it will do, who changed it, and those of the earlier product. `/settings`."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query
from fastapi.responses import JSONResponse
from starlette.requests import Request

from http_api import examples, settings_examples
from http_api.callers import TheCaller, needs
from http_api.settings_documents import SettingsHistory, SettingsImported
from http_api.world import After, Limit, TheWorld, answers, as_typed
from shared.errors import Invalid
from shared.flows.settings_document import ANY_VERSION, Changed, patch_settings, read_settings
from shared.flows.settings_history import list_history
from shared.flows.settings_import import import_settings
from shared.model.caller import Role
from shared.model.configuration import merge_patch, parse, to_document

router = APIRouter(prefix="/settings", tags=["settings"], dependencies=[needs(Role.ADMINISTRATOR)])
_EXAMPLE = to_document(parse(merge_patch({}, examples.SETTINGS_PATCH)))
_CHANGED = {**_EXAMPLE, "will": settings_examples.WILL, "harm": []}
_TEXT = {"text/plain": {"schema": {"type": "string"}, "example": settings_examples.FILE}}
_FILE: dict[str, Any] = {"requestBody": {"required": True, "description": "The file as it is", "content": _TEXT}}
FORETOLD = ("will", "harm")
"""Members of an answer beside the settings. No group of settings has such a name; sent back, they are passed over."""


ConfirmSecret = Annotated[
    str,
    Header(description="The connection's secret, where its host is changed", json_schema_extra={"format": "password"}),
]
DryRun = Annotated[bool, Query(description="Check it, say what it would do, and change nothing")]


@router.get("", responses=answers(200, None, _EXAMPLE, "All settings, with defaults; `ETag` is their version"))
async def get_settings(world: TheWorld) -> JSONResponse:
    """Read the settings, with all defaults filled in."""
    configuration, version = await read_settings(world.rows)
    return JSONResponse(to_document(configuration), headers=_etag(version))


@router.get("/history", responses=answers(200, SettingsHistory, settings_examples.HISTORY, "Changes, newest first"))
async def get_settings_history(world: TheWorld, limit: Limit = 100, after: After = "") -> JSONResponse:
    """List who changed which settings, when, from what to what; null stands for a setting that was, or is, not set."""
    page = await list_history(world.rows, limit=limit, after=after)
    return JSONResponse({"items": page.items, "next": page.next})


@router.patch("", responses=answers(200, None, _CHANGED, "All settings as they are now, and what the change does"))
async def patch_the_settings(
    request: Request,
    world: TheWorld,
    caller: TheCaller,
    patch: Annotated[
        dict[str, Any], Body(media_type="application/merge-patch+json", examples=[examples.SETTINGS_PATCH])
    ],
    if_match: Annotated[str, Header(description="The `ETag` that the patch is made for, or `*`")] = "",
    x_confirm_secret: ConfirmSecret = "",
    dry_run: DryRun = False,
) -> JSONResponse:
    """Change settings by a JSON merge patch (RFC 7396): what is not named stays, null takes a setting back.

    `will` says what the change does to mailboxes and to what is held; `harm` those of it by which something stops or is
    taken away.
    """
    if not if_match.strip():
        raise Invalid("precondition-required", "send If-Match with the ETag of GET /settings, or with *")
    settings = {name: value for name, value in patch.items() if name not in FORETOLD}
    changed = await patch_settings(
        world,
        settings,
        version=_version(if_match),
        by=caller.name,
        secret=as_typed(x_confirm_secret),
        dry_run=dry_run,
    )
    if not dry_run:
        request.app.state.settings_changed()
    return JSONResponse(to_document(changed.configuration) | foretold(changed), headers=_etag(changed.version))


@router.post(
    "/import",
    openapi_extra=_FILE,
    responses=answers(200, SettingsImported, settings_examples.IMPORTED, "What became of each setting"),
)
async def import_the_settings(
    request: Request,
    world: TheWorld,
    caller: TheCaller,
    connection: Annotated[
        str, Query(description="The connection that the Exchange URL and the like are for")
    ] = "default",
    x_confirm_secret: ConfirmSecret = "",
    dry_run: DryRun = False,
) -> JSONResponse:
    """Take over settings of the earlier product under its names: JSON, lines of NAME=VALUE, or CSV with two columns.

    What cannot be taken is named with the reason and stops nothing else. Importing again changes nothing.
    """
    done = await import_settings(
        world,
        await request.body(),
        connection=connection,
        by=caller.name,
        secret=as_typed(x_confirm_secret),
        dry_run=dry_run,
    )
    if not dry_run:
        request.app.state.settings_changed()
    items = [{**asdict(each), "here": each.here or None, "reason": each.reason or None} for each in done.mapped]
    return JSONResponse({"items": items, **foretold(done.changed)}, headers=_etag(done.changed.version))


def foretold(changed: Changed) -> dict[str, list[str]]:
    """What a change does, as `will`, and the harmful part of it, as `harm`."""
    said = [(f"{each.setting}: {each.sentence}", each.is_harmful) for each in changed.effects]
    return {"will": [text for text, _ in said], "harm": [text for text, is_harmful in said if is_harmful]}


def _version(if_match: str) -> str:
    text = if_match.strip().removeprefix("W/")
    return ANY_VERSION if text == "*" else text.strip('"')


def _etag(version: str) -> dict[str, str]:
    return {"ETag": f'"{version}"'}

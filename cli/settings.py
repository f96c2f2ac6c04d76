"""`exsync settings`: read and change the settings document."""

import json
from typing import Annotated, Any

import typer

from cli.remote import Remote
from cli.session import show_document

settings = typer.Typer(no_args_is_help=True, help="The settings document.")


@settings.command("show")
def show_settings(context: typer.Context) -> None:
    """The whole document, defaults included."""
    show_document(context.obj.remote.get("settings"))


@settings.command("set")
def set_settings(
    context: typer.Context,
    changes: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE", help="Dotted names; VALUE is JSON or plain text")
    ],
    secret: Annotated[
        str, typer.Option(envvar="EXSYNC_CONFIRM_SECRET", help="Confirms a new host of a connection")
    ] = "",
    dry_run: Annotated[bool, typer.Option(help="Only say what would be wrong")] = False,
) -> None:
    """Change settings: `exsync settings set email.enabled=true email.sync_from_days=7`."""
    patch: dict[str, Any] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise typer.BadParameter(f'"{change}": write NAME=VALUE')
        _put(patch, name.strip().split("."), _value(value))
    remote: Remote = context.obj.remote
    headers = {"If-Match": remote.etag("settings"), "Content-Type": "application/merge-patch+json"} | (
        {"X-Confirm-Secret": secret} if secret else {}
    )
    show_document(remote.send("PATCH", "settings", patch, headers=headers, dry_run=str(dry_run).lower()))


def _put(patch: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        patch = patch.setdefault(name, {})
    patch[path[-1]] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text

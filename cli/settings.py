"""`exsync settings`: read and change the settings document, see who changed it, take over the earlier product's.

What a change will do is said before it is done; where something would stop or be taken away, a person is asked.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from cli.assignments import read_assignments
from cli.remote import Refused
from cli.session import Session, show_document, show_rows
from shared.model.configuration import flatten
from shared.model.setting_names import generic, here_for, is_group, why_no_setting
from shared.model.setting_problems import problem
from shared.model.setting_table import BY_NAME, SETTINGS

settings = typer.Typer(no_args_is_help=True, help="The settings document.")
_complaints = Console(stderr=True, soft_wrap=True, highlight=False)
_FORETOLD = ("will", "harm")
_LONGEST_PAGE = 200

Secret = Annotated[
    str, typer.Option(envvar="EXSYNC_CONFIRM_SECRET", help="The secret itself, where a connection gets a new host")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be wrong, and what it would do")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, though something stops or is taken away")]


@settings.command("show")
def show_settings(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Settings or groups; also as the earlier product says")
    ] = None,
) -> None:
    """All settings with their defaults, or those that are named: `exsync settings show email`."""
    session: Session = context.obj
    document = session.remote.get("settings")
    if session.as_json and not names:
        show_document(document)
        return
    values = flatten(document)
    found = [each for name in names or [""] for each in _named(values, name)]
    if session.as_json:
        show_document({name: values.get(name) for name in found})
    else:
        show_rows(session, [_row(name, values.get(name)) for name in found], ("setting", "value", "known as"))


@settings.command("set")
def set_settings(
    context: typer.Context,
    assignments: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUE", help="Dotted names; VALUE is JSON or plain text, null takes it back"),
    ],
    secret: Secret = "",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Change settings: `exsync settings set email.enabled=true email.sync_from_days=7`."""
    session: Session = context.obj
    patch = read_assignments(assignments)
    version = session.remote.etag("settings")

    def send(dry: bool) -> Any:
        headers = {"If-Match": version, "Content-Type": "application/merge-patch+json"} | _confirming(secret)
        return session.remote.send("PATCH", "settings", patch, headers=headers, dry_run=str(dry).lower())

    changed = _change(session, send, dry_run=dry_run, yes=yes)
    if session.as_json:
        show_document(changed)
        return
    values = flatten({name: value for name, value in changed.items() if name not in _FORETOLD})
    touched = [name for each in flatten(patch) for name in (_below(values, each) or [each])]
    show_rows(session, [_row(name, values.get(name)) for name in touched], ("setting", "value", "known as"))


@settings.command("history")
def show_history(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many changes, the latest first")] = 20,
) -> None:
    """Who changed which settings, when, from what to what."""
    pages = context.obj.remote.pages("settings/history", limit=min(limit, _LONGEST_PAGE))
    found = list(islice(pages, limit))
    if context.obj.as_json:
        show_document(found)
        return
    rows = [
        {**each, "at": entry["at"], "by": entry["by"], "from": _text(each["from"]), "to": _text(each["to"])}
        for entry in found
        for each in entry["changes"]
    ]
    show_rows(context.obj, rows, ("at", "by", "setting", "from", "to"), none="No setting was ever changed.")


@settings.command("import")
def import_settings(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON, lines of NAME=VALUE, or CSV; - is standard input")
    ],
    connection: Annotated[
        str, typer.Option(help="The connection that the Exchange URL and the like are for")
    ] = "default",
    secret: Secret = "",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Take over settings of the earlier product under its names, and say what becomes of each.

    Exit status 1 where one could not be taken though it has a place here, or is not known.
    """
    session: Session = context.obj
    content = _content(file)

    def send(dry: bool) -> Any:
        headers = {name.encode(): value.encode() for name, value in _confirming(secret).items()}
        query: dict[str, Any] = {"dry_run": str(dry).lower(), "connection": connection}
        return session.remote.upload("settings/import", content, headers=headers, **query)

    done = _change(session, send, dry_run=dry_run, yes=yes)
    rows = done["items"]
    if session.as_json:
        show_document(done)
    else:
        shown = [{**each, "value": "" if each["value"] is None else _text(each["value"])} for each in rows]
        show_rows(session, shown, ("line", "there", "state", "here", "value", "reason"))
    if any(each["state"] in ("refused", "unknown") for each in rows):
        raise Refused("Not everything was taken: see the reasons.")


def _change(session: Session, send: Callable[[bool], Any], *, dry_run: bool, yes: bool) -> Any:
    """Make the change, once it was said what it does, and agreed to where it does harm."""
    if not dry_run and not yes and not session.as_json and sys.stdin.isatty():
        planned = send(True)
        _foretell(planned, "This will do:")
        if planned["harm"] and not typer.confirm("Change it?", err=True):
            raise Refused("Nothing was changed.")
        return send(False)
    done = send(dry_run)
    if not session.as_json:
        _foretell(done, "This would do:" if dry_run else "This does:")
    return done


def _foretell(changed: Mapping[str, Any], heading: str) -> None:
    if changed["will"]:
        _complaints.print(heading)
    for each in changed["will"]:
        _complaints.print(f"  {'[red]![/red]' if each in changed['harm'] else '-'} {escape(each)}")


def _named(values: Mapping[str, Any], name: str) -> list[str]:
    """The settings that a name stands for: itself, those below it, or the one that the earlier product calls so."""
    there = here_for(name) if name else ""
    if there in BY_NAME:
        return [each for each in values if generic(each) == there] or [there]
    found = _below(_every(values), name)
    if not found and generic(name) not in BY_NAME:
        raise Refused(problem(name, _why_none(values, name)))
    return found or [name]


def _why_none(values: Mapping[str, Any], name: str) -> str:
    if name.startswith("connections.") and is_group(name):
        return f"there is no such connection (there are: {', '.join(_connections(values)) or 'none'})"
    return why_no_setting(name)


def _connections(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(each.split(".")[1] for each in names if each.startswith("connections.")))


def _every(values: Mapping[str, Any]) -> list[str]:
    """All settings that there are, also those that are not set; of OAuth only what is set."""
    connections = _connections(values)
    of_table = [
        setting.name.replace("<name>", connection)
        for setting in SETTINGS
        for connection in (connections if "<name>" in setting.name else [""])
    ]
    return list(dict.fromkeys([*(each for each in of_table if each in values or ".oauth." not in each), *values]))


def _below(names: Iterable[str], name: str) -> list[str]:
    return [each for each in names if not name or each == name or each.startswith(f"{name}.")]


def _row(name: str, value: Any) -> dict[str, str]:
    setting = BY_NAME.get(generic(name))
    return {"setting": name, "value": _text(value), "known as": setting.known_as if setting else ""}


def _text(value: Any) -> str:
    if value is None:
        return "(not set)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _confirming(secret: str) -> dict[str, str]:
    return {"X-Confirm-Secret": secret} if secret else {}


def _content(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}.") from error

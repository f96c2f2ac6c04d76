"""`exsync doctor`: everything from this machine to a mailbox and back, and what to do first.

`exsync doctor --discover ADDRESS`: finds a mailbox by Autodiscover, shows each step, and how to use what was found.
"""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.refused import Refused
from cli.session import Session, printable
from cli.way_here import WayHere, finding
from shared.model.checkup import State
from shared.model.release import VERSION

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red"), "not_tried": ("–", "dim")}


def doctor(
    context: typer.Context,
    operator: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose mailbox to try; else for each connection some operator's")
    ] = None,
    discover: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Only find this mailbox's Exchange by Autodiscover")
    ] = None,
    connection: Annotated[
        str, typer.Option(help="With --discover: by whose credentials; auto: any connection of the settings")
    ] = "auto",
) -> None:
    """Look for what is wrong, and say what mends it. Exit status 1 if anything fails."""
    if discover is None:
        _check_up(context.obj, operator)
    else:
        _discover(context.obj, discover, connection)


def _check_up(session: Session, operator: str | None) -> None:
    way = WayHere(session.remote, operator)
    with Console(stderr=True).status("Looking at everything; this takes up to a minute …"):
        way.go()
    answer = _whole(way)
    out = Console()
    if session.as_json:
        out.print_json(data=answer)
    else:
        out.print(_table(answer["checks"]))
        _show_first(out, answer["first"])
    if answer["status"] != "ok":
        raise typer.Exit(1)


def _whole(way: WayHere) -> dict[str, Any]:
    """The app's answer with the way to it in front."""
    theirs = way.answer or {"version": None, "at": None, "seconds": None, "checks": []}
    checks = [*way.findings, *_release(theirs["version"]), *theirs["checks"]]
    first = next((each for each in checks if each["state"] == State.FAILED), None)
    return {**theirs, "status": "failing" if first else "ok", "checks": checks, "first": first}


def _release(theirs: str | None) -> list[dict[str, Any]]:
    if theirs is None:
        return []
    if theirs == VERSION:
        return [{"name": "app: release"} | finding(State.OK, f"{VERSION}, as this command")]
    detail = f"the app is {theirs}, this command {VERSION}"
    return [{"name": "app: release"} | finding(State.WARNING, detail, "Use the command of the app's release.")]


def _table(checks: list[dict[str, Any]]) -> Table:
    table = Table("", "check", "found", box=None, pad_edge=False)
    table.columns[2].overflow = "fold"
    for check in checks:
        mark, style = _MARKS.get(check["state"], ("?", ""))
        table.add_row(Text(mark, style), Text(check["name"]), Text(_words(check)))
    return table


def _words(check: dict[str, Any]) -> str:
    """What was found, and where it is not well what mends it."""
    code = f"{check['code']}: " if check["code"] else ""
    remedy = f"\n→ {check['remedy']}" if check["remedy"] and check["state"] != State.OK else ""
    return "\n".join(map(printable, f"{code}{check['detail']}{remedy}".splitlines()))


def _show_first(out: Console, first: dict[str, Any] | None) -> None:
    if first is None:
        out.print("\n[green]No check fails.[/green]")
        return
    out.print("\n[bold]What to do first[/bold]")
    # Not wrapped: a command in it is copied.
    out.print(f"{first['name']}: {_words(first)}", highlight=False, markup=False, soft_wrap=True)
    if first["owner"]:
        out.print(f"Who: {first['owner']}", highlight=False, markup=False)


def _discover(session: Session, address: str, connection: str) -> None:
    found = session.remote.send("POST", "discover", {"address": address, "connection": connection})
    out = Console(soft_wrap=True)
    if session.as_json:
        out.print_json(data=found)
    else:
        _show(out, found)
    if found["code"]:
        raise Refused(f"{found['detail']}\n{found['remedy']}\n({found['code']})")


def _show(out: Console, found: dict[str, Any]) -> None:
    for step in found["steps"]:
        signed = f"credentials of {step['credentials_of']}" if step["credentials_of"] else "no credentials"
        out.print(f"{step['way']:5} {step['url']} ({signed}, {step['seconds']} s)", highlight=False, markup=False)
        out.print(f"      {step['outcome']}", highlight=False, markup=False)
    if found["code"]:
        # Of the usual names most are not there; only where none led on is it worth while to mend one.
        for code, remedy in {step["code"]: step["remedy"] for step in found["steps"] if step["code"]}.items():
            out.print(f"{code}: {remedy}", highlight=False, markup=False)
    for name in ("url", "internal_url", "build", "version", "connection"):
        if found[name]:
            out.print(f"{name}: {found[name]}", highlight=False, markup=False)
    for command in found["commands"]:
        out.print(f"→ {command}", highlight=False, markup=False)

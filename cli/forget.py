"""`exsync operators forget` and `exsync forget`: remove all that is held of somebody, or let a person's mail in again."""

import time
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.remote import Refused, Remote, segment
from cli.session import OperatorId, printable, show_document, show_rows
from shared.flows.forget_job import name_of

_LOOK_EVERY_SECONDS = 1.0
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the report")]


def forget_operator(context: typer.Context, operator: OperatorId, yes: Yes = False, wait: Wait = True) -> None:
    """Remove all that is held of an operator, and the operator. There is no way back."""
    if not yes and not typer.confirm(f"Remove all that is held of {operator}, for good?", err=True):
        raise Refused("Nothing was changed.")
    path = f"operators/{segment(operator)}/forget"
    _show(context, _followed(context.obj.remote, context.obj.remote.send("POST", path), path, wait=wait))


def forget_person(
    context: typer.Context,
    address: Annotated[str, typer.Option(help="A person's mail address")],
    undo: Annotated[bool, typer.Option("--undo", help="Let this person's mail in again, from now on")] = False,
    yes: Yes = False,
    wait: Wait = True,
) -> None:
    """Remove every email in which an address takes part, of all operators, and keep such mail out. No way back for these."""
    if undo:
        context.obj.remote.send("DELETE", f"forget/{name_of(address)}")
        context.obj.tell(f"Mail to and from {printable(address)} that comes from now on is kept.")
        return
    if not yes and not typer.confirm(f"Remove every email to or from {address}, of all operators, for good?", err=True):
        raise Refused("Nothing was changed.")
    report = context.obj.remote.send("POST", "forget", {"address": address})
    _show(context, _followed(context.obj.remote, report, f"forget/{report['id']}", wait=wait))


def _followed(remote: Remote, report: dict[str, Any], path: str, *, wait: bool) -> dict[str, Any]:
    """The report once it is complete; meanwhile a terminal shows how far it is."""
    with Console(stderr=True).status("") as line:
        while wait and report["state"] == "working":
            removed = ", ".join(f"{count} {name}" for name, count in report["removed"].items() if count)
            line.update(f"{report['stage'] or 'working'}: {removed or 'nothing yet'}")
            time.sleep(_LOOK_EVERY_SECONDS)
            report = remote.get(path)
    return report


def _show(context: typer.Context, report: dict[str, Any]) -> None:
    if context.obj.as_json:
        show_document(report)
    else:
        show_rows(context.obj, [{"state": report["state"], **report["removed"]}], ("state", *report["removed"]))
    if report["state"] == "stopped":
        raise Refused("The operator was put again meanwhile, so the rest was left. Forget it again if that was wrong.")

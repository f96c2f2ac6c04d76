"""`exsync doctor --discover ADDRESS`: finds a mailbox by Autodiscover, shows each step, and how to use what was found."""

from typing import Annotated, Any

import typer
from rich.console import Console

from cli.remote import Refused


def doctor(
    context: typer.Context,
    discover: Annotated[str, typer.Option(metavar="ADDRESS", help="Find this mailbox's Exchange by Autodiscover")],
    connection: Annotated[
        str, typer.Option(help="By whose credentials; auto: any connection of the settings")
    ] = "auto",
) -> None:
    """Look for what is wrong, and say what mends it."""
    found = context.obj.remote.send("POST", "discover", {"address": discover, "connection": connection})
    out = Console(soft_wrap=True)
    if context.obj.as_json:
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

"""`exsync failures`: what went wrong, why, and who can mend it."""

from typing import Annotated

import typer

from cli.remote import Refused
from cli.session import Kind, OperatorId, out, show_rows
from shared.model.failures import REGISTRY

failures = typer.Typer(no_args_is_help=True, help="What went wrong, why, and who can mend it.")


@failures.command("list")
def list_failures(context: typer.Context, operator: OperatorId, kind: Kind = "email") -> None:
    """The items of an operator that could not be read, with the reason."""
    found = list(context.obj.remote.pages("failures", operator_id=operator, kind=kind, limit=200))
    show_rows(context.obj, found, ("subject", "code", "detail", "count", "last_at", "remedy"))


@failures.command("explain")
def explain(code: Annotated[str, typer.Argument(help="A failure's code")]) -> None:
    """What a failure code means and what to do; needs no app."""
    if code not in REGISTRY:
        raise Refused(f'There is no failure "{code}". docs/failures.md lists them all.')
    entry = REGISTRY[code]
    out.print(f"[bold]{entry.code}[/bold] ({entry.failure_class.value})\n{entry.cause}", highlight=False)
    out.print(f"→ {entry.remedy}\nWho: {entry.owner.value}", highlight=False)

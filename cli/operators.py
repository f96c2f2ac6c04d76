"""`exsync operators`: the CRM's users and their mailboxes."""

from typing import Annotated

import typer

from cli.remote import Refused, Remote, segment
from cli.session import OperatorId, show_document, show_rows

operators = typer.Typer(no_args_is_help=True, help="Operators: the CRM's users and their mailboxes.")


@operators.command("list")
def list_operators(context: typer.Context) -> None:
    """All operators."""
    columns = ("operator_id", "mailbox", "connection", "email_sync", "calendar_sync", "contact_sync")
    show_rows(context.obj, list(context.obj.remote.pages("operators", limit=200)), columns)


@operators.command("show")
def show_operator(context: typer.Context, operator: OperatorId) -> None:
    """One operator and how its synchronisation stands."""
    remote: Remote = context.obj.remote
    facts = remote.get(f"operators/{segment(operator)}")
    facts["status"] = remote.get(f"operators/{segment(operator)}/status")["kinds"]
    show_document(facts)


@operators.command("set")
def set_operator(
    context: typer.Context,
    operator: OperatorId,
    mailbox: Annotated[str | None, typer.Option(help="The mailbox's primary SMTP address")] = None,
    email: Annotated[bool | None, typer.Option("--email/--no-email", help="Synchronise email")] = None,
    connection: Annotated[str | None, typer.Option(help="The connection's name in the settings, or auto")] = None,
    items: Annotated[str, typer.Option(help="keep or remove what a kind that is off holds")] = "keep",
) -> None:
    """Create an operator or change it; what is not given stays as it is."""
    remote: Remote = context.obj.remote
    path = f"operators/{segment(operator)}"
    try:
        facts = remote.get(path)
    except Refused:
        if mailbox is None:
            raise
        facts = {}
    facts = {name: value for name, value in facts.items() if name != "operator_id"}
    given = {"mailbox": mailbox, "email_sync": email, "connection": connection}
    facts |= {name: value for name, value in given.items() if value is not None}
    show_document(remote.send("PUT", path, facts, items=items))


@operators.command("remove")
def remove_operator(
    context: typer.Context, operator: OperatorId, items: Annotated[str, typer.Option(help="keep or remove")] = "keep"
) -> None:
    """Delete an operator; what it holds stays readable unless --items remove."""
    context.obj.remote.send("DELETE", f"operators/{segment(operator)}", items=items)

"""`exsync operators`: the CRM's users and their mailboxes, one by one; what is for many stands in modules of its own."""

from itertools import batched, chain
from typing import Annotated, Any

import typer

from cli.import_operators import export_operators, import_operators
from cli.items import Items, ItemsOption, settle_items
from cli.remote import Refused, Remote, segment
from cli.session import OperatorId, show_document, show_rows, stream_document
from cli.switching import disable
from cli.verification import enable, verify
from cli.work import show_kinds
from shared.model.operator import Kind

operators = typer.Typer(no_args_is_help=True, help="Operators: the CRM's users and their mailboxes.")
operators.command("import")(import_operators)
operators.command("export")(export_operators)
operators.command("disable")(disable)
operators.command("verify")(verify)
operators.command("enable")(enable)
_TABLE = 1000
_COLUMNS = ("operator_id", "mailbox", "connection", "email_sync", "calendar_sync", "contact_sync")
_ALL_COLUMNS = (*_COLUMNS, "time_zone")


@operators.command("list")
def list_operators(
    context: typer.Context,
    search: Annotated[str | None, typer.Option(help="Part of the id or the mailbox")] = None,
    connection: Annotated[str | None, typer.Option(help="Only those with this connection")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only those with this kind on, or with --off off")] = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Whether the kind, or any kind, is on")] = None,
) -> None:
    """All operators, or those of the filters."""
    given = {"search": search, "connection": connection, "kind": kind, "on": None if on is None else str(on).lower()}
    query = {name: value for name, value in given.items() if value is not None}
    found = context.obj.remote.pages("operators", limit=200, **query)
    if context.obj.as_json:
        stream_document(found)
        return
    # Of very many a table at a time, each with its headers.
    tables = batched(found, _TABLE, strict=False)
    for some in chain([next(tables, ())], tables):
        show_rows(context.obj, some, _COLUMNS, none="No operator is as asked." if query else "There is no operator.")


@operators.command("show")
def show_operator(context: typer.Context, operator: OperatorId) -> None:
    """One operator and how its synchronisation stands."""
    remote: Remote = context.obj.remote
    facts = remote.get(f"operators/{segment(operator)}")
    kinds = remote.get(f"operators/{segment(operator)}/status")["kinds"]
    if context.obj.as_json:
        show_document({**facts, "status": kinds})
        return
    show_rows(context.obj, [facts], _ALL_COLUMNS)
    show_kinds(context.obj, kinds)


@operators.command("set")
def set_operator(
    context: typer.Context,
    operator: OperatorId,
    mailbox: Annotated[str | None, typer.Option(help="The mailbox's primary SMTP address")] = None,
    email: Annotated[bool | None, typer.Option("--email/--no-email", help="Synchronise email")] = None,
    calendar: Annotated[bool | None, typer.Option("--calendar/--no-calendar", help="In a later version")] = None,
    contacts: Annotated[bool | None, typer.Option("--contacts/--no-contacts", help="In a later version")] = None,
    connection: Annotated[str | None, typer.Option(help="The connection's name in the settings, or auto")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA name, for example Europe/Berlin")] = None,
    items: ItemsOption = None,
) -> None:
    """Create an operator or change it; what is not given stays as it is."""
    remote: Remote = context.obj.remote
    before = _facts(remote, operator, may_be_new=mailbox is not None)
    flags = {"email_sync": email, "calendar_sync": calendar, "contact_sync": contacts}
    given = {"mailbox": mailbox, "connection": connection, "time_zone": time_zone, **flags}
    facts = before | {name: value for name, value in given.items() if value is not None}
    goes_off = any(before.get(flag) and not facts[flag] for flag in flags)
    kept = settle_items(items, f"{operator} is switched off") if goes_off or items else Items.KEEP
    stored = remote.send("PUT", f"operators/{segment(operator)}", facts, items=kept.value)
    if context.obj.as_json:
        show_document(stored)
    else:
        show_rows(context.obj, [stored], _ALL_COLUMNS)


@operators.command("remove")
def remove_operator(context: typer.Context, operator: OperatorId, items: ItemsOption = None) -> None:
    """Delete an operator; what it holds stays readable unless --items remove."""
    kept = settle_items(items, f"{operator} is deleted")
    context.obj.remote.send("DELETE", f"operators/{segment(operator)}", items=kept.value)
    left = "what it held is taken out" if kept is Items.REMOVE else "what it held stays readable"
    context.obj.tell(f"{operator} is deleted; {left}.")


def _facts(remote: Remote, operator: str, *, may_be_new: bool) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = remote.get(f"operators/{segment(operator)}")
    except Refused as refused:
        if refused.code == "operator-unknown" and may_be_new:
            return {}
        raise
    return {name: value for name, value in facts.items() if name != "operator_id"}

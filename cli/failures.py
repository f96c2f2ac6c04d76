"""`exsync failures`: what went wrong, why, and who can mend it."""

import json
from itertools import islice
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from cli.remote import Refused, Remote, segment
from cli.session import Kind, OperatorId, out, show_document, show_rows
from shared.model.failure_signs import Sign, look_up, signs_of
from shared.model.failures import REGISTRY, Failure, Owner, failure

failures = typer.Typer(no_args_is_help=True, help="What went wrong, why, and who can mend it.")
complaint = Console(stderr=True, soft_wrap=True)
_COLUMNS = ("id", "code", "detail", "since", "owner")
_NONE = "Nothing fails just now."
_OWNERS = ", ".join(owner.name.lower() for owner in Owner)


@failures.command("list")
def list_failures(
    context: typer.Context,
    operator: Annotated[str, typer.Option(help="Of one operator only")] = "",
    code: Annotated[str, typer.Option(help="Only with this code")] = "",
    connection: Annotated[str, typer.Option(help="Only of this connection")] = "",
    kind: Annotated[
        str, typer.Option(help="Only of this kind: email, email_items (single mails), or subscription")
    ] = "",
    owner: Annotated[str, typer.Option(help=f"Only what these can mend: {_OWNERS}")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most; `summary` counts all")] = 500,
) -> None:
    """All that fails just now: whose, why, since when, and who can mend it."""
    if code and code not in REGISTRY:
        raise _unknown(code)
    asked = {"code": code, "connection": connection, "kind": kind, "owner": owner.lower(), "operator_id": operator}
    given = {name: value for name, value in asked.items() if value}
    found = list(islice(context.obj.remote.pages("failures", of="collections", limit=200, **given), limit + 1))
    show_rows(
        context.obj, found[:limit], _COLUMNS, none="Nothing of what is asked for fails just now." if given else _NONE
    )
    if len(found) > limit:
        complaint.print(f"… and more than these {limit}: see `exsync failures summary`, or give --limit")


@failures.command("items")
def list_items(context: typer.Context, operator: OperatorId, kind: Kind = "email") -> None:
    """The items of an operator that could not be read, with the reason."""
    found = list(context.obj.remote.pages("failures", of="items", operator_id=operator, kind=kind, limit=200))
    show_rows(
        context.obj,
        found,
        ("id", "subject", "code", "detail", "count", "last_at", "remedy"),
        none="All items could be read.",
    )


@failures.command("summary")
def sum_up(context: typer.Context) -> None:
    """How many fail of which cause, the largest group first."""
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    for part in context.obj.remote.pages("failures/summary"):
        key = part["code"], part["connection"], part["kind"]
        known = groups.setdefault(key, {**part, "count": 0})
        known |= {"count": known["count"] + part["count"], "since": min(known["since"], part["since"])}
    largest = sorted(groups.values(), key=lambda group: -int(group["count"]))
    columns = ("count", "code", "connection", "kind", "since", "owner", "operator_id")
    show_rows(context.obj, largest, columns, none=_NONE)


@failures.command("retry")
def retry(
    context: typer.Context,
    failure_id: Annotated[str, typer.Argument(metavar="ID", help="The id of one, as `exsync failures list` shows it")],
) -> None:
    """Try it again now, however long it rests after failing. What an administrator paused stays paused."""
    remote: Remote = context.obj.remote
    accepted = remote.send("POST", f"failures/{segment(failure_id)}/retry")
    if context.obj.as_json:
        show_document(accepted)
    else:
        context.obj.tell(f"Asked for; `exsync status {accepted['operator_id']}` shows how it goes.")


@failures.command("catalogue")
def catalogue(context: typer.Context) -> None:
    """All failures that there are, with cause, remedy, owner and the codes of others that lead to them; needs no app."""
    entries = [_document(entry) for entry in REGISTRY.values()]
    if context.obj.as_json:
        print(json.dumps(entries))
        return
    show_rows(context.obj, entries, ("code", "class", "cause", "owner"))


@failures.command("explain")
def explain(
    context: typer.Context,
    code: Annotated[
        list[str],
        typer.Argument(metavar="CODE", help="Ours, or another's: ErrorImpersonateUserDenied, AADSTS7000215, HTTP 403"),
    ],
) -> None:
    """What a code means and what to do; needs no app."""
    asked = " ".join(code)
    if asked in REGISTRY:
        found = [failure(asked)]
    else:
        signs = look_up(asked)
        if not signs:
            raise _unknown(asked)
        found = [failure(each) for each in dict.fromkeys(sign.code for sign in signs)]
        for sign in signs:
            complaint.print(_led(sign), highlight=False, markup=False)
    if context.obj.as_json:
        print(json.dumps([_document(entry) for entry in found]))
    else:
        for entry in found:
            _show(entry)


def _unknown(code: str) -> Refused:
    return Refused(f'There is no failure "{code}". `exsync failures catalogue` lists them all.')


def _led(sign: Sign) -> str:
    return f"{sign}{f' ({sign.when})' if sign.when else ''} is {sign.code}"


def _show(entry: Failure) -> None:
    out.print(f"[bold]{entry.code}[/bold] ({entry.failure_class.value})\n{escape(entry.cause)}", highlight=False)
    # Not wrapped: a command in it is copied.
    out.print(f"→ {entry.remedy}\nWho: {entry.owner.value}", highlight=False, markup=False, soft_wrap=True)
    if signs := signs_of(entry.code):
        out.print(f"Comes of: {', '.join(map(str, signs))}", highlight=False, markup=False)


def _document(entry: Failure) -> dict[str, Any]:
    return {
        "code": entry.code,
        "class": entry.failure_class.value,
        "cause": entry.cause,
        "remedy": entry.remedy,
        "owner": entry.owner.value,
        "comes_of": [
            {"origin": sign.origin.name.lower(), "name": sign.name, "when": sign.when} for sign in signs_of(entry.code)
        ],
    }

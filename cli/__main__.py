"""`exsync` (locally `./dev exsync`): operators, settings, status and failures of a running app.

Exit status: 0 done, 1 refused or unreachable (with the reason), 2 wrong usage.
"""

import json
import sys
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.doctor import doctor
from cli.remote import Refused, Remote, segment
from cli.trust import trust
from shared.model.failures import REGISTRY

app = typer.Typer(
    no_args_is_help=True, help="Keep a CRM and Microsoft Exchange in step.", pretty_exceptions_enable=False
)
operators = typer.Typer(no_args_is_help=True, help="Operators: the CRM's users and their mailboxes.")
settings = typer.Typer(no_args_is_help=True, help="The settings document.")
failures = typer.Typer(no_args_is_help=True, help="What went wrong, why, and who can mend it.")
app.add_typer(operators, name="operators")
app.add_typer(settings, name="settings")
app.add_typer(failures, name="failures")
app.add_typer(trust, name="trust")
app.command()(doctor)
out = Console()

OperatorId = Annotated[str, typer.Argument(metavar="OPERATOR", help="The operator's id")]
Kind = Annotated[str, typer.Option(help="email")]


@dataclass(slots=True)
class _Session:
    """What the options before the command say."""

    remote: Remote
    as_json: bool


@app.callback()
def connect(
    context: typer.Context,
    url: Annotated[str, typer.Option(envvar="EXSYNC_URL", help="The app's API")] = "http://127.0.0.1:7071/api",
    key: Annotated[str, typer.Option(envvar="EXSYNC_KEY", help="A function key, where the app wants one")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs")] = False,
) -> None:
    """Say which app to talk to."""
    context.obj = _Session(Remote(url, key), as_json)


@operators.command("list")
def list_operators(context: typer.Context) -> None:
    """All operators."""
    columns = ("operator_id", "mailbox", "connection", "email_sync", "calendar_sync", "contact_sync")
    _rows(context.obj, list(context.obj.remote.pages("operators", limit=200)), columns)


@operators.command("show")
def show_operator(context: typer.Context, operator: OperatorId) -> None:
    """One operator and how its synchronisation stands."""
    remote: Remote = context.obj.remote
    facts = remote.get(f"operators/{segment(operator)}")
    facts["status"] = remote.get(f"operators/{segment(operator)}/status")["kinds"]
    _document(facts)


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
    _document(remote.send("PUT", path, facts, items=items))


@operators.command("remove")
def remove_operator(
    context: typer.Context, operator: OperatorId, items: Annotated[str, typer.Option(help="keep or remove")] = "keep"
) -> None:
    """Delete an operator; what it holds stays readable unless --items remove."""
    context.obj.remote.send("DELETE", f"operators/{segment(operator)}", items=items)


@app.command()
def status(context: typer.Context, operator: OperatorId) -> None:
    """How an operator's synchronisation stands, and why."""
    kinds = context.obj.remote.get(f"operators/{segment(operator)}/status")["kinds"]
    columns = ("kind", "state", "reason", "items", "last_sync_at", "failed_items")
    _rows(context.obj, [{"kind": kind, **facts} for kind, facts in kinds.items()], columns)
    for facts in kinds.values() if not context.obj.as_json else ():
        for note in facts.get("notes") or ():
            out.print(f"note: {note}", highlight=False, markup=False)
        for problem in (facts.get("failure"), facts.get("held")):
            if problem:
                out.print(f"[red]{problem['code']}[/red] {problem['detail']}\n→ {problem['remedy']}", highlight=False)


@app.command()
def sync(context: typer.Context, operator: OperatorId, kind: Kind = "email") -> None:
    """Ask for a synchronisation now."""
    context.obj.remote.send("POST", f"operators/{segment(operator)}/sync", {"kinds": [kind]})


@app.command()
def release(context: typer.Context, operator: OperatorId, kind: Kind = "email") -> None:
    """Let a removal take place that the brake holds."""
    context.obj.remote.send("POST", f"operators/{segment(operator)}/release", {"kind": kind})


@settings.command("show")
def show_settings(context: typer.Context) -> None:
    """The whole document, defaults included."""
    _document(context.obj.remote.get("settings"))


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
    _document(remote.send("PATCH", "settings", patch, headers=headers, dry_run=str(dry_run).lower()))


@failures.command("list")
def list_failures(context: typer.Context, operator: OperatorId, kind: Kind = "email") -> None:
    """The items of an operator that could not be read, with the reason."""
    found = list(context.obj.remote.pages("failures", operator_id=operator, kind=kind, limit=200))
    _rows(context.obj, found, ("subject", "code", "detail", "count", "last_at", "remedy"))


@failures.command("explain")
def explain(code: Annotated[str, typer.Argument(help="A failure's code")]) -> None:
    """What a failure code means and what to do; needs no app."""
    if code not in REGISTRY:
        raise Refused(f'There is no failure "{code}". docs/failures.md lists them all.')
    entry = REGISTRY[code]
    out.print(f"[bold]{entry.code}[/bold] ({entry.failure_class.value})\n{entry.cause}", highlight=False)
    out.print(f"→ {entry.remedy}\nWho: {entry.owner.value}", highlight=False)


def _put(patch: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        patch = patch.setdefault(name, {})
    patch[path[-1]] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _document(document: Any) -> None:
    out.print_json(data=document)


def _rows(session: _Session, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    if session.as_json:
        _document(rows)
        return
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*("" if row.get(name) is None else str(row.get(name)) for name in columns))
    out.print(table)


def main() -> None:
    """Run a command; a refusal is one clear message, never a traceback."""
    try:
        app()
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()

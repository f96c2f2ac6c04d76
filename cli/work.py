"""`exsync status`, `sync` and `release`: how one operator's synchronisation stands, and what can be asked of it."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.failures import list_failures
from cli.pauses import show_pauses
from cli.remote import segment
from cli.session import Kind, OperatorId, Session, out, show_rows, stream_document


def status(
    context: typer.Context,
    operator: Annotated[str, typer.Argument(metavar="OPERATOR", help="The operator's id")] = "",
    every: Annotated[bool, typer.Option("--all", help="Also those that are well, a line for each")] = False,
) -> None:
    """How an operator's synchronisation stands, and why; without one: those that are not well."""
    if operator:
        kinds = context.obj.remote.get(f"operators/{segment(operator)}/status")["kinds"]
        show_kinds(context.obj, kinds)
    elif every:
        _all(context)
    else:
        list_failures(context)
        if not context.obj.as_json:
            show_pauses(context.obj.remote, "paused")


def _all(context: typer.Context) -> None:
    """Page by page: of 100,000 operators nobody wants to wait for the last before he sees the first."""
    if context.obj.as_json:
        stream_document(context.obj.remote.pages("status", limit=200))
        return
    columns = ("operator_id", "kind", "state", "code", "since", "lag_seconds", "last_sync_at", "items", "failed_items")
    after: dict[str, str] | None = {}
    while after is not None:
        page = context.obj.remote.get("status", limit=200, **after)
        kinds = [(line, kind, facts) for line in page["items"] for kind, facts in line["kinds"].items()]
        rows = [{"kind": kind, **line, **facts} for line, kind, facts in kinds if facts["state"] != "off"]
        show_rows(context.obj, rows, columns)
        after = {"after": page["next"]} if page["next"] else None


def show_kinds(session: Session, kinds: dict[str, Any]) -> None:
    """How each kind of an operator stands, and for people what is to be said of it."""
    columns = ("kind", "state", "reason", "items", "last_sync_at", "failed_items")
    show_rows(session, [{"kind": kind, **facts} for kind, facts in kinds.items()], columns)
    for facts in kinds.values() if not session.as_json else ():
        for note in facts.get("notes") or ():
            out.print(f"note: {note}", highlight=False, markup=False)
        if paused := facts.get("paused"):
            out.print(
                f"paused by {paused['by']} since {paused['since']}: {paused['scope']}", highlight=False, markup=False
            )
        for problem in (facts.get("failure"), facts.get("held")):
            if problem:
                words = f"[red]{problem['code']}[/red] {escape(problem['detail'])}\n→ {escape(problem['remedy'])}"
                out.print(words, highlight=False, soft_wrap=True)


def sync(context: typer.Context, operator: OperatorId, kind: Kind = "email") -> None:
    """Ask for a synchronisation now; `exsync status OPERATOR` shows how it goes."""
    context.obj.remote.send("POST", f"operators/{segment(operator)}/sync", {"kinds": [kind]})
    context.obj.tell(f"Asked for; `exsync status {operator}` shows how it goes.")


def release(context: typer.Context, operator: OperatorId, kind: Kind = "email") -> None:
    """Let a removal take place that the brake holds."""
    context.obj.remote.send("POST", f"operators/{segment(operator)}/release", {"kind": kind})
    context.obj.tell(
        f"It takes place with the next sync, which is asked for; `exsync status {operator}` shows how it goes."
    )

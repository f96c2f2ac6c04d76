"""`exsync status`, `sync` and `release`: how one operator's synchronisation stands, and what can be asked of it."""

import typer

from cli.remote import segment
from cli.session import Kind, OperatorId, out, show_rows


def status(context: typer.Context, operator: OperatorId) -> None:
    """How an operator's synchronisation stands, and why."""
    kinds = context.obj.remote.get(f"operators/{segment(operator)}/status")["kinds"]
    columns = ("kind", "state", "reason", "items", "last_sync_at", "failed_items")
    show_rows(context.obj, [{"kind": kind, **facts} for kind, facts in kinds.items()], columns)
    for facts in kinds.values() if not context.obj.as_json else ():
        for note in facts.get("notes") or ():
            out.print(f"note: {note}", highlight=False, markup=False)
        if paused := facts.get("paused"):
            out.print(
                f"paused by {paused['by']} since {paused['since']}: {paused['scope']}", highlight=False, markup=False
            )
        for problem in (facts.get("failure"), facts.get("held")):
            if problem:
                out.print(f"[red]{problem['code']}[/red] {problem['detail']}\n→ {problem['remedy']}", highlight=False)


def sync(context: typer.Context, operator: OperatorId, kind: Kind = "email") -> None:
    """Ask for a synchronisation now."""
    context.obj.remote.send("POST", f"operators/{segment(operator)}/sync", {"kinds": [kind]})


def release(context: typer.Context, operator: OperatorId, kind: Kind = "email") -> None:
    """Let a removal take place that the brake holds."""
    context.obj.remote.send("POST", f"operators/{segment(operator)}/release", {"kind": kind})

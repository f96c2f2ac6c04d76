"""`exsync audit`: who did what, and how it ended."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from cli.session import show_rows

_DRY_RUN = "dry_run"
_ON = ("true", "1", "yes", "on")


def audit(
    context: typer.Context,
    operator: Annotated[str, typer.Option(metavar="ID", help="Only what was done to this operator")] = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far back")] = 7,
) -> None:
    """What administrators and applications did, newest first: who, when, what, to whom, and how it ended."""
    since = datetime.now(UTC) - timedelta(days=days)
    entries = context.obj.remote.pages("audit", operator_id=operator, limit=200)
    found = [*_until(entries, since)]
    if not context.obj.as_json:
        found = [{**entry, "outcome": _outcome(entry), "detail": _detail(entry)} for entry in found]
    show_rows(
        context.obj, found, ("at", "by", "action", "target", "detail", "outcome"), none="Nothing was done in that time."
    )


def _until(entries: Iterator[dict[str, Any]], since: datetime) -> Iterator[dict[str, Any]]:
    for entry in entries:
        if datetime.fromisoformat(entry["at"]) < since:
            return
        yield entry


def _detail(entry: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in entry["detail"].items() if value and name != _DRY_RUN)


def _outcome(entry: dict[str, Any]) -> str:
    only_looked = " (dry run)" if entry["detail"].get(_DRY_RUN, "").lower() in _ON else ""
    return f"{entry['outcome']}{only_looked}" + (f": {entry['code']}" if entry["code"] else "")

"""`exsync alerts`: failures that last, who was told of them, and whether a mail would get out."""

from typing import Annotated, Any

import typer

from cli.remote import Refused
from cli.session import show_rows

alerts = typer.Typer(no_args_is_help=True, help="Failures that last, as they are told to people.")


@alerts.command("list")
def list_alerts(context: typer.Context) -> None:
    """What lasts, by cause: how many mailboxes, since when, and who was told."""
    found = list(context.obj.remote.pages("alerts", limit=200))
    columns = ("code", "connection", "mailboxes", "since", "told_at", "mail_failure", "remedy")
    show_rows(context.obj, found, columns, none="Nothing has failed for long enough to be told.")


@alerts.command("test")
def try_ways(
    context: typer.Context,
    to: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to send it; else alerts.failures_to")] = "",
) -> None:
    """Send a trial mail by each way. Exit status 1 where one fails, or none is set up."""
    answer: dict[str, Any] = context.obj.remote.send("POST", "alerts/test", {"to": to})
    show_rows(context.obj, answer["ways"], ("way", "state", "detail", "code", "remedy"))
    states = [each["state"] for each in answer["ways"]]
    if "failed" in states:
        raise Refused("A trial mail could not be sent.")
    if "sent" not in states:
        raise Refused("Neither way is set up: set alerts.from, and alerts.smtp_url for the second.")

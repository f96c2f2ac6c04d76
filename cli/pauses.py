"""`exsync pause` and `exsync resume`: stop the sync of a kind, an operator or all for a while."""

from typing import Annotated

import typer

from cli.remote import Remote, segment
from cli.session import out, printable, show_rows

Kind = Annotated[str, typer.Option(metavar="KIND", help="email: for everybody")]
Operator = Annotated[str, typer.Option(metavar="ID", help="One operator, all kinds")]
All = Annotated[bool, typer.Option("--all", help="Everybody and everything")]


def pause(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; status shows it to everybody")] = "",
    kind: Kind = "",
    operator: Operator = "",
    everything: All = False,
) -> None:
    """Stop the sync for a while, without a restart; nothing is lost. Without options: show what is paused."""
    remote = context.obj.remote
    if not (reason or kind or operator or everything):
        show_rows(
            context.obj, remote.get("pauses")["items"], ("scope", "reason", "by", "at"), none="Nothing is paused."
        )
        return
    scope = _scope(kind, operator, everything=everything)
    if not reason:
        raise typer.BadParameter('say why: --reason "Exchange is patched until noon"')
    made = remote.send("POST", f"pauses/{segment(scope)}", {"reason": reason})
    show_rows(context.obj, [made], ("scope", "reason", "by", "at"))


def resume(context: typer.Context, kind: Kind = "", operator: Operator = "", everything: All = False) -> None:
    """Let the sync go on: whatever waited is woken. A pause ends by the option that it was made with."""
    scope = _scope(kind, operator, everything=everything)
    context.obj.remote.send("DELETE", f"pauses/{segment(scope)}")
    context.obj.tell(f"{scope} goes on.")
    if not context.obj.as_json:
        show_pauses(context.obj.remote, "still paused")


def show_pauses(remote: Remote, words: str) -> None:
    """A line for each pause."""
    for each in remote.get("pauses")["items"]:
        why = f"{each['reason']} (by {each['by']}, since {each['at']})"
        out.print(f"{words}: {each['scope']}: {printable(why)}", highlight=False, markup=False, soft_wrap=True)


def _scope(kind: str, operator: str, *, everything: bool) -> str:
    scopes = [f"kind-{kind}"] * bool(kind) + [f"operator-{operator}"] * bool(operator) + ["all"] * everything
    if len(scopes) != 1:
        raise typer.BadParameter("give one of --kind, --operator and --all")
    return scopes[0]

"""`exsync why`: what became of a mail, step by step, and who can change it."""

import re
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.remote import segment
from cli.session import show_document

out = Console(soft_wrap=True, emoji=False)
_MESSAGE_ID = re.compile(r"(?i)\s*(message-id\s*:\s*)?(<[^<>]+>|[^<>\s]+@[^<>\s]+)\s*")
_SIGNS = {True: "ok", False: "NO", None: "  "}


def why(
    context: typer.Context,
    mail: Annotated[str, typer.Argument(metavar="MESSAGE-ID|SUBJECT", help="A Message-ID, or words of the subject")],
    operator: Annotated[str, typer.Option("--operator", metavar="ID", help="In whose mailbox")],
    is_subject: Annotated[
        bool, typer.Option("--subject", help="A subject, though it looks like a Message-ID (one word with an @)")
    ] = False,
) -> None:
    """Why a mail is in the application, or is not: where Exchange has it, what decided, when, who can change it."""
    asked = "subject" if is_subject or not _is_message_id(mail) else "message_id"
    found = context.obj.remote.get(f"operators/{segment(operator)}/why", **{asked: mail})
    if context.obj.as_json:
        show_document(found)
        return
    for each in found["mails"]:
        _show(each)
    if found["mails"][0]["verdict"] == "not_found":
        _print(f"Looked in: {', '.join(found['looked_in'])}. Not in the archive mailbox, nor in Recoverable Items.")


def _is_message_id(text: str) -> bool:
    return _MESSAGE_ID.fullmatch(text) is not None


def _show(mail: dict[str, Any]) -> None:
    names = (mail["subject"], mail["message_id"], mail["folder"], mail["received_at"] or mail["sent_at"])
    if any(names):
        _print(" · ".join(name for name in names if name), style="bold")
    decided = mail["decided"]
    _print(f"{mail['verdict'].replace('_', ' ').capitalize()}: {decided['what']}")
    if decided["remedy"]:
        _print(f"→ {decided['remedy']}\n  Who: {decided['who']}")
    for step in mail["steps"]:
        _print(f"  {_SIGNS[step['ok']]}  {step['at'] or '':<24}  {step['what']}{_by(step)}")
        if step["remedy"] and step["ok"] is False and step != decided:
            _print(f"{'':32}→ {step['remedy']} (who: {step['who']})")
    _print("")


def _by(step: dict[str, Any]) -> str:
    """What decided, where the words do not say it already."""
    by = step["code"] or step["setting"]
    return f"  [{by}]" if by and by not in step["what"] else ""


def _print(text: str, style: str | None = None) -> None:
    """A stranger's words without what a terminal would obey."""
    plain = "".join(each if each.isprintable() or each == "\n" else "?" for each in text)
    out.print(plain, style=style, highlight=False, markup=False)

"""What becomes of the items of a kind that is switched off: asked for where a person can answer, else kept."""

import sys
from enum import StrEnum
from typing import Annotated

import typer


class Items(StrEnum):
    """Items stay readable, or are taken out of the application."""

    KEEP = "keep"
    REMOVE = "remove"


ItemsOption = Annotated[
    Items | None,
    typer.Option("--items", help="keep or remove the items of what goes off; asked for on a terminal, else keep"),
]


def settle_items(given: Items | None, what: str) -> Items:
    """What was given; else what a person says; else keep."""
    if given is None and sys.stdin.isatty():
        question = f"{what}: keep the items in the application, or remove them"
        answer: Items = typer.prompt(question, default=Items.KEEP.value, value_proc=_read, err=True)
        return answer
    return given or Items.KEEP


def _read(answer: str) -> Items:
    try:
        return Items(answer.strip().lower())
    except ValueError as error:
        raise typer.BadParameter("keep or remove") from error

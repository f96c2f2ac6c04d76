"""The options that say which app and which form (`--url`, `--json` …) stand before a command or behind it, as people write them.

Before anything is read the root moves them to the front. Each command has them among its own for its help and for
completion only.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

_PANEL = "Options of every command"


class Root(TyperGroup):
    """The group of all commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        return super().parse_args(ctx, [*_ordered(self, args)])


def take_anywhere(app: typer.Typer, connect: Callable[..., None]) -> None:
    """Let the options of `connect`, the callback of `app`, be given with each command too."""
    alone = typer.Typer(add_completion=False)
    alone.command()(connect)
    shared = [each for each in get_command(alone).params if isinstance(each, TyperOption) and not each.is_eager]

    class Command(TyperCommand):
        """A command that shows the shared options beside its own."""

        def __init__(self, *args: Any, params: list[Any], **more: Any) -> None:
            super().__init__(*args, params=[*params, *_for_help(shared)], **more)

    for each in _commands(app):
        each.cls = Command


def is_shared(option: Any) -> bool:
    """Whether a command has this option only beside its own."""
    return getattr(option, "rich_help_panel", None) == _PANEL


def _commands(app: typer.Typer) -> Iterator[Any]:
    yield from app.registered_commands
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance)


def _for_help(options: Sequence[TyperOption]) -> Iterator[TyperOption]:
    for option in options:
        shown = copy(option)
        shown.rich_help_panel, shown.expose_value = _PANEL, False
        yield shown


def _ordered(root: TyperGroup, words: Sequence[str]) -> list[str]:
    """The same words with the root's options, and their values, at the front. What stands behind `--` stays."""
    front: list[str] = []
    rest: list[str] = []
    command: Any = root
    waiting = list(words)
    while waiting and waiting[0] != "--":
        word, *waiting = waiting
        own, shared = _option(command, word), _option(root, word)
        option = shared or own
        values = 0 if option is None or option.is_flag or "=" in word else 1
        (front if shared and len(waiting) >= values else rest).extend([word, *waiting[:values]])
        waiting = waiting[values:]
        if option is None and isinstance(command, TyperGroup):
            command = command.commands.get(word, command)
    return [*front, *rest, *waiting]


def _option(command: Any, word: str) -> TyperOption | None:
    name = word.partition("=")[0]
    options = (each for each in command.params if isinstance(each, TyperOption))
    return next((each for each in options if name in (*each.opts, *each.secondary_opts)), None)

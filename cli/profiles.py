"""`exsync profile`: which apps there are, under short names, in the user's configuration folder. Never a key or a token."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.refused import Refused
from cli.session import Given, show_rows

profile = typer.Typer(no_args_is_help=True, help="Apps under short names, for --profile.")
_COLUMNS = ("name", "url", "auth", "scope", "ca")


def read_profile(name: str) -> Given:
    """The profile of that name. Raises Refused for one that there is not."""
    known = _read()
    if name not in known:
        raise Refused(f'There is no profile "{name}" (there are: {", ".join(sorted(known)) or "none"}).')
    return known[name]


@profile.command("add")
def add(context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME", help="A short name")]) -> None:
    """Keep the --url, --auth, --scope and --ca that are given with it: `exsync profile add NAME --url URL`."""
    if not name.strip() or not name.isprintable():
        raise typer.BadParameter("NAME: write a short name")
    if not context.obj.given.url:
        raise typer.BadParameter("give --url: a profile says which app")
    _write(_read() | {name: context.obj.given})


@profile.command("list")
def list_profiles(context: typer.Context) -> None:
    """All profiles."""
    show_rows(
        context.obj,
        [{"name": name, **asdict(each)} for name, each in sorted(_read().items())],
        _COLUMNS,
        none="There is no profile.",
    )


@profile.command("remove")
def remove(name: Annotated[str, typer.Argument(metavar="NAME", help="A profile's name")]) -> None:
    """Forget a profile."""
    read_profile(name)
    _write({other: each for other, each in _read().items() if other != name})


def _file() -> Path:
    return Path(typer.get_app_dir("exsync")) / "profiles.json"


def _read() -> dict[str, Given]:
    try:
        return {name: Given(**each) for name, each in json.loads(_file().read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as wrong:
        raise Refused(f"{_file()} cannot be read: {wrong}. Mend it or remove it.") from wrong


def _write(profiles: dict[str, Given]) -> None:
    text = json.dumps({name: asdict(each) for name, each in profiles.items()}, indent=2)
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        _file().write_text(f"{text}\n", encoding="utf-8")
    except OSError as wrong:
        raise Refused(f"{wrong.filename}: {wrong.strerror}.") from wrong

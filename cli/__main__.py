"""`exsync` (locally `./dev exsync`): operators, settings, status and failures of a running app.

Exit status: 0 done, 1 refused or unreachable (with the reason), 2 wrong usage.
"""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import typer

from cli.alerts import alerts
from cli.anywhere import Root, take_anywhere
from cli.audit import audit
from cli.authorities import trusted
from cli.doctor import doctor
from cli.failures import failures
from cli.forget import forget_operator, forget_person
from cli.operators import operators
from cli.pauses import pause, resume
from cli.profiles import profile, read_profile
from cli.remote import Refused, Remote
from cli.session import Given, Session
from cli.settings import settings
from cli.sign_in import EntraToken
from cli.trust import trust
from cli.why import why
from cli.work import release, status, sync
from shared.model.release import VERSION
from shared.model.setting_values import is_loopback

_LOCAL = "http://127.0.0.1:7071/api"

app = typer.Typer(
    cls=Root, no_args_is_help=True, help="Keep a CRM and Microsoft Exchange in step.", pretty_exceptions_enable=False
)
app.add_typer(operators, name="operators")
app.add_typer(settings, name="settings")
app.add_typer(failures, name="failures")
app.add_typer(alerts, name="alerts")
app.add_typer(trust, name="trust")
app.add_typer(profile, name="profile")
operators.command("forget")(forget_operator)
for command in (status, why, sync, release, pause, resume, doctor, audit):
    app.command()(command)
app.command("forget")(forget_person)


class Auth(StrEnum):
    """How to sign in to the app."""

    KEY = "key"
    ENTRA = "entra"


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"exsync {VERSION}")
        raise typer.Exit


@app.callback()
def connect(
    context: typer.Context,
    url: Annotated[str, typer.Option(envvar="EXSYNC_URL", help=f"The app's API; else {_LOCAL}")] = "",
    key: Annotated[str, typer.Option(envvar="EXSYNC_KEY", help="A function key, where the app wants one")] = "",
    auth: Annotated[
        Auth | None,
        typer.Option(envvar="EXSYNC_AUTH", help="entra: sign in with Entra ID, besides a key if there is one"),
    ] = None,
    scope: Annotated[
        str, typer.Option(envvar="EXSYNC_SCOPE", help="With --auth entra: for what, api://CLIENT-ID/.default")
    ] = "",
    ca: Annotated[
        Path | None, typer.Option(envvar="EXSYNC_CA", help="A file (PEM) of authorities to trust beside the system's")
    ] = None,
    profile: Annotated[str, typer.Option(envvar="EXSYNC_PROFILE", help="An app by its short name")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs")] = False,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version")
    ] = False,
) -> None:
    """Say which app to talk to."""
    given = Given(url, auth.value if auth else "", scope, str(ca) if ca else "")
    if profile:
        given = _completed(context, given, read_profile(profile))
    context.obj = Session(_remote(given, key), as_json, given)


take_anywhere(app, connect)


def _completed(context: typer.Context, given: Given, kept: Given) -> Given:
    """What stands on the command line counts most, then the profile, then the environment."""

    def chosen(name: str) -> str:
        source = context.get_parameter_source(name)
        on_line = source is not None and source.name == "COMMANDLINE"
        first, second = (given, kept) if on_line else (kept, given)
        return str(getattr(first, name) or getattr(second, name))

    return Given(chosen("url"), chosen("auth"), chosen("scope"), chosen("ca"))


def _remote(given: Given, key: str) -> Remote:
    """The app. Raises BadParameter where a key or a token would be sent in the open, or nobody says what it is for."""
    url, entra = given.url.strip() or _LOCAL, given.auth == Auth.ENTRA
    parts = _parts(url)
    if not key.isascii() or not key.isprintable():
        raise typer.BadParameter("--key has characters that no key has: copy it anew")
    if parts.scheme == "http" and (key or entra) and not is_loopback(parts.hostname or ""):
        raise typer.BadParameter(f"--url {url}: keys and tokens go over https only")
    if entra and not given.scope:
        raise typer.BadParameter("--auth entra needs --scope api://CLIENT-ID/.default, or EXSYNC_SCOPE")
    try:
        context = trusted(Path(given.ca) if given.ca else None, os.environ)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    return Remote(url, key.strip(), sign_in=EntraToken(given.scope) if entra else None, trusted=context)


def _parts(url: str) -> SplitResult:
    """The parts of an app's URL. Raises BadParameter for one that is none, or holds more than that."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits or parts.query or parts.fragment or "@" in parts.netloc:
        raise typer.BadParameter(f'--url {url}: write "https://YOUR-APP.azurewebsites.net/api", and a key as --key')
    return parts


def main() -> None:
    """Run a command; a refusal is one clear message, never a traceback."""
    try:
        app(prog_name="exsync")
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()

"""`exsync` (locally `./dev exsync`): operators, settings, status and failures of a running app.

Exit status: 0 done, 1 refused or unreachable (with the reason), 2 wrong usage.
"""

import sys
from typing import Annotated

import typer

from cli.audit import audit
from cli.doctor import doctor
from cli.failures import failures
from cli.forget import forget_operator, forget_person
from cli.operators import operators
from cli.pauses import pause, resume
from cli.remote import Refused, Remote
from cli.session import Session
from cli.settings import settings
from cli.trust import trust
from cli.work import release, status, sync

app = typer.Typer(
    no_args_is_help=True, help="Keep a CRM and Microsoft Exchange in step.", pretty_exceptions_enable=False
)
app.add_typer(operators, name="operators")
app.add_typer(settings, name="settings")
app.add_typer(failures, name="failures")
app.add_typer(trust, name="trust")
operators.command("forget")(forget_operator)
app.command("forget")(forget_person)
for command in (doctor, status, sync, release, audit, pause, resume):
    app.command()(command)


@app.callback()
def connect(
    context: typer.Context,
    url: Annotated[str, typer.Option(envvar="EXSYNC_URL", help="The app's API")] = "http://127.0.0.1:7071/api",
    key: Annotated[str, typer.Option(envvar="EXSYNC_KEY", help="A function key, where the app wants one")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs")] = False,
) -> None:
    """Say which app to talk to."""
    context.obj = Session(Remote(url, key), as_json)


def main() -> None:
    """Run a command; a refusal is one clear message, never a traceback."""
    try:
        app()
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()

"""docs/cli.md, written from the Typer application itself: every command with its arguments and options."""

from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from cli.__main__ import app
from cli.anywhere import is_shared

_HEAD = """\
# The command `exsync`

<!-- Written by `python -m devtools.reference_pages` from cli/: change it there. -->

Locally `./dev exsync …`. It talks to a running app over HTTP, on this machine or in Azure.
What is printed on standard output is the result: a table for people, with `--json` one document for programs.
Everything else (questions, progress, complaints) goes to standard error.

| exit status | means |
|---|---|
| 0 | done |
| 1 | refused, unreachable, or (`exsync doctor`) something fails; the reason is on standard error |
| 2 | wrong usage: an option or argument that there is not, or that cannot be so |
| 130 | interrupted (Ctrl-C); what is done already stays done |

## An app in Azure

```
export EXSYNC_URL=https://YOUR-APP.azurewebsites.net/api
export EXSYNC_KEY=…            # a function key: portal > the app > App keys, or the function http_api > Function keys
exsync doctor
```

**Entra ID.** Where the app is behind App Service Authentication, `--auth entra --scope api://CLIENT-ID/.default`
(`EXSYNC_AUTH`, `EXSYNC_SCOPE`) sends a token in the header `Authorization`, besides the key where one is given.
CLIENT-ID is that of the app's own registration. It is the token of who is signed in already: a service principal in
the environment (`AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, `AZURE_CLIENT_SECRET`), else `az login`, else Azure PowerShell;
at a terminal a device code is the last way. The Azure CLI must be an authorised client of the registration (Expose an
API > Add a client application > `04b07795-8ddb-461a-bbee-02f9e1bf7b46`). No token is stored. What it is for you say
yourself: never the app. `/api/ews/notifications` and `/api/health` must stay open to those who are not signed in.

**Several apps.** `exsync profile add live --url URL --auth entra --scope SCOPE` keeps these, and a `--ca`, in your
configuration folder; `exsync --profile live …` (`EXSYNC_PROFILE`) uses them. Keys and tokens are never kept. What
stands on the command line counts before the profile, and the profile before the environment.

**Certificates and proxies.** The app's certificate and name are always verified. Authorities of your own: `--ca FILE`
(PEM), or `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE`. Proxies: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`. Keys and tokens go
over https only, except to this machine.

**A busy app.** Calls that may be repeated (all that only read, and those that set or remove) are, three times at
most, when the app answers 429 or 503, after the pause that it asks for.

## Completion

`exsync --install-completion` sets it up for bash, zsh, fish or PowerShell, whichever runs it; `exsync
--show-completion` prints the script.

## Options of every command

Before the command or behind it: `exsync --json status` is `exsync status --json`.
"""
_COMPLETION = frozenset({"install_completion", "show_completion"})


def command_page() -> str:
    """The text of docs/cli.md."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    return "\n".join([_HEAD, *_options(root), "## Commands\n", *_commands(root, "exsync")])


def _commands(group: TyperGroup, before: str) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{before} {name}")
        else:
            yield f"### `{_usage(f'{before} {name}', command)}`\n\n{command.help}\n"
            yield from _options(command)


def _usage(name: str, command: Any) -> str:
    arguments = [_argument(each) for each in command.params if each.param_type_name == "argument"]
    options = ["[OPTIONS]"] if _shown(command) else []
    return " ".join([name, *options, *arguments])


def _argument(argument: Any) -> str:
    word = argument.metavar or argument.name.upper()
    word = word + "…" if argument.nargs == -1 else word
    return word if argument.required else f"[{word}]"


def _options(command: Any) -> Iterator[str]:
    """The table of arguments and options, where there are any."""
    rows = [
        f"| `{_argument(each)}` | {_cell(each.help)} |" for each in command.params if each.param_type_name == "argument"
    ]
    rows += [f"| {_names(each)} | {_meaning(each)} |" for each in _shown(command)]
    if rows:
        yield "\n".join(["| | |", "|---|---|", *rows, ""])


def _shown(command: Any) -> list[Any]:
    options = [each for each in command.params if each.param_type_name == "option"]
    return [each for each in options if not each.hidden and each.name not in _COMPLETION and not is_shared(each)]


def _names(option: Any) -> str:
    word = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return ", ".join(f"`{name}{word}`" for name in (*option.opts, *option.secondary_opts))


def _meaning(option: Any) -> str:
    environment = f" (`{option.envvar}`)" if option.envvar else ""
    usual = f" Default: `{option.default}`." if option.default and not option.is_flag else ""
    return f"{_cell(option.help)}{environment}.{usual}"


def _cell(text: str | None) -> str:
    """Help as it fits into a table."""
    return (text or "").rstrip(".").replace("|", "\\|")

"""docs/settings.md and docs/failures.md, written from the tables of shared/model, and docs/cli.md, written from cli/:
`python -m devtools.reference_pages`.

A test holds the files true; whoever changes a table runs this again.
"""

import json
from pathlib import Path

from devtools.command_page import command_page
from shared.model.failure_signs import Sign, signs_of
from shared.model.failures import REGISTRY, Failure, FailureClass
from shared.model.setting_table import SETTINGS, Setting
from shared.settings import ENVIRONMENT

DOCS = Path(__file__).resolve().parents[1] / "docs"
_SETTINGS_HEAD = """\
# Settings

<!-- Written by `python -m devtools.reference_pages` from shared/model/setting_table.py: change it there. -->

One document in storage, read with `GET /api/settings` and changed with `PATCH /api/settings` (docs/api.md). In JSON it is
nested; here and in error messages names are dotted. What is not set has its default. The document is checked as a whole:
one mistake, and nothing of a change is taken. A change says what it will do, `exsync settings set --dry-run` says only that,
and `exsync settings history` tells who changed what. Secrets are never in it: they are entries of Key Vault, or locally
environment variables, named after the connection (`<name>-username`, `<name>-password`, `<name>-client-secret` or
`<name>-client-certificate`).

A change is in force at each collection's next sync, at the latest after `email.sweep_minutes`;
`POST /api/operators/{operator_id}/sync` hurries one operator.

"Known as" is the name in the product that many users come from. `exsync settings show NAME` finds a setting by it, and
`exsync settings import FILE` takes over what is set there: lines of `NAME=VALUE`, two columns of CSV, or JSON.
"""
_ENVIRONMENT_HEAD = """\
## Environment settings

Facts of the deployment, which Azure calls app settings; locally environment variables, or `local.settings.json`. They
are read once, when a process starts (shared/settings.py). `AzureWebJobs.<function>.Disabled` = `true` switches one
function off. Secrets of a local run are `EXSYNC_SECRET_DEFAULT_USERNAME`, `EXSYNC_SECRET_LISTENER_KEY` and so on: the
secret's name in capitals with `_` for `-`.
"""
_FAILURES_HEAD = """\
# Failures

<!-- Written by `python -m devtools.reference_pages` from shared/model/failure_tables and foreign_codes.py: change it there. -->

Every failure has a code. Status, the list of failed items, the log and the API's problem documents (`code`) name it, with
the server's own words as detail. Who can do what the remedy says stands beside it, and last the codes of others that lead
to it: response codes of Exchange, HTTP statuses of its answers, `AADSTS` numbers of Entra ID, `x-ms-diagnostics` of a refused
token, OpenSSL's `X509_V_ERR`, codes of Key Vault and of Azure Storage. `exsync failures explain CODE` takes any of them.
"""
_CLASSES = {
    FailureClass.TRANSIENT: "Transient: it is tried again by itself",
    FailureClass.RESYNC: "Resync: what was remembered is void and is built anew, without doubling anything",
    FailureClass.RECONFIGURE: "Reconfigure: an administrator must act; the sync then resumes by itself",
    FailureClass.PERMANENT: "Permanent: this one thing cannot be done; everything else goes on",
    FailureClass.INPUT: "Input: the request is answered with it, and nothing was changed",
    FailureClass.WARNING: "Warning: nothing fails yet, but will if nobody acts",
}


def settings_page() -> str:
    """The text of docs/settings.md."""
    rows = "\n".join(_setting(setting) for setting in SETTINGS)
    document = f"{_SETTINGS_HEAD}\n| setting | known as | may be | default | meaning |\n|---|---|---|---|---|\n{rows}\n"
    facts = "\n".join(f"| `{each.name}` | {_quoted(each.default)} | {each.meaning} |" for each in ENVIRONMENT)
    return f"{document}\n{_ENVIRONMENT_HEAD}\n| name | default | meaning |\n|---|---|---|\n{facts}\n"


def _quoted(text: str) -> str:
    return f"`{text}`" if text else ""


def _setting(setting: Setting) -> str:
    default = "" if setting.default is None else f"`{json.dumps(setting.default)}`"
    return f"| `{setting.name}` | {setting.known_as} | {setting.values} | {default} | {setting.meaning} |"


def failures_page() -> str:
    """The text of docs/failures.md."""
    return "\n".join([_FAILURES_HEAD, *(_class(each) for each in FailureClass)])


def _class(failure_class: FailureClass) -> str:
    entries = sorted((each for each in REGISTRY.values() if each.failure_class is failure_class), key=_code)
    rows = "\n".join(_failure(each) for each in entries)
    return (
        f"## {_CLASSES[failure_class]}\n\n| code | cause | remedy | who | comes of |\n|---|---|---|---|---|\n{rows}\n"
    )


def _failure(entry: Failure) -> str:
    signs = ", ".join(_sign(sign) for sign in signs_of(entry.code))
    return f"| `{entry.code}` | {entry.cause} | {entry.remedy} | {entry.owner} | {signs} |"


def _sign(sign: Sign) -> str:
    return f"`{sign}`{f' ({sign.when})' if sign.when else ''}"


def _code(entry: Failure) -> str:
    return entry.code


def write_pages() -> None:
    """Write all three files."""
    DOCS.mkdir(exist_ok=True)
    (DOCS / "settings.md").write_text(settings_page(), encoding="utf-8")
    (DOCS / "failures.md").write_text(failures_page(), encoding="utf-8")
    (DOCS / "cli.md").write_text(command_page(), encoding="utf-8")


if __name__ == "__main__":
    write_pages()

"""`exsync trust`: which certificates the app trusts beside the system's, and what a server offers."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from cli.remote import Refused, Remote, segment
from cli.session import printable

trust = typer.Typer(no_args_is_help=True, help="Certificates that are trusted beside the system's.")
out = Console(soft_wrap=True, emoji=False)  # `:AB:` in a fingerprint is no emoji
_PASSWORD = "EXSYNC_TRUST_PASSWORD"


@trust.command("list")
def list_trusted(context: typer.Context) -> None:
    """All trusted certificates, with fingerprints and expiry."""
    found = context.obj.remote.get("trust")["items"]
    if context.obj.as_json:
        print(json.dumps(found))
    else:
        _show(found)


@trust.command("fetch")
def fetch(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="https://HOST or https://HOST:PORT")],
    add: Annotated[bool, typer.Option("--add", help="Trust the topmost certificate, after asking")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: the fingerprint was compared")] = False,
) -> None:
    """The certificate chain that a server offers to the app, and whether it is trusted."""
    remote: Remote = context.obj.remote
    offered = remote.send("POST", "trust/fetch", {"url": url})
    if not context.obj.as_json:
        _show_offer(offered)
    if add:
        offered |= _add_topmost(remote, offered, yes=yes)
        if not context.obj.as_json:
            _show_added(offered)
    if context.obj.as_json:
        print(json.dumps(offered))


@trust.command("add")
def add_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="PEM, DER, PKCS#7, PKCS#12 or Java keystore")],
    password_file: Annotated[
        Path | None, typer.Option(help=f"A file with the password; or set {_PASSWORD}; else it is asked for")
    ] = None,
    password: Annotated[str, typer.Option(envvar=_PASSWORD, hidden=True)] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what the file holds")] = False,
) -> None:
    """Trust the certificates of a file. Only certificates are taken: a private key in it is not kept."""
    content = _read(file)
    if password_file is not None:
        password = _read(password_file).decode("utf-8", "replace").rstrip("\r\n")
    try:
        added = _added(context.obj.remote, content, password, dry_run=dry_run)
    except Refused as refused:
        if refused.code != "trust-password-needed" or not sys.stdin.isatty():
            raise
        password = typer.prompt(f"Password of {file.name}", hide_input=True, err=True)
        added = _added(context.obj.remote, content, password, dry_run=dry_run)
    if context.obj.as_json:
        print(json.dumps(added))
    else:
        _show_added(added)


@trust.command("remove")
def remove(
    context: typer.Context,
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="SHA-256 or SHA-1, as `list` shows it")],
) -> None:
    """Trust a certificate no longer."""
    context.obj.remote.send("DELETE", f"trust/{segment(fingerprint)}")


def _added(remote: Remote, content: bytes, password: str, *, dry_run: bool) -> Any:
    headers = {b"X-Trust-Password": password.encode()} if password else {}
    return remote.upload("trust", content, headers=headers, dry_run=str(dry_run).lower())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}.") from error


def _add_topmost(remote: Remote, offered: dict[str, Any], *, yes: bool) -> Any:
    """Trust on first sight is only as good as the comparison of the fingerprint. What was shown is what is added."""
    top = next(each for each in offered["certificates"] if each["sha256"] == offered["topmost"])
    if not yes:
        print("Compare this with the server's own, over another way than this one:", file=sys.stderr)
        print(f"  {printable(top['subject'])}", file=sys.stderr)
        print(f"  SHA-256 {_spaced(top['sha256'])}\n  SHA-1   {_spaced(top['sha1'])}", file=sys.stderr)
        if not typer.confirm("Trust it?", err=True):
            raise Refused("Nothing was changed.")
    return remote.upload("trust", top["pem"].encode())


def _show_offer(offered: dict[str, Any]) -> None:
    _show(offered["certificates"])
    failure = offered["failure"]
    if failure is None:
        out.print(f"[green]trusted[/green] as {escape(offered['host'])}", highlight=False)
    else:
        out.print(f"[red]{failure['code']}[/red] {escape(printable(failure['detail']))}", highlight=False)
        out.print(f"→ {failure['remedy']}", highlight=False, markup=False)


def _show_added(answer: dict[str, Any]) -> None:
    for state in ("added", "known"):
        for each in answer[state]:
            words = f"{state}: {printable(each['subject'])}  SHA-256 {_spaced(each['sha256'])}"
            out.print(words, highlight=False, markup=False)


def _show(certificates: list[dict[str, Any]]) -> None:
    for each in certificates:
        # Lines, not a table: in a narrow terminal that would cut a fingerprint off.
        out.print(printable(each["subject"]), style="bold", highlight=False, markup=False)
        for name, value in _lines(each):
            out.print(f"  {name:<7}  {value}", highlight=False, markup=False)
    if not certificates:
        out.print("Only the system's authorities are trusted.")


def _lines(certificate: dict[str, Any]) -> list[tuple[str, str]]:
    expires = f"{certificate['not_after']} ({certificate['days_left']} days left)"
    if certificate["warning"]:
        expires += f" {certificate['warning']['code']}"
    return [
        ("issuer", printable(certificate["issuer"])),
        (
            "for",
            printable(", ".join(certificate["names"]))
            or ("an authority" if certificate["is_authority"] else "no host"),
        ),
        ("SHA-256", _spaced(certificate["sha256"])),
        ("SHA-1", _spaced(certificate["sha1"])),
        ("from", certificate["not_before"]),
        ("expires", expires),
    ]


def _spaced(fingerprint: str) -> str:
    """As Windows, Java and openssl show it, so that two can be compared by eye."""
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()

"""The command against a deployed app: keys, Entra ID, private authorities, proxies, an app that is busy, and profiles."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.__main__ import app as command
from cli.remote import Refused
from shared.model.release import VERSION
from tests.cli.conftest import Answer, App

ROOT = Path(__file__).resolve().parents[2]
NOTHING = Answer(body={"items": [], "next": None})
LISTED = "GET /api/operators?limit=200"
SCOPE = "api://11111111-2222-3333-4444-555555555555/.default"
AZ = """\
#!{python}
import json, pathlib, sys
pathlib.Path(__file__).with_name("asked").write_text(" ".join(sys.argv[1:]))
if {signed_in}:
    print(json.dumps({{"accessToken": "a.b.c", "expiresOn": "2100-01-01 00:00:00.000000", "expires_on": 4102444800,
                      "tokenType": "Bearer", "subscription": "s", "tenant": "t"}}))
else:
    sys.exit("ERROR: Please run 'az login' to setup account.")
"""


def exsync(*words: str) -> tuple[int, str]:
    """Run a command in this process; its exit status, and all that it printed or complained of."""
    result = CliRunner().invoke(command, words)
    if isinstance(result.exception, Refused):
        return 1, f"{result.output}{result.exception}"
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Azure CLI, signed in; a file of what it was asked lies beside it."""
    return installed(tmp_path, monkeypatch, signed_in=True)


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, *, signed_in: bool) -> Path:
    file = folder / "bin" / "az"
    file.parent.mkdir()
    file.write_text(AZ.format(python=sys.executable, signed_in=signed_in))
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{file.parent}:/usr/bin:/bin")
    return file


def test_a_key_goes_in_its_header(app: App) -> None:
    app.says(LISTED, NOTHING)
    assert exsync("--url", app.url, "--key", "k1", "operators", "list")[0] == 0
    assert app.asked[0][2]["x-functions-key"] == "k1"
    assert "authorization" not in app.asked[0][2]


def test_a_missing_key_is_asked_for(app: App) -> None:
    app.says(LISTED, Answer(401, b""))
    status, text = exsync("--url", app.url, "operators", "list")
    assert (status, "give --key or set EXSYNC_KEY" in text) == (1, True)


def test_a_key_that_is_not_taken_is_not_asked_for_again(app: App) -> None:
    app.says(LISTED, Answer(401, b""))
    text = exsync("--url", app.url, "--key", "k1", "operators", "list")[1]
    assert "does not take this key" in text
    assert "give --key" not in text


def test_a_token_of_who_is_signed_in_goes_over_https_beside_the_key(secure_app: App, ca: Path, az: Path) -> None:
    secure_app.says(LISTED, NOTHING)
    options = ("--url", secure_app.url, "--ca", str(ca), "--auth", "entra", "--scope", SCOPE, "--key", "k1")
    assert exsync(*options, "operators", "list")[0] == 0
    (_, _, headers) = secure_app.asked[0]
    assert (headers["authorization"], headers["x-functions-key"]) == ("Bearer a.b.c", "k1")
    asked = az.with_name("asked").read_text()
    assert "account get-access-token" in asked
    assert SCOPE.removesuffix("/.default") in asked


def test_who_is_not_signed_in_is_told_how(
    secure_app: App, ca: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch, signed_in=False)
    options = ("--url", secure_app.url, "--ca", str(ca), "--auth", "entra", "--scope", SCOPE)
    status, text = exsync(*options, "operators", "list")
    assert (status, "az login" in text, secure_app.asked) == (1, True, [])


def test_a_token_that_the_app_does_not_take_is_told_apart_from_a_missing_key(
    secure_app: App, ca: Path, az: Path
) -> None:
    secure_app.says(LISTED, Answer(401, b"", {"WWW-Authenticate": 'Bearer realm="app"'}))
    options = ("--url", secure_app.url, "--ca", str(ca), "--auth", "entra", "--scope", SCOPE)
    assert "--scope" in exsync(*options, "operators", "list")[1]


def test_a_page_to_sign_in_is_no_answer(app: App) -> None:
    place = "https://login.microsoftonline.com/common/oauth2/authorize?client_id=x"
    app.says(LISTED, Answer(302, b"", {"Location": place}))
    status, text = exsync("--url", app.url, "operators", "list")
    assert (status, "login.microsoftonline.com" in text, "--auth entra" in text) == (1, True, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--auth", "entra"), "--scope"),
        (("--url", "http://exsync.contoso.example/api", "--key", "k"), "https only"),
        (("--url", "http://exsync.contoso.example/api", "--auth", "entra", "--scope", SCOPE), "https only"),
        (("--url", "exsync.contoso.example"), "https://YOUR-APP"),
        (("--url", "http://[::1"), "https://YOUR-APP"),
        (("--url", "https://exsync.contoso.example:99999/api"), "https://YOUR-APP"),
        (("--url", "https://exsync.contoso.example/api?code=k1"), "a key as --key"),
        (("--key", "k\u00e9y"), "copy it anew"),
        (("--ca", "/no/such/file"), "/no/such/file"),
        (("--auth", "password"), "--auth"),
        (("--no-such-option",), "--no-such-option"),
    ],
)
def test_wrong_usage_ends_with_two_and_says_what_is_right(words: tuple[str, ...], said: str) -> None:
    status, text = exsync(*words, "operators", "list")
    assert status == 2
    assert said in " ".join(text.replace("│", " ").split())


def test_a_private_authority_is_not_trusted_until_it_is_given(secure_app: App) -> None:
    status, text = exsync("--url", secure_app.url, "operators", "list")
    assert (status, "is not trusted" in text, "--ca FILE" in text) == (1, True, True)
    assert secure_app.asked == []


@pytest.mark.parametrize("variable", ["EXSYNC_CA", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_may_name_the_authorities(
    secure_app: App, ca: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(ca))
    secure_app.says(LISTED, NOTHING)
    assert exsync("--url", secure_app.url, "operators", "list")[0] == 0


def test_a_proxy_of_the_environment_is_used(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", app.url.removesuffix("/api"))
    app.says("GET http://exsync.contoso.example/api/operators?limit=200", NOTHING)
    assert exsync("--url", "http://exsync.contoso.example/api", "operators", "list")[0] == 0


def test_a_call_that_may_be_repeated_is_when_the_app_asks_for_a_pause(app: App) -> None:
    busy = {"Retry-After": "0"}
    app.says(LISTED, Answer(503, b"", busy), Answer(429, b"", busy), NOTHING)
    status, text = exsync("--url", app.url, "operators", "list")
    assert (status, len(app.asked), "again in 0 s" in text) == (0, 3, True)


def test_it_is_not_repeated_for_ever(app: App) -> None:
    problem = {"detail": "Table Storage answers 503", "code": "storage-unavailable", "remedy": "Try it again."}
    app.says(LISTED, Answer(503, problem, {"Retry-After": "0"}))
    status, text = exsync("--url", app.url, "operators", "list")
    assert (status, len(app.asked), "storage-unavailable" in text) == (1, 4, True)


def test_a_call_that_does_something_is_sent_once(app: App) -> None:
    app.says("POST /api/operators/alice/sync", Answer(503, b"", {"Retry-After": "0"}))
    assert exsync("--url", app.url, "sync", "alice")[0] == 1
    assert len(app.asked) == 1


def test_waves_that_lose_the_app_say_what_is_done_and_how_to_go_on(app: App) -> None:
    status = {"state": "live", "reason": "", "failure": None, "held": None}
    for name in ("alice", "bob"):
        app.says(f"GET /api/operators/{name}", Answer(body={"operator_id": name, "email_sync": True}))
    app.says("GET /api/operators/alice/status", Answer(body={"kinds": {"email": status}}))
    app.says("GET /api/operators/bob/status", Answer(502, b"<html>Bad Gateway"))
    words = ("operators", "enable", "alice", "bob", "--wave", "1,2", "--yes")
    ended, said = exsync("--url", app.url, *words)
    assert (ended, "wave 1 of 2: 1 operator: 1 ready" in said) == (1, True), said
    assert "HTTP 502" in said
    assert "Interrupted in wave 2" in said
    assert "Run the same command again: it goes on where it stopped." in said


def test_a_piece_of_an_import_is_sent_again_where_the_app_is_busy(app: App, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("operator_id,mailbox\nalice,a@x.example\n")
    line = {"line": 2, "operator_id": "alice", "outcome": "unchanged", "changes": {}, "items_removed": [], "code": None}
    call = "POST /api/operators/import?items=keep&dry_run=false"
    app.says(call, Answer(503, b"", {"Retry-After": "0"}), Answer(body={"lines": [{**line, "reason": None}]}))
    status, said = exsync("--url", app.url, "operators", "import", str(tmp_path / "users.csv"))
    assert (status, "1 unchanged" in said) == (0, True), said


@pytest.mark.parametrize(
    "answer", [Answer(404, b"<html>"), Answer(200, b"<html>welcome"), Answer(200, [1]), Answer(200, {"value": []})]
)
def test_a_url_that_leads_elsewhere_is_told(app: App, answer: Answer) -> None:
    app.says(LISTED, answer)
    status, text = exsync("--url", app.url, "operators", "list")
    assert (status, "is --url the app's /api?" in text) == (1, True)


def test_an_app_that_does_not_run_is_not_mistaken_for_another_url(app: App) -> None:
    app.says("POST /api/operators/alice/sync", Answer(502, b"<html>"))
    text = exsync("--url", app.url, "sync", "alice")[1]
    assert "does not run" in text
    assert "--url" not in text


def test_the_doctor_says_who_shuts_an_address_that_should_be_open(app: App) -> None:
    app.says("GET /api/health", Answer(401, b""))
    _, text = exsync("--url", app.url, "--json", "doctor")
    first = json.loads(text)["first"]
    assert first["name"] == "app: answer"
    assert "unauthenticated requests" in first["remedy"]


def test_a_profile_without_an_app_is_none(app: App) -> None:
    status, text = exsync("profile", "add", "live")
    assert (status, "give --url" in " ".join(text.split())) == (2, True)
    assert exsync("profile", "add", " ", "--url", app.url)[0] == 2


def test_profiles_that_cannot_be_written_are_told(app: App, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder would be")
    status, text = exsync("profile", "add", "live", "--url", app.url)
    assert status == 1
    assert "config" in text


def test_a_profile_keeps_all_but_the_key(secure_app: App, ca: Path, tmp_path: Path) -> None:
    options = ("--url", secure_app.url, "--ca", str(ca), "--key", "k1")
    assert exsync(*options, "profile", "add", "live")[0] == 0
    kept = "".join(file.read_text() for file in tmp_path.rglob("profiles.json"))
    assert secure_app.url in kept
    assert "k1" not in kept
    secure_app.says(LISTED, NOTHING)
    assert exsync("--profile", "live", "operators", "list")[0] == 0
    _, text = exsync("--json", "profile", "list")
    assert [each["name"] for each in json.loads(text)] == ["live"]
    assert exsync("profile", "remove", "live")[0] == 0
    status, text = exsync("--profile", "live", "operators", "list")
    assert (status, 'no profile "live"' in text) == (1, True)


def test_what_stands_on_the_line_counts_before_the_profile_and_that_before_the_environment(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.says(LISTED, NOTHING)
    exsync("--url", "http://127.0.0.1:9/api", "profile", "add", "gone")
    exsync("--url", app.url, "profile", "add", "here")
    assert exsync("--profile", "gone", "--url", app.url, "operators", "list")[0] == 0
    monkeypatch.setenv("EXSYNC_URL", "http://127.0.0.1:9/api")
    assert exsync("--profile", "here", "operators", "list")[0] == 0


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    assert exsync("--version") == (0, f"exsync {VERSION}\n")


def test_no_command_without_entra_id_waits_for_its_library() -> None:
    seen = "import sys, cli.__main__; sys.exit('azure.identity' in sys.modules or 'msal' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", seen], cwd=ROOT, check=False).returncode == 0

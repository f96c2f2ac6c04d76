"""What `exsync doctor` finds on the way from this machine to the app, before the app says a word."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from http_api.doctor_examples import CHECKED_UP
from tests.adapters.making_certificates import make
from tests.cli.conftest import AUTHORITY, Answer, App, serving
from tests.cli.test_deployed_app import exsync

STEPS = ("app: name", "app: certificate", "app: answer", "app: clock", "app: key")
FINE = {**CHECKED_UP, "status": "ok", "first": None, "checks": CHECKED_UP["checks"][:1]}


def found(*words: str) -> tuple[int, dict[str, dict[str, Any]], Any]:
    """Exit status, findings by name, and what to do first."""
    status, text = exsync("--json", *words)
    answer = json.loads(text)
    return status, {each["name"]: each for each in answer["checks"]}, answer["first"]


def well(app: App) -> App:
    app.says("GET /api/health", Answer(body={"status": "ok"}))
    app.says("POST /api/doctor", Answer(body=FINE))
    return app


def test_the_way_and_what_the_app_found_are_one_list(secure_app: App, ca: Path) -> None:
    status, checks, first = found("--url", well(secure_app).url, "--ca", str(ca), "doctor")
    assert (status, first) == (0, None)
    assert list(checks) == [*STEPS, "app: release", "tables"]
    assert {each["state"] for each in checks.values()} == {"ok"}


def test_the_first_failure_is_repeated_at_the_end_and_the_status_is_one(app: App) -> None:
    well(app).says("POST /api/doctor", Answer(body=CHECKED_UP))
    status, text = exsync("--url", app.url, "doctor")
    assert status == 1
    table, _, last = text.partition("What to do first\n")
    assert all(mark in table for mark in ("✓", "✗", "–"))
    assert last.startswith("listener: listener-not-ours: https://exsync.example.com")
    assert "→ Correct `notifications.url`" in last
    assert "Who: CRM administrator" in last


def stopped(*words: str) -> tuple[str, dict[str, Any]]:
    """The step that failed; those after it were not tried."""
    status, checks, first = found(*words, "doctor")
    states = [checks[name]["state"] for name in STEPS]
    at = states.index("failed")
    assert (status, states[at + 1 :]) == (1, ["not_tried"] * (len(STEPS) - at - 1))
    assert first["remedy"]
    return STEPS[at], first


def test_a_name_that_there_is_not() -> None:
    step, _ = stopped("--url", "https://no-such-app.invalid/api")
    assert step == "app: name"


def test_a_certificate_that_is_not_trusted(secure_app: App) -> None:
    step, first = stopped("--url", secure_app.url)
    assert (step, "--ca FILE" in first["remedy"]) == ("app: certificate", True)


def test_an_app_that_breaks_down_over_the_question(app: App) -> None:
    well(app).says("POST /api/doctor", Answer(500, {"code": "internal-error", "title": "An error of its own."}))
    step, first = stopped("--url", app.url)
    assert (step, "answers 500" in first["detail"], "log" in first["remedy"]) == ("app: key", True, True)


def test_a_certificate_that_expires_soon_is_a_warning(ca: Path) -> None:
    soon = make("localhost", by=AUTHORITY, ends=datetime.now(UTC) + timedelta(days=3))
    with serving(soon) as app:
        status, checks, _ = found("--url", well(app).url, "--ca", str(ca), "doctor")
    assert (status, checks["app: certificate"]["state"]) == (0, "warning")


def test_nobody_listens() -> None:
    step, first = stopped("--url", "http://127.0.0.1:9/api")
    assert (step, "Is the app running" in first["remedy"]) == ("app: answer", True)


@pytest.mark.parametrize("answer", [Answer(404, b""), Answer(200, b"<html>welcome"), Answer(200, ["ok"])])
def test_something_else_answers(app: App, answer: Answer) -> None:
    app.says("GET /api/health", answer)
    assert stopped("--url", app.url)[0] == "app: answer"


@pytest.mark.parametrize("status", [401, 403])
def test_the_key_is_not_taken(app: App, status: int) -> None:
    well(app).says("POST /api/doctor", Answer(status, b""))
    assert stopped("--url", app.url, "--key", "wrong")[0] == "app: key"


def test_a_clock_that_is_wrong_here_is_a_warning(app: App) -> None:
    early = {"Date": format_datetime(datetime.now(UTC) - timedelta(minutes=9), usegmt=True)}
    well(app).says("GET /api/health", Answer(body={"status": "ok"}, headers=early))
    status, checks, _ = found("--url", app.url, "doctor")
    assert (status, checks["app: clock"]["state"]) == (0, "warning")


def test_an_app_of_another_release_is_a_warning(app: App) -> None:
    well(app).says("POST /api/doctor", Answer(body={**FINE, "version": "9.0.0"}))
    assert found("--url", app.url, "doctor")[1]["app: release"]["state"] == "warning"


def test_by_a_proxy_the_name_is_the_proxys_to_resolve(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", app.url.removesuffix("/api").replace("http://", "http://user:secret@"))
    app.says("GET http://exsync.contoso.example/api/health", Answer(body={"status": "ok"}))
    app.says("POST http://exsync.contoso.example/api/doctor", Answer(body=FINE))
    status, checks, _ = found("--url", "http://exsync.contoso.example/api", "doctor")
    assert (status, "by the proxy 127.0.0.1" in checks["app: name"]["detail"]) == (0, True)
    assert "secret" not in str(checks)


def test_a_refusal_of_the_request_is_one_clear_message(app: App) -> None:
    problem = {
        "code": "operator-unknown",
        "detail": "there is no operator nobody",
        "remedy": "GET /operators lists them",
    }
    well(app).says("POST /api/doctor", Answer(404, problem))
    status, text = exsync("--url", app.url, "doctor", "--operator", "nobody")
    assert (status, "operator-unknown" in text) == (1, True)

"""The two functions as Azure calls them: one behind all routes of the API, one that says whether the app lives."""

import json
import os
import subprocess
import sys
from pathlib import Path

import azure.functions as func
import pytest

import http_api
import http_health
from http_api.app import create_app
from shared.compose import World
from tests.flows.office import Office

ROOT = Path(__file__).resolve().parents[2]


def request(method: str, path: str, *, body: bytes = b"", **headers: str) -> func.HttpRequest:
    url = f"http://127.0.0.1:7071/api/{path}"
    query = dict(part.split("=") for part in path.partition("?")[2].split("&") if part)
    return func.HttpRequest(method, url, headers=headers, params=query, body=body)


@pytest.fixture
def middleware() -> func.AsgiMiddleware:
    office = Office()

    async def world() -> World:
        return office.world()

    return func.AsgiMiddleware(create_app(world, local=True))  # type: ignore[no-untyped-call]


async def test_a_request_passes_azures_middleware_with_its_headers_and_body(middleware: func.AsgiMiddleware) -> None:
    patch = json.dumps({"email": {"sync_from_days": 9}}).encode()
    headers = {"Host": "127.0.0.1:7071", "If-Match": "*", "Content-Type": "application/merge-patch+json"}
    answer = await middleware.handle_async(request("PATCH", "settings", body=patch, **headers))
    assert answer.status_code == 200
    assert json.loads(answer.get_body())["email"]["sync_from_days"] == 9
    assert answer.headers["ETag"].startswith('"')
    assert answer.mimetype == "application/json"


async def test_an_operator_id_with_an_at_sign_passes_as_it_is(middleware: func.AsgiMiddleware) -> None:
    body = json.dumps({"mailbox": "alice@contoso.example"}).encode()
    for path in ("operators/alice@contoso.example", "operators/alice%40contoso.example"):
        answer = await middleware.handle_async(
            request("PUT", path, body=body, **{"Host": "localhost", "Content-Type": "application/json"})
        )
        assert json.loads(answer.get_body())["operator_id"] == "alice@contoso.example"


async def test_the_function_answers_with_a_problem_where_no_route_is(
    monkeypatch: pytest.MonkeyPatch, middleware: func.AsgiMiddleware
) -> None:
    monkeypatch.setattr(http_api, "_application", lambda: middleware)
    (function,) = http_api.bp._function_builders
    answer = await function._function._func(request("GET", "nothing", Host="localhost"), None)
    assert (answer.status_code, json.loads(answer.get_body())["code"]) == (404, "not-found")


async def health(path: str) -> func.HttpResponse:
    (function,) = http_health.bp._function_builders
    answer = await function._function._func(request("GET", path))
    assert isinstance(answer, func.HttpResponse)
    return answer


async def test_health_is_open_and_says_that_the_app_lives() -> None:
    answer = await health("health")
    assert (answer.status_code, json.loads(answer.get_body())) == (200, {"status": "ok"})


async def test_deep_health_is_refused_where_no_key_was_asked_for() -> None:
    answer = await health("health?deep=true")
    problem = json.loads(answer.get_body())
    assert (answer.status_code, problem["code"], answer.mimetype) == (401, "key-required", "application/problem+json")
    assert "/health/deep" in problem["remedy"]


def test_importing_the_functions_does_not_import_fastapi() -> None:
    code = "import sys, http_api, http_health; sys.exit(bool({'fastapi', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


_ASKED = """
import asyncio, json, azure.functions as func, http_api
(builder,) = http_api.bp._function_builders
trigger = builder._function.get_trigger()
answer = asyncio.run(http_api.http_api._function._func(func.HttpRequest("GET", "http://localhost/api/docs", body=b""), None))
print(json.dumps([trigger.auth_level.value, answer.status_code]))
"""


@pytest.mark.parametrize(
    ("said", "level", "status"), [("True", "ANONYMOUS", 401), ("False", "FUNCTION", 200), ("", "FUNCTION", 200)]
)
def test_a_token_opens_in_place_of_the_key_only_where_azure_says_that_it_checks_tokens(
    said: str, level: str, status: int
) -> None:
    environment = {**os.environ, "WEBSITE_AUTH_ENABLED": said, "AZURE_FUNCTIONS_ENVIRONMENT": "Production"}
    asked = subprocess.run(
        [sys.executable, "-c", _ASKED], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(asked.stdout) == [level.lower(), status]

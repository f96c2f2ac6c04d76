"""HTTP triggers of the local host: what a function is given, and what the caller gets."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest

from devtools.functions_host import HostKeys
from devtools.functions_host.http_server import LARGEST_BODY
from tests.devtools.functions_host.sample import SampleApp


async def echo(app: SampleApp, method: str, path: str, **options: object) -> dict[str, object]:
    status, body = await app.request(method, path, **options)
    assert status == 200
    result: dict[str, object] = json.loads(body)
    return result


async def test_a_function_sees_method_url_query_headers_and_bytes(app: SampleApp) -> None:
    async with app.running() as host:
        seen = await echo(
            app, "PUT", "/api/echo/alice?tag=a&tag=b&word=%C3%A9", data=b"\x00\xff", headers={"X-Who": "Alice"}
        )
        assert seen["method"] == "PUT"
        assert seen["url"] == f"{host.url}/api/echo/alice?tag=a&tag=b&word=%C3%A9"
        assert seen["query"] == {"tag": "a,b", "word": "é"}
        assert seen["route"] == {"name": "alice"}
        assert base64.b64decode(str(seen["body"])) == b"\x00\xff"
        assert isinstance(seen["headers"], dict) and seen["headers"]["x-who"] == "Alice"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/echo/fixed", "the literal"),
        ("/API/Echo/Fixed/", "the literal"),
        ("/api/echo/42", {"number": "42"}),
        ("/api/files/a/b%20c/d.txt", {"path": "a/b c/d.txt"}),
        ("/api/files", {"path": None}),
        ("/api/maybe/bob", {"name": "bob"}),
        ("/api/maybe", {"name": None}),
    ],
)
async def test_the_most_specific_route_answers(app: SampleApp, path: str, answer: object) -> None:
    async with app.running():
        status, body = await app.request("GET", path)
        assert (status, json.loads(body)) == (200, answer)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/echo/alice"),
        ("GET", "/api/echo/a/b"),
        ("GET", "/api/secret/x"),
        ("GET", "/admin/nothing"),
    ],
)
async def test_what_no_route_takes_is_not_found(app: SampleApp, method: str, path: str) -> None:
    async with app.running():
        assert (await app.request(method, path))[0] == 404


async def test_answers_carry_status_headers_and_binary_bodies(app: SampleApp) -> None:
    async with app.running(), aiohttp.ClientSession(app.url) as client:
        async with client.get("/api/binary") as response:
            assert await response.read() == bytes(range(256))
            assert response.headers["X-Kind"] == "binary"
            assert response.content_type == "application/octet-stream"
        async with client.head("/api/binary") as response:
            assert (response.status, await response.read()) == (200, b"")
            assert response.headers["X-Kind"] == "binary"
        async with client.get("/api/teapot") as response:
            assert (response.status, await response.text()) == (418, "short and stout")
        async with client.get("/api/text") as response:
            assert (response.content_type, await response.text()) == ("text/plain", "only text")


async def test_several_cookies_are_several_headers(app: SampleApp) -> None:
    async with app.running(), aiohttp.ClientSession(app.url) as client, client.get("/api/cookies") as response:
        assert response.headers.getall("Set-Cookie") == [
            "session=a%20b; max-age=60; path=/; secure; samesite=lax; httponly",
            "theme=dark; expires=Wed, 21 Oct 2026 07:28:00 GMT; domain=localhost",
        ]


async def test_an_unhandled_exception_is_500_without_a_body_and_a_traceback_in_the_log(
    app: SampleApp, caplog: pytest.LogCaptureFixture
) -> None:
    async with app.running():
        assert await app.request("GET", "/api/boom") == (500, b"")
    assert "RuntimeError: the fuse is short" in caplog.text
    assert "in boom" in caplog.text


async def test_a_function_that_runs_too_long_is_ended(app: SampleApp, caplog: pytest.LogCaptureFixture) -> None:
    app.change_host_json(functionTimeout="00:00:00.05")
    async with app.running():
        assert await app.request("GET", "/api/slow") == (500, b"")
    assert "ran longer than functionTimeout" in caplog.text


async def test_fastapi_works_behind_the_asgi_middleware(app: SampleApp) -> None:
    async with app.running() as host:
        seen = await echo(app, "POST", "/api/asgi/items/a%20b?tag=new", data=b"12345")
        assert seen == {"item": "a b", "tag": "new", "size": 5, "base": f"{host.url}/"}


async def test_a_compressed_body_reaches_the_function_as_it_was_sent(app: SampleApp) -> None:
    async with app.running():
        seen = await echo(app, "POST", "/api/echo/x", data=b"\x1f\x8bxyz", headers={"Content-Encoding": "gzip"})
        assert base64.b64decode(str(seen["body"])) == b"\x1f\x8bxyz"


async def test_a_body_over_the_limit_is_413_before_it_is_sent(app: SampleApp) -> None:
    async with app.running() as host:
        reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
        head = f"POST /api/secret/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\n"
        writer.write(head.encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 413")
        writer.close()
        await writer.wait_closed()


async def test_a_body_of_unknown_length_over_the_limit_is_413(app: SampleApp) -> None:
    async def too_much() -> AsyncIterator[bytes]:
        block = bytes(1024 * 1024)
        for _ in range(LARGEST_BODY // len(block) + 1):
            yield block

    async with app.running():
        assert (await app.request("POST", "/api/secret/x", data=too_much()))[0] == 413


async def test_the_log_has_the_template_and_nothing_of_path_or_body(
    app: SampleApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with app.running():
        assert (await app.request("POST", "/api/secret/s3cr3t-key?code=c0de", data=b"private words"))[0] == 200
    host_lines = "\n".join(record.getMessage() for record in caplog.records)
    assert "secret (POST /api/secret/{key})" in host_lines
    for secret in ("s3cr3t-key", "c0de", "private words"):
        assert secret not in host_lines


KEYS = HostKeys(function="function-key", master="master-key")


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/text", "", 200),
        ("/api/for_friends", "", 401),
        ("/api/for_friends", "wrong", 401),
        ("/api/for_friends", "function-key", 200),
        ("/api/for_friends", "master-key", 200),
        ("/api/for_the_master", "function-key", 401),
        ("/api/for_the_master", "master-key", 200),
        ("/admin/host/status", "function-key", 401),
        ("/admin/host/status", "master-key", 200),
    ],
)
async def test_keys_open_what_their_level_allows(app: SampleApp, path: str, key: str, status: int) -> None:
    async with app.running(keys=KEYS):
        by_header = await app.request("GET", path, headers={"x-functions-key": key})
        by_query = await app.request("GET", f"{path}?code={key}")
        assert (by_header[0], by_query[0]) == (status, status)


async def test_without_keys_every_level_is_open(app: SampleApp) -> None:
    async with app.running():
        assert (await app.request("GET", "/api/for_the_master"))[0] == 200


@pytest.mark.parametrize("header", ["Host", "Origin"])
async def test_a_page_of_another_site_cannot_call(app: SampleApp, header: str) -> None:
    foreign = {"Host": "evil.example", "Origin": "https://evil.example"}[header]
    async with app.running():
        assert (await app.request("GET", "/api/text", headers={header: foreign}))[0] == 403
        assert (await app.request("GET", "/api/text", headers={"Origin": app.url}))[0] == 200
    async with app.running(host_names=["evil.example"]):
        assert (await app.request("GET", "/api/text", headers={header: foreign}))[0] == 200


async def test_a_disabled_function_is_not_found_and_listed_as_disabled(app: SampleApp) -> None:
    app.settings["AzureWebJobs.switched_off.Disabled"] = "true"
    async with app.running():
        assert (await app.request("GET", "/api/switched_off"))[0] == 404
        listed = json.loads((await app.request("GET", "/admin/functions"))[1])
        assert {one["name"] for one in listed if one["isDisabled"]} == {"switched_off"}


async def test_requests_are_served_at_once(app: SampleApp) -> None:
    async with app.running(), asyncio.TaskGroup() as group:
        # Each waits inside the function for what only a later request brings.
        waiting = [group.create_task(app.calls("tick", at_least=1)) for _ in range(16)]
        assert (await app.request("POST", "/admin/functions/tick", json={"input": ""}))[0] == 202
        assert [len(calls) for calls in await asyncio.gather(*waiting)] == [1] * 16


async def test_the_host_reports_that_it_runs(app: SampleApp) -> None:
    async with app.running():
        status = json.loads((await app.request("GET", "/admin/host/status"))[1])
        assert status["state"] == "Running"

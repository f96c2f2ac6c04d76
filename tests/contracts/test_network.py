"""What is learnt of the way to a server without credentials, from real servers on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from shared.adapters.network import HttpNetwork
from shared.errors import Reconfigure, SyncError
from tests.adapters.making_certificates import make, server_context

ANSWER = (
    b"HTTP/1.1 401 Unauthorized\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT\r\nWWW-Authenticate: Negotiate\r\n"
    b'WWW-Authenticate: NTLM\r\nWWW-Authenticate: Basic realm="mail"\r\nContent-Length: 2000\r\n\r\n' + b"x" * 2000
)


@asynccontextmanager
async def server(answer: bytes, context: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers each request so; its URL, and the requests."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", heard


async def test_an_answer_tells_status_clock_ways_to_sign_in_and_the_beginning_of_its_body() -> None:
    async with server(ANSWER) as (url, requests):
        heard = await HttpNetwork().ask("GET", f"{url}/EWS/Exchange.asmx", trusted="")
    assert (heard.status, heard.date) == (401, datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert (heard.schemes, heard.body) == (("Negotiate", "NTLM", "Basic"), b"x" * 1024)
    assert requests[0].startswith(b"GET /EWS/Exchange.asmx ")
    assert b"authorization" not in requests[0].lower()


async def test_a_redirect_is_told_and_not_followed() -> None:
    async with server(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n") as (url, requests):
        heard = await HttpNetwork().ask("POST", url, trusted="")
    assert (heard.status, heard.date, len(requests)) == (302, None, 1)


async def test_a_certificate_is_verified_by_what_is_trusted() -> None:
    authority = make("Contoso CA", authority=True)
    async with server(ANSWER, server_context(make("localhost", by=authority))) as (url, requests):
        secure = url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(Reconfigure, match="certificate-untrusted"):
            await HttpNetwork().ask("GET", secure, trusted="")
        assert requests == []
        assert (await HttpNetwork().ask("GET", secure, trusted=authority.pem)).status == 401


async def test_a_name_is_resolved_or_told_to_be_none() -> None:
    assert "127.0.0.1" in await HttpNetwork().addresses("localhost")
    assert await HttpNetwork().addresses("127.0.0.1") == ("127.0.0.1",)
    for host in ("no-such-host.invalid", "a" * 64 + ".example"):
        with pytest.raises(SyncError) as failed:
            await HttpNetwork().addresses(host)
        assert failed.value.code == "dns-failed"

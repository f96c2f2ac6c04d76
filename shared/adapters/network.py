"""The port `Network`: names by the system's resolver, and requests without credentials over httpx."""

import asyncio
import socket
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from shared.adapters.ews.transport_errors import transport_error
from shared.adapters.ews.trust import trust
from shared.errors import Transient
from shared.ports import Heard

_TIMEOUT = httpx.Timeout(10, connect=5)
_BODY_SHOWN = 1024


class HttpNetwork:
    """The port `Network`. A client for each request: it is asked seldom, and each time by what is trusted then."""

    async def addresses(self, host: str) -> tuple[str, ...]:
        """See the port."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as wrong:  # UnicodeError: what is no host name at all
            raise Transient("dns-failed", f"{host}: the name cannot be resolved: {wrong}") from None
        return tuple(dict.fromkeys(str(address[0]) for *_, address in found))

    async def ask(self, method: str, url: str, *, trusted: str) -> Heard:
        """See the port."""
        try:
            async with (
                httpx.AsyncClient(verify=trust(trusted), timeout=_TIMEOUT, trust_env=False) as client,
                client.stream(method, url) as response,
            ):
                body = await _beginning(response)
        except (httpx.HTTPError, OSError) as wrong:
            raise transport_error(wrong, httpx.URL(url).host) from None
        headers = response.headers
        schemes = [each.split(" ", 1)[0] for each in headers.get_list("www-authenticate")]
        return Heard(response.status_code, _date(headers.get("date", "")), tuple(dict.fromkeys(schemes)), body)


async def _beginning(response: httpx.Response) -> bytes:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) >= _BODY_SHOWN:
            break
    return body[:_BODY_SHOWN]


def _date(header: str) -> datetime | None:
    try:
        return parsedate_to_datetime(header).replace(tzinfo=UTC)  # always GMT: RFC 9110, 5.6.7
    except ValueError:
        return None

"""What the tests of the EWS adapter share: a clock that is set by hand, ready secrets, and a server that says what it is told."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_CLIENT, DEFAULT_CLIENT_SECRET, DEFAULT_PASSWORD, DEFAULT_USER
from shared.adapters.ews.connection import Connection, OAuth
from shared.adapters.ews.exchange import EwsExchange
from shared.adapters.memory.secrets import MemorySecrets
from shared.model.exchange import Mailbox
from shared.ports import Secrets

ALICE = Mailbox("alice@contoso.example")
BOB = Mailbox("bob@contoso.example")
CHARLIE = Mailbox("charlie@contoso.example")
SIGN_IN = {"default-username": DEFAULT_USER, "default-password": DEFAULT_PASSWORD}
CLIENT_SECRET = {"default-client-secret": DEFAULT_CLIENT_SECRET}
ONLINE_SCOPE = "https://outlook.office365.com/.default"
SAMPLES = Path(__file__).parents[2] / "samples" / "ews"


class Clock:
    """The time, which moves when told to and with real waiting."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, by: timedelta) -> None:
        self._ahead += by


def oauth_connection(simulator: ExchangeSimulator, *, url: str = "", **changes: str | None) -> Connection:
    """A connection to the simulator by OAuth; `oauth=None` leaves its settings out."""
    facts = {"client_id": DEFAULT_CLIENT, "token_endpoint": simulator.token_endpoint, "scope": ONLINE_SCOPE} | changes
    oauth = None if "oauth" in facts else OAuth(**{name: value or "" for name, value in facts.items()})
    return Connection("default", url or simulator.url, version="Exchange365", authentication="oauth", oauth=oauth)


@asynccontextmanager
async def exchange_at(
    *connections: Connection, secrets: Mapping[str, str] | Secrets = SIGN_IN, now: Clock | None = None
) -> AsyncIterator[EwsExchange]:
    """The adapter for these connections."""
    known = MemorySecrets(secrets) if isinstance(secrets, Mapping) else secrets
    numbers = count(1)
    exchange = EwsExchange(connections, known, now=now or Clock(), new_id=lambda: f"request-{next(numbers)}")
    try:
        yield exchange
    finally:
        await exchange.aclose()


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """One HTTP answer; the connection ends with it."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class ToldServer:
    """Gives each request the next of the answers, the last one for ever; an empty answer is a closed connection."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        self._answers = list(answers)
        self.requests: list[bytes] = []
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ToldServer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1")
        async with server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/EWS/Exchange.asmx"
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        self.requests.append(head + await reader.readexactly(length))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

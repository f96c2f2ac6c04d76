"""A real mail server on loopback (aiosmtpd), which keeps what it takes and refuses what a test wants refused."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

TAKEN = "250 taken"


@dataclass
class MailServer:
    """What it took, and its answers. `sign_ins` are user names and passwords that were tried; `known` the ones it accepts."""

    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    greeted_by: list[str] = field(default_factory=list)
    sign_ins: list[tuple[str, str]] = field(default_factory=list)
    known: tuple[str, str] = ("", "")
    answer_to_sender: str = "250 OK"
    answer_to_mail: str = TAKEN
    strangers: dict[str, str] = field(default_factory=dict)

    def url(self, host: str = "127.0.0.1", *, scheme: str = "smtp") -> str:
        return f"{scheme}://{host}:{self.port}"

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answer_to_sender

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.strangers:
            return self.strangers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert server.transport is not None
        if self.answer_to_mail == TAKEN:
            self.taken.append(envelope)
            self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
            self.greeted_by.append(session.host_name or "")
        return self.answer_to_mail

    def authenticator(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.sign_ins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=self.sign_ins[-1] == self.known, handled=False)


@asynccontextmanager
async def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, sign_in: tuple[str, str] | None = None
) -> AsyncIterator[MailServer]:
    """A running server: plain, with STARTTLS offered, or with TLS from the first byte; `sign_in` is wanted where given."""
    loop = asyncio.get_running_loop()
    running = MailServer(known=sign_in or ("", ""))

    def protocol() -> SMTP:
        return SMTP(
            running,
            loop=loop,
            hostname="mail.contoso.example",
            tls_context=starttls,
            authenticator=running.authenticator,
            auth_required=sign_in is not None,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    async with server:
        running.port = server.sockets[0].getsockname()[1]
        yield running
        server.close_clients()

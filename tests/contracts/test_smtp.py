"""The contract of `Smtp`: memory, and the client against a mail server over a real connection."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from shared.adapters.memory.secrets import MemorySecrets
from shared.adapters.memory.smtp import MemorySmtp
from shared.adapters.smtp import SmtpServers
from shared.errors import Reconfigure
from shared.ports import Smtp
from tests.adapters.mail_server import MailServer, mail_server

SENDER = "crm-sync@contoso.example"
ADMINS = ("alice@contoso.example", "bob@contoso.example")
MAIL = b"From: crm-sync@contoso.example\r\nSubject: It fails\r\n\r\n.a line that begins with a dot\r\n"


@dataclass
class Post:
    """The port, and what is behind it."""

    port: Smtp
    server: Any
    url: str

    def taken(self) -> list[tuple[str, tuple[str, ...], bytes]]:
        if isinstance(self.server, MemorySmtp):
            return [(each.sender, each.recipients, each.mail) for each in self.server.sent]
        return [(each.mail_from, tuple(each.rcpt_tos), each.content) for each in self.server.taken]

    def refuse(self, addresses: Sequence[str]) -> None:
        if isinstance(self.server, MailServer):
            self.server.strangers = dict.fromkeys(addresses, "550 no such user")
        else:
            self.server.strangers = set(addresses)


@pytest_asyncio.fixture(params=["memory", "server"])
async def post(request: pytest.FixtureRequest) -> AsyncIterator[Post]:
    if request.param == "memory":
        memory = MemorySmtp()
        yield Post(memory, memory, "smtp://127.0.0.1:2525")
        return
    async with mail_server() as server:
        yield Post(SmtpServers(MemorySecrets({})), server, server.url())


async def test_a_mail_arrives_as_it_was_given(post: Post) -> None:
    assert await post.port.send(post.url, MAIL, sender=SENDER, recipients=ADMINS) == ()
    assert post.taken() == [(SENDER, ADMINS, MAIL)]


async def test_who_is_refused_is_named_and_the_others_get_it(post: Post) -> None:
    post.refuse(ADMINS[:1])
    assert await post.port.send(post.url, MAIL, sender=SENDER, recipients=ADMINS) == ADMINS[:1]
    assert post.taken() == [(SENDER, ADMINS[1:], MAIL)]


async def test_where_all_are_refused_nothing_is_sent(post: Post) -> None:
    post.refuse(ADMINS)
    with pytest.raises(Reconfigure, match=r"smtp-refused: .*no such user"):
        await post.port.send(post.url, MAIL, sender=SENDER, recipients=ADMINS)
    assert post.taken() == []

"""Mail over SMTP against a real server: encrypted and verified, signed in, and each refusal by its name.

`127.1` is this machine by a name that is not known as loopback: so the rules for all other hosts hold.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence

import pytest
import trustme

from shared.adapters.memory.secrets import MemorySecrets
from shared.adapters.smtp import SmtpServers
from shared.errors import Reconfigure, SyncError, Transient
from shared.model.trust import TRUST_SECRET
from tests.adapters.mail_server import mail_server
from tests.adapters.making_certificates import make, server_context

SENDER = "crm-sync@contoso.example"
TO = ("alice@contoso.example",)
MAIL = b"Subject: It fails\r\n\r\nIt fails.\r\n"
SIGN_IN = {"alerts-smtp-username": "crm-sync", "alerts-smtp-password": "s3cret"}
AUTHORITY = trustme.CA()
TRUSTED = {TRUST_SECRET: AUTHORITY.cert_pem.bytes().decode()}
ELSEWHERE = make("127.1")


def context(*names: str) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(made)
    return made


async def send(
    url: str, secrets: Mapping[str, str] = TRUSTED, *, seconds: float = 20, to: Sequence[str] = TO
) -> tuple[str, ...]:
    return await SmtpServers(MemorySecrets(secrets), seconds=seconds).send(url, MAIL, sender=SENDER, recipients=to)


async def refused(
    url: str, secrets: Mapping[str, str] = TRUSTED, *, seconds: float = 20, to: Sequence[str] = TO
) -> SyncError:
    with pytest.raises(SyncError) as caught:
        await send(url, secrets, seconds=seconds, to=to)
    return caught.value


async def test_starttls_is_used_where_it_is_offered() -> None:
    async with mail_server(starttls=context()) as server:
        await send(server.url("localhost"))
    assert (len(server.taken), server.encrypted, server.greeted_by) == (1, [True], ["contoso.example"])


async def test_tls_from_the_first_byte() -> None:
    async with mail_server(tls=context()) as server:
        await send(server.url("localhost", scheme="smtps"))
    assert server.encrypted == [True]


async def test_without_starttls_a_mail_leaves_only_to_this_machine() -> None:
    async with mail_server() as server:
        await send(server.url("localhost"))
        wrong = await refused(server.url("127.1"), TRUSTED | SIGN_IN)
    assert (type(wrong), wrong.code) == (Reconfigure, "smtp-insecure")
    assert len(server.taken) == 1
    assert server.sign_ins == []


async def test_a_host_elsewhere_is_spoken_to_after_starttls() -> None:
    async with mail_server(starttls=server_context(ELSEWHERE)) as server:
        await send(server.url("127.1"), {TRUST_SECRET: ELSEWHERE.pem})
    assert server.encrypted == [True]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_that_is_not_trusted_gets_neither_mail_nor_password(scheme: str) -> None:
    for secrets, names in ((SIGN_IN, ("localhost",)), (SIGN_IN | TRUSTED, ("mail.contoso.example",))):
        own = context(*names)
        async with mail_server(starttls=own) if scheme == "smtp" else mail_server(tls=own) as server:
            wrong = await refused(server.url("localhost", scheme=scheme), secrets)
        assert (type(wrong), wrong.code) == (Reconfigure, "smtp-untrusted")
        assert (server.taken, server.sign_ins) == ([], [])


async def test_it_signs_in_where_there_are_secrets() -> None:
    async with mail_server(starttls=context(), sign_in=("crm-sync", "s3cret")) as server:
        await send(server.url("localhost"), TRUSTED | SIGN_IN)
        wrong = await refused(server.url("localhost"), TRUSTED | SIGN_IN | {"alerts-smtp-password": "guess"})
        without = await refused(server.url("localhost"))
    assert len(server.taken) == 1
    assert (type(wrong), wrong.code, without.code) == (Reconfigure, "smtp-authentication-failed", "smtp-refused")
    assert "guess" not in wrong.detail


async def test_a_sign_in_that_a_server_does_not_have_is_told_apart() -> None:
    async with mail_server() as server:
        wrong = await refused(server.url("localhost"), TRUSTED | SIGN_IN)
    assert wrong.code == "smtp-authentication-failed"
    assert "offers no sign-in" in wrong.detail


@pytest.mark.parametrize(
    ("changes", "kind", "code", "words"),
    [
        ({"answer_to_sender": "550 5.7.1 you may not send"}, Reconfigure, "smtp-refused", "550 5.7.1 you may not send"),
        ({"answer_to_mail": "554 looks like spam"}, Reconfigure, "smtp-refused", "554 looks like spam"),
        ({"answer_to_mail": "451 come again"}, Transient, "smtp-busy", "451 come again"),
        ({"answer_to_sender": "421 closing"}, Transient, "smtp-busy", "421 closing"),
        ({"strangers": {TO[0]: "450 greylisted"}}, Transient, "smtp-busy", "450 greylisted"),
    ],
)
async def test_a_refusal_is_told_in_the_servers_words(
    changes: Mapping[str, object], kind: type[SyncError], code: str, words: str
) -> None:
    async with mail_server() as server:
        for name, value in changes.items():
            setattr(server, name, value)
        wrong = await refused(server.url())
    assert (type(wrong), wrong.code) == (kind, code)
    assert words in wrong.detail
    assert server.taken == []


async def test_one_address_that_is_refused_costs_the_others_no_mail() -> None:
    async with mail_server() as server:
        server.strangers = {"gone@contoso.example": "550 5.1.1 no such user"}
        refused_ones = await send(server.url(), to=("gone@contoso.example", *TO))
    assert refused_ones == ("gone@contoso.example",)
    assert [envelope.rcpt_tos for envelope in server.taken] == [list(TO)]


async def test_where_all_are_refused_each_is_named_and_whoever_may_come_again_decides() -> None:
    async with mail_server() as server:
        server.strangers = {"gone@contoso.example": "550 no such user", TO[0]: "450 greylisted"}
        wrong = await refused(server.url(), to=("gone@contoso.example", *TO))
        server.strangers[TO[0]] = "554 no"
        final = await refused(server.url(), to=("gone@contoso.example", *TO))
    assert (wrong.code, final.code) == ("smtp-busy", "smtp-refused")
    assert "gone@contoso.example: 550 no such user; alice@contoso.example: 450 greylisted" in wrong.detail
    assert server.taken == []


async def test_a_server_that_hangs_up_after_the_mail_has_not_taken_it() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.contoso.example\r\n")
        while line := await reader.readline():
            if line == b".\r\n":
                break
            if line.split(b" ")[0].strip() in (b"EHLO", b"MAIL", b"RCPT"):
                writer.write(b"250 OK\r\n")
            elif line == b"DATA\r\n":
                writer.write(b"354 go on\r\n")
        writer.close()

    async with await asyncio.start_server(rude, "127.0.0.1", 0) as listening:
        wrong = await refused(f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    assert (type(wrong), wrong.code) == (Transient, "smtp-unreachable")


async def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    async with mail_server() as server:
        url = server.url()
    wrong = await refused(url)
    assert (type(wrong), wrong.code) == (Transient, "smtp-unreachable")


async def test_a_server_that_says_nothing_or_leaves_cannot_be_reached() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def leaving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.contoso.example\r\n")
        await reader.readline()
        writer.close()

    async def mumbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.readline()
        writer.close()

    for behaviour in (silent, leaving, mumbling):
        listening = await asyncio.start_server(behaviour, "127.0.0.1", 0)
        async with listening:
            port = listening.sockets[0].getsockname()[1]
            wrong = await refused(f"smtp://127.0.0.1:{port}", seconds=0.2)
        assert (behaviour.__name__, wrong.code) == (behaviour.__name__, "smtp-unreachable")


async def test_a_server_that_speaks_no_tls_where_tls_is_meant() -> None:
    async with mail_server() as server:
        wrong = await refused(server.url(scheme="smtps"))
    assert wrong.code in ("smtp-insecure", "smtp-unreachable")

"""Every row of PROTOCOL 13, from a server that says what it is told: what it is called, and how often it is asked."""

import asyncio
from datetime import timedelta

import pytest

from devtools.exchange_simulator import ExchangeSimulator, Fault
from shared.adapters.ews.connection import Connection, OAuth
from shared.errors import Permanent, Reconfigure, SyncError, Transient
from shared.model.exchange import Mailbox
from shared.model.failures import failure
from tests.adapters.ews.world import ALICE, SAMPLES, Clock, ToldServer, exchange_at, http

FOLDERS = http("200 OK", (SAMPLES / "find_folder.xml").read_bytes())
BUSY = (SAMPLES / "fault_server_busy.xml").read_bytes()
RECYCLING = (SAMPLES / "page_recycling.html").read_bytes()
LOCKED = http("401 Unauthorized", b"<p>The referenced account is currently locked out and may not be logged on to.</p>")
WRAPPED = BUSY.replace(b"ErrorServerBusy", b"ErrorInternalServerError").replace(
    b'<t:Value Name="BackOffMilliseconds">', b'<t:Value Name="InnerErrorResponseCode">ErrorServerBusy</t:Value>'
    b'<t:Value Name="BackOffMilliseconds">',
)  # fmt: skip
SCOPE = "https://outlook.office365.com/.default"


def fault(code: str) -> bytes:
    body = BUSY.replace(b"ErrorServerBusy", code.encode())
    return http("500 Internal Server Error", body)


def redirect(status: str, location: str) -> bytes:
    return http(status, b"", f"Location: {location}")


HICCUP = "/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx"
SIGNALS: dict[str, tuple[bytes, type[SyncError], str, int]] = {
    "a budget that is used up": (http("500 Error", BUSY), Transient, "exchange-busy", 1),
    "the same in other words": (http("500 Error", WRAPPED), Transient, "exchange-busy", 1),
    "503 with a long pause": (http("503 Busy", b"", "Retry-After: 60"), Transient, "exchange-busy", 1),
    "503 alone": (http("503 Busy"), Transient, "exchange-busy", 1),
    "429": (http("429 Too Many", b"", "Retry-After: 60"), Transient, "exchange-busy", 1),
    "too many connections": (fault("ErrorExceededConnectionCount"), Transient, "exchange-busy", 1),
    "too many open objects": (fault("ErrorTooManyObjectsOpened"), Transient, "exchange-busy", 1),
    "out of time": (fault("ErrorTimeoutExpired"), Transient, "exchange-timeout", 1),
    "a hiccup": (redirect("302 Found", HICCUP), Transient, "exchange-unavailable", 1),
    "a set-up fault": (redirect("302 Found", "/internalsite/error.asp"), Reconfigure, "redirected", 1),
    "a worker starting anew": (http("500 Error", RECYCLING), Transient, "exchange-unavailable", 1),
    "an unknown version by text": (
        http("500 Error", b"The specified server version is invalid."),
        Reconfigure,
        "version-not-supported",
        3,
    ),
    "wrong credentials": (http("401 No", b"", "WWW-Authenticate: Basic"), Reconfigure, "authentication-failed", 1),
    "a locked account": (LOCKED, Reconfigure, "account-locked", 1),
    "403": (http("403 Forbidden"), Reconfigure, "access-blocked", 1),
    "EWS switched off": (http("403 Forbidden", b"EWS is disabled for this mailbox"), Reconfigure, "ews-blocked", 1),
    "404": (http("404 Not Found"), Reconfigure, "url-wrong", 1),
    "405": (http("405 No"), Reconfigure, "url-wrong", 1),
    "456": (http("456 Blocked"), Reconfigure, "account-blocked", 1),
    "501": (http("501 Not Implemented"), Permanent, "operation-not-supported", 1),
    "413": (http("413 Too Large"), Permanent, "request-too-large", 1),
    "400 with a text": (http("400 Bad", b"<h2>Bad Request - Request Too Long</h2>"), Permanent, "request-too-large", 1),
    "400": (http("400 Bad"), Permanent, "request-invalid", 1),
    "an address nobody has": (http("500 E", b"", "X-CasErrorCode: EmailAddressNotFound"), Reconfigure, "mailbox-unknown", 1),
    "a reset": (b"", Transient, "connection-lost", 3),
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNALS)
async def test_a_signal_is_named_and_repeated_only_where_that_is_of_use(name: str) -> None:
    answer, kind, code, requests = SIGNALS[name]
    async with ToldServer([answer]).running() as server, exchange_at(Connection("default", server.url)) as exchange:
        with pytest.raises(SyncError) as raised:
            await exchange.find_folders(ALICE)
        assert (type(raised.value), raised.value.code, len(server.requests)) == (kind, code, requests)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
async def test_credentials_never_follow_a_redirect(status: str) -> None:
    async with ToldServer([FOLDERS]).running() as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        async with ToldServer([redirect(status, elsewhere)]).running() as server:
            async with exchange_at(Connection("default", server.url)) as exchange:
                with pytest.raises(Reconfigure, match="redirected") as raised:
                    await exchange.find_folders(ALICE)
            assert elsewhere in raised.value.detail
            assert len(server.requests) == 1
        assert other.requests == []


@pytest.mark.parametrize("oauth", [False, True])
async def test_a_locked_account_is_not_hammered_for_all_its_mailboxes(*, oauth: bool) -> None:
    clock = Clock()
    async with ToldServer([LOCKED]).running() as server, ExchangeSimulator() as tokens:
        connection = Connection("default", server.url)
        secrets = {"default-username": "svc", "default-password": "x"}
        if oauth:
            client = OAuth("00000000-0000-0000-0000-00000000c11e", tokens.token_endpoint, SCOPE)
            connection = Connection("default", server.url, authentication="oauth", oauth=client)
            secrets = {"default-client-secret": "client-secret"}
        async with exchange_at(connection, secrets=secrets, now=clock) as exchange:
            mailboxes = [Mailbox(f"user{number}@contoso.example") for number in range(20)]

            async def ask_all() -> set[str]:
                # One after the other first: with OAuth, requests that are under way together are refused together.
                first = await asyncio.gather(exchange.find_folders(mailboxes[0]), return_exceptions=True)
                rest = await asyncio.gather(*map(exchange.find_folders, mailboxes[1:]), return_exceptions=True)
                return {each.code if isinstance(each, SyncError) else repr(each) for each in (*first, *rest)}

            assert await ask_all() == {"account-locked"}
            assert len(server.requests) == 1
            clock.advance(timedelta(minutes=14))
            assert await ask_all() == {"account-locked"}
            assert len(server.requests) == 1
            clock.advance(timedelta(minutes=2))
            assert await ask_all() == {"account-locked"}
            assert len(server.requests) == 2
    assert "Unlock-ADAccount" in failure("account-locked").remedy


async def test_exchange_online_that_blocks_ews_says_the_exact_command() -> None:
    async with ExchangeSimulator() as tokens, ToldServer([http("403 Forbidden")]).running() as server:
        oauth = OAuth("00000000-0000-0000-0000-00000000c11e", tokens.token_endpoint, SCOPE)
        connection = Connection("default", server.url, version="Exchange365", authentication="oauth", oauth=oauth)
        async with exchange_at(connection, secrets={"default-client-secret": "client-secret"}) as exchange:
            with pytest.raises(Reconfigure, match="ews-blocked") as raised:
                await exchange.find_folders(ALICE)
            notes = exchange.server(ALICE).notes
    assert f'Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs "{oauth.client_id}"' in raised.value.detail
    assert "Set-CASMailbox -Identity <mailbox> -EwsEnabled $true" in failure("ews-blocked").remedy
    assert "2026-10-01" in notes[0] and "2027-04-01" in notes[0]


async def test_a_server_that_cannot_manage_a_batch_is_asked_for_less() -> None:
    async with ExchangeSimulator(mailboxes=[ALICE.address]) as simulator:
        ids = [simulator.deliver(ALICE.address, b"Subject: x\r\n\r\nx") for _ in range(8)]
        async with exchange_at(Connection("default", simulator.url, batch_size=8)) as exchange:
            simulator.inject(Fault("fault", code="ErrorTimeoutExpired", operation="GetItem"))
            with pytest.raises(Transient, match="exchange-timeout"):
                await exchange.get_emails(ALICE, ids)
            assert len(await exchange.get_emails(ALICE, ids)) == 8
            assert exchange.counts["GetItem"] == 1 + 2


async def test_a_request_that_is_too_large_is_cut_at_once() -> None:
    async with ExchangeSimulator(mailboxes=[ALICE.address]) as simulator:
        ids = [simulator.deliver(ALICE.address, b"Subject: x\r\n\r\nx") for _ in range(8)]
        async with exchange_at(Connection("default", simulator.url, batch_size=8)) as exchange:
            simulator.inject(Fault("html", status=413, operation="GetItem"))
            assert len(await exchange.get_emails(ALICE, ids)) == 8
            assert exchange.counts["GetItem"] == 1 + 2


async def test_a_mailbox_with_too_many_connections_is_asked_one_by_one() -> None:
    async with (
        ExchangeSimulator(mailboxes=[ALICE.address], connections_per_mailbox=1) as simulator,
        exchange_at(Connection("default", simulator.url)) as exchange,
    ):
        simulator.inject(Fault("fault", code="ErrorExceededConnectionCount"))
        with pytest.raises(Transient, match="exchange-busy"):
            await exchange.find_folders(ALICE)
        simulator.latency = timedelta(milliseconds=20)
        assert all(await asyncio.gather(*(exchange.find_folders(ALICE) for _ in range(6))))

"""Passwords and certificates of servers: who we are, whom we trust, and how an account is kept from being locked."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
import trustme

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_USER
from shared.adapters.ews.connection import Connection
from shared.adapters.memory.secrets import MemorySecrets
from shared.errors import Reconfigure, SyncError, Transient
from tests.adapters.ews.world import ALICE, BOB, SIGN_IN, Clock, ToldServer, exchange_at, http


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.RSA)


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[ExchangeSimulator]:
    async with ExchangeSimulator(mailboxes=[ALICE.address, BOB.address]) as running:
        yield running


async def test_a_wrong_password_is_sent_once_whoever_asks(simulator: ExchangeSimulator) -> None:
    secrets = MemorySecrets({**SIGN_IN, "default-password": "wrong"})
    clock = Clock()
    async with exchange_at(Connection("default", simulator.url), secrets=secrets, now=clock) as exchange:
        ends = await asyncio.gather(
            *(exchange.find_folders(mailbox) for mailbox in (ALICE, BOB) for _ in range(10)), return_exceptions=True
        )
        assert {end.code for end in ends if isinstance(end, SyncError)} == {"authentication-failed"}
        assert len(ends) == 20
        assert exchange.counts["FindFolder"] == 1
        secrets.values["default-password"] = SIGN_IN["default-password"]
        clock.advance(timedelta(seconds=11))
        assert await exchange.find_folders(ALICE)


async def test_a_refused_password_is_tried_again_after_a_while(simulator: ExchangeSimulator) -> None:
    clock = Clock()
    secrets = {**SIGN_IN, "default-password": "new"}
    async with exchange_at(Connection("default", simulator.url), secrets=secrets, now=clock) as exchange:
        with pytest.raises(Reconfigure, match="authentication-failed"):
            await exchange.find_folders(ALICE)
        simulator.add_user(DEFAULT_USER, "new")
        with pytest.raises(Reconfigure, match="authentication-failed"):
            await exchange.find_folders(ALICE)
        clock.advance(timedelta(seconds=61))
        assert await exchange.find_folders(ALICE)


@pytest.mark.parametrize("authentication", ["basic", "ntlm"])
async def test_a_password_that_stays_wrong_is_tried_ever_more_rarely(authentication: str) -> None:
    clock = Clock()
    secrets = {**SIGN_IN, "default-password": "wrong"}
    async with (
        ExchangeSimulator(mailboxes=[ALICE.address], authentication=("basic", "ntlm")) as simulator,
        exchange_at(
            Connection("default", simulator.url, authentication=authentication), secrets=secrets, now=clock
        ) as exchange,
    ):
        for _ in range(120):
            with pytest.raises(Reconfigure, match="authentication-failed"):
                await exchange.find_folders(ALICE)
            clock.advance(timedelta(seconds=30))
        account = simulator.accounts.find(DEFAULT_USER)
    assert account is not None
    # In the hour: at 0, 1, 3, 7, 15, 30, 45 minutes, or half a minute later.
    assert account.wrong_passwords == 7


async def test_the_schemes_that_the_server_offers_are_named() -> None:
    answer = http("401 Unauthorized", b"", "WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM")
    async with ToldServer([answer]).running() as server, exchange_at(Connection("default", server.url)) as exchange:
        with pytest.raises(Reconfigure) as raised:
            await exchange.find_folders(ALICE)
    assert "offers Negotiate, NTLM; set connections.default.authentication to ntlm" in raised.value.detail


async def test_a_locked_account_is_named() -> None:
    page = b"The referenced account is currently locked out and may not be logged on to."
    answers = [http("401 Unauthorized", page)]
    async with ToldServer(answers).running() as server, exchange_at(Connection("default", server.url)) as exchange:
        for _ in range(2):
            with pytest.raises(Reconfigure, match="account-locked"):
                await exchange.find_folders(ALICE)
        assert len(server.requests) == 1


async def test_a_missing_secret_is_named(simulator: ExchangeSimulator) -> None:
    async with exchange_at(Connection("default", simulator.url), secrets={}) as exchange:
        with pytest.raises(Reconfigure, match="secret-missing: the secret default-username is not set"):
            await exchange.find_folders(ALICE)


async def test_a_way_to_sign_in_that_there_is_not_is_named(simulator: ExchangeSimulator) -> None:
    async with exchange_at(Connection("default", simulator.url, authentication="kerberos")) as exchange:
        with pytest.raises(Reconfigure, match="authentication-unsupported"):
            await exchange.find_folders(ALICE)


async def test_impersonation_is_asked_for_and_may_be_refused(simulator: ExchangeSimulator) -> None:
    simulator.allow_impersonation(DEFAULT_USER, [BOB.address])
    async with exchange_at(Connection("default", simulator.url)) as exchange:
        assert await exchange.find_folders(BOB)
        with pytest.raises(Reconfigure, match="impersonation-denied"):
            await exchange.find_folders(ALICE)


async def test_a_private_authority_is_trusted_when_it_is_told(authority: trustme.CA) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    clock = Clock()
    secrets = MemorySecrets(SIGN_IN)
    async with (
        ExchangeSimulator(mailboxes=[ALICE.address], tls=context) as simulator,
        exchange_at(Connection("default", simulator.url), secrets=secrets, now=clock) as exchange,
    ):
        with pytest.raises(Reconfigure, match="certificate-untrusted"):
            await exchange.find_folders(ALICE)
        secrets.values["exchange-trust"] = authority.cert_pem.bytes().decode()
        assert await exchange.find_folders(ALICE)
        secrets.values["exchange-trust"] = "no PEM"
        clock.advance(timedelta(minutes=6))
        with pytest.raises(Reconfigure, match="trust-invalid"):
            await exchange.find_folders(ALICE)


async def test_a_server_without_tls_behind_an_https_url_is_named(simulator: ExchangeSimulator) -> None:
    async with exchange_at(Connection("default", simulator.url.replace("http:", "https:"))) as exchange:
        with pytest.raises(Transient, match="tls-failed"):
            await exchange.find_folders(ALICE)

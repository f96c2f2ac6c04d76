"""Tokens of the connection: fetched once, kept, renewed once for all, and each thing that can be wrong with one named."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_CLIENT, DEFAULT_CLIENT_SECRET
from devtools.exchange_simulator.tokens import Refused
from shared.adapters.memory.secrets import MemorySecrets
from shared.errors import Reconfigure, SyncError, Transient
from shared.model.exchange import Mailbox
from tests.adapters.ews.world import ALICE, BOB, CLIENT_SECRET, Clock, ToldServer, exchange_at, http, oauth_connection

MAILBOXES = [Mailbox(f"mailbox{number}@contoso.example") for number in range(12)]


@pytest.fixture
def online(simulator: ExchangeSimulator) -> ExchangeSimulator:
    for mailbox in MAILBOXES:
        simulator.add_mailbox(mailbox.address)
    return simulator


async def test_one_token_serves_all_who_wait_for_it(online: ExchangeSimulator) -> None:
    async with exchange_at(oauth_connection(online), secrets=CLIENT_SECRET) as exchange:
        await asyncio.gather(*(exchange.find_folders(mailbox) for mailbox in MAILBOXES))
        assert exchange.counts["FindFolder"] == len(MAILBOXES)
    assert online.tokens.requests == 1


async def test_a_token_is_kept_until_five_minutes_before_its_end(simulator: ExchangeSimulator) -> None:
    clock = Clock()
    async with exchange_at(oauth_connection(simulator), secrets=CLIENT_SECRET, now=clock) as exchange:
        await exchange.find_folders(ALICE)
        clock.advance(timedelta(minutes=54))
        await exchange.find_folders(ALICE)
        assert simulator.tokens.requests == 1
        clock.advance(timedelta(minutes=1))
        await exchange.find_folders(ALICE)
        assert simulator.tokens.requests == 2


async def test_a_token_that_was_refused_is_renewed_once_for_all_mailboxes(online: ExchangeSimulator) -> None:
    async with exchange_at(oauth_connection(online), secrets=CLIENT_SECRET) as exchange:
        await exchange.find_folders(ALICE)
        online.tokens.expire_all()
        online.latency = timedelta(milliseconds=50)  # so that all are under way with the old token
        assert all(await asyncio.gather(*(exchange.find_folders(mailbox) for mailbox in MAILBOXES)))
    assert online.tokens.requests == 2


async def test_a_new_token_that_is_refused_too_makes_a_pause(simulator: ExchangeSimulator) -> None:
    clock = Clock()
    simulator.tokens.tenant = "another"
    async with exchange_at(oauth_connection(simulator), secrets=CLIENT_SECRET, now=clock) as exchange:
        for _ in range(3):
            with pytest.raises(Reconfigure, match="token-tenant-wrong"):
                await exchange.find_folders(ALICE)
        assert (simulator.tokens.requests, exchange.counts["FindFolder"]) == (2, 2)
        simulator.tokens.tenant = "7e9a0000-0000-0000-0000-00000000c0de"
        clock.advance(timedelta(seconds=61))
        assert await exchange.find_folders(ALICE)


async def test_a_refused_secret_is_not_sent_for_each_mailbox_and_a_new_one_counts_soon(
    online: ExchangeSimulator,
) -> None:
    clock = Clock()
    secrets = MemorySecrets({"default-client-secret": "wrong"})
    async with exchange_at(oauth_connection(online), secrets=secrets, now=clock) as exchange:
        ends = await asyncio.gather(*map(exchange.find_folders, MAILBOXES), return_exceptions=True)
        assert {end.code for end in ends if isinstance(end, SyncError)} == {"client-secret-wrong"}
        assert online.tokens.requests == 1
        secrets.values["default-client-secret"] = DEFAULT_CLIENT_SECRET
        clock.advance(timedelta(seconds=11))
        assert await exchange.find_folders(ALICE)


async def test_a_missing_secret_is_named_before_anything_is_sent(simulator: ExchangeSimulator) -> None:
    async with exchange_at(oauth_connection(simulator), secrets={}) as exchange:
        with pytest.raises(Reconfigure, match="secret-missing: the secret default-client-secret is not set"):
            await exchange.find_folders(ALICE)
    assert simulator.tokens.requests == 0


@pytest.mark.parametrize(
    ("granted", "code"), [((), "consent-missing"), (("Mail.Read", "User.Read.All"), "token-role-missing")]
)
async def test_a_revoked_right_is_named(simulator: ExchangeSimulator, granted: tuple[str, ...], code: str) -> None:
    clock = Clock()
    async with exchange_at(oauth_connection(simulator), secrets=CLIENT_SECRET, now=clock) as exchange:
        assert await exchange.find_folders(ALICE)
        simulator.tokens.roles[DEFAULT_CLIENT] = granted
        clock.advance(timedelta(hours=1))
        with pytest.raises(Reconfigure, match=code) as raised:
            await exchange.find_folders(ALICE)
        assert DEFAULT_CLIENT in raised.value.detail
        assert "not enough scope" in raised.value.detail


async def test_a_right_that_was_granted_again_counts_after_a_minute_although_the_old_token_is_still_good(
    simulator: ExchangeSimulator,
) -> None:
    clock = Clock()
    simulator.tokens.roles[DEFAULT_CLIENT] = ()
    async with exchange_at(oauth_connection(simulator), secrets=CLIENT_SECRET, now=clock) as exchange:
        with pytest.raises(Reconfigure, match="consent-missing"):
            await exchange.find_folders(ALICE)
        del simulator.tokens.roles[DEFAULT_CLIENT]
        clock.advance(timedelta(seconds=61))
        assert await exchange.find_folders(ALICE)
    assert simulator.tokens.requests == 2


async def test_a_token_without_roles_works_where_rbac_for_applications_gives_the_right(
    simulator: ExchangeSimulator,
) -> None:
    simulator.tokens.roles[DEFAULT_CLIENT] = ()
    simulator.tokens.rbac.add(DEFAULT_CLIENT)
    async with exchange_at(oauth_connection(simulator), secrets=CLIENT_SECRET) as exchange:
        assert await exchange.find_folders(ALICE)


async def test_a_mailbox_outside_the_scope_of_rbac_does_not_stop_the_others(simulator: ExchangeSimulator) -> None:
    simulator.tokens.roles[DEFAULT_CLIENT] = ()
    simulator.tokens.rbac.add(DEFAULT_CLIENT)
    async with exchange_at(oauth_connection(simulator), secrets=CLIENT_SECRET) as exchange:
        await exchange.find_folders(ALICE)
        simulator.allow_impersonation(DEFAULT_CLIENT, [BOB.address])
        with pytest.raises(Reconfigure, match="impersonation-denied"):
            await exchange.find_folders(ALICE)
        assert await exchange.find_folders(BOB)


async def test_a_mailbox_that_is_refused_for_a_token_without_roles_makes_no_pause_for_the_others(
    simulator: ExchangeSimulator,
) -> None:
    simulator.tokens.roles[DEFAULT_CLIENT] = ()
    async with (
        ToldServer([http("403 Forbidden")]).running() as server,
        exchange_at(oauth_connection(simulator, url=server.url), secrets=CLIENT_SECRET) as exchange,
    ):
        for asked, mailbox in enumerate((ALICE, BOB), start=1):
            with pytest.raises(Reconfigure, match="consent-missing: HTTP 403"):
                await exchange.find_folders(mailbox)
            assert len(server.requests) == 2 * asked
    assert simulator.tokens.requests == 1


async def test_a_client_that_exchange_does_not_let_in_is_named(simulator: ExchangeSimulator) -> None:
    simulator.tokens.blocked.add(DEFAULT_CLIENT)
    async with exchange_at(oauth_connection(simulator), secrets=CLIENT_SECRET) as exchange:
        with pytest.raises(Reconfigure, match="client-blocked"):
            await exchange.find_folders(ALICE)


async def test_an_audience_that_exchange_refuses_is_named(simulator: ExchangeSimulator) -> None:
    simulator.tokens.audiences.clear()
    async with exchange_at(oauth_connection(simulator), secrets=CLIENT_SECRET) as exchange:
        with pytest.raises(Reconfigure, match="token-audience-wrong: HTTP 401"):
            await exchange.find_folders(ALICE)


def _signed_for(simulator: ExchangeSimulator, **claims: Any) -> bytes:
    return http("200 OK", b'{"access_token": "%s"}' % simulator.tokens.issue(DEFAULT_CLIENT, **claims).encode())


async def test_a_token_for_somebody_else_is_not_sent_to_exchange(simulator: ExchangeSimulator) -> None:
    answer = _signed_for(simulator, audience="https://graph.microsoft.com")
    async with (
        ToldServer([answer]).running() as server,
        exchange_at(oauth_connection(simulator, token_endpoint=server.url), secrets=CLIENT_SECRET) as exchange,
    ):
        for _ in range(2):
            with pytest.raises(Reconfigure, match=r"token-audience-wrong: .* is for https://graph\.microsoft\.com"):
                await exchange.find_folders(ALICE)
        assert len(server.requests) == 1
        assert not exchange.counts


async def test_the_application_id_of_exchange_is_as_good_an_audience_as_its_url(simulator: ExchangeSimulator) -> None:
    answer = _signed_for(simulator, audience="00000002-0000-0ff1-ce00-000000000000")
    async with (
        ToldServer([answer]).running() as server,
        exchange_at(oauth_connection(simulator, token_endpoint=server.url), secrets=CLIENT_SECRET) as exchange,
    ):
        assert await exchange.find_folders(ALICE)


async def test_an_opaque_token_is_left_to_exchange(simulator: ExchangeSimulator) -> None:
    answer = http("200 OK", b'{"access_token": "opaque"}')
    async with (
        ToldServer([answer]).running() as server,
        exchange_at(oauth_connection(simulator, token_endpoint=server.url), secrets=CLIENT_SECRET) as exchange,
    ):
        with pytest.raises(Reconfigure, match="token-invalid"):
            await exchange.find_folders(ALICE)
        assert exchange.counts["FindFolder"] == 2


@pytest.mark.parametrize(
    ("number", "category", "kind", "code"),
    [
        (2000000, "invalid_signature", Reconfigure, "token-invalid"),
        (2000001, "invalid_token", Reconfigure, "token-invalid"),
        (2000002, "token_expired", Reconfigure, "token-expired"),
        (2000003, "invalid_resource", Reconfigure, "token-audience-wrong"),
        (2000004, "invalid_tenant", Reconfigure, "token-tenant-wrong"),
        (2000005, "invalid_user", Reconfigure, "token-user-unknown"),
        (2000006, "invalid_client", Reconfigure, "client-blocked"),
        (2000007, "internal_error", Transient, "exchange-internal-error"),
        (2000008, "invalid_grant", Reconfigure, "token-role-missing"),
    ],
)
async def test_what_exchange_says_about_a_token_becomes_the_failure(
    simulator: ExchangeSimulator, number: int, category: str, kind: type[SyncError], code: str
) -> None:
    header = Refused(number, "Because of this.", category).header()
    async with ToldServer([http("401 Unauthorized", b"", f"x-ms-diagnostics: {header}")]).running() as server:
        connection = oauth_connection(simulator, url=server.url)
        async with exchange_at(connection, secrets=CLIENT_SECRET) as exchange:
            with pytest.raises(kind, match=code) as raised:
                await exchange.find_folders(ALICE)
    assert f"(Because of this. {category})" in raised.value.detail


async def test_a_refusal_without_a_reason_names_the_right_that_the_token_lacks(simulator: ExchangeSimulator) -> None:
    simulator.tokens.roles[DEFAULT_CLIENT] = ("Mail.Read",)
    for status in ("401 Unauthorized", "403 Forbidden"):
        async with ToldServer([http(status)]).running() as server:
            connection = oauth_connection(simulator, url=server.url)
            async with exchange_at(connection, secrets=CLIENT_SECRET) as exchange:
                with pytest.raises(Reconfigure, match=f"token-role-missing: HTTP {status[:3]}"):
                    await exchange.find_folders(ALICE)


async def test_a_refusal_without_a_reason_of_a_token_with_its_right_stays_a_refusal(
    simulator: ExchangeSimulator,
) -> None:
    for status, code in (("401 Unauthorized", "authentication-failed"), ("403 Forbidden", "ews-blocked")):
        async with ToldServer([http(status)]).running() as server:
            connection = oauth_connection(simulator, url=server.url)
            async with exchange_at(connection, secrets=CLIENT_SECRET) as exchange:
                with pytest.raises(Reconfigure, match=code):
                    await exchange.find_folders(ALICE)

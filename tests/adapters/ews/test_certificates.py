"""A certificate that Exchange cannot show us honestly stops the sync with its own code, and one that expires soon is told."""

import logging
from datetime import timedelta

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from shared.adapters.ews.connection import Connection
from shared.adapters.memory.secrets import MemorySecrets
from shared.errors import Reconfigure
from shared.model.failures import REGISTRY
from tests.adapters.ews.world import ALICE, SIGN_IN, Clock, exchange_at
from tests.adapters.making_certificates import DAY, NOW, Made, make, server_context

AUTHORITY = make("Contoso CA", authority=True)
GOOD = make("localhost", by=AUTHORITY)
REFUSED = {
    "certificate-expired": make("localhost", by=AUTHORITY, begins=NOW - 9 * DAY, ends=NOW - DAY),
    "certificate-host-mismatch": make("mail.contoso.example", by=AUTHORITY),
    "certificate-self-signed": make("localhost"),
    "certificate-untrusted": make("localhost", by=make("Fabrikam CA", authority=True)),
}


def simulator(own: Made) -> ExchangeSimulator:
    return ExchangeSimulator(mailboxes=[ALICE.address], tls=server_context(own))


@pytest.mark.parametrize("code", REFUSED)
async def test_a_refused_certificate_has_its_own_code_and_no_secret_is_sent(code: str) -> None:
    secrets = {**SIGN_IN, "exchange-trust": AUTHORITY.pem}
    async with (
        simulator(REFUSED[code]) as running,
        exchange_at(Connection("default", running.url), secrets=secrets) as exchange,
    ):
        with pytest.raises(Reconfigure) as refused:
            await exchange.find_folders(ALICE)
        assert refused.value.code == code
        assert "exsync trust" in REGISTRY[code].remedy
        assert not running.requests.entries


async def test_trust_that_is_added_counts_at_the_next_request() -> None:
    secrets = MemorySecrets(SIGN_IN)
    own = REFUSED["certificate-self-signed"]
    async with simulator(own) as running, exchange_at(Connection("default", running.url), secrets=secrets) as exchange:
        with pytest.raises(Reconfigure, match="certificate-self-signed"):
            await exchange.find_folders(ALICE)
        await secrets.set("exchange-trust", own.pem)
        assert await exchange.find_folders(ALICE)


async def test_a_bundle_from_which_all_was_removed_is_no_mistake() -> None:
    secrets = {**SIGN_IN, "exchange-trust": "# no certificate is trusted beside the system's\n"}
    async with (
        simulator(GOOD) as running,
        exchange_at(Connection("default", running.url), secrets=secrets) as exchange,
    ):
        with pytest.raises(Reconfigure, match="certificate-untrusted"):
            await exchange.find_folders(ALICE)


async def test_what_a_connection_depends_on_is_known_and_warned_of_once_a_day(caplog: pytest.LogCaptureFixture) -> None:
    own = make("localhost", by=AUTHORITY, ends=NOW + 40 * DAY)
    clock = Clock()
    secrets = {**SIGN_IN, "exchange-trust": AUTHORITY.pem}
    async with (
        simulator(own) as running,
        exchange_at(Connection("default", running.url), secrets=secrets, now=clock) as exchange,
    ):
        assert exchange.certificates("default") == ()
        await exchange.find_folders(ALICE)
        offered, trusted = exchange.certificates("default")
        assert (offered.subject, offered.not_after) == ("the server's certificate for localhost", NOW + 40 * DAY)
        assert (trusted.subject, trusted.not_after) == ("the trusted CN=Contoso CA", NOW + 365 * DAY)
        assert exchange.certificates("another") == ()
        with caplog.at_level(logging.WARNING):
            for days in (0, 11, 0, 1):
                clock.advance(timedelta(days=days))
                await exchange.find_folders(ALICE)
    warnings = [each.getMessage() for each in caplog.records if "certificate-expiring" in each.getMessage()]
    assert len(warnings) == 2
    assert f"expires on {NOW + 40 * DAY:%Y-%m-%d}" in warnings[0]

"""Autodiscover over real HTTP against simulated organisations: found, redirected, refused, and who sees a password."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
import trustme

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.autodiscover import Asked, Told
from devtools.exchange_simulator.simulator import DEFAULT_CLIENT, DEFAULT_CLIENT_SECRET
from shared.adapters.ews.connection import Connection, OAuth
from shared.errors import Reconfigure, SyncError, Transient
from shared.model.autodiscover import Answer, Attempt, Way
from tests.adapters.ews.world import ALICE, SIGN_IN, ToldServer, exchange_at, http

PATHS = {
    Way.JSON: f"/autodiscover/autodiscover.json/v1.0/{ALICE.address}?Protocol=EWS",
    Way.SOAP: "/autodiscover/autodiscover.svc",
    Way.POX: "/autodiscover/autodiscover.xml",
    Way.PLAIN: "/autodiscover/autodiscover.xml",
}
NEEDS_NONE = (Way.JSON, Way.PLAIN)


def attempt(origin: str, way: Way, *, address: str = ALICE.address) -> Attempt:
    return Attempt(way, origin + PATHS[way], address, "" if way in NEEDS_NONE else "default")


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[ExchangeSimulator]:
    async with ExchangeSimulator(mailboxes=[ALICE.address], version="Exchange2019") as running:
        yield running


async def test_each_way_finds_the_mailbox(simulator: ExchangeSimulator) -> None:
    async with exchange_at(Connection("default", "auto")) as exchange:
        json, soap, pox = [
            await exchange.autodiscover(attempt(simulator.origin, way)) for way in (Way.JSON, Way.SOAP, Way.POX)
        ]
    assert {json.url, soap.url, pox.url} == {simulator.url}
    assert (json.build, soap.build, pox.build) == ("", "15.2.1748.39", "15.2.1748")
    assert "Exchange2010_SP2" in soap.schemas
    assert [(each.way, each.signed) for each in simulator.autodiscover.asked] == [
        ("json", False),
        ("soap", True),
        ("pox", True),
    ]


async def test_a_token_opens_it_as_well_as_a_password(simulator: ExchangeSimulator) -> None:
    oauth = OAuth(DEFAULT_CLIENT, simulator.token_endpoint, "https://outlook.office365.com/.default")
    connection = Connection("default", "auto", authentication="oauth", oauth=oauth)
    async with exchange_at(connection, secrets={"default-client-secret": DEFAULT_CLIENT_SECRET}) as exchange:
        assert (await exchange.autodiscover(attempt(simulator.origin, Way.SOAP))).url == simulator.url


@pytest.mark.parametrize("way", [Way.SOAP, Way.POX])
async def test_a_connection_signed_in_by_ntlm_opens_it_too(way: Way) -> None:
    connection = Connection("default", "auto", authentication="ntlm")
    async with ExchangeSimulator(mailboxes=[ALICE.address], authentication=("ntlm",)) as simulator:
        async with exchange_at(connection) as exchange:
            assert (await exchange.autodiscover(attempt(simulator.origin, way))).url == simulator.url
        assert simulator.ntlm.handshakes == 1
        async with exchange_at(connection, secrets={**SIGN_IN, "default-password": "wrong"}) as exchange:
            for _ in range(2):
                with pytest.raises(Reconfigure, match="authentication-failed"):
                    await exchange.autodiscover(attempt(simulator.origin, way))
        assert simulator.ntlm.handshakes == 2


@pytest.mark.parametrize("way", [Way.JSON, Way.SOAP, Way.POX])
async def test_a_mailbox_that_is_not_there_is_an_answer_with_an_error(simulator: ExchangeSimulator, way: Way) -> None:
    simulator.remove_mailbox(ALICE.address)
    async with exchange_at(Connection("default", "auto")) as exchange:
        told = await exchange.autodiscover(attempt(simulator.origin, way))
    assert told.error
    assert not told.urls


@pytest.mark.parametrize("way", [Way.SOAP, Way.POX])
async def test_another_address_is_told(simulator: ExchangeSimulator, way: Way) -> None:
    simulator.autodiscover.tell(ALICE.address, Told(redirect_address="alice@cloud.example"))
    async with exchange_at(Connection("default", "auto")) as exchange:
        told = await exchange.autodiscover(attempt(simulator.origin, way))
    assert told == Answer(redirect_address="alice@cloud.example")


@pytest.mark.parametrize("way", [Way.JSON, Way.SOAP, Way.POX])
async def test_another_url_is_told_and_not_gone_to(simulator: ExchangeSimulator, way: Way) -> None:
    async with (
        ExchangeSimulator(mailboxes=[ALICE.address]) as other,
        exchange_at(Connection("default", "auto")) as exchange,
    ):
        simulator.autodiscover.tell(ALICE.address, Told(redirect_url=other.origin + PATHS[way]))
        told = await exchange.autodiscover(attempt(simulator.origin, way))
        assert told == Answer(redirect_url=other.origin + PATHS[way])
        assert other.autodiscover.asked == []


async def test_the_plain_question_is_about_its_redirect_alone(simulator: ExchangeSimulator) -> None:
    async with exchange_at(Connection("default", "auto")) as exchange:
        assert "HTTP 401" in (await exchange.autodiscover(attempt(simulator.origin, Way.PLAIN))).error
        simulator.autodiscover.plain_redirect = "https://mail.contoso.example/autodiscover/autodiscover.xml"
        told = await exchange.autodiscover(attempt(simulator.origin, Way.PLAIN))
    assert told.redirect_url == "https://mail.contoso.example/autodiscover/autodiscover.xml"
    assert simulator.autodiscover.asked == [Asked("plain", "", signed=False)] * 2


async def test_a_wrong_password_is_sent_once_however_many_places_are_asked(simulator: ExchangeSimulator) -> None:
    async with exchange_at(Connection("default", "auto"), secrets={**SIGN_IN, "default-password": "wrong"}) as exchange:
        for way in (Way.SOAP, Way.POX, Way.SOAP):
            with pytest.raises(Reconfigure, match="authentication-failed"):
                await exchange.autodiscover(attempt(simulator.origin, way))
    assert simulator.autodiscover.asked == [Asked("soap", "", signed=True)]


async def test_a_password_that_exchange_refused_is_not_sent_to_its_other_places(simulator: ExchangeSimulator) -> None:
    """Neither to another URL of the same connection nor to Autodiscover: it is one account that gets locked."""
    connection = Connection("default", "auto", authentication="basic")
    urls = (simulator.url, simulator.url.lower())
    async with exchange_at(connection, secrets={**SIGN_IN, "default-password": "wrong"}) as exchange:
        for url in urls:
            with pytest.raises(Reconfigure, match="authentication-failed"):
                await exchange.find_folders(replace(ALICE, url=url))
        with pytest.raises(Reconfigure, match="authentication-failed"):
            await exchange.autodiscover(attempt(simulator.origin, Way.SOAP))
    account = simulator.accounts.find(SIGN_IN["default-username"])
    assert account is not None and account.wrong_passwords == 1


async def test_credentials_never_leave_unencrypted() -> None:
    async with exchange_at(Connection("default", "auto")) as exchange:
        with pytest.raises(Reconfigure, match="url-insecure"):
            await exchange.autodiscover(attempt("http://mail.contoso.example", Way.SOAP))


async def test_a_connection_that_there_is_not_is_named(simulator: ExchangeSimulator) -> None:
    async with exchange_at() as exchange:
        with pytest.raises(Reconfigure, match="connection-unknown"):
            await exchange.autodiscover(attempt(simulator.origin, Way.SOAP))


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (http("404 Not Found"), Reconfigure, "url-wrong"),
        (http("403 Forbidden"), Reconfigure, "access-blocked"),
        (http("503 Service Unavailable"), Transient, "exchange-busy"),
        (http("200 OK", b"<html><body>Welcome</body></html>"), Reconfigure, "url-wrong"),
        (http("200 OK", b"<x" + b" " * (2 << 20)), Transient, "answer-malformed"),
        (b"", Transient, "connection-lost"),
    ],
)
async def test_a_server_in_trouble_is_named(answer: bytes, kind: type[SyncError], code: str) -> None:
    async with ToldServer([answer]).running() as server, exchange_at(Connection("default", "auto")) as exchange:
        with pytest.raises(kind, match=code):
            await exchange.autodiscover(attempt(server.url.removesuffix("/EWS/Exchange.asmx"), Way.POX))


async def test_a_private_authority_is_trusted_when_it_is_told() -> None:
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    secrets = {**SIGN_IN, "exchange-trust": authority.cert_pem.bytes().decode()}
    async with ExchangeSimulator(mailboxes=[ALICE.address], tls=context) as simulator:
        async with exchange_at(Connection("default", "auto"), secrets=secrets) as exchange:
            assert (await exchange.autodiscover(attempt(simulator.origin, Way.SOAP))).url == simulator.url
        async with exchange_at(Connection("default", "auto")) as exchange:
            with pytest.raises(Reconfigure, match="certificate-untrusted"):
                await exchange.autodiscover(attempt(simulator.origin, Way.SOAP))

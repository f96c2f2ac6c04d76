"""NTLM: a connection is signed in once and reused, bound to its TLS, and a wrong password is sent once whoever asks."""

import asyncio
import base64
import hashlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA3_256, SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from devtools.exchange_simulator import ExchangeSimulator, Fault
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.ntlm import Account, end_point
from shared.adapters.ews.ntlm_transport import EXTENSION, NtlmTransport
from shared.adapters.memory.secrets import MemorySecrets
from shared.errors import Reconfigure, SyncError, Transient
from shared.model.email import Email
from shared.model.exchange import Mailbox
from tests.adapters.ews.world import ALICE, BOB, SIGN_IN, Clock, ToldServer, exchange_at, http

HANDSHAKE = "NTLM handshake"
PEOPLE = [Mailbox(f"person{number}@contoso.example") for number in range(20)]
EVERYBODY = [ALICE.address, BOB.address, *(person.address for person in PEOPLE)]


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[ExchangeSimulator]:
    async with ExchangeSimulator(mailboxes=EVERYBODY, authentication=("negotiate", "ntlm")) as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.RSA)


def ntlm(url: str, **changes: Any) -> Connection:
    return Connection("default", url, authentication="ntlm", **changes)


def wrong_passwords(simulator: ExchangeSimulator) -> int:
    account = simulator.accounts.find(DEFAULT_USER)
    assert account is not None
    return account.wrong_passwords


async def test_a_connection_is_signed_in_once_and_carries_all_requests(simulator: ExchangeSimulator) -> None:
    async with exchange_at(ntlm(simulator.url)) as exchange:
        for number in range(100):
            assert await exchange.find_folders((ALICE, BOB)[number % 2])
        assert exchange.counts == {"FindFolder": 100, HANDSHAKE: 1}
    assert [(one.handshakes, one.requests) for one in simulator.ntlm.all] == [(1, 100)]


async def test_each_mailbox_is_answered_for_itself_on_a_shared_connection(simulator: ExchangeSimulator) -> None:
    for person in PEOPLE:
        simulator.add_folder(person.address, f"of {person.address}")
    async with exchange_at(ntlm(simulator.url, concurrency=4)) as exchange:
        answers = await asyncio.gather(*(exchange.find_folders(person) for person in PEOPLE))
        handshakes = exchange.counts[HANDSHAKE]
    for person, folders in zip(PEOPLE, answers, strict=True):
        assert [one.name for one in folders if one.name.startswith("of ")] == [f"of {person.address}"]
    assert 1 <= handshakes <= 4
    assert handshakes == simulator.ntlm.handshakes
    assert sum(one.requests for one in simulator.ntlm.all) == len(PEOPLE)


async def test_requests_at_once_take_as_many_connections_as_are_allowed(simulator: ExchangeSimulator) -> None:
    simulator.latency = timedelta(milliseconds=20)
    async with exchange_at(ntlm(simulator.url, concurrency=4)) as exchange:
        for _ in range(3):
            await asyncio.gather(*(exchange.find_folders(person) for person in PEOPLE))
        assert exchange.counts == {"FindFolder": 60, HANDSHAKE: 4}
    assert simulator.requests.most_concurrent == 4


async def test_after_an_idle_connection_was_closed_the_next_one_is_signed_in(simulator: ExchangeSimulator) -> None:
    async with exchange_at(ntlm(simulator.url)) as exchange:
        await exchange.find_folders(ALICE)
        for number in (2, 3):
            assert await simulator.hang_up() == 1
            await exchange.find_folders(ALICE)
            assert exchange.counts == {"FindFolder": number, HANDSHAKE: number}
    # A 401 to each first message and to nothing else: no request goes out on a new connection unsigned.
    assert simulator.requests.statuses == {200: 3, 401: 3}


async def test_a_connection_that_was_idle_too_long_is_closed(simulator: ExchangeSimulator) -> None:
    handshakes: list[None] = []
    transport = NtlmTransport(
        httpx.AsyncHTTPTransport, width=2, idle_seconds=-1, on_handshake=lambda: handshakes.append(None)
    )
    account = {EXTENSION: Account(DEFAULT_USER, DEFAULT_PASSWORD)}
    async with httpx.AsyncClient(transport=transport) as client:
        for _ in range(3):
            assert (await client.get(simulator.url, extensions=account)).status_code == 200
    assert len(handshakes) == 3


async def test_a_server_that_forgets_who_is_on_a_connection_is_told_again(simulator: ExchangeSimulator) -> None:
    async with exchange_at(ntlm(simulator.url)) as exchange:
        await exchange.find_folders(ALICE)
        simulator.ntlm.all[0].account = None
        assert await exchange.find_folders(ALICE)
        assert exchange.counts == {"FindFolder": 2, HANDSHAKE: 2}


@pytest.mark.parametrize("user", [DEFAULT_USER, DEFAULT_USER.upper(), "CONTOSO\\service", "contoso\\Service"])
async def test_a_user_is_named_by_domain_or_as_upn(simulator: ExchangeSimulator, user: str) -> None:
    async with exchange_at(ntlm(simulator.url), secrets={**SIGN_IN, "default-username": user}) as exchange:
        assert await exchange.find_folders(ALICE)


async def test_a_wrong_password_is_sent_once_whoever_asks(simulator: ExchangeSimulator) -> None:
    secrets = MemorySecrets({**SIGN_IN, "default-password": "wrong"})
    clock = Clock()
    async with exchange_at(ntlm(simulator.url), secrets=secrets, now=clock) as exchange:
        ends = await asyncio.gather(*(exchange.find_folders(one) for one in PEOPLE), return_exceptions=True)
        assert [end.code for end in ends if isinstance(end, SyncError)] == ["authentication-failed"] * 20
        assert "user name and password in the secrets default-username and default-password" in str(ends[0])
        assert (exchange.counts[HANDSHAKE], wrong_passwords(simulator)) == (1, 1)
        secrets.values["default-password"] = DEFAULT_PASSWORD
        clock.advance(timedelta(seconds=11))
        assert await exchange.find_folders(ALICE)


async def test_a_password_that_was_changed_meanwhile_is_sent_once_when_connections_are_lost(
    simulator: ExchangeSimulator,
) -> None:
    simulator.latency = timedelta(milliseconds=20)
    async with exchange_at(ntlm(simulator.url)) as exchange:
        await asyncio.gather(*(exchange.find_folders(one) for one in PEOPLE))
        simulator.add_user(DEFAULT_USER, "changed")
        await simulator.hang_up()
        ends = await asyncio.gather(*(exchange.find_folders(one) for one in PEOPLE), return_exceptions=True)
    assert [end.code for end in ends if isinstance(end, SyncError)] == ["authentication-failed"] * 20
    assert wrong_passwords(simulator) == 1


async def test_another_account_never_rides_on_a_connection_of_the_first(simulator: ExchangeSimulator) -> None:
    simulator.add_user("CONTOSO\\other", "others")
    secrets = MemorySecrets(SIGN_IN)
    clock = Clock()
    async with exchange_at(ntlm(simulator.url), secrets=secrets, now=clock) as exchange:
        await exchange.find_folders(ALICE)
        secrets.values |= {"default-username": "CONTOSO\\other", "default-password": "others"}
        clock.advance(timedelta(minutes=6))
        await exchange.find_folders(ALICE)
    assert [entry.account for entry in simulator.requests.entries if entry.operation] == [
        DEFAULT_USER,
        "CONTOSO\\other",
    ]
    assert [(one.handshakes, one.requests) for one in simulator.ntlm.all] == [(1, 1), (1, 1)]


async def test_a_locked_account_is_named_and_left_alone(simulator: ExchangeSimulator) -> None:
    simulator.lock(DEFAULT_USER)
    async with exchange_at(ntlm(simulator.url)) as exchange:
        for _ in range(3):
            with pytest.raises(Reconfigure, match="account-locked"):
                await exchange.find_folders(ALICE)
        assert simulator.ntlm.handshakes == 1


async def test_a_server_that_offers_only_negotiate_is_signed_in_by_ntlm_under_that_name() -> None:
    async with (
        ExchangeSimulator(mailboxes=EVERYBODY, authentication=("negotiate",)) as simulator,
        exchange_at(ntlm(simulator.url)) as exchange,
    ):
        for _ in range(5):
            assert await exchange.find_folders(ALICE)
    assert [(one.handshakes, one.requests) for one in simulator.ntlm.all] == [(1, 5)]


async def test_a_server_that_offers_neither_is_named_with_the_setting_that_fits() -> None:
    async with (
        ExchangeSimulator(mailboxes=EVERYBODY, authentication=("basic",)) as simulator,
        exchange_at(ntlm(simulator.url)) as exchange,
    ):
        with pytest.raises(Reconfigure, match="authentication-failed") as raised:
            await exchange.find_folders(ALICE)
    assert "offers Basic; set connections.default.authentication to basic" in raised.value.detail


async def test_attachments_stream_and_their_connection_is_used_again(simulator: ExchangeSimulator) -> None:
    item = simulator.deliver_large(ALICE.address, 3_000_000)
    async with exchange_at(ntlm(simulator.url)) as exchange:
        (mail,) = await exchange.get_emails(ALICE, [item])
        assert isinstance(mail, Email)
        read = [block async for block in exchange.attachment(ALICE, mail.attachments[0].id)]
        assert sum(map(len, read)) == 3_000_000
        await exchange.find_folders(ALICE)
        assert exchange.counts[HANDSHAKE] == 1


async def test_a_connection_that_breaks_under_a_request_is_signed_in_anew(simulator: ExchangeSimulator) -> None:
    async with exchange_at(ntlm(simulator.url)) as exchange:
        await exchange.find_folders(ALICE)
        simulator.inject(Fault("reset_before", operation="FindFolder"))
        assert await exchange.find_folders(ALICE)
        assert exchange.counts[HANDSHAKE] == 2


CHALLENGE = b"TlRMTVNTUAACAAAADAAMADgAAAA1goriASNFZ4mrze8AAAAAAAAAAAAAAABEAAAACgBjRQAAAA9XAE8AUgBLAEcAUgAAAAAA"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http("401 Unauthorized", b"", "WWW-Authenticate: NTLM " + CHALLENGE.decode()), "connection-lost"),
        (http("401 Unauthorized", b"", "WWW-Authenticate: NTLM TlRMTVNTUAAC"), "answer-malformed"),
        (http("401 Unauthorized", b"", "WWW-Authenticate: NTLM ?"), "answer-malformed"),
        (http("503 Service Unavailable"), "exchange-busy"),
        (b"", "connection-lost"),
    ],
)
async def test_a_server_that_breaks_off_the_handshake_is_in_passing_trouble(answer: bytes, code: str) -> None:
    async with ToldServer([answer]).running() as server, exchange_at(ntlm(server.url)) as exchange:
        with pytest.raises(Transient, match=code):
            await exchange.find_folders(ALICE)
    assert all(b"content-length: 0\r\n" in request.lower() for request in server.requests)
    assert all(base64.b64decode(_token(request))[8] == 1 for request in server.requests)


def _token(request: bytes) -> bytes:
    line = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"authorization:"))
    return line.split()[-1]


def protected(authority: trustme.CA, protection: str, *, shown: trustme.LeafCert | None = None) -> ExchangeSimulator:
    """A simulator with TLS; `shown` is the certificate of a man in the middle, in place of its own."""
    own = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    (shown or own).configure_cert(context)
    return ExchangeSimulator(
        mailboxes=EVERYBODY,
        tls=context,
        authentication=("ntlm",),
        extended_protection=protection,
        certificate=ssl.PEM_cert_to_DER_cert(own.cert_chain_pems[0].bytes().decode()),
    )


def trusting(authority: trustme.CA) -> dict[str, str]:
    return {**SIGN_IN, "exchange-trust": authority.cert_pem.bytes().decode()}


@pytest.mark.parametrize("protection", ["none", "allow", "require"])
async def test_a_handshake_is_bound_to_its_tls_connection(authority: trustme.CA, protection: str) -> None:
    async with (
        protected(authority, protection) as simulator,
        exchange_at(ntlm(simulator.url), secrets=trusting(authority)) as exchange,
    ):
        await asyncio.gather(*(exchange.find_folders(person) for person in PEOPLE))
        assert exchange.counts["FindFolder"] == 20


@pytest.mark.parametrize("protection", ["allow", "require"])
async def test_a_handshake_that_was_passed_on_by_somebody_else_is_refused(
    authority: trustme.CA, protection: str
) -> None:
    between = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    async with (
        protected(authority, protection, shown=between) as simulator,
        exchange_at(ntlm(simulator.url), secrets=trusting(authority)) as exchange,
    ):
        with pytest.raises(Reconfigure, match="authentication-failed"):
            await exchange.find_folders(ALICE)


@pytest.mark.parametrize(
    ("signed_by", "hashed_by"),
    [(SHA256(), "sha256"), (SHA384(), "sha384"), (SHA512(), "sha512"), (SHA3_256(), "sha3_256"), (None, "sha256")],
)
def test_the_binding_is_the_certificate_hashed_as_it_was_signed(
    signed_by: SHA256 | SHA384 | SHA512 | SHA3_256 | None, hashed_by: str
) -> None:
    certificate = signed(signed_by)
    assert end_point(certificate) == b"tls-server-end-point:" + hashlib.new(hashed_by, certificate).digest()


def signed(algorithm: SHA256 | SHA384 | SHA512 | SHA3_256 | None) -> bytes:
    """A certificate in DER; one by Ed25519, which names no hash, where there is no algorithm."""
    key = ec.generate_private_key(ec.SECP256R1()) if algorithm else ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.contoso.example")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(days=365))
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)

"""NTLM at the simulator, asked by clients that are not ours: requests_ntlm, and pyspnego's SPNEGO (PROTOCOL 3)."""

import asyncio
import base64
import ssl

import httpx
import pytest
import requests
import spnego
import trustme
from requests_ntlm import HttpNtlmAuth

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER
from tests.devtools.exchange_simulator.talk import ALICE


def status_by_requests_ntlm(
    url: str, *, user: str = "CONTOSO\\service", password: str = DEFAULT_PASSWORD, bound: bool = True, trust: str = ""
) -> int:
    with requests.Session() as session:
        session.trust_env = False
        auth = HttpNtlmAuth(user, password, send_cbt=bound)
        return session.get(url, auth=auth, verify=trust or None, timeout=10).status_code


@pytest.mark.parametrize("scheme", ["ntlm", "negotiate"])
@pytest.mark.parametrize(
    ("user", "password", "status"),
    [
        ("CONTOSO\\service", DEFAULT_PASSWORD, 200),
        (DEFAULT_USER, DEFAULT_PASSWORD, 200),
        (DEFAULT_USER, "wrong", 401),
        ("FABRIKAM\\service", DEFAULT_PASSWORD, 401),
    ],
)
async def test_requests_ntlm_signs_in(scheme: str, user: str, password: str, status: int) -> None:
    async with ExchangeSimulator(mailboxes=[ALICE], authentication=(scheme,)) as exchange:
        got = await asyncio.to_thread(status_by_requests_ntlm, exchange.url, user=user, password=password)
    assert got == status


@pytest.mark.parametrize(("bound", "status"), [(True, 200), (False, 401)])
async def test_extended_protection_insists_on_the_binding(bound: bool, status: int) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    own = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.configure_cert(context)
    certificate = ssl.PEM_cert_to_DER_cert(own.cert_chain_pems[0].bytes().decode())
    with authority.cert_pem.tempfile() as bundle:
        async with ExchangeSimulator(
            tls=context, authentication=("ntlm",), extended_protection="require", certificate=certificate
        ) as exchange:
            got = await asyncio.to_thread(status_by_requests_ntlm, exchange.url, bound=bound, trust=bundle)
    assert got == status


@pytest.mark.parametrize(("protection", "certificate"), [("require", None), ("always", b"")])
def test_extended_protection_that_cannot_be_is_refused(protection: str, certificate: bytes | None) -> None:
    with pytest.raises(ValueError, match="extended_protection"):
        ExchangeSimulator(extended_protection=protection, certificate=certificate)


async def test_negotiate_takes_spnego_and_keeps_the_connection_signed_in(client: httpx.AsyncClient) -> None:
    context = spnego.client(DEFAULT_USER, DEFAULT_PASSWORD, options=spnego.NegotiateOptions.use_negotiate)
    async with ExchangeSimulator(authentication=("negotiate",)) as exchange:
        token: bytes | None = None
        for expected in (401, 200):
            token = context.step(token)
            header = "Negotiate " + base64.b64encode(token or b"").decode()
            answer = await client.get(exchange.url, headers={"Authorization": header})
            assert answer.status_code == expected
            token = base64.b64decode(answer.headers.get("WWW-Authenticate", "").partition(" ")[2])
        assert (await client.get(exchange.url)).status_code == 200
        assert (exchange.ntlm.handshakes, exchange.ntlm.all[0].requests) == (1, 2)


@pytest.mark.parametrize("token", ["?", "AAAA", base64.b64encode(b"NTLMSSP\0\x03\0\0\0").decode()])
async def test_a_message_that_is_none_is_refused(client: httpx.AsyncClient, token: str) -> None:
    async with ExchangeSimulator(authentication=("ntlm",)) as exchange:
        for _ in range(2):
            answer = await client.get(exchange.url, headers={"Authorization": f"NTLM {token}"})
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "NTLM")


async def test_a_locked_account_is_told_so_until_it_is_let_in_again(client: httpx.AsyncClient) -> None:
    async with ExchangeSimulator(mailboxes=[ALICE]) as exchange:
        for locked, status in ((True, 401), (False, 200)):
            given = {"account": DEFAULT_USER, "locked": locked}
            assert (await client.put(f"{exchange.control}/lock", json=given)).status_code == 200
            answer = await client.get(exchange.url, auth=("CONTOSO\\service", DEFAULT_PASSWORD))
            assert (answer.status_code, "currently locked out" in answer.text) == (status, locked)
        assert (await client.put(f"{exchange.control}/lock", json={"account": "nobody"})).status_code == 400

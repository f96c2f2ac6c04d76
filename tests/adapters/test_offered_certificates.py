"""What a server offers is shown whole, with the reason for which it would be refused; and nothing is said to it."""

import asyncio
from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from shared.adapters.certificates import TlsCertificates
from shared.errors import Reconfigure, Transient
from tests.adapters.making_certificates import DAY, NOW, Made, make, tls_server

AUTHORITY = make("Contoso CA", authority=True)
BETWEEN = make("Contoso Issuing CA", by=AUTHORITY, authority=True)
OTHER = make("Fabrikam CA", authority=True)
OLD = make("localhost", by=AUTHORITY, begins=NOW - 9 * DAY, ends=NOW - DAY)
EARLY = make("localhost", by=AUTHORITY, begins=NOW + DAY)
ELSEWHERE = make("mail.contoso.example", by=AUTHORITY)
ALONE = make("localhost")
LONER = make("exchange.contoso.example")
SERVER = make("mail.contoso.example", by=AUTHORITY)
IMPOSTOR = make("Contoso CA", authority=True)
LAST = make("Contoso Last CA", authority=True, path_length=0)
BELOW = make("Contoso CA Below", by=LAST, authority=True)
CLIENTS = ExtendedKeyUsageOID.CLIENT_AUTH
GOOD = make("localhost", by=BETWEEN)

CASES: dict[str, tuple[list[Made], list[Made], str]] = {
    "trusted through a link between": ([GOOD, BETWEEN], [AUTHORITY], ""),
    "the link between trusted alone": ([GOOD], [BETWEEN], ""),
    "the server's own trusted alone": ([GOOD], [GOOD], ""),
    "signed by itself and trusted": ([ALONE], [ALONE], ""),
    "expired": ([OLD], [AUTHORITY], "certificate-expired"),
    "not valid yet": ([EARLY], [AUTHORITY], "certificate-expired"),
    "expired, though trusted itself": ([OLD], [OLD], "certificate-expired"),
    "for another host": ([ELSEWHERE], [AUTHORITY], "certificate-host-mismatch"),
    "for another host, though trusted itself": ([ELSEWHERE], [ELSEWHERE], "certificate-host-mismatch"),
    "signed by itself": ([ALONE], [AUTHORITY], "certificate-self-signed"),
    "of an unknown authority": ([GOOD, BETWEEN], [OTHER], "certificate-untrusted"),
    "of an unknown authority that is sent along": ([GOOD, BETWEEN, AUTHORITY], [], "certificate-untrusted"),
    "with a link missing": ([GOOD], [AUTHORITY], "certificate-untrusted"),
    "issued by a server": ([make("localhost", by=SERVER), SERVER], [AUTHORITY], "tls-untrusted"),
    "issued by a server that is trusted itself": ([make("localhost", by=SERVER)], [SERVER], "tls-untrusted"),
    "issued by a server that signed itself and is trusted": ([make("localhost", by=LONER)], [LONER], "tls-untrusted"),
    "issued below an authority that allows none": ([make("localhost", by=BELOW), BELOW, LAST], [LAST], "tls-untrusted"),
    "signed by another in the authority's name": ([make("localhost", by=IMPOSTOR)], [AUTHORITY], "tls-untrusted"),
    "for clients only": ([make("localhost", by=AUTHORITY, only_for=CLIENTS)], [AUTHORITY], "tls-untrusted"),
}


@pytest.mark.parametrize("name", CASES)
async def test_each_refusal_has_its_own_code_and_the_chain_is_shown_all_the_same(name: str) -> None:
    chain, trusted, code = CASES[name]
    async with tls_server(*chain) as (port, said):
        offer = await TlsCertificates().offered("localhost", port, "".join(each.pem for each in trusted))
    assert (offer.code, bool(offer.detail)) == (code, bool(code))
    assert [each.sha256 for each in offer.chain] == [each.sha256 for each in chain]
    assert not said


async def test_what_does_not_speak_tls_is_no_server_to_trust() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Transient, match="tls-failed"):
            await TlsCertificates().offered("localhost", port, "")
    with pytest.raises(Transient, match="connection-refused"):
        await TlsCertificates().offered("127.0.0.1", port, "")


async def test_a_server_that_never_finishes_is_not_waited_for() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Transient, match="exchange-timeout"):
            await TlsCertificates(timeout=timedelta(milliseconds=50)).offered("localhost", port, "")


async def test_a_name_that_does_not_exist_is_named() -> None:
    with pytest.raises(Transient, match="dns-failed"):
        await TlsCertificates().offered("exchange.invalid", 443, "")


async def test_a_bundle_that_is_none_is_named() -> None:
    with pytest.raises(Reconfigure, match="trust-invalid"):
        await TlsCertificates().offered("localhost", 1, "no PEM")

"""SRV records from a small name server on loopback: the preferred server, no such record, and name servers that fail."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from shared.adapters.autodiscover import Autodiscover
from shared.adapters.ews.cached_secrets import CachedSecrets
from shared.adapters.memory.secrets import MemorySecrets
from shared.adapters.service_records import ServiceRecords
from shared.errors import Transient
from shared.model.autodiscover import Answer, Attempt, Way

NAME = "_autodiscover._tcp.contoso.example"
PATH = "/autodiscover/autodiscover.xml"
QUESTION = Attempt(Way.SRV, f"dns:{NAME}?type=SRV", "alice@contoso.example")
SILENCE = -1


class NameServer(asyncio.DatagramProtocol):
    """Answers questions for SRV from `zone`, others with `otherwise`: a response code, or SILENCE."""

    def __init__(self, zone: Mapping[str, list[str]], otherwise: int) -> None:
        self._zone = zone
        self._otherwise = otherwise
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True)
        self.asked.append(name)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name in self._zone:
            if records := self._zone[name]:
                answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "SRV", *records))
        elif self._otherwise == SILENCE:
            return
        else:
            answer.set_rcode(dns.rcode.Rcode(self._otherwise))
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def name_server(
    *records: str, otherwise: int = dns.rcode.NXDOMAIN, names: tuple[str, ...] = (NAME,)
) -> AsyncIterator[tuple[NameServer, ServiceRecords]]:
    """A name server whose zone has these records, and a client of it."""
    loop = asyncio.get_running_loop()
    zone = {name: list(records) for name in names}
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(zone, otherwise), local_addr=("127.0.0.1", 0)
    )
    try:
        address = transport.get_extra_info("sockname")
        yield server, ServiceRecords([address[:2]], timeout=timedelta(seconds=0.5))
    finally:
        transport.close()


async def answer(records: ServiceRecords) -> Answer:
    """What the adapter makes of the question for the record."""
    secrets = CachedSecrets(MemorySecrets({}), lambda: datetime.now(UTC))
    autodiscover = Autodiscover({}, secrets, {}, now=lambda: datetime.now(UTC), new_id=str, records=records)
    try:
        return await autodiscover.ask(QUESTION)
    finally:
        await autodiscover.aclose()


@pytest.mark.parametrize(
    ("records", "url"),
    [
        (["0 0 443 mail.contoso.example."], f"https://mail.contoso.example{PATH}"),
        (["10 0 8443 Mail.Hoster.Example."], f"https://mail.hoster.example:8443{PATH}"),
        (
            ["20 9 443 last.example.", "10 1 443 light.example.", "10 5 443 heavy.example."],
            f"https://heavy.example{PATH}",
        ),
    ],
)
async def test_the_preferred_server_is_told_as_a_redirect_and_not_gone_to(records: list[str], url: str) -> None:
    async with name_server(*records) as (server, client):
        assert await answer(client) == Answer(redirect_url=url)
    assert server.asked == [NAME]


@pytest.mark.parametrize(
    "record", ["0 0 443 .", r"0 0 443 evil.example\@mail.contoso.example.", "0 0 443 evil.example/x.contoso.example."]
)
async def test_a_target_that_is_no_host_leads_nowhere(record: str) -> None:
    async with name_server(record) as (_, client):
        assert await answer(client) == Answer(error="the domain has no such record")


@pytest.mark.parametrize("names", [(), (NAME,)])
async def test_a_domain_without_the_record_is_an_answer(names: tuple[str, ...]) -> None:
    async with name_server(names=names) as (server, client):
        assert await answer(client) == Answer(error="the domain has no such record")
    assert set(server.asked) == {NAME}, "no other domain is searched"


@pytest.mark.parametrize("how", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, SILENCE])
async def test_a_name_server_that_fails_is_named(how: int) -> None:
    async with name_server(names=(), otherwise=how) as (_, client):
        with pytest.raises(Transient, match=f"dns-failed: {NAME}"):
            await answer(client)


@pytest.mark.parametrize("name", ["_autodiscover._tcp." + "a" * 64 + ".example", "_autodiscover._tcp..example"])
async def test_a_domain_that_cannot_be_one_is_a_failure_and_nobody_is_asked(name: str) -> None:
    async with name_server() as (server, client):
        with pytest.raises(Transient, match="dns-failed"):
            await client.find(name)
    assert server.asked == []

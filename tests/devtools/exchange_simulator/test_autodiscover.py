"""The simulator's Autodiscover, asked by hand: what each way answers, who is let in, and what can be told over HTTP."""

import httpx
import pytest

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER
from tests.devtools.exchange_simulator.talk import ALICE

SIGNED = (DEFAULT_USER, DEFAULT_PASSWORD)
POX = f"<Autodiscover><Request><EMailAddress>{ALICE}</EMailAddress></Request></Autodiscover>"


@pytest.mark.parametrize("way", ["svc", "xml"])
async def test_a_401_lists_the_schemes(exchange: ExchangeSimulator, client: httpx.AsyncClient, way: str) -> None:
    answer = await client.post(f"{exchange.origin}/autodiscover/autodiscover.{way}", content=POX)
    assert answer.status_code == 401
    assert [one.split(" ")[0] for one in answer.headers.get_list("WWW-Authenticate")] == [
        "Negotiate",
        "NTLM",
        "Basic",
        "Bearer",
    ]


async def test_json_needs_no_credentials_and_knows_the_protocol_ews(
    exchange: ExchangeSimulator, client: httpx.AsyncClient
) -> None:
    url = f"{exchange.origin}/autodiscover/autodiscover.json/v1.0/{ALICE}"
    assert (await client.get(url, params={"Protocol": "EWS"})).json() == {"Protocol": "EWS", "Url": exchange.url}
    assert (await client.get(url, params={"Protocol": "POP"})).json()["ErrorCode"] == "InvalidProtocol"
    gone = await client.get(url.replace(ALICE, "nobody@contoso.example"), params={"Protocol": "EWS"})
    assert (gone.status_code, gone.json()["ErrorCode"]) == (404, "UserNotFound")


async def test_pox_writes_the_build_in_hexadecimal(client: httpx.AsyncClient) -> None:
    async with ExchangeSimulator(mailboxes=[ALICE], version="Exchange2013") as exchange:
        answer = await client.post(f"{exchange.origin}/autodiscover/autodiscover.xml", content=POX, auth=SIGNED)
    assert "<ServerVersion>73C085D9</ServerVersion>" in answer.text


async def test_what_is_said_of_an_address_is_told_over_http(
    exchange: ExchangeSimulator, client: httpx.AsyncClient
) -> None:
    told = {"address": ALICE, "redirect_address": "alice@cloud.example"}
    assert (await client.put(f"{exchange.control}/autodiscover", json=told)).json() == {}
    answer = await client.post(f"{exchange.origin}/autodiscover/autodiscover.xml", content=POX, auth=SIGNED)
    assert "<RedirectAddr>alice@cloud.example</RedirectAddr>" in answer.text
    asked = (await client.get(f"{exchange.control}/autodiscover")).json()
    assert asked == [{"way": "pox", "address": ALICE, "signed": True}]

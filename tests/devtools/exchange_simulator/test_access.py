"""Who is let in, whose mailbox they reach, and which versions the server speaks (PROTOCOL 1 to 3)."""

import ssl
from typing import Any

import httpx
import pytest
import trustme

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_CLIENT, DEFAULT_CLIENT_SECRET, DEFAULT_USER
from tests.devtools.exchange_simulator.talk import ALICE, BOB, CHARLIE, INBOX, S, T, Talk, envelope, mail

SHAPE = "<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
GET_INBOX = f"<m:GetFolder>{SHAPE}<m:FolderIds>{INBOX}</m:FolderIds></m:GetFolder>"


@pytest.mark.parametrize("auth", [None, (DEFAULT_USER, "wrong"), ("nobody", "secret")])
async def test_a_401_lists_the_schemes(talk: Talk, auth: tuple[str, str] | None) -> None:
    answer = (await talk.but(auth=auth).ask(GET_INBOX)).http
    assert answer.status_code == 401
    schemes = [one.split(" ")[0] for one in answer.headers.get_list("WWW-Authenticate")]
    assert schemes == ["Negotiate", "NTLM", "Basic", "Bearer"]


async def test_a_get_without_credentials_is_refused_too(exchange: ExchangeSimulator, client: httpx.AsyncClient) -> None:
    assert (await client.get(exchange.url)).status_code == 401


async def test_a_scheme_that_is_off_does_not_work(client: httpx.AsyncClient, talk: Talk) -> None:
    async with ExchangeSimulator(mailboxes=[ALICE], authentication=("ntlm",)) as exchange:
        answer = (await talk.but(exchange=exchange).ask(GET_INBOX)).http
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "NTLM")


async def test_client_credentials_become_a_token_that_works_until_it_expires(
    exchange: ExchangeSimulator, client: httpx.AsyncClient, talk: Talk
) -> None:
    form = {"grant_type": "client_credentials", "client_id": DEFAULT_CLIENT, "client_secret": DEFAULT_CLIENT_SECRET}
    assert (await client.post(exchange.token_endpoint, data=form | {"client_secret": "wrong"})).status_code == 401
    token = (await client.post(exchange.token_endpoint, data=form)).json()["access_token"]
    bearer = talk.but(auth=None, headers={"Authorization": f"Bearer {token}"})
    assert (await bearer.ask(GET_INBOX)).codes == ["NoError"]
    assert (await bearer.but(mailbox=None).ask(GET_INBOX)).fault == "ErrorInvalidExchangeImpersonationHeaderData"
    exchange.expire_tokens()
    answer = (await bearer.ask(GET_INBOX)).http
    assert answer.status_code == 401
    assert answer.headers["x-ms-diagnostics"].startswith("2000002;")


@pytest.mark.parametrize(
    ("claims", "change", "number"),
    [
        ({"audience": "https://graph.microsoft.com"}, {}, "2000003"),
        ({"lifetime": -1}, {}, "2000002"),
        ({"tenant": "another"}, {}, "2000004"),
        ({}, {"blocked": {DEFAULT_CLIENT}}, "2000006"),
        ({}, {"roles": {DEFAULT_CLIENT: ("Mail.Read",)}}, "2000008"),
        ({}, {"roles": {DEFAULT_CLIENT: ()}, "rbac": {DEFAULT_CLIENT}}, ""),
    ],
)
async def test_a_token_is_judged_by_its_claims(
    exchange: ExchangeSimulator, talk: Talk, claims: dict[str, Any], change: dict[str, Any], number: str
) -> None:
    for name, value in change.items():
        setattr(exchange.tokens, name, value)
    token = exchange.tokens.issue(DEFAULT_CLIENT, **claims)
    answer = (await talk.but(auth=None, headers={"Authorization": f"Bearer {token}"}).ask(GET_INBOX)).http
    assert answer.status_code == (401 if number else 200)
    assert answer.headers.get("x-ms-diagnostics", "").partition(";")[0] == number


@pytest.mark.parametrize(("cut", "number"), [(-4, "2000000"), (5, "2000001")])
async def test_a_token_that_is_damaged_is_refused(
    exchange: ExchangeSimulator, talk: Talk, cut: int, number: str
) -> None:
    token = exchange.issue_token()[:cut] + ("AAAA" if cut < 0 else "")
    answer = (await talk.but(auth=None, headers={"Authorization": f"Bearer {token}"}).ask(GET_INBOX)).http
    assert (answer.status_code, answer.headers["x-ms-diagnostics"][:7]) == (401, number)


async def test_a_user_without_impersonation_gets_the_own_mailbox(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.add_user(BOB, "bobs")
    exchange.deliver(BOB, mail())
    answer = await talk.but(mailbox=None, auth=(BOB, "bobs")).ask(GET_INBOX)
    assert answer.texts(T + "TotalCount") == ["1"]
    assert (await talk.but(mailbox=None).ask(GET_INBOX)).fault == "ErrorMissingEmailAddress"


async def test_impersonation_reaches_only_who_may_be_reached(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.allow_impersonation(DEFAULT_USER, [ALICE, BOB])
    assert (await talk.ask(GET_INBOX)).codes == ["NoError"]
    assert (await talk.but(mailbox=CHARLIE).ask(GET_INBOX)).fault == "ErrorImpersonateUserDenied"
    exchange.allow_impersonation(DEFAULT_USER, None)
    assert (await talk.but(mailbox=CHARLIE).ask(GET_INBOX)).codes == ["NoError"]


async def test_each_way_to_name_a_mailbox(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.add_mailbox("dora@contoso.example", aliases=["d@contoso.example"], principal="dora@corp.contoso.example")
    cases = (
        ("PrimarySmtpAddress", "Dora@contoso.example", ""),
        ("PrimarySmtpAddress", "d@contoso.example", "ErrorNonPrimarySmtpAddress"),
        ("PrimarySmtpAddress", "nobody@contoso.example", "ErrorNonExistentMailbox"),
        ("SmtpAddress", "d@contoso.example", ""),
        ("PrincipalName", "dora@corp.contoso.example", ""),
        ("PrincipalName", "d@contoso.example", "ErrorNonExistentMailbox"),
    )
    for kind, name, fault in cases:
        answer = await talk.but(kind=kind, mailbox=name).ask(GET_INBOX)
        assert (answer.fault == fault) if fault else (answer.codes == ["NoError"]), (kind, name)
    refused = await talk.but(mailbox="d@contoso.example").ask(GET_INBOX)
    assert refused.texts(T + "Value") == ["dora@contoso.example"]


async def test_an_empty_impersonation_header_is_refused(talk: Talk) -> None:
    content = envelope(GET_INBOX, mailbox=ALICE).replace(f"<t:PrimarySmtpAddress>{ALICE}</t:PrimarySmtpAddress>", "")
    assert (await talk.raw(content)).fault == "ErrorInvalidExchangeImpersonationHeaderData"


async def test_nobody_sees_an_item_of_another(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail())
    assert (await talk.but(mailbox=CHARLIE).get_item(item)).codes == ["ErrorItemNotFound"]


@pytest.mark.parametrize(
    ("product", "accepted", "refused"),
    [
        ("Exchange2010", ["Exchange2007_SP1", "Exchange2010_SP2"], ["Exchange2013", "Exchange2016", "Exchange2019"]),
        ("Exchange2013", ["Exchange2010_SP2", "Exchange2013_SP1"], ["Exchange2016"]),
        ("Exchange2016", ["Exchange2016", "V2017_07_11"], ["Exchange2019", "ExchangeSE"]),
    ],
)
async def test_a_product_refuses_versions_newer_than_itself(
    talk: Talk, product: str, accepted: list[str], refused: list[str]
) -> None:
    async with ExchangeSimulator(version=product, mailboxes=[ALICE]) as exchange:
        of = talk.but(exchange=exchange)
        for version in accepted:
            answer = await of.but(version=version).ask(GET_INBOX)
            assert answer.codes == ["NoError"]
            assert b"ServerVersionInfo" in answer.http.content
        for version in refused:
            assert (await of.but(version=version).ask(GET_INBOX)).fault == "ErrorInvalidServerVersion"
        assert (await of.but(version=None).ask(GET_INBOX)).codes == ["NoError"]


async def test_old_servers_give_names_where_new_ones_give_addresses(talk: Talk) -> None:
    shape = (
        '<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="message:From"/>'
        "</t:AdditionalProperties></m:ItemShape>"
    )
    async with ExchangeSimulator(version="Exchange2010", mailboxes=[ALICE]) as exchange:
        item = exchange.deliver(ALICE, mail())
        of = talk.but(exchange=exchange, version="Exchange2010_SP2")
        assert (await of.find(shape=shape)).texts(T + "EmailAddress") == []
        assert (await of.get_item(item, shape=shape)).texts(T + "EmailAddress") == ["carla@customer.example"]


async def test_request_ids_and_gzip(exchange: ExchangeSimulator, talk: Talk) -> None:
    wanted = {
        "client-request-id": "7",
        "return-client-request-id": "true",
        "X-AnchorMailbox": ALICE,
        "Accept-Encoding": "gzip",
    }
    answer = (await talk.but(headers=wanted).ask(GET_INBOX)).http
    assert answer.headers["client-request-id"] == "7"
    assert answer.headers["request-id"]
    assert answer.headers["Content-Encoding"] == "gzip"
    entry = exchange.requests.entries[-1]
    assert (entry.operation, entry.mailbox, entry.anchor, entry.client_request_id) == ("GetFolder", ALICE, ALICE, "7")
    plain = (await talk.but(headers={"Accept-Encoding": "identity"}).ask(GET_INBOX)).http
    assert "client-request-id" not in plain.headers
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("no xml", "ErrorSchemaValidation"),
        ("<x/>", "ErrorInvalidRequest"),
        (envelope("", mailbox=ALICE), "ErrorInvalidRequest"),
        (envelope("<m:Nonsense/>", mailbox=ALICE), "ErrorInvalidRequest"),
        (
            '<!DOCTYPE x [<!ENTITY y "z">]>' + envelope(GET_INBOX, mailbox=ALICE).partition("?>")[2],
            "ErrorInvalidRequest",
        ),
    ],
)
async def test_what_is_no_request(talk: Talk, content: str, code: str) -> None:
    answer = await talk.raw(content)
    assert answer.fault == code
    assert answer.body.tag == S + "Fault"


async def test_a_duplicate_header_is_refused(talk: Talk) -> None:
    version = '<t:RequestServerVersion Version="Exchange2013"/>'
    content = envelope(GET_INBOX, mailbox=ALICE).replace("<s:Header>", f"<s:Header>{version}")
    assert (await talk.raw(content)).fault == "ErrorDuplicateSOAPHeader"


async def test_https(talk: Talk) -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with ExchangeSimulator(tls=server, mailboxes=[ALICE]) as exchange, httpx.AsyncClient(verify=trust) as client:
        assert exchange.url.startswith("https://")
        assert (await talk.but(exchange=exchange, client=client).ask(GET_INBOX)).codes == ["NoError"]

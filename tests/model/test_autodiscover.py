"""What Autodiscover is asked, in which order, where an answer leads, and who gets credentials: a table of cases."""

import pytest

from shared.model.autodiscover import (
    MOST_REDIRECTS,
    Answer,
    Attempt,
    Search,
    Way,
    candidates,
    connection_for,
    is_safe,
    trusts,
    version_of,
)
from shared.model.configuration import Connection, parse

ALICE = "alice@contoso.example"
ONLINE = "https://outlook.office365.com/EWS/Exchange.asmx"
HERE = "https://mail.contoso.example/EWS/Exchange.asmx"
SVC, XML = "/autodiscover/autodiscover.svc", "/autodiscover/autodiscover.xml"
SRV = "dns:_autodiscover._tcp.contoso.example?type=SRV"
JSON = "/autodiscover/autodiscover.json/v1.0/alice@contoso.example?Protocol=EWS"


def connections(**settings: dict[str, object]) -> tuple[Connection, ...]:
    return tuple(parse({"connections": settings}).connections.values())


def cloud() -> dict[str, object]:
    return {"url": ONLINE, "version": "Exchange365", "oauth": {"client_id": "c", "tenant_id": "t"}}


AUTO = connections(default={"url": "auto", "trusted_hosts": ["contoso.example"]})
NOTHING_TRUSTED = connections(default={"url": "auto"})


def asked(search: Search, answers: dict[str, Answer]) -> list[Attempt]:
    """Run a search whose servers answer as told; others do not know the user."""
    attempts = []
    while (attempt := search.next()) is not None:
        attempts.append(attempt)
        search.tell(attempt, answers.get(attempt.url, Answer(error="InvalidUser")))
    return attempts


def test_the_usual_places_are_asked_in_the_documented_order() -> None:
    assert [(each.way, each.url) for each in candidates(ALICE, AUTO)] == [
        (Way.JSON, "https://autodiscover.contoso.example" + JSON),
        (Way.SOAP, "https://contoso.example" + SVC),
        (Way.SOAP, "https://autodiscover.contoso.example" + SVC),
        (Way.POX, "https://contoso.example" + XML),
        (Way.POX, "https://autodiscover.contoso.example" + XML),
        (Way.PLAIN, "http://autodiscover.contoso.example" + XML),
        (Way.SRV, SRV),
    ]


def test_what_the_settings_name_is_asked_first_and_the_cloud_beside_the_usual_names() -> None:
    two = connections(default={"url": "auto", "autodiscover_url": "https://cas.corp.example/x"}, cloud=cloud())
    urls = [each.url for each in candidates(ALICE, two)]
    assert urls[:3] == [f"https://cas.corp.example{path}" for path in (JSON, SVC, XML)]
    assert urls[4] == "https://outlook.office365.com" + JSON


def test_credentials_go_to_trusted_hosts_only_and_never_with_what_needs_none() -> None:
    attempts = asked(Search(ALICE, AUTO), {})
    assert {each.connection for each in attempts if each.way in (Way.SOAP, Way.POX)} == {"default"}
    assert {each.connection for each in attempts if each.way in (Way.JSON, Way.PLAIN, Way.SRV)} == {""}


def test_the_mailbox_s_own_domain_is_not_trusted_by_itself() -> None:
    search = Search("bob@fabrikam.example", AUTO)
    attempts = asked(search, {})
    assert not [each for each in attempts if each.connection]
    assert search.untrusted == ["fabrikam.example", "autodiscover.fabrikam.example"]


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("contoso.example", True),
        ("mail.contoso.example", True),
        ("evilcontoso.example", False),
        ("contoso.example.evil.example", False),
        ("", False),
    ],
)
def test_a_domain_stands_for_the_hosts_below_it(host: str, trusted: bool) -> None:
    assert trusts(AUTO[0], host) is trusted


def test_a_redirect_to_a_foreign_host_is_asked_without_credentials_and_reported() -> None:
    search = Search(ALICE, AUTO)
    first = "https://contoso.example" + SVC
    attempts = asked(search, {first: Answer(redirect_url="https://hoster.example/autodiscover/autodiscover.svc")})
    there = [each for each in attempts if "hoster.example" in each.url]
    assert [(each.way, each.connection) for each in there] == [(Way.JSON, "")]
    assert search.untrusted == ["hoster.example"]
    assert search.found is None


@pytest.mark.parametrize(
    "url", ["http://mail.contoso.example" + XML, "ftp://contoso.example", "", "https://", "https://[x"]
)
def test_a_redirect_that_is_not_https_is_not_followed(url: str) -> None:
    search = Search(ALICE, AUTO)
    plain = "http://autodiscover.contoso.example" + XML
    attempts = asked(search, {plain: Answer(redirect_url=url)})
    assert [each.url for each in attempts[-2:]] == [plain, SRV]
    assert not is_safe(url)


def test_a_stranger_does_not_send_us_to_this_machine() -> None:
    plain, here = "http://autodiscover.contoso.example" + XML, "http://127.0.0.1:7071" + XML
    assert "127.0.0.1" not in " ".join(
        each.url for each in asked(Search(ALICE, AUTO), {plain: Answer(redirect_url=here)})
    )


def test_the_plain_redirect_leads_to_a_signed_question_on_a_trusted_host() -> None:
    search = Search(ALICE, AUTO)
    plain = "http://autodiscover.contoso.example" + XML
    there = "https://mail.contoso.example" + XML
    attempts = asked(search, {plain: Answer(redirect_url=there), there: Answer(HERE, build="15.2.1748.39")})
    assert attempts[-1] == Attempt(Way.POX, there, ALICE, "default")
    assert search.found == Answer(HERE, build="15.2.1748.39")


@pytest.mark.parametrize(
    ("host", "signed", "untrusted"),
    [("mail.contoso.example:8443", ["default"], []), ("hoster.example", [], ["hoster.example"])],
)
def test_where_dns_leads_is_asked_with_credentials_only_if_the_settings_trust_it(
    host: str, signed: list[str], untrusted: list[str]
) -> None:
    search = Search(ALICE, AUTO)
    there = f"https://{host}"
    attempts = asked(search, {SRV: Answer(redirect_url=there + XML), there + XML: Answer(HERE)})
    followed = attempts[attempts.index(Attempt(Way.SRV, SRV, ALICE)) + 1 :]
    assert followed[0] == Attempt(Way.JSON, there + JSON, ALICE)
    assert [each.connection for each in followed[1:]] == signed
    assert search.untrusted == untrusted
    assert (search.found is not None) is bool(signed)


def test_dns_does_not_send_us_to_this_machine() -> None:
    for here in ("https://127.0.0.1", "https://localhost:7071"):
        assert asked(Search(ALICE, AUTO), {SRV: Answer(redirect_url=here + XML)})[-1].url == SRV


def test_redirects_in_a_circle_end() -> None:
    search = Search(ALICE, AUTO)
    one, other = "https://contoso.example" + SVC, "https://autodiscover.contoso.example" + SVC
    attempts = asked(search, {one: Answer(redirect_url=other), other: Answer(redirect_url=one)})
    assert len(attempts) == len(set(attempts))


def test_ten_redirects_are_followed_and_no_more() -> None:
    search = Search(ALICE, AUTO)
    hops = 0
    while (attempt := search.next()) is not None:
        if attempt.way is Way.SOAP:
            hops += 1
            search.tell(attempt, Answer(redirect_url=f"https://h{hops}.contoso.example{SVC}"))
        else:
            search.tell(attempt, Answer(error="no"))
    assert hops == MOST_REDIRECTS + 1


def test_another_address_is_looked_for_at_its_own_domain() -> None:
    other = "alice@contoso.mail.onmicrosoft.example"
    search = Search(ALICE, AUTO)
    first = "https://contoso.example" + SVC
    json = f"https://autodiscover.contoso.mail.onmicrosoft.example/autodiscover/autodiscover.json/v1.0/{other}?Protocol=EWS"
    attempts = asked(search, {first: Answer(redirect_address=other), json: Answer(ONLINE)})
    assert attempts[-1] == Attempt(Way.JSON, json, other)
    assert search.found == Answer(ONLINE)


def test_the_version_is_asked_for_at_the_server_that_was_found() -> None:
    search = Search(ALICE, AUTO, with_version=True)
    json, svc = "https://autodiscover.contoso.example" + JSON, "https://mail.contoso.example" + SVC
    attempts = asked(search, {json: Answer(HERE), svc: Answer(HERE, build="15.0.1497.48")})
    assert [each.url for each in attempts] == [json, svc]
    assert search.found == Answer(HERE, build="15.0.1497.48")


@pytest.mark.parametrize(
    ("build", "name"),
    [
        ("14.3.513.0", "Exchange2010"),
        ("15.0.1497", "Exchange2013"),
        ("15.1.2507.61", "Exchange2016"),
        ("15.2.1748.39", "Exchange2019"),
        ("15.2.2562.17", "ExchangeSE"),
        ("15.20.9343.8", "Exchange365"),
        ("16.1", ""),
        ("", ""),
        ("x.y", ""),
    ],
)
def test_a_build_is_named_as_the_settings_name_it(build: str, name: str) -> None:
    assert version_of(Answer("https://mail.contoso.example/EWS/Exchange.asmx", build=build)) == name


def test_the_connection_is_the_one_whose_host_was_found() -> None:
    hybrid = connections(default={"url": HERE}, cloud=cloud())
    inside = "https://inside.contoso.example/EWS/Exchange.asmx"
    assert connection_for(hybrid, Answer(ONLINE)) == (hybrid[1], "")
    assert connection_for(hybrid, Answer(inside, HERE)) == (hybrid[0], "")
    assert connection_for(hybrid, Answer("https://fabrikam.example/EWS/Exchange.asmx")) is None


def test_a_connection_that_leaves_the_url_to_autodiscover_takes_it_on_a_trusted_host_only() -> None:
    assert connection_for(AUTO, Answer(HERE)) == (AUTO[0], HERE)
    assert connection_for(NOTHING_TRUSTED, Answer(HERE)) is None
    assert connection_for(AUTO, Answer(HERE.replace("https", "http"))) is None

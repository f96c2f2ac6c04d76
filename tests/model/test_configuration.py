"""The settings document: read as a whole, refused with everything that is wrong in it, written back the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.model.configuration import flatten, merge_patch, parse, to_document
from shared.model.setting_table import LATER, SETTINGS, VERSIONS

URL = "https://mail.contoso.example/EWS/Exchange.asmx"
OFFICE_365: dict[str, Any] = {
    "url": "https://outlook.office365.com/EWS/Exchange.asmx",
    "version": "Exchange365",
    "oauth": {"client_id": "1111", "tenant_id": "contoso"},
}


def connection(**settings: Any) -> dict[str, Any]:
    return {"connections": {"default": {"url": URL, **settings}}}


def online(url: str = OFFICE_365["url"], **oauth: str) -> dict[str, Any]:
    return {"connections": {"default": {**OFFICE_365, "url": url, "oauth": {**OFFICE_365["oauth"], **oauth}}}}


def problems(document: dict[str, Any]) -> list[str]:
    with pytest.raises(Invalid) as refused:
        parse(document)
    assert refused.value.code == "setting-invalid"
    return refused.value.detail.split("\n")


def test_an_empty_document_has_the_documented_defaults() -> None:
    configuration = parse({})
    assert configuration.connections == {}
    assert configuration.notifications.mode == "push"
    assert configuration.notifications.frequency_minutes == 30
    assert configuration.email.enabled is False
    assert configuration.email.sync_from_days == 3
    assert configuration.email.folders == ("inbox", "sentitems")
    assert configuration.email.skip_sensitivity == ("private", "confidential")
    assert configuration.email.exclude_category == "No CRM"
    assert (configuration.email.sweep_minutes, configuration.email.poll_minutes) == (60, 5)
    assert configuration.attachments.max_mb == 30


def test_a_connection_needs_only_its_url() -> None:
    default = parse(connection()).connections["default"]
    assert (default.version, default.authentication, default.batch_size) == ("Exchange2016", "ntlm", 100)
    assert default.oauth is None
    assert default.hosts() == ("mail.contoso.example",)


def test_exchange_online_takes_oauth_and_knows_where_tokens_come_from() -> None:
    default = parse({"connections": {"default": OFFICE_365}}).connections["default"]
    assert default.authentication == "oauth"
    assert default.oauth is not None
    assert default.oauth.token_endpoint == "https://login.microsoftonline.com/contoso/oauth2/v2.0/token"
    assert default.oauth.scope == "https://outlook.office365.com/.default"
    assert default.hosts() == ("outlook.office365.com", "login.microsoftonline.com")


@pytest.mark.parametrize(
    ("cloud", "host", "authority", "resource"),
    [
        ("public", "outlook.office365.com", "login.microsoftonline.com", "outlook.office365.com"),
        ("us_government", "outlook.office365.us", "login.microsoftonline.us", "outlook.office365.us"),
        ("us_dod", "outlook-dod.office365.us", "login.microsoftonline.us", "outlook-dod.office365.us"),
        ("us_dod", "webmail.apps.mil", "login.microsoftonline.us", "outlook-dod.office365.us"),
        ("china", "partner.outlook.cn", "login.partner.microsoftonline.cn", "partner.outlook.cn"),
    ],
)
def test_each_cloud_has_its_own_authority_and_resource(cloud: str, host: str, authority: str, resource: str) -> None:
    default = parse(online(f"https://{host}/EWS/Exchange.asmx", cloud=cloud)).connections["default"]
    assert default.oauth is not None
    assert default.oauth.token_endpoint == f"https://{authority}/contoso/oauth2/v2.0/token"
    assert default.oauth.scope == f"https://{resource}/.default"
    assert default.hosts() == (host, authority)


def test_endpoint_and_scope_may_be_overridden() -> None:
    oauth = {"client_id": "1", "token_endpoint": "https://login.contoso.example/oauth2/token", "scope": "ews"}
    default = parse({"connections": {"default": {**OFFICE_365, "oauth": oauth}}}).connections["default"]
    assert default.oauth is not None
    assert (default.oauth.token_endpoint, default.oauth.scope) == (oauth["token_endpoint"], "ews")


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != "Exchange365"])
def test_oauth_without_a_user_is_refused_on_premises_with_the_reason(version: str) -> None:
    oauth = {"client_id": "1", "tenant_id": "t", "token_endpoint": "https://adfs.contoso.example/adfs/oauth2/token"}
    (line,) = problems(connection(version=version, authentication="oauth", oauth=oauth))
    assert line.startswith(
        "connections.default.authentication (Use OAuth Authentication): Exchange on premises takes no"
    )
    assert 'write "ntlm" or "basic"' in line


def test_oauth_on_loopback_is_left_to_what_listens_there() -> None:
    oauth = {"client_id": "1", "tenant_id": "t"}
    settings = {"url": "http://127.0.0.1:7080/EWS/Exchange.asmx", "authentication": "oauth", "oauth": oauth}
    for version in VERSIONS:
        assert parse({"connections": {"default": {**settings, "version": version}}}).connections["default"].oauth


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            online(URL),
            'mail.contoso.example is not; write "https://outlook.office365.com/EWS/Exchange.asmx" as the url',
        ),
        (online(URL, cloud="china"), 'write "https://partner.outlook.cn/EWS/Exchange.asmx"'),
        (online("https://outlook.office365.us/EWS/Exchange.asmx"), 'not "public"; write "us_government"'),
        (online(cloud="us_dod"), 'is in the cloud "public", not "us_dod"; write "public"'),
        ({"connections": {"default": {"url": OFFICE_365["url"]}}}, 'is Exchange Online; write "Exchange365"'),
    ],
)
def test_version_host_and_cloud_must_belong_together(document: dict[str, Any], expected: str) -> None:
    (line,) = problems(document)
    assert expected in line


def test_all_means_a_window_without_beginning() -> None:
    assert parse({"email": {"sync_from_days": "all"}}).email.sync_from_days is None


def test_addresses_and_domains_are_compared_in_lower_case() -> None:
    email = {
        "exclude_addresses": ["Charlie@Contoso.example"],
        "internal_domains": ["Contoso.example", "contoso.example"],
    }
    configuration = parse({"email": email})
    assert configuration.email.exclude_addresses == ("charlie@contoso.example",)
    assert configuration.email.internal_domains == ("contoso.example",)


@pytest.mark.parametrize(
    ("written", "offered"),
    [
        ("https//mail.contoso.example/EWS/Exchange.asmx", URL),
        ("https:/mail.contoso.example/EWS/Exchange.asmx", URL),
        ("https:mail.contoso.example/EWS/Exchange.asmx", URL),
        ("htps://mail.contoso.example/EWS/Exchange.asmx", URL),
        ("https:///mail.contoso.example/EWS/Exchange.asmx", URL),
        ("mail.contoso.example/EWS/Exchange.asmx", URL),
        ("http://mail.contoso.example/EWS/Exchange.asmx", URL),
        ("https://mail.contoso.example", URL),
        ("https://mail.contoso.example/ews/", URL),
        ("https://mail.contoso.example/owa/", URL),
    ],
)
def test_for_a_misprinted_url_the_right_one_is_offered(written: str, offered: str) -> None:
    (line,) = problems({"connections": {"default": {"url": written}}})
    assert line.startswith("connections.default.url (Exchange URL, EWSNotificationsListenerURL): ")
    assert f'write "{offered}"' in line


@pytest.mark.parametrize("url", ["http://127.0.0.1:7080/EWS/Exchange.asmx", "http://localhost:7080/EWS/Exchange.asmx"])
def test_http_is_accepted_on_loopback_only(url: str) -> None:
    assert parse({"connections": {"default": {"url": url}}}).connections["default"].url == url


@pytest.mark.parametrize(
    "url",
    ["https://svc:Passw0rd@mail.contoso.example/EWS/Exchange.asmx", f"{URL}?token=Passw0rd", "https//a:Passw0rd@b"],
)
def test_a_secret_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    (line,) = problems({"connections": {"default": {"url": url}}})
    assert "secrets are never settings" in line
    assert "Passw0rd" not in line


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (connection(version="exchange2016"), '(here: "Exchange2016")'),
        (connection(version="Exchange2042"), '"Exchange2016" or "Exchange2019"'),
        ({"connections": {"default": {**OFFICE_365, "version": "exchange365"}}}, '(here: "Exchange365")'),
        (online(cloud="moon"), '"public" or "us_government" or "us_dod" or "china"'),
        (connection(authentication="kerberos"), '"ntlm" or "basic" or "oauth"'),
        (connection(batch_size=0), "1 to 512"),
        (connection(batch_size=513), "1 to 512"),
        (connection(batch_size="100"), "without quotes"),
        (connection(batch_size=True), "1 to 512"),
        (connection(create_item_url=URL), "later version"),
        (connection(oauth={"clientid": "1"}), 'did you mean "connections.default.oauth.client_id"?'),
        (connection(EWSBatchSize=5), 'here it is called "connections.<name>.batch_size"'),
        ({"connections": {"default": {**OFFICE_365, "oauth": {"tenant_id": "t"}}}}, "application (client) ID"),
        ({"connections": {"default": {**OFFICE_365, "oauth": {"client_id": "c"}}}}, "directory (tenant) ID"),
        ({"connections": {"default": {}}}, "it is missing"),
        ({"connections": {"default": {**OFFICE_365, "authentication": "basic"}}}, "takes only OAuth"),
        ({"connections": {"default": {**OFFICE_365, "authentication": "ntlm"}}}, "takes only OAuth"),
        ({"connections": {"Head Office": {"url": URL}}}, "a connection's name is"),
        ({"connections": {"auto": {"url": "auto"}}}, "use another name"),
        ({"connections": {"default": {"url": "auto", "trusted_hosts": ["https://x"]}}}, "not a domain"),
        ({"connections": {"default": {"url": "auto", "trusted_hosts": ["https://x.example/y"]}}}, 'write "x.example"'),
        ({"connections": [URL]}, 'write for example {"connections"'),
        ({"notifications": {"frequency_minutes": 1441}}, "1 to 1440"),
        ({"notifications": {"mode": "pull"}}, '"push" or "poll"'),
        ({"email": {"enabled": "true"}}, "without quotes"),
        ({"email": {"enbled": True}}, 'did you mean "email.enabled"?'),
        ({"email": True}, 'write for example "email.enabled"'),
        ({"email": {"sync_from_days": -1}}, 'or "all"'),
        ({"email": {"folders": '["inbox"'}}, "a list that is not whole"),
        ({"email": {"sync_from_days": 10**9}}, "0 to 36500"),
        ({"email": {"folders": "inbox; Customers"}}, 'write ["inbox", "Customers"]'),
        ({"email": {"folders": [""]}}, "it is empty"),
        ({"email": {"on_leave": "delete"}}, '"keep" or "remove"'),
        ({"email": {"exclude_addresses": ["charlie"]}}, "not a mail address"),
        ({"email": {"exclude_domains": ["@contoso.example"]}}, 'write "contoso.example"'),
        ({"email": {"exclude_domains": ["*.contoso.example"]}}, 'write for example "example.com"'),
        ({"email": {"exclude_domains": ["münchen.example"]}}, 'write "xn--mnchen-3ya.example"'),
        ({"email": {"exclude_category": "x" * 10_000}}, f"'{'x' * 79}… is not a line"),
        ({"email": {"enabled": None}}, "null is not true or false"),
        ({"email": {"keep": "all"}}, "later version"),
        ({"calendar": {"enabled": True}}, "later version"),
        ({"limits": {"sent_per_hour": 5}}, "later version"),
        ({"alerts": {"failures_to": "a@b.example; nobody"}}, "'nobody' is not a mail address"),
        ({"alerts": {"failures_to": "a@b.example, c@b.example"}}, 'write ["a@b.example", "c@b.example"]'),
        ({"alerts": {"failures_to": ["a@b.example;c@b.example"]}}, 'write ["a@b.example", "c@b.example"]'),
        ({**connection(), "alerts": {"connection": "onlin"}}, 'no connection "onlin"; write "default" or "auto"'),
        ({"notifications": {"url": "https://app.example/api/"}}, 'write "https://app.example/api/ews/notifications"'),
        ({"alerts": {"from": "jürgen@b.example"}}, "write an address in ASCII"),
        ({"alerts": {"smtp_url": "mail.example.com"}}, 'write "smtp://host:587" or "smtps://host:465"'),
        ({"alerts": {"smtp_url": "smtp://user:word@mail.example.com"}}, "set the secrets alerts-smtp-username"),
        ({"alerts": {"smtp_url": "smtp://mail.example.com:99999"}}, 'write "smtp://host:587"'),
        ({"alerts": {"smtp_url": "smtp://mail.example.com:0"}}, 'write "smtp://host:587"'),
        ({"alerts": {"digest_hour": 24}}, "from 0 to 23"),
        ({"alerts": {"notifysyncfailureto": "a@b.example"}}, 'here it is called "alerts.failures_to"'),
        ({"attachments": {"max_mb": None}}, "0 to 2048"),
        ({"colour": "red"}, "no such setting"),
    ],
)
def test_a_mistake_is_named_with_what_to_write(document: dict[str, Any], expected: str) -> None:
    (line,) = problems(document)
    assert expected in line


def test_all_mistakes_are_named_at_once_with_the_names_that_users_know() -> None:
    lines = problems(
        {**connection(batch_size=0), "email": {"sync_from_days": -1}, "notifications": {"frequency_minutes": 0}}
    )
    assert [line.partition(":")[0] for line in lines] == [
        "connections.default.batch_size (Batch size, EWSBatchSize)",
        "email.sync_from_days (Sync From No Of Days)",
        "notifications.frequency_minutes (Notification frequency, StatusFrequencyForEWSNotifications)",
    ]


@pytest.mark.parametrize(
    "document",
    [{}, connection(batch_size=5), {"connections": {"default": OFFICE_365}}, {"email": {"sync_from_days": "all"}}],
)
def test_what_is_written_back_is_read_the_same(document: dict[str, Any]) -> None:
    configuration = parse(document)
    assert parse(to_document(configuration)) == configuration


def test_every_default_is_one_that_may_be_written() -> None:
    for setting in SETTINGS:
        if setting.default is not None:
            setting.read(setting.default)


def test_no_setting_is_both_there_and_to_come() -> None:
    names = {setting.name for setting in SETTINGS}
    assert not names.intersection(LATER)


def test_flatten_gives_dotted_names() -> None:
    assert flatten({"email": {"enabled": True, "folders": ["inbox"]}, "a": {}}) == {
        "email.enabled": True,
        "email.folders": ["inbox"],
    }


@pytest.mark.parametrize(
    ("document", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"a": "foo"}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ],
)
def test_a_patch_merges_as_rfc_7396_says(document: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(document, patch) == merged


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["all", "auto", URL]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from([setting.name for setting in SETTINGS]), value=JSON)
def test_no_value_breaks_the_reader(name: str, value: Any) -> None:
    document: Any = value
    for part in reversed(name.replace("<name>", "default").split(".")):
        document = {part: document}
    try:
        configuration = parse(document)
    except Invalid as refused:
        assert refused.detail
    else:
        assert parse(to_document(configuration)) == configuration

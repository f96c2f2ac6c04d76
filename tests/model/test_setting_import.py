"""Settings of the earlier product, as people have them written down, become ours, or say why they do not."""

import codecs
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.model.configuration import merge_patch, parse
from shared.model.setting_file import LARGEST, Entry, read_settings_file
from shared.model.setting_import import Mapped, State, as_patch, holding, map_settings

URL = "https://mail.contoso.example/EWS/Exchange.asmx"
FORM = """\
# Microsoft Exchange tab
Exchange URL: https//mail.contoso.example/EWS/Exchange.asmx
Exchange version: Exchange2013
Batch size = 200
Notification frequency (minutes)\t1 hour
Email Sync: yes
Sync From No Of Days: 7
"""


def imported(text: str | bytes, document: dict[str, Any] | None = None) -> tuple[Mapped, ...]:
    content = text.encode() if isinstance(text, str) else text
    return holding(document or {}, map_settings(read_settings_file(content), "default"))


def one(name: str, value: Any, document: dict[str, Any] | None = None) -> Mapped:
    """What one setting becomes beside a connection that is there."""
    beside = {"connections": {"default": {"url": URL}}} if document is None else document
    (mapped,) = holding(beside, map_settings([Entry(1, name, value)], "default"))
    return mapped


TAKEN_OF_THE_FORM = {
    "connections": {"default": {"url": URL, "version": "Exchange2013", "batch_size": 200}},
    "notifications": {"frequency_minutes": 60},
    "email": {"enabled": True, "sync_from_days": 7},
}


def test_lines_as_copied_from_the_form_are_taken() -> None:
    assert as_patch(imported(FORM)) == TAKEN_OF_THE_FORM


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_two_columns_of_csv_are_taken(separator: str, quoted: bool, mark: bytes) -> None:
    rows = [
        ("Setting name", "Setting value"),
        ("EWSNotificationsListenerURL", URL),
        ("ExchangeVersion", "Exchange2013"),
        ("EWSBatchSize", "200"),
        ("StatusFrequencyForEWSNotifications", "60"),
        ("Email Sync", "true"),
        ("Sync From No Of Days", "7"),
    ]
    cells = [[f'"{cell}"' if quoted else cell for cell in row] for row in rows]
    text = "\r\n".join(separator.join(row) + separator for row in cells)
    assert as_patch(imported(mark + text.encode())) == TAKEN_OF_THE_FORM


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_what_windows_saves_is_read(encoding: str) -> None:
    assert as_patch(imported(FORM.encode(encoding))) == TAKEN_OF_THE_FORM


@pytest.mark.parametrize(
    "document",
    [
        {"EWSNotificationsListenerURL": URL, "EWSBatchSize": "200", "Email Sync": True},
        {"Microsoft Exchange": {"Exchange URL": URL, "Batch size": 200}, "Email": {"Email Sync": "true"}},
        [
            {"Setting name": "EWSNotificationsListenerURL", "Setting value": URL},
            {"name": "EWSBatchSize", "value": 200},
            {"Purpose": "Email Sync", "Value": "on"},
        ],
        {"settings": [{"name": "Exchange URL", "value": URL}, {"name": "Batch size", "value": 200}], "Email Sync": 1},
        {"connections": {"default": {"url": URL, "batch_size": 200}}, "email": {"enabled": True}},
    ],
)
def test_json_is_taken_flat_nested_as_records_and_as_our_own(document: Any) -> None:
    expected = {"connections": {"default": {"url": URL, "batch_size": 200}}, "email": {"enabled": True}}
    assert as_patch(imported(json.dumps(document))) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no setting"),
        (b"\n# nothing\n", "no setting"),
        (b"{}", "no setting"),
        (b'{"Batch size": ', "begins like JSON"),
        (b"[1, 2]", "a list must be of objects"),
        (b"[" * 100_000, "begins like JSON"),
        (b"x" * (LARGEST + 1), "more than any file of settings has"),
    ],
)
def test_a_file_without_settings_is_refused_with_the_reason(content: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        read_settings_file(content)
    assert refused.value.code == "settings-file-invalid"


@pytest.mark.parametrize(
    ("name", "value", "here", "written"),
    [
        ("Email Sync", "x", "email.enabled", True),
        ("Email Sync", "No", "email.enabled", False),
        ("Email Sync", 1, "email.enabled", True),
        ("Sync From No Of Days", "7 days", "email.sync_from_days", 7),
        ("Sync From No Of Days", "48 hours", "email.sync_from_days", 2),
        ("Sync From No Of Days", "All", "email.sync_from_days", "all"),
        ("Notification frequency", "30 min.", "notifications.frequency_minutes", 30),
        ("Notification frequency", "1 day", "notifications.frequency_minutes", 1440),
        ("Batch size", "512", "connections.default.batch_size", 512),
        ("Exchange version", "Exchange 2013", "connections.default.version", "Exchange2013"),
        ("ExchangeVersion", "exchange2010_SP2", "connections.default.version", "Exchange2010"),
        ("ExchangeVersion", "2019", "connections.default.version", "Exchange2019"),
        ("Exchange version", "Subscription Edition", "connections.default.version", "ExchangeSE"),
        ("Use OAuth Authentication", "false", "connections.default.authentication", "ntlm"),
        ("Authentication profile type", "NTLM", "connections.default.authentication", "ntlm"),
        ("Exchange URL", "mail.contoso.example/EWS/Exchange.asmx", "connections.default.url", URL),
        ("email.exclude_domains", "contoso.example; fabrikam.example", "email.exclude_domains", None),
        ("email.exclude_category", "Yes", "email.exclude_category", "Yes"),
        ("notifications.url", "https://exsync.contoso.example/api/ews/notifications", "notifications.url", None),
    ],
)
def test_values_are_taken_as_people_write_them(name: str, value: Any, here: str, written: Any) -> None:
    mapped = one(name, value)
    assert (mapped.state, mapped.here) == (State.TAKEN, here), mapped.reason
    assert written is None or mapped.value == written


def test_oauth_of_the_earlier_product_becomes_a_whole_connection() -> None:
    mapped = imported(
        "Exchange URL=https://outlook.office365.com/EWS/Exchange.asmx\nExchange version=Office 365\n"
        "Use OAuth Authentication=true\nclient identifier=1111\nClient secret=hush\n"
        "Access Token Endpoint=https://login.microsoftonline.com/contoso.example/oauth2/token\n"
    )
    connection = parse(merge_patch({}, as_patch(mapped))).connections["default"]
    assert connection.oauth is not None
    assert connection.oauth.token_endpoint == "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"
    assert connection.authentication == "oauth"
    assert "hush" not in repr(mapped)


@pytest.mark.parametrize(
    ("name", "value", "state", "words"),
    [
        ("Batch size", "1000", State.REFUSED, "1 to 512"),
        ("Notification frequency", "often", State.REFUSED, "1 to 1440"),
        ("Sync From No Of Days", "36 hours", State.REFUSED, "whole number"),
        ("Exchange version", "Exchange2007", State.REFUSED, "Exchange2010"),
        ("Exchange version", "Exchange365", State.REFUSED, "Exchange365 is Exchange Online"),
        ("Exchange URL", f"https://svc:Passw0rd@{URL[8:]}", State.REFUSED, "secrets are never settings"),
        ("Notification URL", "https://crm.contoso.example/PushNotificationsListener", State.NOT_NEEDED, "own listener"),
        ("Password", "Passw0rd", State.NOT_NEEDED, "`default-password`"),
        ("User name", "Passw0rd", State.NOT_NEEDED, "`default-username`"),
        ("IsEnabledBiSync", "true", State.NOT_NEEDED, "exsync operators import"),
        ("ManagePushSubscriptions", "enabled", State.NOT_NEEDED, "SCHEDULE_SUBSCRIPTIONS"),
        ("Batch size", "", State.NOT_NEEDED, "no value there"),
        ("Contact Sync Category", "PegaSASync", State.LATER, "later version"),
        ("CreateItemURL", URL, State.LATER, "later version"),
        ("Exchnage URL", "Passw0rd", State.UNKNOWN, 'did you mean "Exchange URL"?'),
        ("favourite colour", "Passw0rd", State.UNKNOWN, "as far as we know"),
    ],
)
def test_what_is_not_taken_says_why_and_repeats_no_secret(name: str, value: str, state: State, words: str) -> None:
    mapped = one(name, value)
    assert (mapped.state, mapped.value) == (state, None)
    assert words in mapped.reason
    assert "Passw0rd" not in repr(mapped)


def test_of_two_values_for_one_setting_the_first_is_taken() -> None:
    first, second, third = imported(f"Exchange URL={URL}\nBatch size=100\nEWSBatchSize=200")
    assert (first.state, second.value, third.state) == (State.TAKEN, 100, State.REFUSED)
    assert "line 2" in third.reason


def test_the_same_value_twice_is_no_contradiction() -> None:
    assert {each.state for each in imported(f"Exchange URL={URL}\nEWSNotificationsListenerURL={URL}")} == {State.TAKEN}


def test_settings_of_a_connection_without_a_url_are_refused_and_the_rest_is_taken() -> None:
    size, sync = imported("Batch size=100\nEmail Sync=yes")
    assert (size.state, sync.state) == (State.REFUSED, State.TAKEN)
    assert "connections.default.url" in size.reason


def test_what_cannot_hold_with_the_settings_that_are_there_is_refused() -> None:
    oauth = {"client_id": "1", "tenant_id": "contoso"}
    online = {"url": "https://outlook.office365.com/EWS/Exchange.asmx", "version": "Exchange365", "oauth": oauth}
    mapped = one("Use OAuth Authentication", "false", {"connections": {"default": online}})
    assert mapped.state is State.REFUSED
    assert "takes only OAuth" in mapped.reason


def test_settings_go_to_the_connection_that_is_named() -> None:
    (mapped,) = map_settings([Entry(1, "Exchange URL", URL)], "branch")
    assert mapped.here == "connections.branch.url"


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3)


@given(
    st.lists(
        st.tuples(st.sampled_from(["Exchange URL", "EWSBatchSize", "Email Sync", "Exchange version", "x"]), VALUES)
    )
)
def test_whatever_a_file_says_the_rest_holds_together(pairs: list[tuple[str, Any]]) -> None:
    entries = [Entry(number, name, value) for number, (name, value) in enumerate(pairs, 1)]
    parse(as_patch(holding({}, map_settings(entries, "default"))))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    try:
        assert read_settings_file(content)
    except Invalid as refused:
        assert refused.code == "settings-file-invalid"


@pytest.mark.parametrize("days", [7.0, "7.0", "7.00 days"])
def test_a_whole_number_that_a_spreadsheet_wrote_with_a_point_is_taken(days: Any) -> None:
    assert one("Sync From No Of Days", days).value == 7


def test_a_value_that_is_refused_is_told_as_it_was_written() -> None:
    refused = one("Sync From No Of Days", "7.5")
    assert (refused.state, refused.reason.partition(" ")[0]) == (State.REFUSED, "'7.5'")
    assert len(one("Email Sync", "a" * 100_000).reason) < 200


def test_our_own_name_of_what_comes_later_is_no_misprint() -> None:
    for name in ("calendar.enabled", "limits.sent_per_hour"):
        mapped = one(name, True)
        assert (mapped.state, mapped.here) == (State.LATER, name)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04\x14\x00", "save it as CSV"),
        (bytes(range(256)), "save it as CSV"),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "nested deeper"),
        (b"[" * 2000 + b"]" * 2000, "nested deeper"),
    ],
)
def test_what_is_no_file_of_settings_is_told_apart(content: bytes, why: str) -> None:
    with pytest.raises(Invalid, match="settings-file-invalid") as refused:
        read_settings_file(content)
    assert why in refused.value.detail

"""A name that is no setting leads to the one that was meant, be it misprinted or the earlier product's."""

from typing import Any

import pytest

from shared.model.configuration import problems_of, unknown_removals
from shared.model.setting_names import earlier_like, here_for, instead_of
from shared.model.setting_table import SETTINGS

OF_THE_PAGES = (
    "Exchange URL",
    "Exchange version",
    "Use OAuth Authentication",
    "client identifier",
    "Directory (tenant) ID",
    "Access Token Endpoint",
    "CreateItemURL",
    "EnableAppointments",
    "Batch size",
    "Notification URL",
    "Notification frequency (minutes)",
    "Notification synchronization failure to",
    "Email Sync",
    "Sync From No Of Days",
    "association options",
    "Microsoft Exchange contact integration",
    "Slot size",
    "Contact sync",
    "synchronization option",
    "Contact Sync Category",
    "EWSNotificationsListenerURL",
    "ExchangeVersion",
    "EWSBatchSize",
    "PushNotificationsListener",
    "StatusFrequencyForEWSNotifications",
    "NotifySyncFailureTo",
    "IsEnabledBiSync",
    "IsSkipAppointment",
    "EmailSync",
    "ManagePushSubscriptions",
    "ManagePushSubscriptionsForCalendarSync",
    "ProcessEWSPushNotifications",
    "PegaCRMFW-ExchangeImpl",
    "EWSPushNotifications",
    "EWS_Integration_AuthProfile",
    "EWSOauthAuthenticationProfile",
    "EWS_Integration_SecurityProfile",
    "User name",
    "Password",
    "Client secret",
)
"""The names that administrators of the earlier product were told."""


@pytest.mark.parametrize("name", OF_THE_PAGES)
def test_every_name_of_the_earlier_product_leads_somewhere(name: str) -> None:
    assert here_for(name) or instead_of(name)


def test_every_known_as_leads_to_its_setting() -> None:
    for setting in SETTINGS:
        for name in filter(None, setting.known_as.split(", ")):
            assert here_for(name) == setting.name


@pytest.mark.parametrize(
    "name", ["ewsbatchsize", "EWS batch size", "PegaCRMFW/EWSBatchSize", "Pega-CRM!EWSBatchSize", "Email.EWSBatchSize"]
)
def test_case_spaces_and_rule_sets_do_not_matter(name: str) -> None:
    assert here_for(name) == "connections.<name>.batch_size"


def test_whatever_is_called_a_password_is_a_secret() -> None:
    for name in ("Mailbox password", "my_secret", "Keystore password"):
        instead = instead_of(name)
        assert instead is not None
        assert instead.is_secret


def test_a_misprint_of_the_earlier_product_is_found_as_it_is_written_there() -> None:
    assert earlier_like("Exchnage URL") == "Exchange URL"
    assert earlier_like("StatusFrequencyForEWSNotification") == "StatusFrequencyForEWSNotifications"
    assert earlier_like("colour") == ""


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"Email": {"Enabled": True}}, 'Email.Enabled: there is no such setting; did you mean "email.enabled"?'),
        ({"email": {"onLeave": "keep"}}, 'did you mean "email.on_leave"?'),
        ({"emial": {"enabled": True}}, 'did you mean "email.enabled"?'),
        ({"sync_from_days": 3}, 'did you mean "email.sync_from_days"?'),
        ({"email": {"max_mb": 3}}, 'did you mean "attachments.max_mb"?'),
        ({"StatusFrequencyForEWSNotifications": 30}, 'here it is called "notifications.frequency_minutes"'),
        ({"NotifySyncFailureTo": "a@x.example"}, 'here it is called "alerts.failures_to"'),
        ({"ManagePushSubscriptions": True}, "SCHEDULE_SUBSCRIPTIONS"),
        ({"Password": "Passw0rd"}, "put it into Key Vault as `<connection>-password`"),
        ({"email": True}, 'has no value of its own; write for example "email.enabled"'),
        ({"email": {"colour": "red"}}, "email.colour: there is no such setting"),
        ({"emial": {}}, "emial: there is no such setting"),
        ({"email.enabled": True}, 'email.enabled (Email Sync): settings are nested; write {"email": {"enabled": …}}'),
        ({"connections": {"default": "auto"}}, 'write for example "connections.default.url"'),
    ],
)
def test_a_name_that_is_no_setting_is_answered_with_what_was_meant(document: dict[str, Any], expected: str) -> None:
    (line,) = problems_of(document)
    assert expected in line
    assert "Passw0rd" not in line


def test_everything_that_is_wrong_is_said_at_once() -> None:
    document = {
        "connections": {
            "default": {"version": "Exchange2106", "batch_size": 0, "oauth.scope": "x"},
            "Head Office": {"url": "auto"},
        },
        "email": {"enabled": "yes", "folders": [], "on_leave": "Keep"},
        "EWSBatchSize": 5,
    }
    lines = problems_of(document)
    assert len(lines) == 9
    assert {line.split(":")[0].split(" (")[0] for line in lines} == {
        "connections.default.version",
        "connections.default.batch_size",
        "connections.default.oauth.scope",
        "connections.default.url",
        "connections.Head Office",
        "email.enabled",
        "email.folders",
        "email.on_leave",
        "EWSBatchSize",
    }


def test_taking_back_what_is_no_setting_is_a_misprint_unless_it_is_there() -> None:
    patch = {"email": {"enabeld": None, "enabled": None}, "connections": {"old": None, "new": {"urll": None}}}
    assert list(unknown_removals({}, patch)) == [
        'email.enabeld: there is no such setting; did you mean "email.enabled"?',
        'connections.new.urll: there is no such setting; did you mean "connections.new.url"?',
    ]
    assert list(unknown_removals({"email": {"enabeld": True}}, {"email": {"enabeld": None}})) == []

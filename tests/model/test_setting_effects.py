"""What a change of settings will do is said before it is done: work as work, harm as harm, and nothing where nothing happens."""

from typing import Any

import pytest

from shared.model.configuration import Configuration, merge_patch, parse
from shared.model.setting_effects import Effect, effects
from shared.model.setting_table import SETTINGS

URL = "https://mail.contoso.example/EWS/Exchange.asmx"
RUNNING: dict[str, Any] = {
    "connections": {"default": {"url": URL}, "old": {"url": "https://old.contoso.example/EWS/Exchange.asmx"}},
    "notifications": {"url": "https://exsync.contoso.example/api/ews/notifications"},
    "alerts": {"failures_to": ["bob@contoso.example"], "from": "crm@contoso.example", "after_minutes": 30},
    "email": {"enabled": True, "folders": ["inbox", "sentitems", "Projects"], "exclude_domains": ["fabrikam.example"]},
}


def after(patch: dict[str, Any], document: dict[str, Any] | None = None) -> tuple[Effect, ...]:
    """The effects of a patch on the running settings, or on others."""
    before = RUNNING if document is None else document
    return effects(parse(before), parse(merge_patch(before, patch)))


def default(**settings: Any) -> dict[str, Any]:
    return {"connections": {"default": settings}}


WORK = [
    (
        {"email": {"sync_from_days": 30}},
        "email.sync_from_days",
        "backfill: at its next sync each window moves back to 30 days",
    ),
    ({"email": {"sync_from_days": "all"}}, "email.sync_from_days", "moves back to the beginning"),
    ({"email": {"sync_from_days": 1}}, "email.sync_from_days", "nothing that is held changes"),
    (default(url="https://new.contoso.example/EWS/Exchange.asmx"), "connections.default.url", "nothing is doubled"),
    (default(url="auto"), "connections.default.url", "Autodiscover"),
    (default(version="Exchange2013"), "connections.default.version", "what Exchange2013 understands"),
    (default(authentication="basic"), "connections.default.authentication", "default-username and default-password"),
    (default(batch_size=20), "connections.default.batch_size", "nothing is read anew"),
    (
        {"notifications": {"url": "https://new.contoso.example/api/ews/notifications"}},
        "notifications.url",
        "keep it answering",
    ),
    (
        {"notifications": {"frequency_minutes": 60}},
        "notifications.frequency_minutes",
        "subscribed anew within 60 minutes",
    ),
    (
        {"email": {"folders": ["inbox", "sentitems", "Projects", "Offers"]}},
        "email.folders",
        "Offers: the mail of the window",
    ),
    ({"email": {"exclude_domains": []}}, "email.exclude_domains", "fabrikam.example: such email is kept from now on"),
    ({"email": {"sweep_minutes": 10}}, "email.sweep_minutes", "every 10 minutes, instead of every 60"),
    ({"email": {"poll_minutes": 1}}, "email.poll_minutes", "without live push"),
    ({"attachments": {"max_mb": 5}}, "attachments.max_mb", "above 5 MiB"),
    ({"alerts": {"after_minutes": 60}}, "alerts.after_minutes", "told after 60 minutes, instead of 30"),
    ({"operators": {"suspend_after_days": 1}}, "operators.suspend_after_days", "once a day after 1 day"),
]
HARM = [
    ({"email": {"enabled": False}}, "email.enabled", "stops for all operators"),
    ({"connections": {"old": None}}, "connections.old", "`connection-unknown`"),
    ({"notifications": {"mode": "poll"}}, "notifications.mode", "every 5 minutes"),
    ({"notifications": {"url": None}}, "notifications.url", "no mailbox is subscribed"),
    ({"email": {"folders": ["inbox", "sentitems"]}}, "email.folders", "the emails of Projects leave"),
    ({"email": {"exclude_folders": ["Inbox/Private"]}}, "email.exclude_folders", "marked as left and stay"),
    ({"email": {"exclude_folders": ["Inbox/Private"], "on_leave": "remove"}}, "email.exclude_folders", "are taken out"),
    ({"email": {"on_leave": "remove"}}, "email.on_leave", "leaves the watched folders"),
    ({"email": {"on_delete": "remove"}}, "email.on_delete", "deleted in Exchange"),
    (
        {"email": {"skip_sensitivity": ["personal", "private", "confidential"]}},
        "email.skip_sensitivity",
        "personal: such email",
    ),
    (
        {"email": {"exclude_addresses": ["charlie@contoso.example"]}},
        "email.exclude_addresses",
        "charlie@contoso.example",
    ),
    ({"email": {"exclude_category": "Private"}}, "email.exclude_category", "Private: such email is not kept"),
    ({"email": {"internal_domains": ["contoso.example"]}}, "email.internal_domains", "not kept any more"),
    ({"retention": {"email_days": 30}}, "retention.email_days", "older than 30 days is taken out within a day"),
    ({"retention": {"audit_days": 1}}, "retention.audit_days", "older than 1 day are deleted"),
    (
        {"alerts": {"failures_to": None}},
        "alerts.failures_to",
        "nobody gets a mail when a sync fails (not set: alerts.failures_to)",
    ),
    ({"alerts": {"from": None}}, "alerts.from", "not set: alerts.from"),
]


@pytest.mark.parametrize(("patch", "setting", "words"), WORK)
def test_a_change_that_makes_work_says_so(patch: dict[str, Any], setting: str, words: str) -> None:
    (effect,) = after(patch)
    assert (effect.setting, effect.is_harmful) == (setting, False)
    assert words in effect.sentence


@pytest.mark.parametrize(("patch", "setting", "words"), HARM)
def test_a_change_by_which_something_stops_or_is_taken_away_says_so_first(
    patch: dict[str, Any], setting: str, words: str
) -> None:
    first = after(patch)[0]
    assert (first.setting, first.is_harmful) == (setting, True)
    assert words in first.sentence


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"email": {"sync_from_days": 3}},  # the default, written out
        {"connections": {"new": {"url": "auto"}}},  # no operator names it yet
        {"email": {"enabled": True}},
        {"email": {"folders": ["Inbox", "SentItems", "/projects"], "exclude_category": "no crm"}},  # case is ignored
        {"retention": {"audit_days": 1000}},
    ],
)
def test_what_changes_nothing_is_said_to_do_nothing(patch: dict[str, Any]) -> None:
    assert after(patch) == ()


def test_while_email_is_off_only_what_is_set_up_has_effects() -> None:
    off: dict[str, Any] = {**RUNNING, "email": {"enabled": False}}
    assert after({"email": {"sync_from_days": 30, "folders": ["inbox"]}, "notifications": {"url": None}}, off) == ()


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (3, "the last 3 days"),
        (1, "the last 1 day"),
        (0, "only what comes from now on"),
        ("all", "all mail that there is"),
    ],
)
def test_switching_email_on_says_how_far_the_initial_sync_goes(days: Any, words: str) -> None:
    off: dict[str, Any] = {**RUNNING, "email": {"enabled": False, "sync_from_days": days}}
    (effect,) = after({"email": {"enabled": True}}, off)
    assert effect.sentence.endswith(words)


def test_switching_email_on_without_a_listener_says_that_mailboxes_will_be_polled() -> None:
    off: dict[str, Any] = {"connections": RUNNING["connections"], "alerts": RUNNING["alerts"]}
    start, listener = after({"email": {"enabled": True}}, off)
    assert (start.setting, listener.setting, listener.is_harmful) == ("email.enabled", "notifications.url", False)
    assert "asked every 5 minutes" in listener.sentence


@pytest.mark.parametrize(
    ("before", "patch"),
    [
        ({"mode": "poll", "url": "https://exsync.contoso.example/api/ews/notifications"}, {"mode": "push"}),
        ({}, {"url": "https://exsync.contoso.example/api/ews/notifications"}),
    ],
)
def test_push_that_begins_subscribes_each_mailbox(before: dict[str, Any], patch: dict[str, Any]) -> None:
    (effect,) = after({"notifications": patch}, {**RUNNING, "notifications": before})
    assert "each mailbox is subscribed within" in effect.sentence


def test_a_short_status_frequency_is_warned_of() -> None:
    sentences = [each.sentence for each in after({"notifications": {"frequency_minutes": 10}})]
    assert any("an interruption of 10 minutes" in each for each in sentences)


def test_a_host_that_is_trusted_no_more_is_not_reached() -> None:
    document = default(url="auto", trusted_hosts=["contoso.example", "fabrikam.example"])
    (effect,) = after(default(trusted_hosts=["contoso.example"]), document)
    assert effect.is_harmful
    assert "fabrikam.example" in effect.sentence


def test_another_application_id_is_another_way_to_sign_in() -> None:
    oauth = {"client_id": "1", "tenant_id": "contoso"}
    document = default(url="https://outlook.office365.com/EWS/Exchange.asmx", version="Exchange365", oauth=oauth)
    (effect,) = after(default(oauth={"client_id": "2"}), document)
    assert "default-client-secret or default-client-certificate" in effect.sentence


def test_every_effect_names_a_setting_or_a_connection_that_there_is() -> None:
    names = {setting.name.replace("<name>", "default") for setting in SETTINGS} | {"connections.old"}
    assert {effect.setting for patch, _, _ in [*WORK, *HARM] for effect in after(patch)} <= names


def test_long_lists_are_shown_by_their_beginning() -> None:
    many = [f"d{number}.example" for number in range(9)]
    first = after({"email": {"internal_domains": many}})[0]
    assert first.sentence.startswith("d0.example, d1.example, d2.example, d3.example, d4.example and 4 more:")


def test_the_same_settings_have_no_effects() -> None:
    same: Configuration = parse(RUNNING)
    assert effects(same, same) == ()


def test_retention_that_is_longer_brings_nothing_back() -> None:
    short: dict[str, Any] = {**RUNNING, "retention": {"email_days": 30}}
    for longer in (60, None):
        (effect,) = after({"retention": {"email_days": longer}}, short)
        assert (effect.is_harmful, "does not return" in effect.sentence) == (False, True)


def test_retention_counts_also_while_email_is_off() -> None:
    off: dict[str, Any] = {**RUNNING, "email": {"enabled": False}}
    assert after({"retention": {"email_days": 30}}, off)[0].is_harmful


def test_switching_email_on_says_that_nobody_would_be_told_of_failures() -> None:
    off: dict[str, Any] = {**RUNNING, "email": {"enabled": False}, "alerts": {}}
    alerts = after({"email": {"enabled": True}}, off)[-1]
    assert (alerts.setting, alerts.is_harmful) == ("alerts.failures_to", False)
    assert "not set: alerts.failures_to, alerts.from" in alerts.sentence


def test_without_a_mail_server_nobody_is_told_while_exchange_is_what_fails() -> None:
    with_server: dict[str, Any] = {
        **RUNNING,
        "alerts": {**RUNNING["alerts"], "smtp_url": "smtp://mail.contoso.example"},
    }
    (effect,) = after({"alerts": {"smtp_url": None}}, with_server)
    assert (effect.setting, effect.is_harmful) == ("alerts.smtp_url", True)

"""All settings that have an effect, one row each: name, known as, what to write, default, meaning. DESIGN 3.

`configuration.parse` reads by this table and docs/settings.md is written from it, so neither can forget a setting.
"""

from dataclasses import dataclass
from typing import Any

from shared.model.clouds import CLOUDS
from shared.model.setting_values import (
    Reader,
    address,
    addresses,
    ascii_address,
    days,
    domain,
    exchange_url,
    flag,
    list_of,
    listener_url,
    name,
    one_of,
    secure_url,
    smtp_url,
    text,
    whole,
)

VERSIONS = ("Exchange2010", "Exchange2013", "Exchange2016", "Exchange2019", "ExchangeSE", "Exchange365")


@dataclass(frozen=True, slots=True)
class Setting:
    """`name` is dotted, `<name>` stands for a connection's. `default` None: unset. `values` says what may be written."""

    name: str
    known_as: str
    values: str
    default: Any
    meaning: str
    read: Reader


_CONNECTION = (
    Setting(
        "connections.<name>.url",
        "Exchange URL, EWSNotificationsListenerURL",
        "a URL, or `auto`",
        None,
        "EWS endpoint, `https://host/EWS/Exchange.asmx`; needed for each connection. `http` only on loopback. `auto`: "
        "Autodiscover finds it for each mailbox, on one of `trusted_hosts`. "
        "`default` is the first connection; an operator names another where Exchange is hybrid or is being moved.",
        exchange_url,
    ),
    Setting(
        "connections.<name>.autodiscover_url",
        "",
        "a URL",
        None,
        "Where Autodiscover is asked first, `https://autodiscover.example.com`, for companies whose DNS does not have "
        "the usual names. Beside it the usual places are asked.",
        secure_url,
    ),
    Setting(
        "connections.<name>.trusted_hosts",
        "",
        "a list of hosts or domains",
        [],
        "Where Autodiscover may lead and this connection's credentials may be sent, beside the hosts in `url` and "
        "`autodiscover_url` and the one that tokens are made for; `example.com` stands for all hosts below it.",
        list_of(domain),
    ),
    Setting(
        "connections.<name>.version",
        "Exchange version, ExchangeVersion",
        "one of " + ", ".join(f"`{version}`" for version in VERSIONS),
        "Exchange2016",
        "Which Exchange it is; decides the schema version that is sent.",
        one_of(*VERSIONS),
    ),
    Setting(
        "connections.<name>.authentication",
        "Use OAuth Authentication",
        "`ntlm`, `basic` or `oauth`",
        None,
        "`ntlm` (there called Basic authentication), `basic` (HTTP Basic) or `oauth` (OAuth 2.0 client credentials). "
        "Unset: `oauth` for `Exchange365`, which takes nothing else and alone takes it (on loopback any version may), and "
        "`ntlm` for all others. `ntlm` also serves where only Negotiate is offered, and is bound to its TLS connection "
        "(Extended Protection).",
        one_of("ntlm", "basic", "oauth"),
    ),
    Setting(
        "connections.<name>.oauth.client_id",
        "client identifier",
        "text",
        None,
        "Application (client) ID of the app registration; needed for `oauth`.",
        name,
    ),
    Setting(
        "connections.<name>.oauth.tenant_id",
        "Directory (tenant) ID",
        "text",
        None,
        "Directory (tenant) ID; needed for `oauth` unless `token_endpoint` is given.",
        name,
    ),
    Setting(
        "connections.<name>.oauth.token_endpoint",
        "Access Token Endpoint",
        "a URL",
        None,
        "Where tokens come from. Unset: follows from `tenant_id` and `cloud`.",
        secure_url,
    ),
    Setting(
        "connections.<name>.oauth.scope",
        "",
        "text",
        None,
        "What tokens are asked for. Unset: `https://outlook.office365.com/.default`, or its twin in `cloud`.",
        name,
    ),
    Setting(
        "connections.<name>.oauth.cloud",
        "",
        "one of " + ", ".join(f"`{cloud}`" for cloud in CLOUDS),
        "public",
        "The Microsoft cloud that the tenant is in.",
        one_of(*CLOUDS),
    ),
    Setting(
        "connections.<name>.batch_size",
        "Batch size, EWSBatchSize",
        "1 to 512",
        100,
        "Changes per page; the loop goes on until all are done.",
        whole(1, 512),
    ),
)

_NOTIFICATIONS = (
    Setting(
        "notifications.mode",
        "",
        "`push` or `poll`",
        "push",
        "`push`: Exchange tells the listener at once. `poll` where Exchange cannot reach the listener.",
        one_of("push", "poll"),
    ),
    Setting(
        "notifications.url",
        "Notification URL, PushNotificationsListener",
        "a URL",
        None,
        "Public URL of the listener, `https://…/api/ews/notifications`; each mailbox's own key is added to it.",
        listener_url,
    ),
    Setting(
        "notifications.frequency_minutes",
        "Notification frequency, StatusFrequencyForEWSNotifications",
        "1 to 1440",
        30,
        "How often Exchange reports when there is nothing to report, which is also how long it tolerates a silent "
        "listener. Below 15 a short interruption costs the subscription, which is then made anew.",
        whole(1, 1440),
    ),
)

_ALERTS = (
    Setting(
        "alerts.after_minutes",
        "",
        "1 to 10080",
        None,
        "How long a sync fails before it is reported. Unset: as long as `notifications.frequency_minutes`.",
        whole(1, 10080),
    ),
    Setting(
        "alerts.failures_to",
        "Notification synchronization failure to, NotifySyncFailureTo",
        "a list of mail addresses, or one text with `;` between them",
        [],
        "Who is told that a sync fails: one mail for each cause, a summary once a day while it lasts, one mail when it is "
        "over.",
        addresses,
    ),
    Setting(
        "alerts.from",
        "",
        "a mail address",
        None,
        "The mailbox that alerts come from. It is sent from through Exchange, by impersonation; needed for any mail.",
        ascii_address,
    ),
    Setting(
        "alerts.connection",
        "",
        "a connection's name, or `auto`",
        "default",
        "Which of the connections leads to the mailbox `alerts.from`.",
        name,
    ),
    Setting(
        "alerts.smtp_url",
        "",
        "`smtp://host:port` or `smtps://host:port`",
        None,
        "A mail server for when Exchange is what fails. `smtp` demands STARTTLS, except on loopback. Where it wants a sign-in, "
        "the secrets are `alerts-smtp-username` and `alerts-smtp-password`.",
        smtp_url,
    ),
    Setting(
        "alerts.digest_hour",
        "",
        "0 to 23",
        6,
        "The hour (UTC) from which on the daily summary is sent.",
        whole(0, 23),
    ),
)

_EMAIL = (
    Setting("email.enabled", "Email Sync", "`true` or `false`", False, "Whether email is synchronised at all.", flag),
    Setting(
        "email.sync_from_days",
        "Sync From No Of Days",
        'a whole number, or `"all"`',
        3,
        "How far the initial sync goes back, in days; 0 means from switching on. The window moves back when this is "
        "enlarged, and never forward.",
        days,
    ),
    Setting(
        "email.folders",
        "",
        "a list of folder names",
        ["inbox", "sentitems"],
        "Folders to watch, with their subfolders: well-known names (`inbox`, `sentitems`), or names or paths as Outlook "
        "shows them.",
        list_of(name, least=1),
    ),
    Setting(
        "email.exclude_folders",
        "",
        "a list of folder names",
        [],
        "Folders below the watched ones that are not watched, with their subfolders.",
        list_of(name),
    ),
    Setting(
        "email.on_leave",
        "",
        "`keep` or `remove`",
        "keep",
        "What becomes of an email that left the watched folders; `keep` marks it with the time.",
        one_of("keep", "remove"),
    ),
    Setting(
        "email.on_delete",
        "",
        "`keep` or `remove`",
        "keep",
        "What becomes of an email that was deleted in Exchange; `keep` marks it with the time.",
        one_of("keep", "remove"),
    ),
    Setting(
        "email.skip_sensitivity",
        "",
        "a list of `personal`, `private`, `confidential`",
        ["private", "confidential"],
        "Email marked so is skipped before its body is read.",
        list_of(one_of("personal", "private", "confidential")),
    ),
    Setting(
        "email.exclude_addresses",
        "",
        "a list of mail addresses",
        [],
        "Email in which one of these addresses takes part (from, sender, to, cc, bcc, reply-to) is not kept.",
        list_of(address),
    ),
    Setting(
        "email.exclude_domains",
        "",
        "a list of domains",
        [],
        "Email in which an address of one of these domains takes part is not kept.",
        list_of(domain),
    ),
    Setting(
        "email.exclude_category",
        "",
        "text",
        "No CRM",
        "Email with this Outlook category is not kept; operators set it themselves. Empty: there is no such category.",
        text,
    ),
    Setting(
        "email.internal_domains",
        "",
        "a list of domains",
        [],
        "Email whose writers and recipients are all of these domains is not kept.",
        list_of(domain),
    ),
    Setting(
        "email.sweep_minutes",
        "",
        "1 to 1440",
        60,
        "Safety net: a mailbox with live push is synchronised at least this often.",
        whole(1, 1440),
    ),
    Setting(
        "email.poll_minutes",
        "",
        "1 to 1440",
        5,
        "A mailbox without live push is synchronised this often.",
        whole(1, 1440),
    ),
    Setting(
        "email.failures_to",
        "",
        "a list of mail addresses, or one text with `;` between them",
        None,
        "Who is told that a sync of email fails. Unset: `alerts.failures_to`.",
        addresses,
    ),
)

_ATTACHMENTS = (
    Setting(
        "attachments.max_mb",
        "",
        "0 to 2048",
        30,
        "Larger attachments (in MiB) are listed, and fetched when somebody asks for them.",
        whole(0, 2048),
    ),
)

_OPERATORS = (
    Setting(
        "operators.suspend_after_days",
        "",
        "1 to 3650",
        14,
        "A mailbox that only an administrator can mend for so long (a leaver's, say) is suspended: probed once a day and "
        "left out of the digest. It goes on by itself when the probe succeeds.",
        whole(1, 3650),
    ),
)

_RETENTION = (
    Setting(
        "retention.audit_days",
        "",
        "1 to 3650",
        365,
        "How long the audit is kept.",
        whole(1, 3650),
    ),
    Setting(
        "retention.email_days",
        "",
        "1 to 36500",
        None,
        "How long email is kept in the application. Older email is taken out within a day, with entries in the change "
        "feed, and is not imported any more. Unset: for good.",
        whole(1, 36500),
    ),
)

SETTINGS = (*_CONNECTION, *_NOTIFICATIONS, *_ALERTS, *_EMAIL, *_ATTACHMENTS, *_OPERATORS, *_RETENTION)
BY_NAME = {setting.name: setting for setting in SETTINGS}
LATER = (
    "connections.<name>.create_item_url",
    "limits",
    "calendar",
    "contacts",
    "email.keep",
    "email.associate_with",
)
"""Settings of DESIGN 3, or whole groups of them, that have no effect yet: refused, so that nobody relies on them."""

"""The settings document as facts: read as a whole, written back, patched. DESIGN 3; the table is `setting_table.py`.

Secrets are never in it. Standard library only; what is stored is sparse, and defaults are filled in when it is read.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from shared.errors import Invalid
from shared.model.clouds import CLOUDS
from shared.model.setting_problems import CONNECTION_NAME as CONNECTION_NAME
from shared.model.setting_problems import authentication_of, check, connection_names, under
from shared.model.setting_table import SETTINGS, Setting
from shared.model.setting_values import AUTO as AUTO

ONLINE_HOSTS = frozenset(host for cloud in CLOUDS.values() for host in cloud.hosts)
"""Where EWS of Exchange Online is, in any cloud."""
DEEPEST = 10
"""Levels of nesting, more than any setting has: what is deeper is nobody's settings."""


@dataclass(frozen=True, slots=True)
class OAuth:
    """Client credentials. `token_endpoint` and `scope` are filled in from tenant and cloud where they were not given."""

    client_id: str
    tenant_id: str
    token_endpoint: str
    scope: str
    cloud: str


@dataclass(frozen=True, slots=True)
class Connection:
    """One way to an Exchange. `authentication` is `ntlm`, `basic` or `oauth`; `oauth` is None for the first two."""

    name: str
    url: str
    version: str
    authentication: str
    batch_size: int
    oauth: OAuth | None
    autodiscover_url: str | None = None
    trusted_hosts: tuple[str, ...] = ()

    def hosts(self) -> tuple[str, ...]:
        """Where this connection's secret, or a token bought with it, may be sent. A domain stands for what is below it."""
        token = (urlsplit(self.oauth.token_endpoint).hostname or "",) if self.oauth else ()
        return tuple(dict.fromkeys((*self.exchange_hosts(), *self.trusted_hosts, *token)))

    def exchange_hosts(self) -> tuple[str, ...]:
        """The hosts of Exchange that the settings name one by one."""
        urls = (url for url in (self.url, self.autodiscover_url) if url and url != AUTO)
        return tuple(dict.fromkeys(urlsplit(url).hostname or "" for url in urls))

    def audience_host(self) -> str:
        """The host that this connection's tokens are made for, empty where there are none."""
        return (urlsplit(self.oauth.scope).hostname or "") if self.oauth else ""


@dataclass(frozen=True, slots=True)
class Notifications:
    """`mode` is `push` or `poll`; `url` is the listener's, without a mailbox's key, None where it is not set."""

    mode: str
    url: str | None
    frequency_minutes: int


@dataclass(frozen=True, slots=True)
class Alerts:
    """Whom lasting failures are told to, and how. `from_` and `smtp_url` are None where they are not set."""

    after_minutes: int | None
    failures_to: tuple[str, ...]
    from_: str | None
    connection: str
    smtp_url: str | None
    digest_hour: int


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """Which email is kept, and from when on. `sync_from_days` None: all. Addresses and domains are in lower case."""

    enabled: bool
    sync_from_days: int | None
    folders: tuple[str, ...]
    exclude_folders: tuple[str, ...]
    on_leave: str
    on_delete: str
    skip_sensitivity: tuple[str, ...]
    exclude_addresses: tuple[str, ...]
    exclude_domains: tuple[str, ...]
    exclude_category: str
    internal_domains: tuple[str, ...]
    sweep_minutes: int
    poll_minutes: int
    failures_to: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Attachments:
    """`max_mb` in MiB: larger ones are not stored."""

    max_mb: int


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days what is kept. `email_days` None: as long as the operator is there."""

    audit_days: int
    email_days: int | None


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """`suspend_after_days`: how long a mailbox may be shut until it is only probed once a day."""

    suspend_after_days: int


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings document with all defaults filled in. `parse({})` is the configuration of a new installation."""

    connections: Mapping[str, Connection]
    notifications: Notifications
    alerts: Alerts
    email: EmailSettings
    attachments: Attachments
    operators: OperatorSettings
    retention: Retention


def parse(document: Mapping[str, Any]) -> Configuration:
    """Read a settings document as a whole.

    Raises Invalid("setting-invalid") whose detail has one line for each problem: our name, the name known from the
    earlier product in parentheses, what is wrong and what to write.
    """
    values, problems = check(document)
    if problems:
        raise Invalid("setting-invalid", "\n".join(problems))
    names = connection_names(document)
    return Configuration(
        {name: _connection(name, under(values, f"connections.{name}.")) for name in names},
        Notifications(**_with_defaults("notifications.", values)),
        _alerts(_with_defaults("alerts.", values)),
        EmailSettings(**_with_defaults("email.", values)),
        Attachments(**_with_defaults("attachments.", values)),
        OperatorSettings(**_with_defaults("operators.", values)),
        Retention(**_with_defaults("retention.", values)),
    )


def to_document(configuration: Configuration) -> dict[str, Any]:
    """The whole document with defaults; `parse` of it gives the same configuration. What is unset is left out."""
    document = asdict(configuration)
    for connection in document["connections"].values():
        del connection["name"]
    if configuration.email.sync_from_days is None:
        document["email"]["sync_from_days"] = "all"
    document["alerts"]["from"] = document["alerts"].pop("from_")
    return _plain(document)  # type: ignore[no-any-return]


def merge_patch(document: Any, patch: Any) -> Any:
    """Apply a JSON merge patch; null removes. RFC 7396, section 2."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def is_too_deep(document: Any) -> bool:
    """Whether it is nested deeper than any setting; of a stranger's JSON this is asked first."""
    level = [document]
    for _ in range(DEEPEST):
        level = [each for value in level for each in _inside(value)]
    return bool(level)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def flatten(document: Mapping[str, Any], prefix: str = "", *, levels: int = DEEPEST) -> dict[str, Any]:
    """Dotted names and their values; a list is a value, and so is what lies deeper than any setting."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping) and levels:
            flat |= flatten(value, f"{prefix}{name}.", levels=levels - 1)
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _connection(name: str, values: Mapping[str, Any]) -> Connection:
    chosen = _with_defaults("connections.<name>.", {f"connections.<name>.{key}": values[key] for key in values})
    authentication = authentication_of(values)
    oauth = _oauth(chosen) if authentication == "oauth" else None
    more = (oauth, chosen["autodiscover_url"], chosen["trusted_hosts"])
    return Connection(name, chosen["url"], chosen["version"], authentication, chosen["batch_size"], *more)


def _oauth(chosen: Mapping[str, Any]) -> OAuth:
    cloud, tenant = CLOUDS[chosen["oauth.cloud"]], chosen["oauth.tenant_id"] or ""
    return OAuth(
        client_id=chosen["oauth.client_id"],
        tenant_id=tenant,
        token_endpoint=chosen["oauth.token_endpoint"] or cloud.token_endpoint(tenant),
        scope=chosen["oauth.scope"] or cloud.scope,
        cloud=chosen["oauth.cloud"],
    )


def _alerts(chosen: dict[str, Any]) -> Alerts:
    return Alerts(from_=chosen.pop("from"), **chosen)  # `from` is a word of the language


def _with_defaults(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """All settings below `prefix` by their short name."""
    found = (setting for setting in SETTINGS if setting.name.startswith(prefix))
    return {setting.name.removeprefix(prefix): _value(setting, values) for setting in found}


def _value(setting: Setting, values: Mapping[str, Any]) -> Any:
    if setting.name in values or setting.default is None:
        return values.get(setting.name)
    return setting.read(setting.default)


def _plain(value: Any) -> Any:
    """The same in lists and dicts, without what is unset."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value

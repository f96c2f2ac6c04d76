"""The settings document as facts: read as a whole, written back, patched. DESIGN 3; the table is `setting_table.py`.

Secrets are never in it. Standard library only; what is stored is sparse, and defaults are filled in when it is read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from shared.errors import Invalid
from shared.model.clouds import CLOUDS, cloud_of
from shared.model.setting_table import BY_NAME, LATER, SETTINGS, Setting
from shared.model.setting_values import is_loopback

_ONLINE_ONLY = (
    "Exchange on premises takes no OAuth token of an application without a user, also with hybrid modern authentication, "
    'which is for users; write "ntlm" or "basic" with a service account that may impersonate'
)
AUTO = "auto"
"""Of a connection's `url`, and of an operator's `connection`: Autodiscover finds it."""
ONLINE_HOSTS = frozenset(host for cloud in CLOUDS.values() for host in cloud.hosts)
"""Where EWS of Exchange Online is, in any cloud."""
CONNECTION_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


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
    email: EmailSettings
    attachments: Attachments
    operators: OperatorSettings
    retention: Retention


def parse(document: Mapping[str, Any]) -> Configuration:
    """Read a settings document as a whole.

    Raises Invalid("setting-invalid") whose detail has one line for each problem: our name, the name known from the
    earlier product in parentheses, what is wrong and what to write.
    """
    names = _connection_names(document)
    values, problems = _values(document)
    for name in names:
        problems += _connection_problems(name, _under(values, f"connections.{name}."), problems)
    if problems:
        raise Invalid("setting-invalid", "\n".join(problems))
    return Configuration(
        {name: _connection(name, _under(values, f"connections.{name}.")) for name in names},
        Notifications(**_with_defaults("notifications.", values)),
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


def flatten(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names and their values; a list is a value."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def problem(name: str, sentence: str) -> str:
    """One line about a setting, with the name that users of the earlier product know."""
    setting = BY_NAME.get(_generic(name))
    known_as = f" ({setting.known_as})" if setting and setting.known_as else ""
    return f"{name}{known_as}: {sentence}"


def _values(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What was written, read by the table, and a line for each value that could not be."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in flatten(document).items():
        setting = BY_NAME.get(_generic(name))
        try:
            values[name] = setting.read(value) if setting else _unknown(name)
        except ValueError as error:
            problems.append(problem(name, str(error)))
    return values, problems


def _generic(name: str) -> str:
    return re.sub(r"^connections\.[^.]+(?=\.)", "connections.<name>", name)


def _unknown(name: str) -> Any:
    generic = _generic(name)
    if any(generic == later or generic.startswith(f"{later}.") for later in LATER):
        raise ValueError("comes with a later version; leave it out until then")
    for setting in SETTINGS:
        if name.rpartition(".")[2].lower() in (known.lower() for known in setting.known_as.split(", ")):
            raise ValueError(f'there is no such setting; here it is called "{setting.name}"')
    close = get_close_matches(generic, BY_NAME, 1)
    raise ValueError("there is no such setting" + (f'; did you mean "{_named(close[0], name)}"?' if close else ""))


def _named(generic: str, name: str) -> str:
    """The suggestion with the connection's own name in it."""
    parts = name.split(".")
    return generic.replace("<name>", parts[1]) if parts[0] == "connections" and len(parts) > 1 else generic


def _connection_names(document: Mapping[str, Any]) -> list[str]:
    connections = document.get("connections")
    if not isinstance(connections, Mapping):
        return []
    return [name for name, value in connections.items() if isinstance(value, Mapping)]


def _connection_problems(name: str, values: Mapping[str, Any], so_far: list[str]) -> Iterator[str]:
    """What is wrong between the settings of one connection; silent where the setting itself was already refused."""
    prefix = f"connections.{name}."
    refused = {line.split(" ")[0].rstrip(":") for line in so_far}
    if not CONNECTION_NAME.fullmatch(name):
        yield f"{prefix[:-1]}: a connection's name is 1 to 63 characters a-z, 0-9 and -, beginning and ending without -"
    if name == AUTO:
        yield f'{prefix[:-1]}: an operator writes "auto" where Autodiscover finds the connection; use another name'
    for setting, sentence in _gaps(values):
        if prefix + setting not in refused:
            yield problem(prefix + setting, sentence)
    if refused.isdisjoint(prefix + setting for setting in ("url", "version", "authentication", "oauth.cloud")):
        for setting, sentence in _misplaced(values):
            yield problem(prefix + setting, sentence)


def _gaps(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "url" not in values:
        yield "url", 'it is missing; write "https://host/EWS/Exchange.asmx", or "auto"'
    if values.get("version") == "Exchange365" and values.get("authentication") in ("ntlm", "basic"):
        yield "authentication", 'Exchange365 takes only OAuth; write "oauth", or leave it out'
    if _authentication(values) == "oauth":
        if "oauth.client_id" not in values:
            yield "oauth.client_id", "it is missing; write the application (client) ID of the app registration"
        if "oauth.tenant_id" not in values and "oauth.token_endpoint" not in values:
            yield "oauth.tenant_id", "it is missing; write the directory (tenant) ID"


def _misplaced(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """OAuth where it cannot work. PROTOCOL 3: app-only tokens are taken by Exchange Online alone.

    Loopback is left alone: what listens there is a simulator or a tunnel, and it says itself what it takes.
    """
    host = urlsplit(values.get("url", "")).hostname or ""
    online, cloud = cloud_of(host), values.get("oauth.cloud", "public")
    is_online = values.get("version") == "Exchange365"
    if is_loopback(host):
        return
    if is_online and host and online is None:
        instead = f'write "{CLOUDS[cloud].url}" as the url, or for an Exchange of your own its version'
        yield "version", f"Exchange365 is Exchange Online, and {host} is not; {instead}"
    elif online is not None and not is_online:
        yield "version", f'{host} is Exchange Online; write "Exchange365"'
    elif online is not None and online != cloud:
        yield "oauth.cloud", f'{host} is in the cloud "{online}", not "{cloud}"; write "{online}"'
    elif _authentication(values) == "oauth" and not is_online:
        yield "authentication", _ONLINE_ONLY


def _authentication(values: Mapping[str, Any]) -> str:
    usual = "oauth" if values.get("version") == "Exchange365" else "ntlm"
    return str(values.get("authentication", usual))


def _connection(name: str, values: Mapping[str, Any]) -> Connection:
    chosen = _with_defaults("connections.<name>.", {f"connections.<name>.{key}": values[key] for key in values})
    authentication = _authentication(values)
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


def _with_defaults(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """All settings below `prefix` by their short name."""
    found = (setting for setting in SETTINGS if setting.name.startswith(prefix))
    return {setting.name.removeprefix(prefix): _value(setting, values) for setting in found}


def _value(setting: Setting, values: Mapping[str, Any]) -> Any:
    if setting.name in values or setting.default is None:
        return values.get(setting.name)
    return setting.read(setting.default)


def _under(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


def _plain(value: Any) -> Any:
    """The same in lists and dicts, without what is unset."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value

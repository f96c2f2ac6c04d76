"""What is wrong with a settings document, all of it at once: unknown names, values, and what does not go together. DESIGN 3.

Each problem is one line: our name, the name known from the earlier product in parentheses, what is wrong and what to
write. Values that could be secrets are not repeated.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from shared.model.clouds import CLOUDS, cloud_of
from shared.model.setting_names import generic, is_group, why_no_setting
from shared.model.setting_table import BY_NAME
from shared.model.setting_values import AUTO, is_loopback

_ONLINE_ONLY = (
    "Exchange on premises takes no OAuth token of an application without a user, also with hybrid modern authentication, "
    'which is for users; write "ntlm" or "basic" with a service account that may impersonate'
)
_FIRST = "default"
CONNECTION_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def check(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What was written, read by the table, and a line for everything that is wrong with it, alone or together."""
    values, problems = _values(document)
    for name in connection_names(document):
        problems += _connection_problems(name, under(values, f"connections.{name}."), problems)
    return values, [*problems, *_nowhere(values, connection_names(document))]


def problems_of(document: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong in a document, a line for each; none where `parse` accepts it."""
    return check(document)[1]


def unknown_removals(document: Mapping[str, Any], patch: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """A line for each null of a merge patch that takes back what is no setting: a misprint, unless it is there."""
    for key, value in patch.items():
        there = document.get(key)
        if isinstance(value, Mapping):
            yield from unknown_removals(there if isinstance(there, Mapping) else {}, value, f"{prefix}{key}.")
        elif value is None and there is None and not _may_be_removed(f"{prefix}{key}"):
            yield problem(f"{prefix}{key}", why_no_setting(f"{prefix}{key}"))


def _may_be_removed(name: str) -> bool:
    return generic(name) in BY_NAME or is_group(name)


def problem(name: str, sentence: str) -> str:
    """One line about a setting, with the name that users of the earlier product know."""
    setting = BY_NAME.get(generic(name))
    known_as = f" ({setting.known_as})" if setting and setting.known_as else ""
    return f"{name}{known_as}: {sentence}"


def connection_names(document: Mapping[str, Any]) -> list[str]:
    """The connections of a document, as they are named there."""
    connections = document.get("connections")
    if not isinstance(connections, Mapping):
        return []
    return [name for name, value in connections.items() if isinstance(value, Mapping)]


def under(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The values below a prefix, by the rest of their name."""
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


def _values(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What was written, read by the table, and a line for each value that could not be."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in _leaves(document):
        setting = BY_NAME.get(generic(name))
        try:
            values[name] = setting.read(value) if setting else _unknown(name)
        except ValueError as error:
            problems.append(problem(name, str(error)))
    return values, problems + [
        problem(name, f"settings are nested; write {_nested(name)}") for name in _dotted(document)
    ]


def _leaves(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each value under its dotted name; an empty object only where no settings are below its name."""
    for key, value in document.items():
        name = f"{prefix}{key}"
        if "." in key:
            continue
        if isinstance(value, Mapping) and (value or is_group(name)):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


def _dotted(document: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Names that somebody wrote into one key: two ways to write a setting would be one too many."""
    for key, value in document.items():
        if "." in key and prefix != "connections.":  # a connection's name is checked as a name
            yield f"{prefix}{key}"
        elif isinstance(value, Mapping):
            yield from _dotted(value, f"{prefix}{key}.")


def _unknown(name: str) -> Any:
    raise ValueError(why_no_setting(name))


def _nested(name: str) -> str:
    parts = name.split(".")
    return "".join(f'{{"{part}": ' for part in parts) + "…" + "}" * len(parts)


def _connection_problems(name: str, values: Mapping[str, Any], so_far: list[str]) -> Iterator[str]:
    """What is wrong between the settings of one connection; silent where the setting itself was already refused."""
    prefix = f"connections.{name}."
    refused = {line.split(" ")[0].rstrip(":") for line in so_far}
    yield from name_problems(name)
    if "." in name:
        return
    for setting, sentence in _gaps(values):
        if prefix + setting not in refused:
            yield problem(prefix + setting, sentence)
    if refused.isdisjoint(prefix + setting for setting in ("url", "version", "authentication", "oauth.cloud")):
        for setting, sentence in _misplaced(values):
            yield problem(prefix + setting, sentence)


def _nowhere(values: Mapping[str, Any], connections: list[str]) -> Iterator[str]:
    """A connection that is named and is not there. `default`, which need not be written, may be made later."""
    named = values.get("alerts.connection", _FIRST)
    if named not in (_FIRST, AUTO, *connections):
        choices = " or ".join(f'"{each}"' for each in dict.fromkeys((*connections, AUTO)))
        yield problem("alerts.connection", f'there is no connection "{named}"; write {choices}')


def name_problems(name: str) -> Iterator[str]:
    """What is wrong with the name of a connection."""
    if not CONNECTION_NAME.fullmatch(name):
        yield f"connections.{name}: a connection's name is 1 to 63 characters a-z, 0-9 and -, beginning and ending without -"
    if name == AUTO:
        yield f'connections.{name}: an operator writes "auto" where Autodiscover finds the connection; use another name'


def _gaps(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "url" not in values:
        yield "url", 'it is missing; write "https://host/EWS/Exchange.asmx", or "auto"'
    if values.get("version") == "Exchange365" and values.get("authentication") in ("ntlm", "basic"):
        yield "authentication", 'Exchange365 takes only OAuth; write "oauth", or leave it out'
    if authentication_of(values) == "oauth":
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
    elif authentication_of(values) == "oauth" and not is_online:
        yield "authentication", _ONLINE_ONLY


def authentication_of(values: Mapping[str, Any]) -> str:
    """How a connection with these values signs in: as it says, or as its version usually does."""
    usual = "oauth" if values.get("version") == "Exchange365" else "ntlm"
    return str(values.get("authentication", usual))

"""What an administrator is shown of a search by Autodiscover: each step, what was found, and the command to use it."""

import json
import shlex
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from shared.errors import Invalid
from shared.flows.discover import Discovery, Step, discover, failure_of
from shared.flows.settings_document import read_settings
from shared.model.configuration import AUTO, Configuration, Connection
from shared.model.failures import failure
from shared.model.setting_values import is_address
from shared.ports import World

_FIRST = "default"


async def discover_report(world: World, address: str, connection: str) -> dict[str, Any]:
    """Search for a mailbox with one connection's credentials, or any one's (`auto`). Raises Invalid."""
    configuration, _ = await read_settings(world.rows)
    address = address.strip()
    if not is_address(address):
        raise Invalid("request-malformed", f'address: {address!r} is no mail address; write "alice@example.com"')
    found = await discover(world, address, _chosen(configuration, connection), with_version=True)
    wrong = failure_of(found) if found.connection is None else None
    answer = found.answer
    return {
        "address": found.address,
        "url": (answer.url or None) if answer else None,
        "internal_url": (answer.internal_url or None) if answer else None,
        "build": (answer.build or None) if answer else None,
        "version": found.version or None,
        "schemas": list(answer.schemas) if answer else [],
        "connection": found.connection.name if found.connection else None,
        "untrusted_hosts": list(found.untrusted),
        "steps": [_step(each) for each in found.steps],
        "commands": _commands(configuration, connection, found),
        "code": wrong.code if wrong else None,
        "detail": wrong.detail if wrong else None,
        "remedy": failure(wrong.code).remedy if wrong else None,
    }


def _chosen(configuration: Configuration, name: str) -> tuple[Connection, ...]:
    if name == AUTO:
        return tuple(configuration.connections.values())
    if name not in configuration.connections:
        known = ", ".join(configuration.connections) or "none yet"
        raise Invalid("request-malformed", f'connection: there is no connection "{name}" in the settings ({known})')
    return (configuration.connections[name],)


def _step(step: Step) -> dict[str, Any]:
    return {
        "way": step.attempt.way.value,
        "url": step.attempt.url,
        "address": step.attempt.address,
        "credentials_of": step.attempt.connection or None,
        "outcome": step.outcome,
        "code": step.code or None,
        "remedy": failure(step.code).remedy_of_call if step.code else None,
        "seconds": round(step.seconds, 3),
    }


def _commands(configuration: Configuration, asked: str, found: Discovery) -> list[str]:
    """What to run so that the mailbox is reached by what was found."""
    one = configuration.connections.get(_FIRST if asked == AUTO else asked)
    if found.answer is None:
        return [_trust(one, found.untrusted)] if one and found.untrusted else []
    if found.connection is None and one is not None and one.url == AUTO:
        return [_trust(one, [urlsplit(url).hostname or "" for url in found.answer.urls])]
    name = found.connection.name if found.connection else _free_name(configuration, found)
    changes = [f"connections.{name}.url={AUTO if found.url else found.answer.urls[0]}"]
    if found.version:
        changes.append(f"connections.{name}.version={found.version}")
    return [_set(*changes)]


def _free_name(configuration: Configuration, found: Discovery) -> str:
    """A name for one more connection: none that is there is pointed elsewhere."""
    names = (_FIRST, "online" if found.version == "Exchange365" else "other")
    return next((name for name in names if name not in configuration.connections), "NAME")


def _trust(connection: Connection, hosts: Sequence[str]) -> str:
    """The list is replaced whole, so it names the hosts trusted before too; one below another needs no mention."""
    every = dict.fromkeys((*connection.trusted_hosts, *hosts))
    listed = [host for host in every if not any(host.endswith(f".{other}") for other in every)]
    return _set(f"connections.{connection.name}.trusted_hosts={json.dumps(listed)}")


def _set(*changes: str) -> str:
    return "exsync settings set " + " ".join(shlex.quote(each) for each in changes)

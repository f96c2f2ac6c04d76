"""What an administrator is shown of a search by Autodiscover: each step, what was found, and the command to use it."""

import shlex
from typing import Any

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
        "commands": _commands(found, connection),
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
        "seconds": round(step.seconds, 3),
    }


def _commands(found: Discovery, asked: str) -> list[str]:
    """What to run so that the mailbox is reached by what was found."""
    if found.answer is None:
        return [_trust(asked, host) for host in found.untrusted]
    name = found.connection.name if found.connection else (_FIRST if asked == AUTO else asked)
    changes = [f"connections.{name}.url={found.answer.urls[0]}"]
    if found.version:
        changes.append(f"connections.{name}.version={found.version}")
    return ["exsync settings set " + " ".join(shlex.quote(each) for each in changes)]


def _trust(asked: str, host: str) -> str:
    name = _FIRST if asked == AUTO else asked
    change = f'connections.{name}.trusted_hosts=["{host}"]'
    return f"exsync settings set {shlex.quote(change)}"

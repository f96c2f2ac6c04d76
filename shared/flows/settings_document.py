"""The settings document in storage: one row, read whole, patched under its version. DESIGN 3 and 9.

The version is a hash of the document. Beside it the row remembers to which hosts each secret may be sent, so that
nobody can walk a secret out by pointing its connection at a host of his own, and how often the list of the forgotten was
changed (`forgotten.py`). A change and its entry in the history (`settings_history.py`) are one transaction.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shared.errors import Conflict, Invalid, Reconfigure, Transient, Unclear
from shared.flows.forgotten import read_forgotten
from shared.flows.receive_notification import write
from shared.flows.settings_history import PARTITION, TABLE, entry, trim
from shared.model.configuration import Configuration, Connection, is_too_deep, merge_patch, parse
from shared.model.forgotten import Forgotten
from shared.model.setting_effects import Effect, effects
from shared.model.setting_problems import problem, unknown_removals
from shared.ports import SMTP_PASSWORD, Insert, Merge, Replace, Row, Rows, Secrets, Value, World

KEY = "document"
_LONGEST = 30_000
"""Characters of the document as JSON: a column holds 64 KiB, at 2 bytes a character, and so does its entry's. PROTOCOL 18."""
_FORGOTTEN = "forgotten"
"""The column that counts the changes of the list of the forgotten."""
ANY_VERSION = "*"
_ATTEMPTS = 5
type Hosts = dict[str, list[str]]
"""Secret's name → hosts that it, or a token bought with it, may be sent to."""


async def read_settings(rows: Rows) -> tuple[Configuration, str]:
    """The configuration in force and its version; defaults where nothing was ever set.

    Raises Reconfigure("setting-invalid") for a document that this version of the app does not accept.
    """
    return _read(await rows.get(TABLE, PARTITION, KEY))


async def settings_in_force(world: World) -> Configuration:
    """Those that were read just now, where they were; else those that are stored. Raises as `read_settings` does."""
    return world.configuration or (await read_settings(world.rows))[0]


@dataclass(frozen=True, slots=True)
class InForce:
    """What decides on mail: the settings, and who is forgotten."""

    configuration: Configuration
    forgotten: Forgotten


async def read_in_force(rows: Rows, known: Forgotten) -> InForce:
    """What is stored; of the forgotten those that are `known`, unless the list was changed. Raises as `read_settings`."""
    row = await rows.get(TABLE, PARTITION, KEY)
    configuration, _ = _read(row)
    return InForce(configuration, await read_forgotten(rows, _changes_of_forgotten(row), known))


async def in_force(world: World) -> InForce:
    """What was read just now, where it was; else what is stored. Raises as `read_settings` does."""
    if world.configuration is not None:
        return InForce(world.configuration, world.forgotten)
    return await read_in_force(world.rows, world.forgotten)


async def count_change_of_forgotten(rows: Rows) -> None:
    """Let everybody who reads the settings next read the list of the forgotten anew. May be repeated.

    Raises Transient where others change the settings all the time.
    """
    for _ in range(_ATTEMPTS):
        row = await rows.get(TABLE, PARTITION, KEY)
        number: dict[str, Value] = {_FORGOTTEN: _changes_of_forgotten(row) + 1}
        change = Merge(KEY, number, row.etag) if row else Insert(KEY, {"document": "{}", "hosts": "{}", **number})
        if await write(rows, TABLE, PARTITION, change):
            return
    raise Transient("storage-unavailable", "the settings are being changed elsewhere; repeat the request")


async def read_document(rows: Rows) -> tuple[dict[str, Any], str]:
    """The document as it is stored, sparse and unchecked, and its version."""
    document, version, _ = _opened(await rows.get(TABLE, PARTITION, KEY))
    return document, version


@dataclass(frozen=True, slots=True)
class Changed:
    """The settings as they are after a patch, their version, and what the change does to mailboxes."""

    configuration: Configuration
    version: str
    effects: tuple[Effect, ...]


async def patch_settings(
    world: World, patch: Mapping[str, Any], *, version: str, by: str = "", secret: str = "", dry_run: bool = False
) -> Changed:
    """Merge `patch` into the document if it is still at `version` (ANY_VERSION: whatever it is); the new state.

    `by` is who the history names. `secret` is needed to send a connection's secret to a host it was never sent to.
    Raises Invalid with "setting-invalid", "precondition-failed" or "secret-not-confirmed". A dry run checks all of it and
    writes nothing, and only says that a secret will be asked for; neither does a patch write that changes nothing.
    """
    if is_too_deep(patch):
        raise Invalid("setting-invalid", "it is nested deeper than any setting; docs/settings.md lists all")
    row = await world.rows.get(TABLE, PARTITION, KEY)
    document, current, hosts = _opened(row)
    if version not in (ANY_VERSION, current):
        raise Invalid("precondition-failed", "the settings were changed since you read them; read them again")
    merged = merge_patch(document, patch)
    configuration = _parsed(document, patch, merged)
    hosts, unconfirmed = await _confirmed(world.secrets, hosts, configuration, secret)
    if unconfirmed and not dry_run:
        raise Invalid("secret-not-confirmed", "\n".join(problem(each.setting, each.sentence) for each in unconfirmed))
    if not dry_run and merged != document:
        await _write(world, row, document, merged, hosts, by)
    return Changed(configuration, _version(merged), (*_effects(document, configuration), *unconfirmed))


def _parsed(document: Mapping[str, Any], patch: Mapping[str, Any], merged: Mapping[str, Any]) -> Configuration:
    if misprints := list(unknown_removals(document, patch)):
        raise Invalid("setting-invalid", "\n".join(misprints))
    if len(json.dumps(merged)) > _LONGEST:
        raise Invalid("setting-invalid", f"the document is longer than {_LONGEST} characters; shorten its lists")
    return parse(merged)


def _effects(document: Mapping[str, Any], after: Configuration) -> tuple[Effect, ...]:
    """Nothing where the document of before was one that this version cannot read: nothing ran by it."""
    try:
        return effects(parse(document), after)
    except Invalid:
        return ()


async def _write(world: World, row: Row | None, document: Any, merged: Any, hosts: Hosts, by: str) -> None:
    """The document and its entry of the history, all or nothing; an unclear answer is settled by reading."""
    number = int(str(row.values.get("changes", 0))) + 1 if row else 1
    values: dict[str, Value] = {
        "document": json.dumps(merged, ensure_ascii=False),
        "hosts": json.dumps(hosts),
        "changes": number,
        "written_as": world.new_id(),
        _FORGOTTEN: _changes_of_forgotten(row),
    }
    change = Replace(KEY, values, row.etag) if row else Insert(KEY, values)
    try:
        await world.rows.transact(TABLE, PARTITION, [change, entry(number, document, merged, by=by, at=world.now())])
    except Conflict as conflict:
        stored = await world.rows.get(TABLE, PARTITION, KEY)
        if stored is not None and _opened(stored) == _opened(row):  # only the list of the forgotten was counted
            await _write(world, stored, document, merged, hosts, by)
            return
        raise Invalid(
            "precondition-failed", "somebody else changed the settings just now; read them again"
        ) from conflict
    except Unclear:
        written = await world.rows.get(TABLE, PARTITION, KEY)
        if written is None or written.values.get("written_as") != values["written_as"]:
            raise
    await trim(world.rows, number)


def _read(row: Row | None) -> tuple[Configuration, str]:
    document, version, _ = _opened(row)
    try:
        return parse(document), version
    except Invalid as error:
        raise Reconfigure(error.code, error.detail) from error


def _changes_of_forgotten(row: Row | None) -> int:
    return int(str(row.values.get(_FORGOTTEN, 0))) if row else 0


def _opened(row: Row | None) -> tuple[dict[str, Any], str, Hosts]:
    document = json.loads(str(row.values["document"])) if row else {}
    hosts = json.loads(str(row.values["hosts"])) if row else {}
    return document, _version(document), hosts


def _version(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:20]


async def _confirmed(
    secrets: Secrets, hosts: Hosts, configuration: Configuration, secret: str
) -> tuple[Hosts, list[Effect]]:
    """The hosts with those of `configuration` added, and which of them need a secret that was not given.

    The first host of a secret is taken on trust.
    """
    confirmed = {name: list(known) for name, known in hosts.items()}
    unconfirmed = []
    for names, wanted in _destinations(configuration):
        known = confirmed.setdefault(names[0], [])
        new = [host for host in wanted if host not in known]
        if known and new and not await _is_secret(secrets, names, secret):
            unconfirmed.append(Effect(wanted[new[0]], _ask(names[0], new)))
        known += new
    return confirmed, unconfirmed


def _destinations(configuration: Configuration) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Which secrets may be sent to which hosts, each host with the setting that says so."""
    for connection in configuration.connections.values():
        yield _secret_names(connection), {host: _setting_of(connection, host) for host in connection.hosts()}
    if configuration.alerts.smtp_url:
        yield (SMTP_PASSWORD,), {urlsplit(configuration.alerts.smtp_url).hostname or "": "alerts.smtp_url"}


def _setting_of(connection: Connection, host: str) -> str:
    if host in connection.trusted_hosts:
        name = "trusted_hosts"
    elif host == urlsplit(connection.url).hostname:
        name = "url"
    else:
        name = "autodiscover_url" if host in connection.exchange_hosts() else "oauth.token_endpoint"
    return f"connections.{connection.name}.{name}"


def _secret_names(connection: Connection) -> tuple[str, ...]:
    if connection.oauth:
        return f"{connection.name}-client-secret", f"{connection.name}-client-certificate"
    return (f"{connection.name}-password",)


async def _is_secret(secrets: Secrets, names: tuple[str, ...], given: str) -> bool:
    """Whether one of these secrets is what was given; also where there is none yet, since then none can leak."""
    stored = [value for name in names if (value := await secrets.get(name)) is not None]
    return not stored or any(hmac.compare_digest(value.encode(), given.encode()) for value in stored)


def _ask(secret: str, new: list[str]) -> str:
    return (
        f"this would send the secret {secret} to {', '.join(new)}, where it was never sent: it is asked for the secret itself "
        "(`--secret`, or the header X-Confirm-Secret)"
    )

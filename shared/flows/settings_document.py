"""The settings document in storage: one row, read whole, patched under its version. DESIGN 3 and 9.

The version is a hash of the document. Beside it the row remembers to which hosts each secret may be sent, so that
nobody can walk a secret out by pointing its connection at a host of his own.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from shared.errors import Conflict, Invalid, Reconfigure, Transient
from shared.model.configuration import Configuration, Connection, merge_patch, parse, problem
from shared.ports import Insert, Replace, Row, Rows, Secrets, World

TABLE = "configuration"
PARTITION = "settings"
KEY = "document"
ANY_VERSION = "*"
_ATTEMPTS = 5
type Hosts = dict[str, list[str]]
"""Secret's name → hosts that it, or a token bought with it, may be sent to."""


async def read_settings(rows: Rows) -> tuple[Configuration, str]:
    """The configuration in force and its version; defaults where nothing was ever set.

    Raises Reconfigure("setting-invalid") for a document that this version of the app does not accept.
    """
    document, version, _ = _opened(await rows.get(TABLE, PARTITION, KEY))
    try:
        return parse(document), version
    except Invalid as error:
        raise Reconfigure(error.code, error.detail) from error


async def settings_in_force(world: World) -> Configuration:
    """Those that were read just now, where they were; else those that are stored. Raises as `read_settings` does."""
    return world.configuration or (await read_settings(world.rows))[0]


async def patch_settings(
    world: World, patch: Mapping[str, Any], *, version: str, secret: str = "", dry_run: bool = False
) -> tuple[Configuration, str]:
    """Merge `patch` into the document if it is still at `version` (ANY_VERSION: whatever it is); the new state.

    `secret` is needed to send a connection's secret to a host it was never sent to. Raises Invalid with
    "setting-invalid", "precondition-failed" or "secret-not-confirmed". A dry run checks all of it and writes nothing.
    """
    row = await world.rows.get(TABLE, PARTITION, KEY)
    document, current, hosts = _opened(row)
    if version not in (ANY_VERSION, current):
        raise Invalid("precondition-failed", "the settings were changed since you read them; read them again")
    merged = merge_patch(document, patch)
    configuration = parse(merged)
    hosts = await _confirmed(world.secrets, hosts, configuration, secret)
    if not dry_run:
        await _write(world.rows, row, merged, hosts)
    return configuration, _version(merged)


async def exclude_address(world: World, address: str) -> None:
    """Add an address to `email.exclude_addresses`, unless it is there. Raises Transient where others change all the time."""
    for _ in range(_ATTEMPTS):
        configuration, version = await read_settings(world.rows)
        known = configuration.email.exclude_addresses
        if address in known:
            return
        try:
            await patch_settings(world, {"email": {"exclude_addresses": [*known, address]}}, version=version)
        except Invalid as refused:
            if refused.code != "precondition-failed":
                raise
        else:
            return
    raise Transient("storage-unavailable", "the settings are being changed elsewhere; repeat the request")


async def _write(rows: Rows, row: Row | None, document: Any, hosts: Hosts) -> None:
    values = {"document": json.dumps(document, ensure_ascii=False), "hosts": json.dumps(hosts)}
    try:
        await rows.transact(TABLE, PARTITION, [Replace(KEY, values, row.etag) if row else Insert(KEY, values)])
    except Conflict as conflict:
        raise Invalid(
            "precondition-failed", "somebody else changed the settings just now; read them again"
        ) from conflict


def _opened(row: Row | None) -> tuple[dict[str, Any], str, Hosts]:
    document = json.loads(str(row.values["document"])) if row else {}
    hosts = json.loads(str(row.values["hosts"])) if row else {}
    return document, _version(document), hosts


def _version(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:20]


async def _confirmed(secrets: Secrets, hosts: Hosts, configuration: Configuration, secret: str) -> Hosts:
    """The hosts with those of `configuration` added. The first host of a secret is taken on trust; others need it."""
    confirmed = {name: list(known) for name, known in hosts.items()}
    for connection in configuration.connections.values():
        names = _secret_names(connection)
        known = confirmed.setdefault(names[0], [])
        new = [host for host in connection.hosts() if host not in known]
        if known and new and not await _is_secret(secrets, names, secret):
            raise Invalid("secret-not-confirmed", problem(f"connections.{connection.name}.url", _ask(names[0], new)))
        known += new
    return confirmed


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
        f"this would send the secret {secret} to {', '.join(new)}, where it was never sent; repeat the request with the "
        "secret itself in the header X-Confirm-Secret"
    )

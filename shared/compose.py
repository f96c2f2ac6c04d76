"""Builds the world of a process: the only file that knows flows' ports and their adapters.

Lifespan never runs behind Azure's ASGI middleware, so everything is made on the first call, once for each event loop.
"""

import asyncio
import logging
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from shared.adapters.blobs import StorageBlobs
from shared.adapters.certificates import TlsCertificates
from shared.adapters.ews import connection as ews
from shared.adapters.ews.exchange import EwsExchange
from shared.adapters.network import HttpNetwork
from shared.adapters.queues import StorageQueues
from shared.adapters.secrets import EnvironmentSecrets, KeyVaultSecrets
from shared.adapters.smtp import SmtpServers
from shared.adapters.storage import StorageAccount
from shared.adapters.tables import TableRows
from shared.errors import Reconfigure
from shared.flows.pauses import read_pauses
from shared.flows.settings_document import InForce, read_in_force
from shared.model.configuration import Configuration, Connection
from shared.model.forgotten import Forgotten
from shared.model.keys import mailbox_key
from shared.model.pauses import Pauses
from shared.ports import Rows, Secrets
from shared.ports import World as World
from shared.settings import Settings, read_settings

_CONFIGURATION_KEPT = timedelta(seconds=15)
"""How long a change of the connections may take to arrive where it does not matter at once."""
_CURRENT = timedelta(seconds=2)
"""How long it may take to arrive where it does; the process that changes the settings knows at once."""
# spnego writes NTLM proofs into its debug log, from which a password can be guessed.
_CHATTY = ("httpx", "httpcore", "azure", "spnego")
"""Libraries that log every request: only their warnings are of use."""
_DRAINED_AFTER_SECONDS = 900.0
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Process:
    """What a process has built, and the connections that its Exchange was built from."""

    world: World
    exchange: EwsExchange
    connections: Mapping[str, Connection]
    checked_at: datetime
    configuration: Configuration | None = None
    pauses: Pauses | None = None
    changes: int = 0
    """How often this process has changed the settings or the pauses."""


_processes: dict[asyncio.AbstractEventLoop, _Process] = {}
_building = asyncio.Lock()


async def the_world(*, current: bool = False) -> World:
    """The world of this process, with the connections of the settings in force at most 15 seconds ago.

    `current`: at most 2 seconds ago, and with the settings and the pauses themselves. Who works with Exchange asks for
    that, so that a corrected setting counts at once; the listener does not, so that a notification costs no more than it
    must.
    """
    loop = asyncio.get_running_loop()
    kept = _CURRENT if current else _CONFIGURATION_KEPT
    process = _processes.get(loop)
    if process is None or _now() - process.checked_at >= kept:
        async with _building:
            process = _processes.get(loop) or _built()
            _processes[loop] = process
            if _now() - process.checked_at >= kept:
                process.configuration = await _follow_settings(process)
    if not current:
        return process.world
    return replace(process.world, configuration=process.configuration, pauses=process.pauses)


def settings_changed() -> None:
    """Read settings and pauses anew when they are needed next: this process has just changed them."""
    for process in _processes.values():
        process.checked_at = _NEVER
        process.changes += 1


def time_budget() -> timedelta:
    """How long a queue function may work before it must continue in another call."""
    return _settings().time_budget


@cache
def _settings() -> Settings:
    return read_settings(os.environ)


def _built() -> _Process:
    settings = _settings()
    for name in ("shared", "exsync"):
        logging.getLogger(name).setLevel(settings.log_level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    account = StorageAccount(settings.storage)
    vault: Secrets = EnvironmentSecrets(os.environ, settings.secrets_folder)
    if settings.vault_url:
        vault = KeyVaultSecrets(settings.vault_url, account.credential)
    exchange = _exchange((), vault)
    rows = TableRows(account)
    blobs, queues = StorageBlobs(account), StorageQueues(account)
    certificates, network, smtp = TlsCertificates(), HttpNetwork(), SmtpServers(vault)
    world = World(rows, blobs, queues, vault, exchange, _now, _new_id, certificates, network, smtp)
    return _Process(world, exchange, {}, _NEVER)


async def _follow_settings(process: _Process) -> Configuration | None:
    """Use the connections that the settings have now; these settings. Requests under way end on those they began with."""
    now, changes = _now(), process.changes
    rows = process.world.rows
    known = process.world.forgotten
    now_in_force, process.pauses = await asyncio.gather(_in_force(rows, known), read_pauses(rows))
    configuration = now_in_force.configuration if now_in_force else None
    if now_in_force and now_in_force.forgotten is not known:
        process.world = replace(process.world, forgotten=now_in_force.forgotten)
    connections = process.connections if configuration is None else configuration.connections
    if connections != process.connections:
        old = process.exchange
        process.exchange = _exchange(connections.values(), process.world.secrets)
        process.world = replace(process.world, exchange=process.exchange)
        process.connections = connections
        loop = asyncio.get_running_loop()
        loop.call_later(_DRAINED_AFTER_SECONDS, lambda: loop.create_task(old.aclose()))
    if process.changes == changes:
        process.checked_at = now
    return configuration


async def _in_force(rows: Rows, known: Forgotten) -> InForce | None:
    try:
        return await read_in_force(rows, known)
    except Reconfigure:
        return None  # a document of another version: the flows say so, each for itself


def _exchange(connections: Iterable[Connection], vault: Secrets) -> EwsExchange:
    return EwsExchange([_ews(connection) for connection in connections], vault, now=_now, new_id=_new_id)


def _ews(connection: Connection) -> ews.Connection:
    oauth = connection.oauth
    return ews.Connection(
        connection.name,
        connection.url,
        connection.version,
        connection.authentication,
        None
        if oauth is None
        else ews.OAuth(
            client_id=oauth.client_id, token_endpoint=oauth.token_endpoint, scope=oauth.scope, tenant_id=oauth.tenant_id
        ),
        connection.batch_size,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return mailbox_key(secrets.token_bytes(10))

"""Which connection and EWS URL lead to an operator's mailbox. Where the settings say `auto`, Autodiscover has found it.

What it found is kept in a row for each mailbox, looked up again once a day, and after a failure that speaks of another
place, at most once an hour. An old URL is used for as long as no better one is found. PROTOCOL 15, "Cache".
"""

from datetime import datetime, timedelta

from shared.errors import Conflict, Reconfigure, SyncError, Unclear
from shared.flows.discover import discover, failure_of
from shared.flows.settings_document import read_settings
from shared.model.autodiscover import Answer, connection_for
from shared.model.configuration import AUTO, Configuration, Connection
from shared.model.exchange import Mailbox
from shared.model.operator import Operator
from shared.ports import Merge, Row, Upsert, Value, World, Write

TABLE = "operators"
PARTITION = "whereabouts"

_BELIEVED = timedelta(days=1)
_TRIED_AGAIN_AFTER = timedelta(hours=1)
_MOVED = frozenset(
    {
        "certificate-expired",
        "certificate-host-mismatch",
        "certificate-self-signed",
        "certificate-untrusted",
        "connection-refused",
        "dns-failed",
        "exchange-unreachable",
        "mailbox-moving",
        "mailbox-unknown",
        "not-exchange",
        "redirected",
        "tls-untrusted",
        "url-wrong",
        "wrong-server",
    }
)
"""Failures that a mailbox which has moved elsewhere, or a server that is gone, can show."""


async def mailbox_of(world: World, operator: Operator, configuration: Configuration | None = None) -> Mailbox:
    """The mailbox with its connection. Raises Reconfigure where there is no such connection, or nothing is found."""
    if configuration is None:
        configuration, _ = await read_settings(world.rows)
    connections = _considered(configuration, operator)
    if operator.connection != AUTO and connections[0].url != AUTO:
        return Mailbox(operator.mailbox, operator.connection)
    row = await world.rows.get(TABLE, PARTITION, operator.mailbox_key)
    known = _known(row, operator, connections)
    if known is not None and row is not None and not _is_due(row, world.now()):
        return known
    return await _looked_up(world, operator, connections, known)


async def connection_of(world: World, operator: Operator, configuration: Configuration) -> str:
    """The name of the connection that leads to the mailbox, as it was last found; empty where `auto` has found none yet."""
    if operator.connection != AUTO:
        return operator.connection
    row = await world.rows.get(TABLE, PARTITION, operator.mailbox_key)
    known = _known(row, operator, tuple(configuration.connections.values()))
    return known.connection if known else ""


async def doubt(world: World, operator: Operator, failure: SyncError) -> None:
    """Have the mailbox looked up again where the failure may mean that it is elsewhere now."""
    if failure.code in _MOVED:
        await _write(world, Merge(operator.mailbox_key, {"doubted": True}))


def _considered(configuration: Configuration, operator: Operator) -> tuple[Connection, ...]:
    if operator.connection == AUTO:
        return tuple(configuration.connections.values())
    connection = configuration.connections.get(operator.connection)
    if connection is None:
        raise Reconfigure("connection-unknown", f'there is no connection "{operator.connection}" in the settings')
    return (connection,)


def _known(row: Row | None, operator: Operator, connections: tuple[Connection, ...]) -> Mailbox | None:
    """What the row says, under the settings as they are now: a host that is trusted no more is forgotten."""
    if row is None or row.values["mailbox"] != operator.mailbox.lower():
        return None
    answer = Answer(str(row.values["url"]), str(row.values["internal_url"]))
    leads = connection_for(connections, answer)
    return None if leads is None else Mailbox(operator.mailbox, leads[0].name, leads[1])


def _is_due(row: Row, now: datetime) -> bool:
    tried = row.values["tried_at"]
    assert isinstance(tried, datetime)
    return now - tried >= (_TRIED_AGAIN_AFTER if row.values["doubted"] else _BELIEVED)


async def _looked_up(
    world: World, operator: Operator, connections: tuple[Connection, ...], known: Mailbox | None
) -> Mailbox:
    now = world.now()
    found = await discover(world, operator.mailbox, connections)
    if found.connection is None or found.answer is None:
        if known is None:
            raise failure_of(found)
        await _write(world, Merge(operator.mailbox_key, {"tried_at": now}))
        return known
    columns: dict[str, Value] = {
        "mailbox": operator.mailbox.lower(),
        "url": found.answer.url,
        "internal_url": found.answer.internal_url,
        "tried_at": now,
        "doubted": False,
    }
    await _write(world, Upsert(operator.mailbox_key, columns))
    return Mailbox(operator.mailbox, found.connection.name, found.url)


async def _write(world: World, write: Write) -> None:
    """Keep it; what is not kept is only looked up once more."""
    try:
        await world.rows.transact(TABLE, PARTITION, [write])
    except (Conflict, Unclear):
        return

"""Whether all that the app needs answers: storage, the settings, and for each connection its secrets and Exchange."""

from collections.abc import Awaitable, Callable
from typing import Any

from shared.errors import SyncError
from shared.flows.alert_mail import mail_failure
from shared.flows.expiring import WARNING, expiring
from shared.flows.operators import list_operators
from shared.flows.settings_document import read_settings
from shared.flows.side_by_side import side_by_side
from shared.flows.whereabouts import connection_of, mailbox_of
from shared.model.alerts import recipients, why_off
from shared.model.configuration import Configuration, Connection
from shared.model.failures import failure
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator
from shared.model.server import EWS_RETIREMENT
from shared.ports import World

type _Check = tuple[str, Callable[[], Awaitable[str]]]
_LOOK_AT = 200
"""Operators among which one is sought for each connection: enough to try it, and no scan."""


async def deep_health(world: World) -> dict[str, Any]:
    """Each thing that was looked at, with what mends it where it fails."""
    checks = [await _checked(("storage", lambda: _storage(world)))]
    settings = await _checked(("settings", lambda: _settings(world)))
    checks.append(settings)
    if checks[0]["ok"] and settings["ok"]:
        checks += await side_by_side(_checked, await _of_connections(world))
        checks.append(await _certificates(world))
        checks.append(await _alerts(world))
    return {"status": "ok" if all(check["ok"] for check in checks) else "failing", "checks": checks}


async def operators_by_connection(world: World, configuration: Configuration) -> dict[str, Operator]:
    """For each connection that one of the first operators uses, the first of them; one who is on before those who are off."""
    operators = (await list_operators(world.rows, limit=_LOOK_AT)).operators
    by_choice = sorted(operators, key=lambda each: not any(map(each.flag, AVAILABLE_KINDS)))
    return {await connection_of(world, each, configuration): each for each in reversed(by_choice)}


async def _checked(check: _Check) -> dict[str, Any]:
    name, look = check
    try:
        return {"name": name, "ok": True, "detail": await look(), "code": None, "remedy": None}
    except SyncError as error:
        remedy = failure(error.code).remedy
        return {"name": name, "ok": False, "detail": error.detail, "code": error.code, "remedy": remedy}


async def _storage(world: World) -> str:
    await world.rows.get("configuration", "settings", "document")
    return "answers"


async def _settings(world: World) -> str:
    """Read them, and name what works but is unwise."""
    configuration, _ = await read_settings(world.rows)
    notifications = configuration.notifications
    remarks = [f"connections: {', '.join(sorted(configuration.connections)) or 'none yet'}"]
    if notifications.mode == "push" and not notifications.url:
        remarks.append("notifications.url is not set, so mailboxes are polled")
    if notifications.frequency_minutes < 15:
        remarks.append("notifications.frequency_minutes is below 15, so a short interruption costs subscriptions")
    remarks += [
        f"connections.{name} is Exchange Online, which {EWS_RETIREMENT}"
        for name, connection in sorted(configuration.connections.items())
        if connection.version == "Exchange365"
    ]
    return "; ".join(remarks)


async def _certificates(world: World) -> dict[str, Any]:
    """Warn of those that expire soon; a warning is no failure. They are known once Exchange was asked."""
    configuration, _ = await read_settings(world.rows)
    found = [f"{name}: {words}" for name in sorted(configuration.connections) for words in expiring(world, name)]
    check = {"name": "certificates", "ok": True, "detail": "none that is in use expires within 30 days"}
    if not found:
        return {**check, "code": None, "remedy": None}
    return {**check, "detail": "; ".join(found), "code": WARNING, "remedy": failure(WARNING).remedy}


async def _alerts(world: World) -> dict[str, Any]:
    """Whether mail about failures gets out. That nobody wants any is a warning."""
    configuration, _ = await read_settings(world.rows)
    failed = await mail_failure(world)
    off = why_off(configuration)
    code = "alert-not-sent" if failed else "alerts-off" if off else None
    detail = failed or off or f"failures are told to {', '.join(recipients(configuration, Kind))}"
    remedy = failure(code).remedy if code else None
    return {"name": "alerts", "ok": not failed, "detail": detail, "code": code, "remedy": remedy}


async def _of_connections(world: World) -> list[_Check]:
    configuration, _ = await read_settings(world.rows)
    operator_of = await operators_by_connection(world, configuration)
    return [
        (f"exchange {connection.name}", _exchange(world, connection, operator_of.get(connection.name)))
        for connection in configuration.connections.values()
    ]


def _exchange(world: World, connection: Connection, operator: Operator | None) -> Callable[[], Awaitable[str]]:
    """Ask Exchange for one operator's Inbox: that needs the secrets, the connection and the right to impersonate."""

    async def look() -> str:
        if operator is None:
            return f"{connection.url} was not tried: no operator uses this connection yet"
        mailbox = await mailbox_of(world, operator)
        await world.exchange.distinguished_folders(mailbox, ["inbox"])
        server = world.exchange.server(mailbox)
        return "; ".join([f"{mailbox.url or connection.url} answers for {mailbox.address}", str(server), *server.notes])

    return look

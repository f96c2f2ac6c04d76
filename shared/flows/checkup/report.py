"""What `exsync doctor` is told: everything from storage to a mailbox and back, in order, and what to mend first.

Nothing is changed but probes that are taken away again. Answers within a minute, even where Exchange hangs.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from shared.errors import Invalid, Reconfigure
from shared.flows.alert_mail import mail_failure
from shared.flows.checkup.exchange import Way
from shared.flows.checkup.listener import LISTENER, listener_checks
from shared.flows.checkup.running import Check, Limits, run
from shared.flows.checkup.storage import storage_checks, work_checks
from shared.flows.health import operators_by_connection
from shared.flows.operators import get_operator
from shared.flows.settings_document import read_settings
from shared.flows.whereabouts import connection_of
from shared.model.alerts import recipients, why_off
from shared.model.checkup import Finding, Seen, State, first_to_mend
from shared.model.configuration import Configuration
from shared.model.email import timestamp
from shared.model.failures import failure, remedy_on
from shared.model.operator import Kind, Operator
from shared.model.release import VERSION
from shared.model.server import EWS_RETIREMENT
from shared.ports import World

_LIMITS = Limits()
_SHORT = 15
"""Minutes: PROTOCOL 4.5; Exchange gives a silent listener up after the status frequency."""


async def check_up(world: World, operator_id: str = "", *, limits: Limits = _LIMITS) -> dict[str, Any]:
    """Look at everything. `operator_id` names whose mailbox is tried on its connection; else any that is found.

    Raises Invalid("operator-unknown").
    """
    begun = time.monotonic()
    basics = [
        *storage_checks(world),
        Check("settings", partial(_settings, world), ("tables",), "storage-unavailable"),
        *work_checks(world),
    ]
    findings = await run(basics, {}, limits)
    known = {each.name: each for each in findings}
    if known["settings"].state is State.OK:
        findings += await _run_ways(world, operator_id, known, limits)
    else:
        findings.append(Finding("exchange", State.NOT_TRIED, "it needs: settings"))
    first = first_to_mend(findings)
    return {
        "status": "failing" if first else "ok",
        "version": VERSION,
        "at": timestamp(world.now()),
        "seconds": round(time.monotonic() - begun, 3),
        "checks": [_document(each) for each in findings],
        "first": _document(first) if first else None,
    }


async def _settings(world: World) -> Seen:
    configuration, _ = await read_settings(world.rows)
    return Seen(f"valid; connections: {', '.join(sorted(configuration.connections)) or 'none yet'}")


async def _run_ways(world: World, operator_id: str, known: Mapping[str, Finding], limits: Limits) -> list[Finding]:
    try:
        async with asyncio.timeout(limits.one.total_seconds()):
            checks = await _ways(world, operator_id)
    except TimeoutError:
        return [
            Finding("exchange", State.FAILED, "storage does not tell which operators there are", "storage-unavailable")
        ]
    return await run(checks, known, limits)


async def _ways(world: World, operator_id: str) -> list[Check]:
    configuration, _ = await read_settings(world.rows)
    operators = await _operators(world, configuration, operator_id)
    checks = [
        Check("settings complete", partial(_complete, configuration), ("settings",)),
        *listener_checks(world, configuration),
    ]
    for name, connection in sorted(configuration.connections.items()):
        checks += Way(world, configuration, connection, operators.get(name)).checks(listener=LISTENER)
    if not configuration.connections:
        checks.append(Check("exchange", _no_connection))
    return [*checks, Check("alerts", partial(_alerts, world, configuration), ("settings",), "storage-unavailable")]


async def _operators(world: World, configuration: Configuration, operator_id: str) -> dict[str, Operator]:
    """By connection, the operator to try it with. One that `auto` has not found yet is tried on the first connection."""
    operators = await operators_by_connection(world, configuration)
    if operator_id:
        operator = await get_operator(world.rows, operator_id)
        name = await connection_of(world, operator, configuration) or next(iter(sorted(configuration.connections)), "")
        if name not in configuration.connections:
            known = ", ".join(sorted(configuration.connections)) or "none yet"
            raise Invalid("request-malformed", f"operator {operator_id} uses the connection {name}; there are: {known}")
        operators[name] = operator
    return operators


async def _no_connection() -> Seen:
    return Seen("there is no connection yet", tried=False)


async def _complete(configuration: Configuration) -> Seen:
    """What must be set to do anything, and what is set but unwise."""
    missing = []
    if not configuration.connections:
        missing.append("exsync settings set connections.default.url=https://HOST/EWS/Exchange.asmx")
    if configuration.notifications.mode == "push" and not configuration.notifications.url:
        url = "https://YOUR-APP.azurewebsites.net/api/ews/notifications"
        missing.append(f"exsync settings set notifications.url={url} (or notifications.mode=poll)")
    if not configuration.email.enabled:
        missing.append("exsync settings set email.enabled=true")
    if missing:
        raise Reconfigure("settings-incomplete", "\n".join(missing))
    unwise = [*_unwise(configuration)]
    return Seen("; ".join(unwise), "settings-unwise") if unwise else Seen("nothing is missing")


async def _alerts(world: World, configuration: Configuration) -> Seen:
    """Whether people hear of failures. The last check: what keeps a mail from being sent is often one of those before."""
    if failed := await mail_failure(world):
        raise Reconfigure("alert-not-sent", failed)
    if off := why_off(configuration):
        return Seen(off, "alerts-off")
    return Seen(f"failures are told to {', '.join(recipients(configuration, Kind))}")


def _unwise(configuration: Configuration) -> Iterator[str]:
    if configuration.notifications.frequency_minutes < _SHORT:
        yield "notifications.frequency_minutes is below 15, so a short interruption costs subscriptions"
    yield from (
        f"connections.{name} is Exchange Online, which {EWS_RETIREMENT}"
        for name, connection in sorted(configuration.connections.items())
        if connection.version == "Exchange365"
    )


def _document(finding: Finding) -> dict[str, Any]:
    entry = failure(finding.code) if finding.code else None
    return {
        "name": finding.name,
        "state": finding.state.value,
        "detail": finding.detail,
        "code": finding.code or None,
        "cause": entry.cause if entry else None,
        "remedy": remedy_on(entry.remedy_of_call, finding.connection) if entry else None,
        "owner": entry.owner.value if entry else None,
        "seconds": round(finding.seconds, 3),
    }

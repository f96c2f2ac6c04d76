"""What each function listens to, read from the bindings that the app's decorators made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import ConfigurationError
from .ncrontab import Schedule, parse_schedule
from .protos import RpcFunctionMetadata
from .settings import Settings

_OUTPUTS = {"http"}


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    route: str
    methods: frozenset[str]
    auth_level: str


@dataclass(frozen=True, slots=True)
class QueueTrigger:
    queue_name: str
    connection_string: str


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    schedule: Schedule
    schedule_text: str
    run_on_startup: bool
    use_monitor: bool


type Trigger = HttpTrigger | QueueTrigger | TimerTrigger


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    function_id: str
    parameter: str
    trigger: Trigger
    bindings: tuple[dict[str, Any], ...]
    disabled: bool


def read_functions(metadata: Iterable[RpcFunctionMetadata], settings: Settings) -> list[Function]:
    """The app's functions. Raises ConfigurationError for what this host cannot run."""
    return [_read_function(one, settings) for one in metadata]


def _read_function(metadata: RpcFunctionMetadata, settings: Settings) -> Function:
    if metadata.retry_options is not None:
        raise ConfigurationError(f"{metadata.name}: retry policies are not supported locally.")
    bindings: Sequence[dict[str, Any]] = [json.loads(raw) for raw in metadata.raw_bindings]
    inputs = [binding for binding in bindings if str(binding["direction"]).upper() == "IN"]
    others = [binding["type"] for binding in bindings if binding not in inputs and binding["type"] not in _OUTPUTS]
    if len(inputs) != 1 or others:
        extra = others or [binding["type"] for binding in inputs[1:]]
        raise ConfigurationError(f"{metadata.name}: bindings of type {extra} are not supported locally.")
    disabled = settings.is_disabled(metadata.name)
    return Function(
        name=metadata.name,
        function_id=metadata.function_id,
        parameter=inputs[0]["name"],
        trigger=_read_trigger(metadata.name, inputs[0], settings),
        bindings=tuple(bindings),
        disabled=disabled,
    )


def _read_trigger(function: str, binding: dict[str, Any], settings: Settings) -> Trigger:
    match binding["type"]:
        case "httpTrigger":
            return _http_trigger(binding)
        case "queueTrigger":
            return _queue_trigger(function, binding, settings)
        case "timerTrigger":
            return _timer_trigger(function, binding, settings)
        case other:
            raise ConfigurationError(f"{function}: triggers of type {other} are not supported locally.")


def _http_trigger(binding: dict[str, Any]) -> HttpTrigger:
    methods = frozenset(str(method).upper() for method in binding.get("methods") or ())
    return HttpTrigger(str(binding["route"]), methods, str(binding.get("authLevel", "function")).lower())


def _queue_trigger(function: str, binding: dict[str, Any], settings: Settings) -> QueueTrigger:
    connection = settings.resolve(str(binding.get("connection", "")), used_by=function)
    return QueueTrigger(
        queue_name=settings.resolve(str(binding["queueName"]), used_by=function),
        connection_string=settings.connection_string(connection, used_by=function),
    )


def _timer_trigger(function: str, binding: dict[str, Any], settings: Settings) -> TimerTrigger:
    text = settings.resolve(str(binding["schedule"]), used_by=function)
    try:
        schedule = parse_schedule(text)
    except ValueError as error:
        raise ConfigurationError(f"{function}: the schedule {text!r} is wrong: {error}") from error
    return TimerTrigger(
        schedule=schedule,
        schedule_text=text,
        run_on_startup=bool(binding.get("runOnStartup", False)),
        use_monitor=bool(binding.get("useMonitor", True)),
    )

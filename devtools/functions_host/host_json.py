"""host.json: the options that this host honours, with the real host's defaults.

https://learn.microsoft.com/azure/azure-functions/functions-host-json
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from .errors import ConfigurationError
from .timespan import parse_timespan

MOST_MESSAGES_PER_GET = 32


@dataclass(frozen=True, slots=True)
class QueueOptions:
    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta(0)
    max_polling_interval: timedelta = timedelta(minutes=1)
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostOptions:
    queues: QueueOptions = QueueOptions()
    route_prefix: str = "api"
    function_timeout: timedelta | None = timedelta(minutes=30)


def read_host_options(app_root: Path) -> HostOptions:
    """Read host.json. Raises ConfigurationError when it is missing or says something impossible."""
    path = app_root / "host.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return _host_options(document)
    except FileNotFoundError:
        raise ConfigurationError(f"{path} is missing: this folder is not a Functions app.") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _host_options(document: dict[str, Any]) -> HostOptions:
    extensions = document.get("extensions", {})
    return HostOptions(
        queues=_queue_options(extensions.get("queues", {})),
        route_prefix=str(extensions.get("http", {}).get("routePrefix", HostOptions().route_prefix)),
        function_timeout=_function_timeout(document.get("functionTimeout")),
    )


def _queue_options(section: dict[str, Any]) -> QueueOptions:
    default = QueueOptions()
    batch_size = int(section.get("batchSize", default.batch_size))
    encoding = str(section.get("messageEncoding", "base64")).lower()
    if not 1 <= batch_size <= MOST_MESSAGES_PER_GET:
        raise ValueError(f"queues.batchSize is {batch_size}: it must be within 1 and {MOST_MESSAGES_PER_GET}")
    if encoding not in ("base64", "none"):
        raise ValueError(f"queues.messageEncoding is {encoding!r}: it must be base64 or none")
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=int(section.get("newBatchThreshold", batch_size // 2)),
        max_dequeue_count=int(section.get("maxDequeueCount", default.max_dequeue_count)),
        visibility_timeout=_timespan(section, "visibilityTimeout", default.visibility_timeout),
        max_polling_interval=_timespan(section, "maxPollingInterval", default.max_polling_interval),
        base64=encoding == "base64",
    )


def _timespan(section: dict[str, Any], name: str, default: timedelta) -> timedelta:
    return parse_timespan(section[name]) if name in section else default


def _function_timeout(text: str | None) -> timedelta | None:
    if text is None:
        return HostOptions().function_timeout
    return None if text == "-1" else parse_timespan(text)

"""`python -m devtools.functions_host --app-root . --port 7071`: run an app until Ctrl-C.

The line `ready http://127.0.0.1:PORT` goes to standard output once all triggers listen; everything else is the log, on
standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from datetime import timedelta
from pathlib import Path

from .access import HostKeys
from .errors import ConfigurationError
from .host import GRACE, LEASE, FunctionsHost

_KEYS_FILE = Path(".dev/functions-keys.json")


def main() -> int:
    arguments = _parser().parse_args()
    configure_logging(arguments.log_level)
    try:
        asyncio.run(_serve(arguments))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with FunctionsHost(
        arguments.app_root,
        port=arguments.port,
        timers=arguments.timers,
        keys=_keys(arguments.keys),
        host_names=arguments.host_name,
        lease=timedelta(seconds=arguments.lease),
        grace=timedelta(seconds=arguments.grace),
    ) as host:
        print(f"ready {host.url}", flush=True)
        await stop.wait()


def _keys(path: Path | None) -> HostKeys | None:
    if path is None:
        return None
    print(f"function keys are in {path}", file=sys.stderr)
    return HostKeys.read_or_create(path)


def configure_logging(level: str) -> None:
    """The log on standard error. Azure's own libraries only speak of trouble: they log every request with its headers,
    and the runtime every call a second time."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    logging.getLogger("azure").setLevel(logging.WARNING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m devtools.functions_host", description=__doc__)
    add = parser.add_argument
    add("--app-root", type=Path, default=Path(), help="the folder with function_app.py and host.json (default: here)")
    add("--port", type=int, default=7071, help="0 takes a free port (default: 7071)")
    add("--no-timers", dest="timers", action="store_false", help="timers fire only through the admin endpoint")
    add(
        "--keys",
        type=Path,
        nargs="?",
        const=_KEYS_FILE,
        help=f"ask for function keys; made in {_KEYS_FILE} when missing",
    )
    add("--host-name", action="append", default=[], help="a name besides localhost that Host and Origin may carry")
    add(
        "--lease",
        type=int,
        default=int(LEASE.total_seconds()),
        help="seconds that a queue message is claimed at a time",
    )
    add("--grace", type=float, default=GRACE.total_seconds(), help="seconds that running functions may take to end")
    add("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    return parser


if __name__ == "__main__":
    sys.exit(main())

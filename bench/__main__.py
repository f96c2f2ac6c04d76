"""`python -m bench [NAME …] [--quick]`: measure, and print one table. Status 0 also when a target is missed."""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module

from rich.console import Console

from bench.results import Result, table

NAMES = ("wire", "fetch", "backfill", "listener", "latency", "cold_start", "memory", "ntlm")


def main() -> int:
    """Run what was asked for; status 1 when a measurement broke."""
    arguments = _parser().parse_args()
    unknown = sorted(set(arguments.name) - set(NAMES))
    if unknown:
        print(f"There is no measurement {', '.join(unknown)}; there are {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    # As on Ctrl-C: what was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    groups: list[tuple[str, list[Result]]] = []
    broken = []
    for name in arguments.name or NAMES:
        started = time.monotonic()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        try:
            groups.append((name, _measurement(name)(quick=arguments.quick)))
        except Exception:  # noqa: BLE001 - one broken measurement must not hide the others
            broken.append(name)
            traceback.print_exc()
        print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    Console(width=120 if not sys.stdout.isatty() else None).print(table(groups, "Exchange CRM Sync: measurements"))
    if broken:
        print(f"broken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def _measurement(name: str) -> Callable[..., list[Result]]:
    # Imported when it is its turn: one measurement's libraries must not weigh on another's process.
    measure: Callable[..., list[Result]] = import_module(f"bench.{name}").measure
    return measure


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measurements as ratios; see docs/performance.md.")
    parser.add_argument("name", nargs="*", help=f"which ones: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller loads")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Run checks side by side in the order of their dependence, each with a limit of time, and all of them with one.

What depends on something that failed or was not tried is not tried, and says so. A run never takes longer than
`Limits.whole`, even where everything that is asked hangs.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.errors import Conflict, SyncError, Unclear
from shared.model.checkup import Finding, Seen, State

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at. `after` are the names of checks before it that it needs; `late` is the code where `look` takes
    too long; `connection` the one that it is of, if any."""

    name: str
    look: Callable[[], Awaitable[Seen]]
    after: tuple[str, ...] = ()
    late: str = "exchange-timeout"
    connection: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one check may take, how long all of a run, and how many at once. The doctor makes two runs, and may take as
    long as one check between them: less than a minute in all."""

    one: timedelta = timedelta(seconds=10)
    whole: timedelta = timedelta(seconds=22)
    at_once: int = 8


async def run(checks: Sequence[Check], known: Mapping[str, Finding], limits: Limits) -> list[Finding]:
    """A finding for each check, in their order. `known` are those of an earlier run, which checks may depend on."""
    gate = asyncio.Semaphore(limits.at_once)
    tasks: dict[str, asyncio.Task[Finding]] = {}

    async def one(check: Check) -> Finding:
        for name in check.after:
            before = known[name] if name in known else await tasks[name]
            if before.state in (State.FAILED, State.NOT_TRIED):
                return Finding(check.name, State.NOT_TRIED, f"it needs: {name}")
        async with gate:
            return await _looked(check, limits.one)

    for check in checks:
        tasks[check.name] = asyncio.create_task(one(check), name=check.name)
    try:
        await asyncio.wait(tasks.values(), timeout=limits.whole.total_seconds())
        return [replace(_found(each.name, tasks[each.name]), connection=each.connection) for each in checks]
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


def _found(name: str, task: asyncio.Task[Finding]) -> Finding:
    if task.done():
        return task.result()
    return Finding(name, State.NOT_TRIED, "there was no time left for it: too much of what was asked before it is slow")


async def _looked(check: Check, limit: timedelta) -> Finding:
    begun = time.monotonic()
    try:
        async with asyncio.timeout(limit.total_seconds()):
            seen = await check.look()
    except TimeoutError:
        state, detail, code = State.FAILED, f"no answer within {limit.total_seconds():g} s", check.late
    except SyncError as wrong:
        state, detail, code = State.FAILED, wrong.detail or wrong.code, wrong.code
    except (Conflict, Unclear):
        state, detail, code = State.FAILED, "storage did not acknowledge a write", "storage-unavailable"
    except Exception as unknown:
        log.exception("the doctor's check %s failed", check.name)
        state, detail, code = State.FAILED, type(unknown).__name__, "internal-error"
    else:
        tried = State.WARNING if seen.warning else State.OK
        state, detail, code = (tried if seen.tried else State.NOT_TRIED), seen.detail, seen.warning
    return Finding(check.name, state, detail, code, time.monotonic() - begun)

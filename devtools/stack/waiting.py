"""Waiting for a condition: look again and again, until it holds or the limit is reached. No sleep in place of a look."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

LOOK_EVERY_SECONDS = 0.02
SLOWEST_SECONDS = 0.25
LIMIT = timedelta(seconds=60)


class NeverHappened(Exception):
    """What was waited for did not happen within the limit; the text has what was seen last."""


async def until[T](
    look: Callable[[], Awaitable[T]],
    holds: Callable[[T], Any] = bool,
    *,
    what: str,
    within: timedelta = LIMIT,
    every: float = LOOK_EVERY_SECONDS,
) -> T:
    """What `look` gave when it first `holds`; looks are `every` so often at first. Raises NeverHappened."""
    deadline = time.monotonic() + within.total_seconds()
    while True:
        seen = await look()
        if holds(seen):
            return seen
        if time.monotonic() >= deadline:
            raise NeverHappened(f"{what}: not within {within.total_seconds():.0f} s. Last seen: {_short(seen)}")
        await asyncio.sleep(every)
        every = max(every, min(every * 1.1, SLOWEST_SECONDS))


def _short(seen: object) -> str:
    text = repr(seen)
    return text if len(text) <= 2000 else f"{text[:2000]} …"

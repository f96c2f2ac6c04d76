"""Nothing left to do: no function runs, and no queue that the app listens to has a message for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from .invocations import Invocations
from .queue_listener import QueueListener

_BETWEEN_LOOKS = 0.02


async def wait_until_idle(
    invocations: Invocations, listeners: Sequence[QueueListener], *, within: timedelta, delayed: bool
) -> None:
    """Return when the app is idle; listeners are woken, so that no polling pause is waited out.

    `delayed`: a message that shows up later (a retry, or one sent with a delay) counts as work that is left.
    Raises TimeoutError, which says what is left.
    """
    left = "the storage did not answer"
    try:
        async with asyncio.timeout(within.total_seconds()):
            while True:
                left = await _what_is_left(invocations, listeners, delayed)
                if not left:
                    return
                await asyncio.sleep(_BETWEEN_LOOKS)
    except TimeoutError:
        raise TimeoutError(f"the functions were not idle within {within}: {left}") from None


async def _what_is_left(invocations: Invocations, listeners: Sequence[QueueListener], delayed: bool) -> str:
    """The order matters: a function may send a message and end between two looks, so the looks at the functions enclose
    those at the queues, and a call that began in between spoils the answer."""
    begun = invocations.begun
    if invocations.running:
        return f"{invocations.running} functions run"
    waiting = [listener.queue_name for listener in listeners if await _has_work(listener, delayed)]
    if waiting:
        return f"messages in {', '.join(waiting)}"
    active = [listener.queue_name for listener in listeners if listener.active]
    if active and not delayed:
        return f"being fetched or settled: {', '.join(active)}"
    return "functions ran meanwhile" if invocations.running or invocations.begun != begun else ""


async def _has_work(listener: QueueListener, delayed: bool) -> bool:
    has_work = bool(await listener.count()) if delayed else await listener.has_visible()
    if has_work:
        listener.look_now()
    return has_work

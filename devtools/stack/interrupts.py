"""Running until done, or until Ctrl-C or a SIGTERM: either way everything that was started is ended in order."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


class Interrupted(Exception):
    """Somebody asked for the end before it was reached."""


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run `main`; on SIGINT, SIGTERM or SIGHUP cancel it, let it clean up, and raise Interrupted."""

    async def watched() -> T:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        return await task

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        raise Interrupted from None

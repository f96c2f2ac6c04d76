"""Do the same for many arguments at once, a few at a time; the first failure cancels the others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence


async def side_by_side[A, R](do: Callable[[A], Awaitable[R]], arguments: Sequence[A], *, limit: int = 16) -> list[R]:
    """The results in the order of `arguments`. Raises the first failure itself, not a group of them."""
    gate = asyncio.Semaphore(limit)

    async def one(argument: A) -> R:
        async with gate:
            return await do(argument)

    tasks = [asyncio.ensure_future(one(argument)) for argument in arguments]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise

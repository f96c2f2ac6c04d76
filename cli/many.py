"""The same call for many operators, a few at once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Annotated

import typer

AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=64, help="How many calls at once")]


def side_by_side[R](do: Callable[[str], R], ids: Iterable[str], *, at_once: int) -> Iterator[R]:
    """What `do` gives for each id, as it comes; never more than `at_once` under way.

    Who stops asking, by an error or Ctrl-C, waits for the calls under way and begins no other.
    """
    waiting = iter(ids)
    with ThreadPoolExecutor(at_once) as pool:
        under_way = {pool.submit(do, one) for one in islice(waiting, at_once)}
        while under_way:
            done, under_way = _first_done(under_way)
            for each in done:
                under_way |= {pool.submit(do, one) for one in islice(waiting, 1)}
                yield each.result()


def _first_done[R](under_way: set[Future[R]]) -> tuple[set[Future[R]], set[Future[R]]]:
    done, rest = wait(under_way, return_when=FIRST_COMPLETED)
    return done, rest

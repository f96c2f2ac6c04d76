"""Both sides of a comparison in turn, A B A B …, so that whatever else the machine does hits both alike."""

import gc
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Side:
    """What one side took in each round, in seconds: CPU of this process, and the clock on the wall."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def cpu_ratio(self, other: "Side") -> float:
        """How many times the CPU of `other` this side took: the median of the rounds' ratios."""
        return median(mine / its for mine, its in zip(self.cpu, other.cpu, strict=True))

    def wall_ratio(self, other: "Side") -> float:
        """The same by the clock on the wall."""
        return median(mine / its for mine, its in zip(self.wall, other.wall, strict=True))


def interleave(sides: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: bool = True) -> dict[str, Side]:
    """Run all sides in turn, `rounds` times; with `warm_up` after one round that does not count."""
    taken = {name: Side() for name in sides}
    for number in range(-1 if warm_up else 0, rounds):
        for name, run in sides.items():
            gc.collect()
            cpu, wall = time.process_time(), time.perf_counter()
            kept = run()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            del kept
            if number >= 0:
                taken[name].cpu.append(cpu)
                taken[name].wall.append(wall)
    return taken


async def interleave_async(sides: Mapping[str, Callable[[], Awaitable[object]]], *, rounds: int) -> dict[str, Side]:
    """The same for coroutines; every round counts."""
    taken = {name: Side() for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            cpu, wall = time.process_time(), time.perf_counter()
            await run()
            taken[name].cpu.append(time.process_time() - cpu)
            taken[name].wall.append(time.perf_counter() - wall)
    return taken
